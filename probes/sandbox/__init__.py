"""A stand-in for the Brek Partner Core Chat API, written from the partner guide, with faults to switch on.

`probes.sandbox.server.SandboxServer` serves it on loopback. Where the documents are silent, `llms.txt`
beside this file says what was chosen. Importing it loads no web library.
"""
