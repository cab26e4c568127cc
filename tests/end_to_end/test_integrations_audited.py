"""The good integrations come out of an audit clean, and each bad one is told by its right rule alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from support.audits import Audited, audit
from support.integrations import BAD, GOOD, Bad, command_of

from probes.readiness.words import RuleId, RuleState

AT_ONCE = 4
TRIES = 5
NOT_EXERCISED = {
    "good_by_text": {RuleId.TLS},
    "good_by_kind": {RuleId.TLS, RuleId.SESSION_PER_ACTOR},
}


async def audit_good(name: str, folder: Path) -> Audited:
    log = str(folder / "integration.log")
    return await audit(command_of(name, "--log", log), folder, "--log", log)


async def audit_bad(bad: Bad, folder: Path) -> Audited:
    """A busy machine can turn no wait into one: what then can't be told is looked at again."""
    log = ("--log", str(folder / "integration.log")) if bad.needs_log else ()
    for _ in range(TRIES if bad.rule is RuleId.RETRY_BACKOFF else 1):
        audited = await audit(command_of(bad.name, *log), folder, *log, situations=[bad.situation])
        if audited.rules(RuleState.BROKEN):
            break
    return audited


@pytest.fixture(scope="module")
def audits(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Audited]:
    """Several at the same time: an audit mostly waits."""

    async def all_of_them() -> dict[str, Audited]:
        room = asyncio.Semaphore(AT_ONCE)

        async def in_turn(which: str | Bad) -> tuple[str, Audited]:
            async with room:
                if isinstance(which, Bad):
                    return which.name, await audit_bad(which, tmp_path_factory.mktemp(which.name))
                return which, await audit_good(which, tmp_path_factory.mktemp(which))

        return dict(await asyncio.gather(*map(in_turn, (*GOOD, *BAD))))

    return asyncio.run(all_of_them())


@pytest.mark.parametrize("name", GOOD)
def test_a_good_integration_breaks_no_rule(name: str, audits: dict[str, Audited]) -> None:
    audited = audits[name]

    assert (audited.exit_code, audited.rules(RuleState.BROKEN)) == (0, set()), audited.said
    assert audited.document["verdict"] == "ready"
    assert audited.rules(RuleState.ADVICE) == set()


@pytest.mark.parametrize("name", GOOD)
def test_hardly_a_rule_is_left_that_a_good_integration_does_not_exercise(name: str, audits: dict[str, Audited]) -> None:
    unseen = audits[name].rules(RuleState.NOT_EXERCISED)

    assert unseen == NOT_EXERCISED[name]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_a_bad_integration_is_told_by_its_right_rule_alone(bad: Bad, audits: dict[str, Audited]) -> None:
    audited = audits[bad.name]

    assert (audited.exit_code, audited.rules(RuleState.BROKEN)) == (1, {bad.rule}), audited.said
    assert audited.document["verdict"] == "not_ready"


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_the_very_requests_that_break_it_are_shown(bad: Bad, audits: dict[str, Audited]) -> None:
    shown = audits[bad.name].rule(bad.rule)["exchanges"]

    assert shown or bad.rule is RuleId.LOGS_NO_SECRET
    assert {exchange["situation"] for exchange in shown} <= {bad.situation}
