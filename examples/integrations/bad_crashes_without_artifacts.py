"""Breaks `survives_missing_artifacts`: an artifact that isn't there ends it with a traceback."""

from __future__ import annotations

from good_by_text import Integration, Result, main


class CrashesWithoutArtifacts(Integration):
    """Believes that every artifact is always there."""

    def react(self, result: Result) -> Result | None:
        """Reads the first hotel's name without looking."""
        if result.status == "shortlist":
            print(result.artifacts["shortlist"][0])
        return super().react(result)


if __name__ == "__main__":
    main(CrashesWithoutArtifacts)
