"""`--max-requests`: a hard cap on what takes from the key's quota, retries included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from probes.errors import RefusedError
from probes.listening import Listener
from probes.model import RunStart
from probes.quota import requests_of
from probes.requests import ApiRequest
from probes.scenario import Scenario
from probes.under_way import current


class RequestCap(Listener):
    """Counts requests before they are sent, and refuses the one beyond `most`; None refuses nothing.

    What a run needs to take its booking back is kept for that: no cap is worth a booking that stays.
    """

    def __init__(self, scenarios: Mapping[str, Scenario], most: int | None) -> None:
        self.sent = 0
        self.reached: str | None = None
        self._scenarios = scenarios
        self._most = most
        self._kept_back = 0
        self._cleanup: frozenset[str] = frozenset()

    def run_started(self, start: RunStart) -> None:
        """One more conversation, with a cleanup of its own."""
        scenario = self._scenarios[start.scenario]
        self._kept_back = requests_of(scenario) - requests_of(replace(scenario, cleanup=()))
        self._cleanup = frozenset(step.name for step in scenario.cleanup)

    def permit(self, request: ApiRequest) -> None:
        """Counts it; raises RefusedError if it would be one too many."""
        if not request.own_key:
            return
        under_way = current()
        cleans_up = under_way is not None and under_way.step in self._cleanup
        kept_back = 0 if cleans_up else self._kept_back
        if self._most is not None and self.sent >= self._most - kept_back:
            self.reached = f"--max-requests {self._most} was reached, since requests had to be repeated"
            raise RefusedError(self.reached)
        self.sent += 1
