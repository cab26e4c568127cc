"""What a step does: its action as a call of the client, with the templates filled from what came before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from probes import documents, portal
from probes.client import CoreChatClient
from probes.model import Exchange, Finding, Target
from probes.requests import Call
from probes.scenario import Act, AttachCard, CreateSession, Fetch, ReadSession, Repeat, Say, Step, WrongCall
from probes.stage import Stage
from probes.words import Published


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """What came of it: the attempts, and for a fetched document what is wrong with it and what it says otherwise."""

    exchanges: tuple[Exchange, ...]
    document_problem: str | None = None
    findings: tuple[Finding, ...] = ()


class Acting:
    """Plays the actions of one run. `today` gives the moment, for a card that must not have expired."""

    def __init__(self, client: CoreChatClient, stage: Stage, target: Target, today: Callable[[], datetime]) -> None:
        self._client = client
        self._stage = stage
        self._target = target
        self._today = today

    async def act(self, step: Step, call: Call) -> Acted:
        """Raises ValueMissingError for a template, PortalError for a setup URL that can't be used."""
        exchanges = await self._call(step, call)
        answer = exchanges[-1].answer
        if answer is None:
            return Acted(exchanges=exchanges)
        self._stage.remember(step.name, answer)
        self._stage.own_session(self._client.conversation.session_id)
        document = _document_of(step)
        if document is None or answer.status_code not in call.status_codes:
            return Acted(exchanges=exchanges)
        problem, findings = await asyncio.to_thread(documents.examine, document, answer.content)
        return Acted(exchanges=exchanges, document_problem=problem, findings=findings)

    async def _call(self, step: Step, call: Call) -> tuple[Exchange, ...]:  # noqa: PLR0911 - one for each action
        client, stage = self._client, self._stage
        match step.action:
            case CreateSession():
                return await client.create_session(call)
            case Say(text=text):
                return await client.say(stage.text(text), call)
            case Act(kind=kind, payload=payload):
                return await client.act(kind, {key: stage.fill(value) for key, value in payload.items()}, call)
            case AttachCard(card=card):
                return await self._attach(card, call)
            case ReadSession():
                return await client.read_session(call)
            case Fetch(document=document):
                return await client.fetch(document, call)
            case WrongCall(operation=operation, body=body):
                return await client.wrong_call(operation, body if isinstance(body, str) else stage.fill(body), call)
            case Repeat(step=name):
                return await client.repeat(name, call)
            case _ as never:
                assert_never(never)

    async def _attach(self, card: str | None, call: Call) -> tuple[Exchange, ...]:
        setup_url = self._stage.payment_setup_url()
        if setup_url is None or self._target.portal is None:
            raise portal.PortalError("no earlier answer gave a setup URL")
        token = portal.token_in(setup_url, self._target.portal)
        body = portal.attach_body(token, card or self._target.portal.test_card, today=self._today())
        return await self._client.attach_card(body, call)


def _document_of(step: Step) -> Published | None:
    request = step.action.request if isinstance(step.action, Repeat) else step.action
    return request.document if isinstance(request, Fetch) else None
