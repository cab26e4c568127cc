"""The sandbox's own closed sets: what a turn means, what an event is called, what can go wrong."""

from __future__ import annotations

from enum import StrEnum

from probes.words import WriteKind


class TurnKind(StrEnum):
    """What the user wants with a turn; also the STEP of a fault (`hang@confirm`)."""

    SEARCH = "search"
    BOOK = "book"
    NAME = "name"
    DONE = "done"
    CONFIRM = "confirm"
    DECLINE = "decline"
    CANCEL = "cancel"
    OTHER = "other"


class DocumentStep(StrEnum):
    """The files beside the API, as the STEP of a fault. Only a fault that names one hits it."""

    OPENAPI = "openapi"
    LLMS = "llms"


class ReadKind(StrEnum):
    """Event kinds that need no `idempotencyKey`. Only the first is published; the others are ours."""

    SEARCH_QUERY = "search_query"
    PROVIDE_GUEST_NAME = "provide_guest_name"
    PAYMENT_SETUP_DONE = "payment_setup_done"
    DECLINE_PAYMENT = "decline_payment"


MESSAGE = "message"  # `event.kind` of a text that was not understood; never accepted as a request's kind

EVENT_KINDS: dict[TurnKind, str] = {
    TurnKind.SEARCH: ReadKind.SEARCH_QUERY,
    TurnKind.BOOK: WriteKind.BOOK_OPTION,
    TurnKind.NAME: ReadKind.PROVIDE_GUEST_NAME,
    TurnKind.DONE: ReadKind.PAYMENT_SETUP_DONE,
    TurnKind.CONFIRM: WriteKind.CONFIRM_PAYMENT_CARD,
    TurnKind.DECLINE: ReadKind.DECLINE_PAYMENT,
    TurnKind.CANCEL: WriteKind.CANCEL_BOOKING,
    TurnKind.OTHER: MESSAGE,
}


class FaultName(StrEnum):
    """The misbehaviours that the sandbox can show."""

    AUTH_MISSING = "auth_missing"
    AUTH_REJECTED = "auth_rejected"
    KEY_ECHOED = "key_echoed"
    RATE_LIMITED = "rate_limited"
    RATE_LIMITED_BARE = "rate_limited_bare"
    REDIRECT = "redirect"
    SERVER_ERROR = "server_error"
    SERVER_ERROR_BEFORE = "server_error_before"
    SERVER_ERROR_VALIDATION = "server_error_validation"
    SERVER_ERROR_HTML = "server_error_html"
    SLOW = "slow"
    HANG = "hang"
    DRIP = "drip"
    RESET = "reset"
    TRUNCATED = "truncated"
    HUGE_BODY = "huge_body"
    DECOMPRESSION_BOMB = "decompression_bomb"
    NOT_JSON = "not_json"
    WRONG_CONTENT_TYPE = "wrong_content_type"
    WRONG_STATUS = "wrong_status"
    EARLY_BOOKED = "early_booked"
    MISSING_ARTIFACT = "missing_artifact"
    OTHER_SESSION = "other_session"
    MISSING_HEADERS = "missing_headers"
    MISMATCHED_IDS = "mismatched_ids"
    MARKUP = "markup"
