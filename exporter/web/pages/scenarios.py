"""`/scenarios` and `/scenarios/<name>`: what is played, step by step in words, as a page or as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporter.scenario_words import LEAVES, StepWords, expected_path, file_name, is_shipped, step_words
from exporter.web.knowing import Knowing
from exporter.web.pages.answering import Answers, wants_json
from exporter.web.pages.page import Frame, Page
from exporter.web.pages.targets import LONGEST_NAME
from exporter.web.target_facts import Known, Play, play_of
from exporter.web.target_json import play_as_json
from probes.scenario import Scenario

PATH = "/scenarios"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioFacts:
    """A scenario in words, and the probes that play it. `text` is its file, None where that isn't at hand."""

    name: str
    title: str
    leaves: str
    leaves_words: str
    shipped: bool
    file: str
    steps: tuple[StepWords, ...]
    cleanup: tuple[StepWords, ...]
    path: tuple[tuple[str, ...], ...]
    plays: tuple[Play, ...]
    text: str | None


class Scenarios:
    """Answers from memory alone. A name is looked up in the settings, and no file is opened for one."""

    def __init__(self, knowing: Knowing, frame: Frame) -> None:
        self._knowing = knowing
        self._frame = frame
        self._list, self._one = (
            Answers(Page(name, frame, here=PATH), frame, here=PATH) for name in ("scenarios.html", "scenario.html")
        )

    def routes(self) -> list[Route]:
        """The list, and the address of each."""
        return [Route(PATH, self._answer_list), Route(f"{PATH}/{{name:path}}", self._answer_one)]

    async def _answer_list(self, request: Request) -> Response:
        return self._listed(request, missing=None)

    async def _answer_one(self, request: Request) -> Response:
        name = request.path_params["name"]
        known = self._knowing.remembered()
        scenario = known.settings.scenarios.get(name)
        if scenario is None:
            return self._listed(request, missing=self._frame.scrub(name[:LONGEST_NAME]))
        found = self._facts(known, scenario)
        facts = {"facts": found, "has_journal": self._knowing.has_journal}
        return self._one.told(request, lambda: _as_json([found]), facts)

    def _listed(self, request: Request, *, missing: str | None) -> Response:
        known = self._knowing.remembered()
        scenarios = [self._facts(known, each) for _, each in sorted(known.settings.scenarios.items())]
        scenarios.sort(key=lambda each: not each.plays)
        if missing is not None and wants_json(request):
            there_are = ", ".join(each.name for each in scenarios)
            return self._list.refused(request, f'no scenario is called "{missing}"; there are: {there_are}', 404)
        facts = {"scenarios": scenarios, "missing": missing}
        return self._list.told(request, lambda: _as_json(scenarios), facts, 200 if missing is None else 404)

    def _facts(self, known: Known, scenario: Scenario) -> ScenarioFacts:
        probes = (probe for probe in known.settings.probes if probe.scenario == scenario.name)
        scrub = self._frame.scrub
        return ScenarioFacts(
            name=scenario.name,
            title=scrub(scenario.title),
            leaves=scenario.leaves,
            leaves_words=LEAVES[scenario.leaves],
            shipped=is_shipped(scenario),
            file=file_name(scenario),
            steps=tuple(step_words(step, scrub) for step in scenario.steps),
            cleanup=tuple(step_words(step, scrub) for step in scenario.cleanup),
            path=tuple(tuple(map(scrub, statuses)) for statuses in expected_path(scenario)),
            plays=tuple(play_of(known, probe) for probe in sorted(probes, key=lambda probe: probe.target)),
            text=scrub(scenario.text) or None,
        )


def _as_json(scenarios: list[ScenarioFacts]) -> dict[str, object]:
    """Described by `exporter/schemas/scenarios.schema.json`."""
    return {"scenarios": [_scenario(each) for each in scenarios]}


def _scenario(facts: ScenarioFacts) -> dict[str, object]:
    return {
        "scenario": facts.name,
        "path": f"{PATH}/{facts.name}",
        "title": facts.title,
        "leaves": facts.leaves,
        "shipped": facts.shipped,
        "file": facts.file,
        "steps": [asdict(step) for step in facts.steps],
        "cleanup": [asdict(step) for step in facts.cleanup],
        "expected_statuses": facts.path,
        "probes": [play_as_json(play) for play in facts.plays],
        "source": facts.text,
    }
