"""The labelled set played for real, what blame said of it, and the page that tells both.

`make blame-page` writes docs/blame.md anew. Read what changed before you believe it.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from support.blame_cases_api import API
from support.blame_cases_key import CREDENTIALS, QUOTA
from support.blame_cases_talk import CONVERSATION
from support.blame_cases_way import MONITOR, NETWORK
from support.blame_kit import Case, Kit

from alerts.blame import blame_of_run
from alerts.blame_rules import DEFAULTS, RULES, Rule
from probes.model import Run
from probes.words import Blame, FailureKind, Operation

PAGE = Path(__file__).parents[2] / "docs" / "blame.md"
CASES: tuple[Case, ...] = (*MONITOR, *NETWORK, *CREDENTIALS, *QUOTA, *API, *CONVERSATION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A case, the run that came of it, and whom blame names for it."""

    case: Case
    run: Run
    blame: Blame | None

    @property
    def right(self) -> bool:
        return self.blame is self.case.label


async def play_all(folder: Path) -> tuple[Told, ...]:
    """One after the other: some of them change what the whole process sees."""
    kit = Kit.in_folder(folder)
    told = []
    for case in CASES:
        run = await case.play(kit)
        told.append(Told(case=case, run=run, blame=blame_of_run(run)))
    return tuple(told)


def matrix(told: Sequence[Told]) -> Iterator[str]:
    counts = Counter((each.case.label, each.blame) for each in told)
    yield "| who has to act | cases | " + " | ".join(f"told `{blame}`" for blame in Blame) + " |"
    yield "|---|---|" + "---|" * len(Blame)
    for label in Blame:
        row = [counts[label, blame] for blame in Blame]
        yield f"| **{label}** | {sum(row)} | " + " | ".join(str(count or "") for count in row) + " |"


def rules() -> Iterator[str]:
    yield "| kinds | who has to act | why |"
    yield "|---|---|---|"
    for rule in RULES:
        kinds = ", ".join(f"`{kind}`" for kind in FailureKind if kind in rule.kinds)
        yield f"| {kinds}{where(rule)} | **{rule.blame}** | {rule.reason} |"


def where(rule: Rule) -> str:
    """At which operations a rule holds, in few words."""
    if rule.operations is None:
        return ""
    others = set(Operation) - rule.operations
    word, named = ("not at", others) if len(others) < len(rule.operations) else ("at", rule.operations)
    return f" ({word} {', '.join(f'`{each}`' for each in sorted(named))})"


def defaults() -> Iterator[str]:
    yield "| who has to act | kinds |"
    yield "|---|---|"
    for blame, kinds in groupby(sorted(DEFAULTS, key=lambda kind: DEFAULTS[kind]), lambda kind: DEFAULTS[kind]):
        yield f"| **{blame}** | {', '.join(f'`{kind}`' for kind in kinds)} |"


def cases(told: Iterable[Told]) -> Iterator[str]:
    yield "| situation | how the run ended | who has to act | because |"
    yield "|---|---|---|---|"
    for each in told:
        said = "" if each.right else f", told `{each.blame}`"
        how = f"{each.run.outcome}, `{each.run.reason}`"
        yield f"| {each.case.name} | {how} | **{each.case.label}**{said} | {each.case.why} |"


HEAD = """\
# Who has to act: blame

Every failed run names who has to act on it, so that an alert wakes the right person. It is reckoned from the kind of
the failure and from what else the run saw (`alerts/blame.py`), and stands in metrics, alerts, incidents and reports.

- `monitor`: whoever runs brekwatch: its journal, its machine, its clock. A run that is `unknown` is always this.
- `network`: whoever looks after the way to the API: names, routes, firewalls, proxies, and the configured address.
- `credentials`: whoever looks after the partner key, and how it is sent.
- `quota`: whoever decides how much of the key's minute quota is used.
- `api`: Brek's support: its servers, its gateway, its portal, or a promise of its guide that is broken.
- `conversation`: whoever owns the conversation: the assistant chose another documented status or found nothing, or a
  scenario of yours says what can't work.

Good runs and runs that were not played concern nobody.

## Rules

The first rule that fits counts.

"""
DEFAULTS_HEAD = """
Where none fits, the kind decides:

"""
MIDDLE = """
## How often it is right

{count} situations are played for real by a test: against the sandbox with its faults, and against servers that break
the protocol, refuse, stay silent, show wrong certificates, or can't be found. Who has to act was written down by hand
before the code was asked. {right} of {count} are told right ({share:.1%}). No fault of the monitor is told to be the
API's, and no fault of the API to be the monitor's. `make blame-page` plays them again and writes this page.

"""
WRONG = """
Told wrong, because the run holds nothing that tells the two apart:

"""
WHY_WRONG = {
    "another site is asked over TLS": "an API that lost its route answers the same",
    "a proxy of ours can't reach the API": 'the guide calls a 5xx an "unexpected server/proxy issue", Brek\'s own',
    "a filter resets after the request": "an API that hangs up looks the same",
    "the key is revoked during a run": "a run takes seconds, so a gateway that flaps is likelier; the next run tells",
    "the server is down": "a filter on our side refuses the same way, and accusing the API falsely is worse",
    "the name was given up": "a name that is configured wrong looks the same, and accusing the API falsely is worse",
}
LIMITS = """
## What it can't tell

- A clock that is months *ahead* makes a good certificate look expired, which is told `api`. `brekwatch doctor` compares
  the clock with the server's.
- A lost connection is `unknown`, and so `monitor`, only if `service.reference` names addresses and none of them can be
  reached. Without references it is judged by the rules above.
- An answer over plain HTTP that copies the API's request id or envelopes is taken for the API's. Use https.

## Every situation

"""


def page(told: Sequence[Told]) -> str:
    right = sum(each.right for each in told)
    wrong = [
        f"- {each.case.name}: is `{each.case.label}`, told `{each.blame}`; {WHY_WRONG.get(each.case.name, '?')}"
        for each in told
        if not each.right
    ]
    parts = [
        HEAD + "\n".join(rules()) + "\n",
        DEFAULTS_HEAD + "\n".join(defaults()) + "\n",
        MIDDLE.format(count=len(told), right=right, share=right / len(told)) + "\n".join(matrix(told)) + "\n",
        WRONG + "\n".join(wrong) + "\n",
        LIMITS + "\n".join(cases(told)) + "\n",
    ]
    return "".join(parts)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        PAGE.write_text(page(asyncio.run(play_all(Path(folder)))), encoding="utf-8")
