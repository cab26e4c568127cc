"""An integration's log: only what it adds is read, wherever its file goes meanwhile."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from urllib.parse import quote

import pytest
from support.retry_tapes import RetryTape

from probes.errors import UsageError
from probes.readiness.evidence import LogFacts, Seen
from probes.readiness.log_reading import LogWatch
from probes.readiness.words import Lost, SituationName
from probes.redaction import Secret

KEY = "sk+partner/4f9a=21c7de"
BOOKED = "hotel booked\n"


def seen_turns(count: int = 1) -> list[Seen]:
    tape = RetryTape()
    for _ in range(count):
        tape.turn("hello")
    return tape.seen


def add(path: Path, text: str | bytes) -> None:
    with path.open("ab") as file:
        file.write(text if isinstance(text, bytes) else text.encode())


def facts(watch: LogWatch, seen: list[Seen] | None = None) -> LogFacts:
    return watch.facts(seen or [], [Secret(KEY)])


def test_an_old_log_counts_for_nothing(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text(f"r-1 t:1 {KEY}\n{BOOKED}")
    watch = LogWatch(log)
    add(log, "started\n")

    assert facts(watch, seen_turns()) == LogFacts(name="app.log", lines=1)


def test_a_line_that_was_begun_before_is_read_from_there(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("request ")
    watch = LogWatch(log)
    add(log, "r-1\n")

    assert facts(watch, seen_turns()).ids == {"r-1"}


@pytest.mark.parametrize("spelled", [KEY, quote(KEY, safe=""), base64.b64encode(KEY.encode()).decode()])
def test_a_key_in_any_spelling_is_told_by_its_line(tmp_path: Path, spelled: str) -> None:
    log = tmp_path / "app.log"
    watch = LogWatch(log)
    add(log, f"one\ntwo key={spelled}\nthree\nfour {spelled} {spelled}")

    assert facts(watch).secret_lines == (2, 4)


def test_a_short_id_inside_another_is_not_found(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    watch = LogWatch(log)
    add(log, "r-12 xr-1 r-1x")

    assert facts(watch, seen_turns()).ids == frozenset()


def test_ids_stand_in_json_and_in_quotes(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    watch = LogWatch(log)
    add(log, '{"request_id":"r-1","trace":"t:1"}\n')

    assert facts(watch, seen_turns()).ids == {"r-1", "t:1"}


def test_ids_of_an_answer_that_was_lost_are_not_asked_for(tmp_path: Path) -> None:
    tape = RetryTape()
    tape.turn("yes", Lost.BY_SERVER)
    log = tmp_path / "app.log"
    watch = LogWatch(log)
    add(log, "r-1\n")

    assert facts(watch, tape.seen).ids == frozenset()


def test_a_log_that_comes_later_is_read_from_its_beginning(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    watch = LogWatch(log)
    log.write_text("r-1\n")

    assert facts(watch, seen_turns()) == LogFacts(name="app.log", lines=1, ids=frozenset({"r-1"}))


def test_a_log_that_never_comes_has_no_lines(tmp_path: Path) -> None:
    assert facts(LogWatch(tmp_path / "app.log")) == LogFacts(name="app.log", lines=0)


def test_a_rotated_log_is_read_to_its_end_and_then_the_new_one(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("old\n")
    watch = LogWatch(log)
    add(log, "r-1\n")
    log.rename(tmp_path / "app.log.1")
    add(tmp_path / "app.log.1", "r-2\n")
    add(log, "r-3\n")

    found = facts(watch, seen_turns(3))
    assert (found.ids, found.lines, found.whole) == ({"r-1", "r-2", "r-3"}, 3, True)


def test_a_log_begun_anew_in_a_situation_is_read_from_its_beginning(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("of the situation before\n" * 3)
    watch = LogWatch(log)
    watch.begin(SituationName.DECLINE)
    log.write_text("r-1\n")

    found = facts(watch, seen_turns())
    assert (found.ids, found.lines, found.whole) == ({"r-1"}, 1, True)


def test_a_log_begun_anew_and_grown_longer_is_read_from_its_beginning(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("short\n")
    watch = LogWatch(log)
    watch.begin(SituationName.DECLINE)
    log.write_text("r-1 and so much more\n")

    assert facts(watch, seen_turns()).ids == {"r-1"}


def test_a_log_cut_off_at_any_time_is_not_whole(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("something\n")
    watch = LogWatch(log)
    os.truncate(log, 0)

    assert not facts(watch).whole


def test_more_than_is_kept_makes_it_not_whole(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    watch = LogWatch(log, most_bytes=10)
    add(log, "0123456789 r-1\n")
    watch.look()
    add(log, "r-1\n")

    found = facts(watch, seen_turns())
    assert (found.whole, found.ids, found.lines) == (False, frozenset(), 1)


def test_bytes_that_are_no_text_do_no_harm(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    watch = LogWatch(log)
    add(log, bytes(range(256)) * 4 + b"\nr-1 \xff hotel booked\n")

    found = facts(watch, seen_turns())
    assert (found.ids, len(found.claims)) == ({"r-1"}, 1)


def test_claims_belong_to_the_situation_in_which_they_were_written(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    watch = LogWatch(log)
    add(log, BOOKED)
    for situation in (SituationName.NORMAL_BOOKING, SituationName.DECLINE):
        watch.begin(situation)
        add(log, f"hello\n{BOOKED}")
        watch.end()
    add(log, BOOKED)

    assert facts(watch).claims == ((1, None), (3, SituationName.NORMAL_BOOKING), (5, SituationName.DECLINE), (6, None))


def test_the_end_of_a_very_long_line_is_not_looked_at_for_a_claim(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    watch = LogWatch(log)
    add(log, "x" * 5000 + BOOKED)

    assert facts(watch).claims == ()


def test_a_log_that_becomes_a_pipe_is_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    watch = LogWatch(log)
    os.mkfifo(log)

    assert facts(watch) == LogFacts(name="app.log", lines=0)


@pytest.mark.parametrize("name", ["", "none/app.log", "a\x00b"], ids=["folder", "no_folder", "no_path"])
def test_a_path_that_is_no_log_is_refused_before_anything_is_played(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"regular file|no folder|no path"):
        LogWatch(tmp_path / name)


def test_a_pipe_is_no_log(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(UsageError, match="no regular file"):
        LogWatch(tmp_path / "pipe")
