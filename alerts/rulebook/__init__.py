"""The alert rules as code: the text of every rule file, from the thresholds and two addresses.

The files in `alerts/rules/` are made of the defaults by `python -m alerts.rulebook`; `brekwatch rules export` makes
them of a configuration.
"""

from __future__ import annotations

from alerts.rulebook.files import alertmanager_text, rule_files
from alerts.rulebook.model import Links

__all__ = ["Links", "alertmanager_text", "rule_files"]
