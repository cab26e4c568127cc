"""The rules of blame: data, each with its reason. The first that fits counts; where none does, the kind's default.

A rule must be sure. Where the same could have come from either side there is none, and the default says where to look
first. `docs/blame.md` is written from these tables.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from probes.errors import ValueMissingError
from probes.expectations import ANOTHER_VALUE, DOCUMENTED_ARTIFACTS, SAME_VALUE
from probes.http.attempt import CERTIFICATE_REFUSED, HANDSHAKE_CUT, HANDSHAKE_FAILED
from probes.model import Answer, Exchange, Failure, StepResult
from probes.templates import dig
from probes.words import KEY_REFUSED, Blame, ChatStatus, FailureKind, FindingKind, Operation

_K = FailureKind
_API_OPERATIONS = frozenset({Operation.CREATE_SESSION, Operation.SEND_EVENT, Operation.GET_SESSION})
_PORTAL = frozenset({Operation.ATTACH_CARD})
_BUT_PORTAL = frozenset(Operation) - _PORTAL
_TURN = frozenset({Operation.SEND_EVENT})
_SNAPSHOT = frozenset({Operation.GET_SESSION})
_BY_INTERMEDIARIES = frozenset({407, 511})
_NO_SUCH_PAGE = frozenset({404, 405})
_LEAST_UNEXPLAINED_SECONDS = 1.0
_REFUSED = os.strerror(errno.ECONNREFUSED)
_UNREACHABLE = tuple(map(os.strerror, (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.ETIMEDOUT)))
_NOT_YET_VALID = "not yet valid"
_FOREIGN_AUTHORITY = "in certificate chain"  # OpenSSL: "self-signed certificate in certificate chain"
_NO_TLS = ("wrong version number", "record layer failure", "http request")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a rule sees: the step that failed, its deciding exchange, and what the run had asked for before that."""

    step: StepResult
    failure: Failure
    exchange: Exchange | None
    earlier: tuple[Exchange, ...] = ()
    own_scenario: bool = False

    @property
    def answer(self) -> Answer | None:
        """The answer that was judged, if one came."""
        return None if self.exchange is None else self.exchange.answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Whom failures of these kinds concern, where `fits` says so; `operations` None: wherever they happen."""

    kinds: frozenset[FailureKind]
    blame: Blame
    reason: str
    fits: Callable[[Scene], bool]
    operations: frozenset[Operation] | None = None

    @property
    def always(self) -> bool:
        """Whether it needs no context."""
        return self.fits is _always

    def covers(self, kind: FailureKind, operation: Operation | None) -> bool:
        """Whether it may speak of such a failure at all."""
        return kind in self.kinds and (self.operations is None or operation in self.operations)


def _nothing_asked(scene: Scene) -> bool:
    return scene.exchange is not None and not scene.earlier and _seconds(scene.exchange) == 0.0


def _time_was_ours(scene: Scene) -> bool:
    """One attempt, which the API had little of the step's time for; a kept connection that died may have taken it."""
    if len(scene.step.exchanges) != 1 or any(
        finding.kind is FindingKind.KEPT_CONNECTION_DIED for finding in scene.step.findings
    ):
        return False
    unexplained = scene.step.duration_seconds - _seconds(scene.step.exchanges[0])
    return unexplained > max(_LEAST_UNEXPLAINED_SECONDS, scene.step.duration_seconds / 2)


def _seconds(exchange: Exchange) -> float:
    return _way(exchange) + _asking(exchange)


def _way(exchange: Exchange) -> float:
    phases = exchange.phases
    return sum(taken or 0.0 for taken in (phases.dns, phases.connect, phases.tls))


def _asking(exchange: Exchange) -> float:
    phases = exchange.phases
    return sum(taken or 0.0 for taken in (phases.send, phases.wait, phases.receive))


def _way_took_most(scene: Scene) -> bool:
    return scene.exchange is not None and _way(scene.exchange) > _asking(scene.exchange)


def _nothing_sent(scene: Scene) -> bool:
    return scene.exchange is not None and scene.exchange.phases.send is None


def _unreachable(scene: Scene) -> bool:
    return scene.failure.observed.endswith(_UNREACHABLE)


def _refused_after_an_answer(scene: Scene) -> bool:
    portal = scene.exchange is not None and scene.exchange.operation is Operation.ATTACH_CARD
    answered = any(each.answer and (each.operation is Operation.ATTACH_CARD) is portal for each in scene.earlier)
    return answered and scene.failure.observed.endswith(_REFUSED)


