"""`python -m dashboards` writes `dashboards/generated/*.json`."""

from __future__ import annotations

from pathlib import Path

from dashboards.catalogue import texts

if __name__ == "__main__":
    folder = Path(__file__).parent / "generated"
    folder.mkdir(exist_ok=True)
    for name, text in texts().items():
        (folder / name).write_text(text, encoding="utf-8")
