"""When to wake somebody, whom, and what to hand them: blame, rules, incidents, reports.

Imports `probes`, and nothing else of ours.
"""
