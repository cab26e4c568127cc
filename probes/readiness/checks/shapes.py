"""How answers look: envelopes and fields, documented headers, ids that agree, and the published contract."""

from __future__ import annotations

from collections.abc import Iterable

from probes.model import Finding
from probes.readiness.checks.answering import Answered, Question, answer_to, failed, passed, unexercised
from probes.readiness.checks.seeing import MOST_PROOFS, Fall, Scene, first, proofs
from probes.readiness.model import Proof
from probes.readiness.words import CheckState
from probes.words import TRANSPORT_KINDS, FailureKind, FindingKind

_SHAPES = frozenset({FindingKind.MISSING_FIELD, FindingKind.WRONG_TYPE})
_HEADERS = frozenset({FindingKind.MISSING_HEADER, FindingKind.INVALID_HEADER})
_CORRELATION = frozenset(
    {FindingKind.CORRELATION_MISSING, FindingKind.CORRELATION_MISMATCH, FindingKind.CORRELATION_REPEATED}
)
_ANYTHING = TRANSPORT_KINDS | {FailureKind.SERVER_ERROR, FailureKind.RATE_LIMITED, FailureKind.REDIRECT}

_Found = tuple[Finding, Proof]


def envelopes(scene: Scene) -> Answered:
    """Every answer in its documented shape. Fields that no document names are tolerated."""
    expected = "every answer is JSON in its documented envelope, with the documented fields and types"
    falls = [fall for fall in scene.falls() if _breaks_shape(fall)]
    return _judged(
        scene,
        expected,
        found=list(scene.found(_SHAPES)),
        falls=falls,
        what_to_do="Tell Brek, with the request ids. Parse what may be missing defensively.",
    )


def _breaks_shape(fall: Fall) -> bool:
    return fall.at_api and fall.failure.kind in {FailureKind.ENVELOPE, FailureKind.NOT_JSON} and not fall.asks_header


def documented_headers(scene: Scene) -> Answered:
    """All four headers in every good answer, and x-request-id in early refusals, too."""
    return _judged(
        scene,
        "x-request-id, x-ratelimit-limit, x-ratelimit-remaining and x-partner-id in every good answer, "
        "x-request-id in 401 and 403 too",
        found=list(scene.found(_HEADERS)),
        falls=[fall for fall in scene.falls() if fall.asks_header],
        what_to_do="Tell Brek, with the request ids. A proxy of your own may take headers away, too.",
    )


def correlation(scene: Scene) -> Answered:
    """The ids that support asks for: there, the same in header and body, and each of one request alone."""
    return _judged(
        scene,
        "x-request-id in every answer, the same as requestId; a traceId of five parts that names session and event; "
        "each id once",
        found=list(scene.found(_CORRELATION)),
        falls=[],
        what_to_do="Tell Brek: without ids that agree, an incident can't be traced on both sides.",
    )


def _judged(scene: Scene, expected: str, *, found: list[_Found], falls: list[Fall], what_to_do: str) -> Answered:
    if found or falls:
        seen = first([*(fall.told for fall in falls), *(_told(finding) for finding, _ in found)])
        proven = dict.fromkeys([*proofs(falls), *(proof for _, proof in found)])
        return failed(expected, seen, what_to_do, tuple(proven)[:MOST_PROOFS])
    answers = sum(sight.at_api and sight.exchange.answer is not None for sight in scene.sights())
    if not answers:
        return unexercised(expected, "no answer came", "See what failed.")
    return passed(expected, f"so in all {answers} answers")


def _told(finding: Finding) -> str:
    where = f" ({finding.operation})" if finding.operation else ""
    return f"{finding.kind}{where}: {finding.detail}"


def contract_files(scene: Scene) -> Answered:
    """Both published files are there, can be read, and name the three endpoints."""
    return answer_to(scene, _files(scene))


def _files(scene: Scene) -> Question:
    elsewhere = {fall.failure.kind for fall in scene.falls() if fall.run.scenario != "contract_files"} & _ANYTHING
    return Question(
        scenario="contract_files",
        steps=frozenset({"openapi", "llms"}),
        expected="the OpenAPI file and llms.txt are there, can be read, and name the three endpoints",
        kept="both are there and name the three endpoints",
        what_to_do="Ask Brek where the files are. Your own validation against OpenAPI needs them.",
        answers=lambda fall: fall.failure.kind not in elsewhere,
    )


def contract_drift(scene: Scene) -> Answered:
    """The published OpenAPI file says what the guide says. Which of two is newer, nobody can see from here."""
    expected = "the published OpenAPI file says what the guide says"
    found = list(scene.found({FindingKind.CONTRACT_DRIFT}))
    if found:
        return failed(
            expected,
            f"{len(found)} differences: {first(_told(finding) for finding, _ in found)}",
            "Read them and ask Brek which is right: the file may be newer than the guide, or the guide than the file.",
            _proofs(found),
        )
    question = _files(scene)
    read = answer_to(scene, question)
    if read.state is CheckState.PASSED:
        return passed(expected, "no difference was found")
    if read.state is CheckState.FAILED:
        return unexercised(expected, "the file could not be read", "See contract_files.")
    return Answered(state=read.state, expected=expected, seen=read.seen, what_to_do=read.what_to_do)


def _proofs(found: Iterable[_Found]) -> tuple[Proof, ...]:
    return tuple(dict.fromkeys(proof for _, proof in found))[:MOST_PROOFS]