def _certificate(scene: Scene, problem: str) -> bool:
    observed = scene.failure.observed
    return observed.startswith(CERTIFICATE_REFUSED) and problem in observed


def _handshake_cut(scene: Scene) -> bool:
    return scene.failure.observed.startswith(HANDSHAKE_CUT)


def _no_tls(scene: Scene) -> bool:
    observed = scene.failure.observed
    return observed.startswith(HANDSHAKE_FAILED) and any(words in observed for words in _NO_TLS)


def _by_an_intermediary(scene: Scene) -> bool:
    return scene.answer is not None and scene.answer.status_code in _BY_INTERMEDIARIES


def _by_somebody_else(scene: Scene) -> bool:
    """Without TLS anybody may answer; the API's own answers have a request id or one of the three envelopes."""
    exchange, answer = scene.exchange, scene.answer
    if exchange is None or answer is None or exchange.certificate_expires_at is not None:
        return False
    return answer.request_id is None and answer.envelope is None


def _portal_knows_no_such_page(scene: Scene) -> bool:
    answer = scene.answer
    return answer is not None and answer.status_code in _NO_SUCH_PAGE and answer.json_problem is not None


def _accepted_before(scene: Scene) -> bool:
    return any(each.own_key and each.status_code in {200, 201} for each in scene.earlier)


def _page_that_forbids(scene: Scene) -> bool:
    answer = scene.answer
    return answer is not None and answer.json_problem is not None and "html" in answer.headers.get("content-type", "")


def _success_wanted_with_another_key(scene: Scene) -> bool:
    exchange = scene.exchange
    refused = exchange is not None and exchange.status_code in KEY_REFUSED and not exchange.own_key
    return refused and scene.failure.expected.startswith("HTTP 200")


def _no_own_key(scene: Scene) -> bool:
    return scene.exchange is not None and not scene.exchange.own_key


def _requests_left(scene: Scene) -> bool:
    return scene.answer is not None and (scene.answer.ratelimit_remaining or 0) > 0


def _documented_artifact_left_out(scene: Scene) -> bool:
    path = scene.failure.expected.removeprefix("artifacts.")
    if path not in DOCUMENTED_ARTIFACTS or scene.answer is None:
        return False
    try:
        return dig(scene.answer.artifacts, path) is None
    except ValueMissingError:
        return True


def _compared_value(scene: Scene) -> bool:
    return scene.failure.observed in {ANOTHER_VALUE, SAME_VALUE}


def _undocumented_status(scene: Scene) -> bool:
    return scene.failure.observed not in set(ChatStatus)


def _own_scenario(scene: Scene) -> bool:
    return scene.own_scenario


def _always(_scene: Scene) -> bool:
    return True


