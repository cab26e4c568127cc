"""Evidence built by hand, one request after the other, on a clock of its own: what was asked, answered, and when."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from probes import answers
from probes.model import Answer
from probes.readiness.evidence import Evidence, LogFacts, Ruling, Seen, SituationRun
from probes.readiness.words import AuditKind, Lost, SituationName
from probes.words import AuthHeader, Operation

BASE = "/api/partner/v1/core-chat"
BEGAN = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TOOK = 0.01

Judge = Callable[[Evidence], Ruling]


class RetryTape:
    """Each request begins where the clock stands, and moves it to the end of its answer; `wait` moves it on."""

    def __init__(self, kind: AuditKind = AuditKind.SANDBOX) -> None:
        self.kind = kind
        self.clock = 1.0
        self.situation: SituationName | None = None
        self.key_number: int | None = 1
        self.key_styles: tuple[AuthHeader, ...] = (AuthHeader.PARTNER_API_KEY,)
        self.seen: list[Seen] = []
        self.runs: list[SituationRun] = []
        self.log: LogFacts | None = None

    def wait(self, seconds: float) -> RetryTape:
        self.clock += seconds
        return self

    def create(self, status_code: int = 200, *, actor: str = "a", session: str = "s1", **told: object) -> Seen:
        data = {"sessionId": session} if status_code < 300 else None
        body = {"actor": {"actorId": actor}}
        return self._add(Operation.CREATE_SESSION, "/sessions", body, status_code, data, **told)

    def turn(
        self,
        text: str,
        told: str | int | Lost | None = "shortlist",
        *,
        session: str = "s1",
        kind: str | None = None,
        key: str | None = "k",
        **more: object,
    ) -> Seen:
        """`told` is the chat status of a good answer, the status code of a bad one, or how it was lost."""
        said = {"text": text} if kind is None else {"kind": kind}
        body = {"sessionId": session, **said, **({"idempotencyKey": key} if key else {})}
        if isinstance(told, int):
            return self._add(Operation.SEND_EVENT, "/events", body, told, None, **more)
        lost = told if isinstance(told, Lost) else None
        artifacts = more.pop("artifacts", None)
        result = {"status": told, "traceId": f"t:{len(self.seen) + 1}", "message": {"text": "…"}}
        data = {"sessionId": session, "result": result | ({"artifacts": artifacts} if artifacts is not None else {})}
        return self._add(Operation.SEND_EVENT, "/events", body, 200, None if lost else data, lost=lost, **more)

    def read(self, *statuses: str, session: str = "s1", status_code: int = 200, **more: object) -> Seen:
        data = {"sessionId": session, "events": [{"resultStatus": status} for status in statuses]}
        told = data if status_code == 200 else None
        return self._add(Operation.GET_SESSION, f"/sessions/{session}", None, status_code, told, **more)

    def run(self, situation: SituationName, *, exit_code: int | None = 0, **more: object) -> None:
        """The situation is over: it began after the one before."""
        began = self.runs[-1].ended_seconds if self.runs else 0.0
        run = SituationRun(
            situation=situation, began_seconds=began, ended_seconds=self.clock, exit_code=exit_code, reached=True
        )
        self.runs.append(replace(run, **more))  # type: ignore[arg-type]

    def evidence(self) -> Evidence:
        return Evidence(kind=self.kind, exchanges=tuple(self.seen), situations=tuple(self.runs), log=self.log)

    def _add(
        self,
        operation: Operation,
        path: str,
        body: object,
        status_code: int,
        data: Mapping[str, object] | None,
        *,
        lost: object = None,
        took: object = TOOK,
        retry_after: object = None,
        code: object = None,
        content_type: object = "application/json",
    ) -> Seen:
        assert isinstance(took, float)
        began, self.clock = self.clock, self.clock + took
        number = len(self.seen) + 1
        envelope = {"data": data} if data is not None else {"success": False, "error": "no", "code": code}
        headers = {"x-request-id": f"r-{number}"} | ({} if retry_after is None else {"retry-after": str(retry_after)})
        answer: Answer = answers.read(status_code, headers.items(), json.dumps(envelope).encode(), now=BEGAN)
        seen = Seen(
            number=number,
            situation=self.situation,
            began_seconds=began,
            received_seconds=began,
            ended_seconds=self.clock,
            started_at=BEGAN + timedelta(seconds=began),
            method="GET" if operation is Operation.GET_SESSION else "POST",
            path=BASE + path,
            query="",
            headers=(("content-type", str(content_type)),),
            operation=operation,
            body=b"" if body is None else json.dumps(body).encode(),
            request=body,
            key_styles=self.key_styles,
            key_number=self.key_number,
            answer=None if isinstance(lost, Lost) else answer,
            lost=lost if isinstance(lost, Lost) else None,
        )
        self.seen.append(seen)
        return seen
