"""The incident report: what can be said of journalled runs, and how it is written down for people and programs."""