RULES: tuple[Rule, ...] = (
    Rule(
        kinds=frozenset({_K.TIMEOUT}),
        blame=Blame.MONITOR,
        reason="The deadline had passed before the run sent anything to anybody: the time was ours.",
        fits=_nothing_asked,
    ),
    Rule(
        kinds=frozenset({_K.TIMEOUT}),
        blame=Blame.MONITOR,
        reason="The one attempt of the step had less than half of its time; the rest, more than a second, was ours.",
        fits=_time_was_ours,
    ),
    Rule(
        kinds=frozenset({_K.TIMEOUT}),
        blame=Blame.NETWORK,
        reason="The name, the connection and the handshake took longer than the API was given.",
        fits=_way_took_most,
    ),
    Rule(
        kinds=frozenset({_K.RESET}),
        blame=Blame.NETWORK,
        reason="The connection broke before anything was sent, or because the host can't be reached any more.",
        fits=lambda scene: _nothing_sent(scene) or _unreachable(scene),
    ),
    Rule(
        kinds=frozenset({_K.CONNECT}),
        blame=Blame.API,
        reason="A connection is refused after the same run was answered: the way is open, and nobody listens any more.",
        fits=_refused_after_an_answer,
    ),
    Rule(
        kinds=frozenset({_K.TLS}),
        blame=Blame.MONITOR,
        reason="The certificate is not valid yet: nobody uses one before its time, so our clock is behind.",
        fits=lambda scene: _certificate(scene, _NOT_YET_VALID),
    ),
    Rule(
        kinds=frozenset({_K.TLS}),
        blame=Blame.NETWORK,
        reason="The certificate's chain ends at an authority of somebody's own: a proxy breaks TLS open.",
        fits=lambda scene: _certificate(scene, _FOREIGN_AUTHORITY),
    ),
    Rule(
        kinds=frozenset({_K.TLS}),
        blame=Blame.NETWORK,
        reason="The handshake was cut off, or answered without TLS: a filter, a proxy or a wrong port.",
        fits=lambda scene: _handshake_cut(scene) or _no_tls(scene),
    ),
    Rule(
        kinds=frozenset({_K.STATUS_CODE, _K.SERVER_ERROR}),
        blame=Blame.NETWORK,
        reason="407 and 511 are the words of proxies and networks that want a password, never an API's.",
        fits=_by_an_intermediary,
    ),
    Rule(
        kinds=frozenset({_K.REDIRECT, _K.AUTH_MISSING, _K.AUTH_REJECTED, _K.NOT_FOUND, _K.STATUS_CODE, _K.NOT_JSON}),
        operations=_API_OPERATIONS,
        blame=Blame.NETWORK,
        reason="No TLS, no request id, no envelope: a captive portal, a proxy or a wrong address answered.",
        fits=_by_somebody_else,
    ),
    Rule(
        kinds=frozenset({_K.PORTAL}),
        operations=_PORTAL,
        blame=Blame.NETWORK,
        reason="A web server knows no such page where `portal.attach_url` leads: the address is configured wrong.",
        fits=_portal_knows_no_such_page,
    ),
    Rule(
        kinds=frozenset({_K.AUTH_MISSING, _K.AUTH_REJECTED}),
        blame=Blame.API,
        reason="The key was accepted before in the same run: it is good, and the gateway changed its mind.",
        fits=_accepted_before,
    ),
    Rule(
        kinds=frozenset({_K.AUTH_MISSING, _K.AUTH_REJECTED}),
        blame=Blame.API,
        reason="A page of HTML over TLS forbids: a firewall before the API, whose owner has to let us in.",
        fits=_page_that_forbids,
    ),
    Rule(
        kinds=frozenset({_K.STATUS_CODE}),
        operations=_API_OPERATIONS,
        blame=Blame.CREDENTIALS,
        reason="Another key than the target's own was to be accepted, and was refused: `other_api_key` is wrong.",
        fits=_success_wanted_with_another_key,
    ),
    Rule(
        kinds=frozenset({_K.RATE_LIMITED}),
        operations=_PORTAL,
        blame=Blame.API,
        reason="The portal never gets the partner key: its limit says nothing of the key's quota.",
        fits=_always,
    ),
    Rule(
        kinds=frozenset({_K.RATE_LIMITED}),
        operations=_BUT_PORTAL,
        blame=Blame.API,
        reason="The request carried no key, or a wrong one on purpose: no quota of ours can be used up.",
        fits=_no_own_key,
    ),
    Rule(
        kinds=frozenset({_K.RATE_LIMITED}),
        blame=Blame.API,
        reason="The same answer says that requests remain: some other limit, which no document knows.",
        fits=_requests_left,
    ),
    Rule(
        kinds=frozenset({_K.CHAT_STATUS}),
        operations=_SNAPSHOT,
        blame=Blame.API,
        reason="The turns were answered as expected, and the snapshot of them is wrong.",
        fits=_always,
    ),
    Rule(
        kinds=frozenset({_K.CHAT_STATUS}),
        operations=_TURN,
        blame=Blame.API,
        reason="The status is none of the guide's: every integration stumbles over it.",
        fits=_undocumented_status,
    ),
    Rule(
        kinds=frozenset({_K.ARTIFACT}),
        blame=Blame.API,
        reason="The guide's table promises this artifact with that status; it is left out, not just empty.",
        fits=_documented_artifact_left_out,
    ),
    Rule(
        kinds=frozenset({_K.ARTIFACT}),
        blame=Blame.API,
        reason="What a repeated request must repeat, or a new answer renew, is the API's promise.",
        fits=_compared_value,
    ),
    Rule(
        kinds=frozenset({_K.INVALID_REQUEST}),
        operations=_TURN,
        blame=Blame.CONVERSATION,
        reason="A scenario of the user's own said what the API refuses: nothing says that it was right.",
        fits=_own_scenario,
    ),
)

DEFAULTS: Mapping[FailureKind, Blame] = {
    **dict.fromkeys(FailureKind, Blame.API),
    _K.DNS: Blame.NETWORK,
    _K.CONNECT: Blame.NETWORK,
    _K.AUTH_MISSING: Blame.CREDENTIALS,
    _K.AUTH_REJECTED: Blame.CREDENTIALS,
    _K.RATE_LIMITED: Blame.QUOTA,
    _K.CHAT_STATUS: Blame.CONVERSATION,
    _K.ARTIFACT: Blame.CONVERSATION,
}
