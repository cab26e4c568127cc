"""The guide's own quickstarts, unchanged, get a true judgement: what they keep, what they break, what never came up."""

from __future__ import annotations

import asyncio
import hashlib

import pytest
from support.audits import Audited, audit
from support.quickstarts import CURL, FOLDER, NODE_JS, PYTHON, QUICKSTARTS, Quickstart

from probes.readiness.words import RuleId, RuleState

OWN_WORDS = {
    "quickstart.sh": "80dbb88833ddf5453c75041adbfed01ead81584352b50fdadd8c5a766e240dde",
    "quickstart.mts": "8b375eb26caf0ef3af287bb30bf435ac46ef28b544d0c55e458a6b6254c1e4af",
    "quickstart.py": "3dd09923dacaeb774dbb00a190fb95bbd96786a908fa9d38c87e88819adbde1e",
}
KEPT = {
    RuleId.KEY_SERVER_SIDE,
    RuleId.KEY_SINGLE_STYLE,
    RuleId.KEY_NOT_IN_URL,
    RuleId.ACTOR_ID_STABLE,
    RuleId.NEW_KEY_ON_NEW_ACTION,
    RuleId.KEY_FORM,
    RuleId.RETRY_ONLY_429_5XX,
    RuleId.CONTENT_TYPE,
    RuleId.REQUEST_SCHEMA,
    RuleId.SURVIVES_UNKNOWN_STATUS,
    RuleId.SURVIVES_MISSING_ARTIFACTS,
}
STOPS = {RuleId.STOPS_ON_401_403}
NEVER_RETRIES = {RuleId.RETRIES_TRANSIENT}
BROKEN = {CURL.name: NEVER_RETRIES | STOPS, NODE_JS.name: NEVER_RETRIES, PYTHON.name: NEVER_RETRIES}


@pytest.fixture(scope="module")
def audits(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Audited]:
    """All three, audited at the same time: each is idle for most of its course."""

    async def all_of_them() -> list[Audited]:
        return await asyncio.gather(
            *(
                audit(each.command, tmp_path_factory.mktemp(each.name), environment=each.environment)
                for each in QUICKSTARTS
            )
        )

    return dict(zip((each.name for each in QUICKSTARTS), asyncio.run(all_of_them()), strict=True))


each_quickstart = pytest.mark.parametrize("quickstart", QUICKSTARTS, ids=lambda quickstart: quickstart.name)


@pytest.mark.parametrize("file", OWN_WORDS)
def test_it_is_run_as_the_guide_has_it(file: str) -> None:
    assert hashlib.sha256((FOLDER / file).read_bytes()).hexdigest() == OWN_WORDS[file]


@each_quickstart
def test_it_breaks_what_it_breaks(quickstart: Quickstart, audits: dict[str, Audited]) -> None:
    audited = audits[quickstart.name]

    assert audited.exit_code == 1, audited.said
    assert audited.rules(RuleState.BROKEN) == BROKEN[quickstart.name]


@each_quickstart
def test_what_it_keeps_is_told(quickstart: Quickstart, audits: dict[str, Audited]) -> None:
    kept = audits[quickstart.name].rules(RuleState.KEPT)

    assert kept == KEPT | (STOPS - BROKEN[quickstart.name])


@each_quickstart
def test_what_never_came_up_is_not_counted_as_kept(quickstart: Quickstart, audits: dict[str, Audited]) -> None:
    unseen = audits[quickstart.name].rules(RuleState.NOT_EXERCISED)

    assert unseen == set(RuleId) - KEPT - STOPS - BROKEN[quickstart.name]


@each_quickstart
def test_what_would_exercise_the_rest_is_said(quickstart: Quickstart, audits: dict[str, Audited]) -> None:
    unseen = [rule for rule in audits[quickstart.name].document["rules"] if rule["state"] == RuleState.NOT_EXERCISED]

    assert all(rule["detail"] for rule in unseen)


def test_the_refused_turn_that_was_not_tried_again_is_shown(audits: dict[str, Audited]) -> None:
    shown = audits[PYTHON.name].rule(RuleId.RETRIES_TRANSIENT)["exchanges"]

    assert {exchange["status_code"] for exchange in shown} <= {429, 500}
    assert shown


def test_what_was_sent_after_a_refused_key_is_shown(audits: dict[str, Audited]) -> None:
    shown = audits[CURL.name].rule(RuleId.STOPS_ON_401_403)["exchanges"]

    assert {exchange["situation"] for exchange in shown} == {"auth_missing", "auth_rejected"}
