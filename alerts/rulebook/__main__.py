"""`python -m alerts.rulebook` writes `alerts/rules/*.rules.yml` from the defaults."""

from __future__ import annotations

from pathlib import Path

from alerts.rulebook.files import rule_files
from alerts.rulebook.model import Links
from alerts.thresholds import Thresholds

if __name__ == "__main__":
    folder = Path(__file__).parents[1] / "rules"
    for name, text in rule_files(Thresholds(), Links()).items():
        (folder / name).write_text(text, encoding="utf-8")
