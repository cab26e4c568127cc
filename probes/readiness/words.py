"""The closed sets of words of the readiness check and the audit: each is public, in JSON, JUnit and on pages."""

from __future__ import annotations

from enum import StrEnum

SUITE_VERSION = "1.0"
"""Of checks, situations and rules together: raised whenever one is added, taken away, or judges otherwise."""


class Verdict(StrEnum):
    """May we go live?"""

    READY = "ready"
    NOT_READY = "not_ready"
    CANNOT_TELL = "cannot_tell"


class CheckId(StrEnum):
    """The checks of `ready`, in the order in which they are told. Each scenario is one more: `scenario:NAME`."""

    KEY_ACCEPTED = "key_accepted"
    TENANT = "tenant"
    HEADER_STYLES = "header_styles"
    WRONG_KEY = "wrong_key"
    MISSING_KEY = "missing_key"
    TLS = "tls"
    QUOTA_HEADERS = "quota_headers"
    HEADROOM = "headroom"
    RETRY_AFTER = "retry_after"
    LATENCY = "latency"
    IDEMPOTENCY = "idempotency"
    TEXT_TURN_KEY = "text_turn_key"
    ISOLATION = "isolation"
    ENVELOPES = "envelopes"
    DOCUMENTED_HEADERS = "documented_headers"
    CORRELATION = "correlation"
    CONTRACT_FILES = "contract_files"
    CONTRACT_DRIFT = "contract_drift"
    CLOCK_SKEW = "clock_skew"


SCENARIO_PREFIX = "scenario:"


class CheckState(StrEnum):
    """How a check ended. `not_exercised`: nothing came up that could have shown it; it never counts as passed."""

    PASSED = "passed"
    FAILED = "failed"
    CANNOT_TELL = "cannot_tell"
    NOT_EXERCISED = "not_exercised"


class AuditKind(StrEnum):
    """Against what the integration worked."""

    SANDBOX = "sandbox"
    PROXY = "proxy"


class SituationName(StrEnum):
    """What the stand-in plays to an integration, in this order."""

    NORMAL_BOOKING = "normal_booking"
    DONE_BEFORE_CARD = "done_before_card"
    SAVED_CARD = "saved_card"
    DECLINE = "decline"
    RATE_LIMITED = "rate_limited"
    RATE_LIMITED_BARE = "rate_limited_bare"
    SERVER_ERROR_BEFORE = "server_error_before"
    SERVER_ERROR_AFTER = "server_error_after"
    LOST_ANSWER = "lost_answer"
    AUTH_MISSING = "auth_missing"
    AUTH_REJECTED = "auth_rejected"
    INVALID_REQUEST = "invalid_request"
    UNKNOWN_STATUS = "unknown_status"
    MISSING_ARTIFACTS = "missing_artifacts"
    EXTRA_FIELD = "extra_field"
    SLOW_ANSWER = "slow_answer"
    SESSION_NOT_FOUND = "session_not_found"
    ACTOR_MISMATCH = "actor_mismatch"


class RuleId(StrEnum):
    """What Brek's guide asks of an integration, in the order in which it is told."""

    KEY_SERVER_SIDE = "key_server_side"
    KEY_SINGLE_STYLE = "key_single_style"
    KEY_NOT_IN_URL = "key_not_in_url"
    TLS = "tls"
    SESSION_PER_ACTOR = "session_per_actor"
    ACTOR_ID_STABLE = "actor_id_stable"
    BRANCH_ON_STATUS = "branch_on_status"
    NO_WRITE_AFTER_ERROR = "no_write_after_error"
    WRITE_HAS_IDEMPOTENCY_KEY = "write_has_idempotency_key"
    SAME_KEY_ON_RETRY = "same_key_on_retry"
    NEW_KEY_ON_NEW_ACTION = "new_key_on_new_action"
    KEY_FORM = "key_form"
    TURNS_IN_ORDER = "turns_in_order"
    RETRY_ONLY_429_5XX = "retry_only_429_5xx"
    RETRY_BACKOFF = "retry_backoff"
    HONOURS_RETRY_AFTER = "honours_retry_after"
    STOPS_ON_401_403 = "stops_on_401_403"
    SNAPSHOT_AFTER_AMBIGUITY = "snapshot_after_ambiguity"
    NO_CARD_DATA = "no_card_data"
    CONTENT_TYPE = "content_type"
    REQUEST_SCHEMA = "request_schema"
    RETRIES_TRANSIENT = "retries_transient"
    HANDLES_EVERY_STATUS = "handles_every_status"
    SURVIVES_UNKNOWN_STATUS = "survives_unknown_status"
    SURVIVES_MISSING_ARTIFACTS = "survives_missing_artifacts"
    NO_BOOKING_CLAIM_BEFORE_BOOKED = "no_booking_claim_before_booked"
    LOGS_IDS = "logs_ids"
    LOGS_NO_SECRET = "logs_no_secret"  # noqa: S105 - a rule's name


class RuleState(StrEnum):
    """How an integration stands to a rule. `advice`: only a recommendation is not followed."""

    KEPT = "kept"
    BROKEN = "broken"
    ADVICE = "advice"
    NOT_EXERCISED = "not_exercised"


class Statement(StrEnum):
    """What only a person can say, beside the rules that are attested."""

    ON_CALL_CONTACT = "on_call_contact"
    ROLLBACK_PLAN = "rollback_plan"
    KEY_IN_SECRET_MANAGER = "key_in_secret_manager"  # noqa: S105 - a statement's name
    ALERTS_ON_REPEATED_ERRORS = "alerts_on_repeated_errors"


class Lost(StrEnum):
    """Why an integration got no whole answer: the other side broke off, or it went away itself before the end."""

    BY_SERVER = "by_server"
    BY_CLIENT = "by_client"
