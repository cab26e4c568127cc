"""The closed sets of words: each is a label value, a journal value and a word in reports.

Vocabulary: design.md, section 2. The API's own words are from Brek's partner guide.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

Word = TypeVar("Word", bound=StrEnum)


class Environment(StrEnum):
    """What a target is; it decides what may be done there."""

    SANDBOX = "sandbox"
    PRODUCTION = "production"


class AuthHeader(StrEnum):
    """The three header styles of the guide's "Authentication"."""

    PARTNER_API_KEY = "x-partner-api-key"
    AUTHORIZATION = "authorization"
    API_KEY = "api-key"


class OtherKey(StrEnum):
    """What a step may send in place of the target's key, on purpose: no key, a made-up one, another tenant's."""

    NONE = "none"
    WRONG = "wrong"
    OTHER = "other"


class OtherSession(StrEnum):
    """What a step may name in place of its own session: one that nobody has, or the other tenant's."""

    UNKNOWN = "unknown"
    OTHER = "other"


class Published(StrEnum):
    """The machine-readable resources that the guide names."""

    OPENAPI = "openapi"
    LLMS = "llms"


class Outcome(StrEnum):
    """Of a run, and of a step."""

    PASSED = "passed"
    DEGRADED = "degraded"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


GOOD_OUTCOMES = frozenset({Outcome.PASSED, Outcome.DEGRADED})
JUDGED_OUTCOMES = GOOD_OUTCOMES | {Outcome.FAILED}


class Standing(StrEnum):
    """What a probe says about now, the worst first. One that nothing newer than two intervals tells of is `stale`."""

    FAILING = "failing"
    STALE = "stale"
    GOOD = "good"


class Told(StrEnum):
    """What the runs of a while told. `before`: there was no such probe yet; `nothing`: it was, and none was judged."""

    GOOD = "good"
    DEGRADED = "degraded"
    FAILED = "failed"
    NOTHING = "nothing"
    MAINTENANCE = "maintenance"
    BEFORE = "before"


class SkipReason(StrEnum):
    """Why a slot or a run was not played. None of them says anything about the API."""

    QUOTA = "quota"
    SAFETY = "safety"
    CAPACITY = "capacity"
    PORTAL = "portal"
    JOURNAL = "journal"
    OVERLAP = "overlap"
    MISSED = "missed"
    SHUTDOWN = "shutdown"
    CREDENTIALS = "credentials"


class FailureKind(StrEnum):
    """What was wrong, in the order that counts: where several fit, the first is told."""

    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    RESET = "reset"
    TRUNCATED = "truncated"
    PROTOCOL = "protocol"
    BODY_TOO_LARGE = "body_too_large"
    REDIRECT = "redirect"
    AUTH_MISSING = "auth_missing"
    AUTH_REJECTED = "auth_rejected"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    INVALID_REQUEST = "invalid_request"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    STATUS_CODE = "status_code"
    ERROR_CODE = "error_code"
    NOT_JSON = "not_json"
    ENVELOPE = "envelope"
    IDENTITY = "identity"
    UNEXPECTED_BOOKING = "unexpected_booking"
    CHAT_STATUS = "chat_status"
    ARTIFACT = "artifact"
    PORTAL = "portal"
    LATENCY = "latency"


TRANSPORT_KINDS = frozenset(
    {
        FailureKind.DNS,
        FailureKind.CONNECT,
        FailureKind.TLS,
        FailureKind.TIMEOUT,
        FailureKind.RESET,
        FailureKind.TRUNCATED,
        FailureKind.PROTOCOL,
    }
)


class Blame(StrEnum):
    """Who has to act on a failure."""

    MONITOR = "monitor"
    NETWORK = "network"
    CREDENTIALS = "credentials"
    QUOTA = "quota"
    API = "api"
    CONVERSATION = "conversation"


class Ended(StrEnum):
    """How an incident ended: with good runs, or because nobody plays what it hit any more."""

    RECOVERED = "recovered"
    UNPLANNED = "unplanned"


class Severity(StrEnum):
    """What an alert asks for: somebody now, or somebody in working hours."""

    PAGE = "page"
    TICKET = "ticket"


class Tone(StrEnum):
    """How a fact is shown to people; `old`: too old to say anything of now."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    UNSURE = "unsure"
    OLD = "old"


class Channel(StrEnum):
    """By what brekwatch itself tells of incidents; the heartbeat is the ping that all is well."""

    ALERTMANAGER = "alertmanager"
    WEBHOOK = "webhook"
    SLACK = "slack"
    HEARTBEAT = "heartbeat"


class Telling(StrEnum):
    """How a try to tell a receiver went; what is given up will never be told."""

    DELIVERED = "delivered"
    FAILED = "failed"
    GIVEN_UP = "given_up"


class NoticeKind(StrEnum):
    """What a notice says of an incident; `undelivered`: that another receiver takes nothing; `test`: this one does.

    `worsened`: it wakes somebody now and didn't before, or there was one more booking that nobody asked for.
    """

    OPENED = "opened"
    WORSENED = "worsened"
    REMINDER = "reminder"
    FLAPPING = "flapping"
    RESOLVED = "resolved"
    UNDELIVERED = "undelivered"
    TEST = "test"


class NoticeState(StrEnum):
    """Where a notice stands; one that was superseded need not be said any more."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    SUPERSEDED = "superseded"
    GIVEN_UP = "given_up"


