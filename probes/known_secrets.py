"""The secrets that a process knows, and where any spelling of them stands in a text: in one pass, however many."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

from probes.spellings import spellings, spellings_of_ends

MOST_REPLACED = 1_000
MOST_NOTICED = 1_000
_MOST_NOTICED_BYTES = 2 * 1024 * 1024  # of spellings; looking for them takes many times as much memory
_LONGEST_NOTICED = 4096  # what a server calls a token may be a megabyte
_MOST_YOUNG = 32

Spellings = Mapping[str, frozenset[bytes]]
Span = tuple[int, int]


class _Finder:
    """Looks for all spellings of some secrets at once. Immutable, and lets other threads run meanwhile."""

    __slots__ = ("_automaton",)

    def __init__(self, secrets: Spellings) -> None:
        from ahocorasick_rs import BytesAhoCorasick

        self._automaton = BytesAhoCorasick(list(frozenset().union(*secrets.values())))

    def spans(self, lowered: bytes) -> list[Span]:
        return [(start, end) for _, start, end in self._automaton.find_matches_as_indexes(lowered, overlapping=True)]


class KnownSecrets:
    """Configured secrets, and the newest thousand each of those that they replaced and those that came up in answers.

    Of the latter fewer, if they are long: a server must not choose how much memory looking for them takes.

    Any thread may call it. What is looked for is one immutable tuple that is replaced as a whole, under a lock: who
    searches takes it once, without waiting. A noticed secret is found at once by a small automaton of the youngest;
    the large one is built anew by a thread of its own, as that takes milliseconds.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._configured: dict[str, frozenset[bytes]] = {}
        self._noticed: dict[str, frozenset[bytes]] = {}
        self._young: dict[str, frozenset[bytes]] = {}
        self._noticed_bytes = 0
        self._settling = False
        self._of_configured = self._of_noticed = _Finder({})
        self._finders: tuple[_Finder, ...] = ()

    def learn(self, secrets: Iterable[str]) -> None:
        """The secrets that are configured now; those that they replace are known still."""
        with self._lock:
            now = dict.fromkeys(secrets)
            replaced = [secret for secret in self._configured if secret not in now][-MOST_REPLACED:]
            if [*replaced, *now] == list(self._configured):
                return
            known = self._configured
            self._configured = {each: known.get(each) or spellings(each) for each in (*replaced, *now)}
            self._of_configured = _Finder(self._configured)
            self._look_for_all()

    def notice(self, secrets: Iterable[str]) -> None:
        """Secrets that came up in an answer. Of a very long one, the beginning is what is known."""
        cut = dict.fromkeys(each[:_LONGEST_NOTICED] for each in secrets)
        fresh = [each for each in cut if each not in self._noticed and each not in self._configured]
        if not fresh:
            return
        with self._lock:
            for secret in (each for each in fresh if each not in self._noticed):
                self._noticed[secret] = self._young[secret] = spellings_of_ends(secret)
                self._noticed_bytes += _bytes_of(self._noticed[secret])
            while len(self._noticed) > MOST_NOTICED or self._noticed_bytes > _MOST_NOTICED_BYTES:
                oldest = next(iter(self._noticed))
                self._young.pop(oldest, None)
                self._noticed_bytes -= _bytes_of(self._noticed.pop(oldest))
            self._look_for_all()
            if len(self._young) >= _MOST_YOUNG and not self._settling:
                self._settle_in_thread()

    def spans(self, lowered: bytes) -> list[Span]:
        """Where they stand in a text whose ASCII letters are in lower case: in order, none overlapping another."""
        merged: list[Span] = []
        for start, end in sorted(span for finder in self._finders for span in finder.spans(lowered)):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return merged

    def _look_for_all(self) -> None:
        self._finders = (self._of_configured, self._of_noticed, _Finder(self._young))

    def _settle_in_thread(self) -> None:
        try:
            threading.Thread(target=self._settle, name="secrets", daemon=True).start()
            self._settling = True
        except RuntimeError:  # no thread to be had: the youngest become more, and the next one tries again
            return

    def _settle(self) -> None:
        with self._lock:
            settled = dict(self._noticed)
        finder = _Finder(settled)
        with self._lock:
            self._of_noticed = finder
            self._young = {secret: found for secret, found in self._young.items() if secret not in settled}
            self._settling = False
            self._look_for_all()


def _bytes_of(spelled: frozenset[bytes]) -> int:
    return sum(map(len, spelled))
