"""What is asked of the API, and what was seen: scenarios, the client, the runner, the scheduler, the sandbox.

Imports nothing of ours. A misbehaving API is data here; whoever wants to know of it listens
(`probes.listening.Listener`), and the one thing that must be known *before* a request goes through `Ledger`.
"""