class Operation(StrEnum):
    """The requests that a probe sends."""

    CREATE_SESSION = "create_session"
    SEND_EVENT = "send_event"
    GET_SESSION = "get_session"
    ATTACH_CARD = "attach_card"
    GET_OPENAPI = "get_openapi"
    GET_LLMS = "get_llms"


class ChatStatus(StrEnum):
    """`data.result.status`: the guide's "Status-driven integration model"."""

    SHORTLIST = "shortlist"
    GUEST_NAME_REQUIRED = "guest_name_required"
    PAYMENT_SETUP_REQUIRED = "payment_setup_required"
    PAYMENT_CONFIRMATION_REQUIRED = "payment_confirmation_required"
    BOOKED = "booked"
    ERROR = "error"


class WriteKind(StrEnum):
    """The event kinds that need an `idempotencyKey` (endpoint page of POST /events)."""

    BOOK_BY_OPTION_ID = "command_book_by_option_id"
    BOOK_OPTION = "action_book_option"
    CONFIRM_PRICE_CHANGE = "action_confirm_price_change"
    CONFIRM_PAYMENT_CARD = "action_confirm_payment_card"
    CANCEL_BOOKING = "action_cancel_booking"


WRITE_KINDS = frozenset(WriteKind)
DOCUMENTED_REFUSALS = frozenset({400, 401, 403, 404, 409, 429})  # the guide's "Error catalog"
KEY_REFUSED = frozenset({401, 403})  # the guide's "Authentication": no key, and a key that is not known


class ErrorCode(StrEnum):
    """The documented values of `code` in the gateway envelope (the guide's "Error catalog")."""

    INVALID_REQUEST = "invalid_request"
    MISSING_PARTNER_API_KEY = "missing_partner_api_key"
    INVALID_PARTNER_API_KEY = "invalid_partner_api_key"
    SESSION_NOT_FOUND = "session_not_found"
    RATE_LIMITED = "rate_limited"


class Envelope(StrEnum):
    """The three shapes of an answer (the guide's "API conventions")."""

    SUCCESS = "success"
    GATEWAY = "gateway"
    VALIDATION = "validation"


class Leaves(StrEnum):
    """The most that a scenario may leave behind."""

    NOTHING = "nothing"
    SESSION = "session"
    BOOKING = "booking"


class BookingState(StrEnum):
    """What became of a booking, as far as we can tell."""

    MADE = "made"
    CANCELLED = "cancelled"
    LEFT = "left"
    UNCLEAR = "unclear"
    UNEXPECTED = "unexpected"


class Settlement(StrEnum):
    """What became of a turn that was promised to the ledger, as the journal says it."""

    VERDICT = "verdict"  # its run had one, and told of every booking
    BOOKED = "booked"
    CANCELLED = "cancelled"
    NOTHING = "nothing"
    UNCLEAR = "unclear"


class FindingKind(StrEnum):
    """What the API does that the documents don't allow, short of a failure."""

    UNDOCUMENTED_FIELD = "undocumented_field"
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    UNDOCUMENTED_CHAT_STATUS = "undocumented_chat_status"
    UNDOCUMENTED_CODE = "undocumented_code"
    UNDOCUMENTED_TRANSITION = "undocumented_transition"
    MISSING_HEADER = "missing_header"
    INVALID_HEADER = "invalid_header"
    CORRELATION_MISSING = "correlation_missing"
    CORRELATION_MISMATCH = "correlation_mismatch"
    CORRELATION_REPEATED = "correlation_repeated"
    KEPT_CONNECTION_DIED = "kept_connection_died"
    CANCEL_REFUSED = "cancel_refused"
    CANCEL_UNCLEAR = "cancel_unclear"
    CONTRACT_DRIFT = "contract_drift"


class CorrelationId(StrEnum):
    """The ids that support asks for."""

    REQUEST_ID = "request_id"
    TRACE_ID = "trace_id"


class CorrelationState(StrEnum):
    """Whether an answer carried an id, whether its copies agree, and whether another request had it before."""

    PRESENT = "present"
    MISSING = "missing"
    MISMATCHED = "mismatched"
    REPEATED = "repeated"


class IdKind(StrEnum):
    """The ids by which a request is found again."""

    RUN_ID = "run_id"
    REQUEST_ID = "request_id"
    TRACE_ID = "trace_id"
    SESSION_ID = "session_id"
    EVENT_ID = "event_id"
    IDEMPOTENCY_KEY = "idempotency_key"


class FaultKind(StrEnum):
    """The monitor's own faults: never the API's."""

    BUG = "bug"
    CANCELLED = "cancelled"
    CLOCK = "clock"
    CONFIG = "config"
    DELIVERY = "delivery"
    JOURNAL = "journal"
    LISTENER = "listener"
    OFFLINE = "offline"
    POOL = "pool"
    SCHEDULER = "scheduler"
    SENTRY = "sentry"
    STALL = "stall"


class SlotState(StrEnum):
    """How a planned start ended; the reason of a skipped one is a `SkipReason`."""

    RUN = "run"
    LATE = "late"
    SKIPPED = "skipped"


NO_CODE = "none"  # as an expectation: an error without a machine-readable code
NO_STATUS = "none"  # a transition's start before the first turn; a label where no answer came
OTHER = "other"  # whatever a server invents, where a label wants a closed set


def word_of(words: type[Word], text: str) -> Word:
    """The word of a closed set; one that another version added is kept as it is, equal to no word of ours."""
    try:
        return words(text)
    except ValueError:
        stranger = str.__new__(words, text)
        stranger._name_ = text
        stranger._value_ = text
        return stranger
