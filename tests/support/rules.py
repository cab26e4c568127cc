"""The shipped alert rules and their promtool tests, as data; and promtool itself."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

RULES = Path(__file__).parents[2] / "alerts" / "rules"
RULE_FILES = sorted(RULES.glob("*.rules.yml"))
TEST_FILES = sorted((RULES / "tests").glob("*.test.yml"))

Rule = dict[str, Any]


def read(path: Path) -> Any:
    """A YAML file as plain data."""
    return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))


@cache
def rules() -> Mapping[Path, list[Rule]]:
    """The rules of each file."""
    return {path: [rule for group in read(path)["groups"] for rule in group["rules"]] for path in RULE_FILES}


@cache
def promtool_files() -> Mapping[Path, Any]:
    """Each test file of promtool as data."""
    return {path: read(path) for path in TEST_FILES}


def alerts() -> Iterator[Rule]:
    """Every alerting rule."""
    return (rule for each in rules().values() for rule in each if "alert" in rule)


def expectations(alert: str) -> Iterator[list[Any]]:
    """What each question about an alert in the test files expects: the alerts that fire."""
    for file in promtool_files().values():
        for case in file["tests"]:
            for asked in case.get("alert_rule_test", ()):
                if asked["alertname"] == alert:
                    yield asked.get("exp_alerts", [])


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """What it said and its exit code."""
    command = ["promtool", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)  # noqa: S603 - a real tool


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One thing that is wrong in the rules on purpose: `old` becomes `new` in an alert, or in a record it rests on."""

    alert: str
    old: str
    new: str
    severity: str | None = None


def complaints(mutants: Sequence[Mutant], folder: Path) -> list[str]:
    """Mutants that can't be made, or whose tests are not red; and tests that are red without one.

    All mutants of a file stand beside each other in one, as alerts of their own names: promtool is asked once.
    """
    made: dict[str, list[Rule]] = {}
    wrong = []
    for number, mutant in enumerate(mutants):
        if not (found := _mutated(mutant, f"m{number}")):
            wrong.append(f"{mutant}: there is no such text in it")
        made[f"{mutant.alert}_m{number}"] = found
    red = _red(made, folder)
    names = {f"{mutant.alert}_m{number}": mutant for number, mutant in enumerate(mutants)}
    wrong += [f"{mutant}: every test stays green" for name, mutant in names.items() if made[name] and name not in red]
    return wrong + [f"{name}: red without a change" for name in red if name not in names]


def _red(made: Mapping[str, list[Rule]], folder: Path) -> set[str]:
    """The alerts, mutants among them, of which promtool says that they are not as expected."""
    for path, healthy in rules().items():
        alerts = {rule["alert"] for rule in healthy if "alert" in rule}
        mutated = [rule for name, each in made.items() if name.rpartition("_")[0] in alerts for rule in each]
        groups = [{"name": "mutants", "rules": [*healthy, *mutated]}]
        (folder / path.name).write_text(json.dumps({"groups": groups}), encoding="utf-8")
    written = [_asked_of_all(path, tuple(made), folder) for path in promtool_files()]
    halves = [_started("test", "rules", *half) for half in (written[::2], written[1::2])]
    said = "".join(process.communicate()[0] for process in halves)
    if len(re.findall(r"^Unit Testing:", said, re.MULTILINE)) != len(written):
        raise AssertionError(f"promtool did not test all files: {said[-2000:]}")
    return set(re.findall(r"^\s+alertname: (\w+), time:", said, re.MULTILINE))


def _started(*arguments: str | Path) -> subprocess.Popen[str]:
    command = ["promtool", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # noqa: S603 - a real tool


def _asked_of_all(path: Path, mutants: Sequence[str], folder: Path) -> Path:
    """The same questions, of every mutant too."""
    file = promtool_files()[path]
    cases = []
    for case in file["tests"]:
        asked = case.get("alert_rule_test", [])
        more = [
            {**each, "alertname": name}
            for each in asked
            for name in mutants
            if name.rpartition("_")[0] == each["alertname"]
        ]
        cases.append({**case, "alert_rule_test": [*asked, *more]})
    rule_files = [name.removeprefix("../") for name in file["rule_files"]]
    written = folder / path.name
    written.write_text(json.dumps({**file, "rule_files": rule_files, "tests": cases}), encoding="utf-8")
    return written


def _mutated(mutant: Mutant, suffix: str) -> list[Rule]:
    """The alert, after the change, under a name of its own; with records of its own where they are what changed."""
    group = next(each for each in rules().values() if any(rule.get("alert") == mutant.alert for rule in each))
    needed = [rule for rule in _needed(mutant.alert, group) if _is_meant(rule, mutant) or "record" in rule]
    others = [rule for rule in group if rule.get("alert") == mutant.alert and not _is_meant(rule, mutant)]
    texts = [rule["expr"].replace(mutant.old, mutant.new) for rule in needed]
    changed = [rule for rule, text in zip(needed, texts, strict=True) if rule["expr"] != text]
    if not changed:
        return []
    own = [{**rule, "expr": text} for rule, text in zip(needed, texts, strict=True)] + [dict(rule) for rule in others]
    if all("alert" in rule for rule in changed):
        own = [rule for rule in own if "alert" in rule]
    for name in [rule["record"] for rule in own if "record" in rule]:
        for rule in own:
            rule["expr"] = re.sub(rf"{name}\b", f"{name}_{suffix}", rule["expr"])
    named = {"alert": f"{mutant.alert}_{suffix}"}
    return [rule | (named if "alert" in rule else {"record": f"{rule['record']}_{suffix}"}) for rule in own]


def _is_meant(rule: Rule, mutant: Mutant) -> bool:
    return mutant.severity is None or rule.get("labels", {}).get("severity") == mutant.severity


def _needed(alert: str, all_rules: list[Rule]) -> list[Rule]:
    """The alert, and the records that it rests on."""
    wanted = [rule for rule in all_rules if rule.get("alert") == alert]
    names = " ".join(rule["expr"] for rule in wanted)
    for rule in reversed(all_rules):
        if "record" in rule and rule["record"] in names:
            wanted.insert(0, rule)
            names += rule["expr"]
    return wanted
