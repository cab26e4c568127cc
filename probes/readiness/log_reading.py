"""An integration's log file: what it added while it was watched, and which ids, keys and claims stand in that."""

from __future__ import annotations

import bisect
import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Self

from probes.errors import UsageError
from probes.readiness.booking_claims import claims_booking
from probes.readiness.evidence import LogFacts, Seen
from probes.readiness.words import SituationName
from probes.redaction import Secret, printable

MOST_BYTES = 64 * 1024 * 1024
_LONGEST_LINE = 4096  # of which a claim is looked for
_MOST_PLACES = 1000
_REMEMBERED = 256  # bytes before what is new: they tell whether the file is the one that it was
_UNMISTAKABLE = 16  # characters of an id that is no part of another by chance
_MAYBE_CLAIM = re.compile(
    rb"booked|(?:booking|reservation) (?:is|was|has|now|confirm|complete|success|succe|done|made)|successfully reserved"
)
_WORD = re.compile(rb"[\w-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """What was added in one situation: from `start` to `end` in all that was added."""

    start: int
    end: int
    situation: SituationName | None


class LogWatch:
    """Watches a log file from now on: of an old and huge one, only what is added is ever read.

        with LogWatch(path) as watch:
            watch.begin(situation) … watch.end()      for each, where there are any
            facts = watch.facts(exchanges, secrets)

    The file may not be there yet, may be renamed and begun anew, or cut off; it is found again. That may happen once
    between two looks: there is one at the beginning and at the end of each situation, and whenever `look` is called.
    At most `most_bytes` are kept, in memory. Raises UsageError for a path that can't be read.
    """

    def __init__(self, path: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self._path = path
        self._room = most_bytes
        self._added = bytearray()
        self._stretches: list[_Stretch] = []
        self._began: tuple[int, SituationName] | None = None
        self._whole = True
        self._file = self._opened()
        self._offset = 0 if self._file is None else os.fstat(self._file.fileno()).st_size
        self._before = self._read(max(0, self._offset - _REMEMBERED), self._offset)

    def begin(self, situation: SituationName) -> None:
        """What is added from now on belongs to this situation."""
        self.look()
        self._began = (len(self._added), situation)

    def end(self) -> None:
        """The situation is over."""
        self.look()
        if self._began is not None:
            start, situation = self._began
            self._stretches.append(_Stretch(start=start, end=len(self._added), situation=situation))
            self._began = None

    def look(self) -> None:
        """Take in what was added since the last look."""
        try:
            self._take_rest()
            if self._moved():
                self.close()
                self._file = self._path.open("rb", buffering=0)
                self._offset, self._before = 0, b""
                self._take_rest()
        except OSError:
            self._whole = False

    def facts(self, exchanges: Iterable[Seen], secrets: Iterable[Secret]) -> LogFacts:
        """What was added: which ids that these exchanges told, which secrets, which claims. The watch is over."""
        self.end()
        self.close()
        content = bytes(self._added)
        starts = _line_starts(content)
        return LogFacts(
            name=printable(self._path.name),
            lines=len(starts),
            whole=self._whole,
            ids=_found_in(content, {found for seen in exchanges for found in ids_told(seen)}),
            secret_lines=tuple(_lines_of(_secret_places(content, secrets), starts))[:_MOST_PLACES],
            claims=tuple(self._claims(content, starts))[:_MOST_PLACES],
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _opened(self) -> FileIO | None:
        name = printable(str(self._path))
        try:
            if not stat.S_ISREG(self._path.stat().st_mode):
                raise UsageError(f"{name}: it is no regular file: name the file that the integration logs into")
            return self._path.open("rb", buffering=0)
        except FileNotFoundError:
            if self._path.parent.is_dir():
                return None
            reason = f"there is no folder {printable(str(self._path.parent))}: make it first"
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "its name is no path"
        raise UsageError(f"{name}: the log can't be read: {reason}")

    def _moved(self) -> bool:
        """Whether another file stands in its place now."""
        if not self._path.is_file():
            return False
        return self._file is None or not os.path.samestat(self._path.stat(), os.fstat(self._file.fileno()))

    def _take_rest(self) -> None:
        if self._file is None:
            return
        size = os.fstat(self._file.fileno()).st_size
        if size < self._offset or self._before != self._read(self._offset - len(self._before), self._offset):
            self._offset = 0  # cut off and begun anew in its place, as a program that opens it for writing does
            self._whole = self._whole and self._began is not None
        taken = self._read(self._offset, min(size, self._offset + self._room))
        self._whole = self._whole and size - self._offset <= self._room
        self._room -= len(taken)
        self._offset = size
        self._before = self._read(max(0, size - _REMEMBERED), size)
        self._added += taken

    def _read(self, start: int, end: int) -> bytes:
        if self._file is None:
            return b""
        self._file.seek(start)
        return self._file.read(max(0, end - start)) or b""

    def _claims(self, content: bytes, starts: list[int]) -> Iterator[tuple[int, SituationName | None]]:
        for number, start in enumerate(starts, 1):
            end = starts[number] if number < len(starts) else len(content)
            line = content[start : min(end, start + _LONGEST_LINE)]
            if _may_claim(line) and claims_booking(line.decode("utf-8", "replace")):
                yield number, self._situation_at(start)

    def _situation_at(self, place: int) -> SituationName | None:
        return next((each.situation for each in self._stretches if each.start <= place < each.end), None)


def ids_told(seen: Seen) -> tuple[str, ...]:
    """The request ids and the trace id that an exchange told, each once; none of an answer that didn't come whole."""
    if seen.answer is None or seen.answered_seconds is None:
        return ()
    told = (seen.answer.header_request_id, seen.answer.body_request_id, seen.answer.trace_id)
    return tuple(dict.fromkeys(found for found in told if found))


def _may_claim(line: bytes) -> bool:
    """Whether it is worth a closer look: a log may have a million lines, and most are not."""
    lowered = line.lower()
    return (b"book" in lowered or b"reserv" in lowered) and _MAYBE_CLAIM.search(lowered) is not None


def _line_starts(content: bytes) -> list[int]:
    starts = [0, *(found.end() for found in re.finditer(rb"\n", content))]
    return starts[:-1] if starts[-1] == len(content) else starts


def _lines_of(places: Iterable[int], starts: list[int]) -> Iterator[int]:
    """The numbers of the lines in which these places are, each once."""
    yield from dict.fromkeys(bisect.bisect_right(starts, place) for place in places)


def _found_in(content: bytes, ids: Iterable[str]) -> frozenset[str]:
    from ahocorasick_rs import BytesAhoCorasick

    wanted = list(ids)
    if not wanted:
        return frozenset()
    found = BytesAhoCorasick([each.encode() for each in wanted]).find_matches_as_indexes(content, overlapping=True)
    return frozenset(wanted[index] for index, start, end in found if _stands_alone(content, start, end))


def _secret_places(content: bytes, secrets: Iterable[Secret]) -> Iterator[int]:
    from probes.known_secrets import KnownSecrets

    known = KnownSecrets()
    known.learn(secret.reveal() for secret in secrets)
    return (start for start, _ in known.spans(content.lower()))


def _stands_alone(content: bytes, start: int, end: int) -> bool:
    """Whether it is an id of its own there: a short one may be a part of another."""
    if end - start >= _UNMISTAKABLE:
        return True
    return not (_WORD.match(content[max(0, start - 1) : start]) or _WORD.match(content[end : end + 1]))
