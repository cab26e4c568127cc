"""`find`, `runs` and `journal`: what a person or a script sees of a journal that real runs were kept in."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import jsonschema_rs
import pytest
from support.commands import Ended, brekwatch, start
from support.keeping import keeping
from support.playing import play, target_for

from exporter.run_json import runs_as_json
from probes.model import Run
from probes.sandbox.server import SandboxServer

KINDS = ("run_id", "request_id", "trace_id", "session_id", "event_id", "idempotency_key")


@pytest.fixture
def journal_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'brekwatch.db'}"


@pytest.fixture
async def kept(journal_url: str) -> Sequence[Run]:
    """One that failed, one that booked."""
    async with keeping(journal_url) as journal:
        async with SandboxServer(faults=["server_error@search"]) as sandbox:
            failed = await play("quick_search", target_for(sandbox), ledger=journal, listener=journal)
        async with SandboxServer() as sandbox:
            booked = await play("golden_path", target_for(sandbox), ledger=journal, listener=journal)
    return failed, booked


async def ask(journal_url: str, *arguments: str) -> Ended:
    return await brekwatch(*arguments, environment={"BREKWATCH_JOURNAL": journal_url})


def ids_of(run: Run) -> dict[str, str | None]:
    """One id of each kind."""
    [exchange] = run.steps[1].exchanges
    answer = exchange.answer
    assert answer is not None
    seen = (answer.request_id, answer.trace_id, answer.session_id, answer.event_id, exchange.idempotency_key)
    return dict(zip(KINDS, (run.run_id, *seen), strict=True))


@pytest.mark.parametrize("kind", KINDS)
async def test_any_id_leads_to_its_run(journal_url: str, kept: Sequence[Run], kind: str) -> None:
    value = ids_of(kept[1])[kind]
    ended = await ask(journal_url, "find", str(value))

    assert ended.exit_code == 0, ended
    assert f"{kind} {value}\n" in ended.out
    assert f"brekwatch runs show {kept[1].run_id}\n" in ended.out


@pytest.mark.parametrize("kind", ["run_id", "request_id"])
async def test_the_beginning_of_an_id_will_do(journal_url: str, kept: Sequence[Run], kind: str) -> None:
    value = str(ids_of(kept[1])[kind])

    assert f"{kind} {value}\n" in (await ask(journal_url, "find", value[:12])).out


async def test_what_is_not_known_is_told_with_the_journal_that_was_searched(
    journal_url: str, kept: Sequence[Run]
) -> None:
    ended = await ask(journal_url, "find", "no-such-id")

    assert (ended.exit_code, ended.out) == (1, "")
    assert f"nothing is known of 'no-such-id' in the journal at {journal_url[10:]}" in ended.err
    assert f"reaches back to {kept[0].started_at:%Y-%m-%d %H:%M:%S} UTC" in ended.err


async def test_a_beginning_of_several_ids_lists_them(journal_url: str, kept: Sequence[Run]) -> None:
    ended = await ask(journal_url, "find", "sess_")

    assert (ended.exit_code, ended.out) == (2, "")
    for run in kept:
        assert f"  session_id       {run.steps[0].exchanges[0].answer.session_id}\n" in ended.err  # type: ignore[union-attr]


async def test_a_beginning_that_could_mean_anything_is_wrong_use(journal_url: str, kept: Sequence[Run]) -> None:
    for arguments in (("find", "s"), ("runs", "show", "s")):
        ended = await ask(journal_url, *arguments)

        assert ended.exit_code == 2
        assert "at least 4 characters" in ended.err


async def test_find_tells_json_on_stdout_alone(journal_url: str, kept: Sequence[Run]) -> None:
    found = await ask(journal_url, "find", kept[1].run_id, "--format", "json")
    missing = await ask(journal_url, "find", "no-such-id", "--format", "json")

    assert (found.exit_code, found.err) == (0, "")
    assert json.loads(found.out)["sightings"][0]["run"]["scenario"] == "golden_path"
    assert missing.exit_code == 1
    assert json.loads(missing.out) == {"sightings": [], "candidates": [], "more": False}


async def test_runs_are_listed_newest_first_and_filtered(journal_url: str, kept: Sequence[Run]) -> None:
    failed, booked = kept
    everything = await ask(journal_url, "runs")
    bad = await ask(journal_url, "runs", "--since", "1h", "--outcome", "failed", "--failure-kind", "server_error")
    named = await ask(journal_url, "runs", "--scenario", "golden_path", "-t", "sandbox", "--limit", "1")
    none = await ask(journal_url, "runs", "--outcome", "skipped")

    assert {ended.exit_code for ended in (everything, bad, named, none)} == {0}
    assert everything.out.index(booked.run_id) < everything.out.index(failed.run_id)
    assert failed.run_id in bad.out
    assert booked.run_id not in bad.out
    assert booked.run_id in named.out
    assert none.out == ""
    assert "no such run is in the journal at " in none.err


async def test_a_table_says_that_there_are_more(journal_url: str, kept: Sequence[Run]) -> None:
    ended = await ask(journal_url, "runs", "--limit", "1")

    assert len(ended.out.splitlines()) == 2
    assert "and older ones" in ended.err


async def test_runs_as_json_are_those_that_were_played(journal_url: str, kept: Sequence[Run]) -> None:
    ended = await ask(journal_url, "runs", "--format", "json")
    schema = json.loads(resources.files("exporter").joinpath("schemas", "runs.schema.json").read_text())
    told = json.loads(ended.out)
    jsonschema_rs.validator_for(schema).validate(told)
    played = json.loads(json.dumps(runs_as_json(reversed(kept), str)))

    assert (ended.exit_code, ended.err) == (0, "")
    assert told == played


async def test_an_export_is_one_run_a_line(journal_url: str, kept: Sequence[Run]) -> None:
    ended = await ask(journal_url, "journal", "export", "--since", "1h")
    later = await ask(journal_url, "journal", "export", "--since", "2999-01-01")

    assert [json.loads(line)["run_id"] for line in ended.out.splitlines()] == [run.run_id for run in reversed(kept)]
    assert (later.exit_code, later.out) == (0, "")


async def test_a_run_is_shown_by_the_beginning_of_its_id(journal_url: str, kept: Sequence[Run]) -> None:
    booked = kept[1]
    text = await ask(journal_url, "runs", "show", booked.run_id[:20])
    document = await ask(journal_url, "runs", "show", booked.run_id, "--format", "json")

    assert text.out.startswith("passed golden_path on sandbox\n")
    assert "assistant: booked" in text.out
    assert [run["run_id"] for run in json.loads(document.out)["runs"]] == [booked.run_id]


async def test_a_run_that_is_not_there_is_told(journal_url: str, kept: Sequence[Run]) -> None:
    ended = await ask(journal_url, "runs", "show", "no-such-run")

    assert (ended.exit_code, ended.out) == (1, "")
    assert "there is no run 'no-such-run' in the journal at " in ended.err


async def test_options_of_the_list_before_show_are_refused(journal_url: str, kept: Sequence[Run]) -> None:
    ended = await ask(journal_url, "runs", "--since", "1h", "show", kept[0].run_id)

    assert ended.exit_code == 2
    assert "--since is for the list of runs" in ended.err


async def test_a_configuration_names_the_journal_even_where_its_keys_are_not_set(
    tmp_path: Path, journal_url: str, kept: Sequence[Run]
) -> None:
    config = tmp_path / "brekwatch.yaml"
    config.write_text(
        "service: {journal: 'sqlite:///${NAME}.db'}\n"
        "targets: {acme: {base_url: 'https://x.example', api_key: '${NOBODY_S_KEY}'}}\n"
    )
    ended = await brekwatch("find", kept[0].run_id, "-c", str(config), environment={"NAME": "brekwatch"})

    assert ended.exit_code == 0, ended
    assert f"brekwatch runs show {kept[0].run_id} -c {config}\n" in ended.out


@pytest.mark.parametrize(
    "arguments",
    [("find", "abcd"), ("runs",), ("runs", "show", "abcd"), ("journal", "check"), ("journal", "export")],
    ids=" ".join,
)
@pytest.mark.parametrize("content", [None, b"this is no database at all, whatever its name may say" * 100])
async def test_a_journal_that_can_t_be_read_is_a_sentence_and_exit_code_3(
    tmp_path: Path, journal_url: str, arguments: tuple[str, ...], content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "brekwatch.db").write_bytes(content)
    ended = await ask(journal_url, *arguments)

    assert ended.exit_code == 3
    assert ended.err.startswith("brekwatch: ")
    assert "brekwatch.db" in ended.err
    assert len(ended.err.splitlines()) == 1


async def test_a_reader_makes_no_journal(tmp_path: Path, journal_url: str) -> None:
    await ask(journal_url, "runs")

    assert list(tmp_path.iterdir()) == []


async def test_a_journal_is_checked(journal_url: str, kept: Sequence[Run]) -> None:
    ended = await ask(journal_url, "journal", "check")

    assert ended.exit_code == 0, ended
    assert "runs: 2 rows\n" in ended.out


async def test_a_backup_is_a_journal_of_its_own_and_overwrites_nothing(
    tmp_path: Path, journal_url: str, kept: Sequence[Run]
) -> None:
    copy = tmp_path / "copy.db"
    made = await ask(journal_url, "journal", "backup", str(copy))
    again = await ask(journal_url, "journal", "backup", str(copy))
    read = await ask(f"sqlite:///{copy}", "runs", "show", kept[0].run_id)

    assert (made.exit_code, read.exit_code) == (0, 0), (made, read)
    assert again.exit_code == 3
    assert f"{copy} is there already" in again.err


async def test_pruning_tells_that_there_was_nothing_to_let_go_of(journal_url: str, kept: Sequence[Run]) -> None:
    ended = await ask(journal_url, "journal", "prune")
    left = await ask(journal_url, "runs")

    assert ended.exit_code == 0, ended
    assert all(run.run_id in left.out for run in kept)


async def test_pruning_keeps_what_the_configuration_says(tmp_path: Path, journal_url: str, kept: Sequence[Run]) -> None:
    config = tmp_path / "brekwatch.yaml"
    config.write_text(
        "service: {journal: 'sqlite:///brekwatch.db', retention: {successes: 1s}}\n"
        "targets: {acme: {base_url: 'http://127.0.0.1:1', api_key: a-key-of-the-tests}}\n"
    )
    await asyncio.sleep(1.1)
    ended = await brekwatch("journal", "prune", "-c", str(config))
    left = await ask(journal_url, "runs")

    assert ended.exit_code == 0, ended
    assert kept[0].run_id in left.out
    assert kept[1].run_id not in left.out


@pytest.mark.parametrize(
    "arguments",
    [("runs",), ("runs", "--format", "json"), ("journal", "export")],
    ids=" ".join,
)
async def test_a_list_that_nobody_reads_ends_without_a_word(
    journal_url: str, kept: Sequence[Run], arguments: tuple[str, ...]
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = await start(*arguments, environment={"BREKWATCH_JOURNAL": journal_url}, out=writer)
    os.close(writer)
    _, err = await asyncio.wait_for(process.communicate(), 10)

    assert (process.returncode, err) == (0, b"")


@pytest.mark.parametrize("arguments", [("runs",), ("runs", "--format", "json"), ("journal", "export")], ids=" ".join)
async def test_a_full_disk_is_a_sentence(journal_url: str, kept: Sequence[Run], arguments: tuple[str, ...]) -> None:
    process = await start(*arguments, environment={"BREKWATCH_JOURNAL": journal_url}, redirections=">/dev/full")
    _, err = await asyncio.wait_for(process.communicate(), 10)

    assert (process.returncode, err) == (3, b"brekwatch: stdout can't be written: No space left on device\n")
