"""The journal's tables, version by version, by Alembic; which is imported only where something has to change."""
