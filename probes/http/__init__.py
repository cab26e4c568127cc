"""One HTTP attempt, from a name to the last byte: resolving, dialling, the connection, the parser, the stopwatch.

`probes.transport` puts them together; nothing else imports from here.
"""
