"""Our own mistakes and refusals, in one tree.

    BrekwatchError
    ├── UsageError                    what a person typed or wrote can't be used (exit code 2)
    │   ├── ConfigError               in a file: names file, line and the way out
    │   └── JournalInUseError         another service writes this journal
    ├── UnreadableDocumentError       a document that was given can't be read safely: whoever wrote it falls short
    ├── RefusedError                  a safeguard said no before anything was sent
    ├── ValueMissingError             a step wants a value that no earlier answer gave
    ├── LedgerUnavailableError        a promise could not be written down
    ├── JournalError                  the journal can't be opened, read or written: the text says why
    ├── LocalResourceError            this machine ran out of sockets, files or memory
    └── StalledError                  this process stood still, so that a deadline passed unheard

A misbehaving API is never one of these: it is a `probes.model.Failure`.
"""

from __future__ import annotations

from probes.redaction import printable


class BrekwatchError(Exception):
    """The root: its text is a sentence for people, without secrets."""


class UsageError(BrekwatchError):
    """An argument, a variable or a file can't be used; the text says which and what to do."""


class ConfigError(UsageError):
    """A file is wrong. Each problem reads `file:line:column: path: message`, on one line fit for a terminal."""

    def __init__(self, *problems: str) -> None:
        self.problems = tuple(printable(problem) for problem in problems)
        super().__init__("\n".join(self.problems))


class JournalInUseError(UsageError):
    """Another service has this journal open; the text says what to do."""


class JournalError(BrekwatchError):
    """The journal can't be opened, read or written: missing, locked, full, corrupt, or of a newer version."""


class EmptyJournalError(JournalError):
    """There is no journal yet, or a place for one with nothing in it."""


class UnreadableDocumentError(BrekwatchError):
    """A published document can't be read, or not safely; the text says where and why, with little of its content."""


class RefusedError(BrekwatchError):
    """A safeguard (design decision 5) refused a request; nothing was sent."""


class ValueMissingError(BrekwatchError):
    """A template asks for a value that is not there: the step fails, the run goes on to its cleanup."""


class LedgerUnavailableError(BrekwatchError):
    """The ledger can't commit: scenarios that leave a booking must not go on.

    `told` says that the ledger has told this fault itself: a journal that is down for an hour is one fault, not one for
    each turn of each run.
    """

    def __init__(self, text: str, *, told: bool = False) -> None:
        super().__init__(text)
        self.told = told


class LocalResourceError(BrekwatchError):
    """This machine can't open a connection (no descriptors, ports, memory): the monitor's fault, not the API's."""


class StalledError(BrekwatchError):
    """This process stood still (a busy machine, a stop signal) past a deadline: the API can't be judged by that."""
