"""In which words a program says yes to a payment: a mere "yes" is told by where it books."""

from __future__ import annotations

from probes.readiness.evidence import Evidence, Seen, SituationRun
from probes.readiness.rules.conversations import Meaning, meaning_of, status_told, text_of, told_before, turns
from probes.words import ChatStatus


def was_command(run: SituationRun) -> bool:
    """Whether a command was run in it, from its own beginning to its own end."""
    return run.exit_code is not None or run.timed_out


class Consent:
    """Knows the words with which commands booked when they were asked for the payment.

    A command says the same in all situations. What people type is not judged by it: their "ok" may answer anything.
    """

    def __init__(self, evidence: Evidence) -> None:
        self._commands = {run.situation for run in evidence.situations if was_command(run)}
        self._words = {text_of(seen) for seen in turns(evidence) if self._booked(evidence, seen)}

    def is_given(self, seen: Seen) -> bool:
        """Whether the turn is meant to confirm a payment, asked for or not."""
        meaning = meaning_of(seen)
        known = seen.situation in self._commands and text_of(seen) in self._words
        return meaning is Meaning.CONFIRM or (meaning is Meaning.AGREE and known)

    def _booked(self, evidence: Evidence, seen: Seen) -> bool:
        if seen.situation not in self._commands or meaning_of(seen) is not Meaning.AGREE:
            return False
        asked = told_before(evidence, seen).status == ChatStatus.PAYMENT_CONFIRMATION_REQUIRED
        return asked and status_told(seen) == ChatStatus.BOOKED
