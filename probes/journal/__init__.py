"""The journal: every run, step and exchange, kept for evidence, in SQLite or PostgreSQL.

`Journal` writes, from one thread of each process; `Reader` reads beside it. Whoever opens one imports SQLAlchemy.
"""
