"""kill -9 of the real service while incidents open, go on and end.

Each has one id and counts each failed run once, and the receiver hears of its beginning and its end.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.crashes import seeded
from support.hostile import Hostile
from support.lives import PLENTY, Serving
from support.onlooker import Onlooker
from support.receivers import bodies, takes

from probes.sandbox.server import SandboxServer

_TARGETS = 4
_ENDED = "incidents WHERE closed_at IS NOT NULL"
_FAILED = "SELECT target, run_id FROM runs WHERE outcome = 'failed' ORDER BY started_at, run_id"


async def _killed_again_and_again(serving: Serving, look: Onlooker, kills: int) -> None:
    """At points that are as near as can be to a failed run that was kept, and to what it changes."""
    random = seeded(7)
    for number in range(kills):
        await serving.start()
        before = look.count("runs WHERE outcome = 'failed'")
        more = random.randint(1, 4) if number else 1
        assert await serving.until(
            lambda before=before, more=more: look.count("runs WHERE outcome = 'failed'") >= before + more
        ), serving.tail()
        if random.random() < 0.5:
            await serving.rest(random.random() / 20)
        await serving.kill()
    await serving.start()
    assert await serving.until(lambda: look.count("incidents") == _TARGETS, 60), serving.tail()
    await serving.kill()


def _documents(look: Onlooker) -> list[Mapping[str, Any]]:
    return [json.loads(document) for (document,) in look.rows("SELECT document FROM incidents")]


def _complaints(look: Onlooker) -> list[str]:
    failed: dict[str, list[str]] = {}
    for target, run_id in look.rows(_FAILED):
        failed.setdefault(target, []).append(run_id)
    documents = _documents(look)
    complaints = [] if len(documents) == len(failed) else [f"{len(documents)} incidents on {len(failed)} targets"]
    for document in documents:
        runs = failed[document["target"]]
        counted = sum(hit["failed_runs"] for hit in document["hits"])
        if counted != len(runs):
            complaints.append(f"{document['target']}: {counted} of {len(runs)} failed runs counted")
        if document["first_failed_run_id"] != runs[0]:
            complaints.append(f"{document['target']}: it began with another run")
        if document["ended"] != "recovered":
            complaints.append(f"{document['target']}: it ended as {document['ended']}")
    return complaints


async def _killed_while_it_ends(serving: Serving, look: Onlooker, kills: int) -> None:
    """At points that are as near as can be to an end that was kept, and to what is told of it."""
    random = seeded(8)
    for _ in range(kills):
        await serving.start()
        before = look.count(_ENDED)
        if before == _TARGETS:
            break
        await serving.until(lambda before=before: look.count(_ENDED) > before, 10)
        await serving.rest(random.random() / 20)
        await serving.kill()


def _told(receiver: Hostile) -> set[tuple[str, str]]:
    """The type and the incident of each notice, alone or in a message with others."""
    documents = bodies(receiver)
    notices = [each for document in documents for each in document.get("incidents", [document])]
    return {(notice["type"], notice["incident_id"]) for notice in notices}


def _wanted(look: Onlooker) -> set[tuple[str, str]]:
    ids = [incident_id for (incident_id,) in look.rows("SELECT incident_id FROM incidents")]
    return {(word, incident_id) for word in ("incident.opened", "incident.resolved") for incident_id in ids}


def _untold(look: Onlooker, receiver: Hostile) -> list[str]:
    told, wanted = _told(receiver), _wanted(look)
    return [f"{sorted(wanted - told)} not told", f"{sorted(told - wanted)} told beside"] if told != wanted else []


async def _told_in_the_end(serving: Serving, look: Onlooker, receiver: Hostile) -> None:
    """A life says two things at once, then one a minute: another life is sooner, and has to know what is left."""
    for _ in range(_TARGETS):
        if await serving.until(lambda: _told(receiver) >= _wanted(look), 4):
            return
        await serving.kill()
        await serving.start()
    await serving.until(lambda: _told(receiver) >= _wanted(look), 90)


async def _outlived(url: str, folder: Path, kills: int) -> list[str]:
    """An outage, in which a service is killed so often; what is wrong with its incidents once it is over."""
    async with SandboxServer(minute_quota=PLENTY) as sandbox, Hostile(takes()) as receiver:
        serving = Serving(folder, sandbox, url, books=(), looks=("quick_search",), every="1s", webhook=receiver.url)
        sandbox.set_faults(["not_json@search"])
        with Onlooker(url) as look:
            await _killed_again_and_again(serving, look, kills)
            sandbox.set_faults([])
            await _killed_while_it_ends(serving, look, min(kills, _TARGETS))
            await serving.start()
            if not await serving.until(lambda: look.count(_ENDED) == _TARGETS, 60):
                return [f"they did not end: {serving.tail()}"]
            await _told_in_the_end(serving, look, receiver)
            await serving.until_started()
            code = await serving.stop()
            return _complaints(look) + _untold(look, receiver) + ([f"it ended with {code}"] if code else [])


async def test_an_outage_is_one_incident_though_the_service_is_killed(sqlite_url: str, tmp_path: Path) -> None:
    assert await _outlived(sqlite_url, tmp_path, 2) == []


@pytest.mark.crash
async def test_an_outage_is_one_incident_however_often_the_service_is_killed(journal_url: str, tmp_path: Path) -> None:
    assert await _outlived(journal_url, tmp_path, 50) == []
