"""The incident report: what can be said of journalled runs, and how it is written down for people and programs."""

from alerts.report.email import as_email
from alerts.report.json_twin import as_json
from alerts.report.markdown import as_markdown

__all__ = ["as_email", "as_json", "as_markdown"]
