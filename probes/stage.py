"""What a scenario's templates may speak of: the run's own values, and what earlier steps were answered."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from probes.answers import value_at
from probes.errors import ValueMissingError
from probes.model import Answer
from probes.templates import render

CITY = "las vegas"
GUEST_NAME = "John Doe"  # the guide's own example, so nobody's
TIMEZONE_OFFSET_MINUTES = -420
_DAYS_AHEAD = 30


def _guide_date(day: datetime) -> str:
    return f"{day.month}/{day.day}"  # as the golden path says it: 5/15


class Stage:
    """The values of one run. Dates are always ahead of today, in the actor's own offset."""

    def __init__(self, *, now: datetime, actor_id: str) -> None:
        today = now.astimezone(timezone(timedelta(minutes=TIMEZONE_OFFSET_MINUTES)))
        arrival = today + timedelta(days=_DAYS_AHEAD)
        self._own: dict[str, str] = {
            "city": CITY,
            "checkin": _guide_date(arrival),
            "checkout": _guide_date(arrival + timedelta(days=1)),
            "guest_name": GUEST_NAME,
            "actor_id": actor_id,
        }
        self._answers: dict[str, Answer] = {}

    def remember(self, step: str, answer: Answer) -> None:
        """Later steps may use this answer's artifacts, or its `data`, under the step's name."""
        self._answers[step] = answer

    def own_session(self, session_id: str | None) -> None:
        """The session under way, which `{{ session_id }}` names."""
        if session_id is not None:
            self._own["session_id"] = session_id

    def status_told(self, step: str) -> str | None:
        """The chat status that a step was answered with."""
        answer = self._answers.get(step)
        return None if answer is None else answer.chat_status

    def look_up(self, expression: str) -> object:
        """The value of `checkin` or `search.shortlist[0].optionId`; raises ValueMissingError."""
        if expression in self._own:
            return self._own[expression]
        step, _, path = expression.partition(".")
        answer = self._answers.get(step)
        if answer is None or not path:
            raise ValueMissingError(f"no earlier answer gave {expression}")
        return value_at(answer, path)

    def fill(self, value: object) -> object:
        """The value with every template in it filled; raises ValueMissingError."""
        match value:
            case str():
                return render(value, self.look_up)
            case dict():
                return {key: self.fill(item) for key, item in value.items()}
            case list() | tuple():
                return [self.fill(item) for item in value]
            case _:
                return value

    def text(self, template: str) -> str:
        """A filled template; raises ValueMissingError."""
        return render(template, self.look_up)

    def payment_setup_url(self) -> str | None:
        """The newest `payment.setupUrl` that the conversation gave, if it gave one."""
        for answer in reversed(self._answers.values()):
            match answer.artifacts.get("payment"):
                case {"setupUrl": str(url)} if url:
                    return url
        return None
