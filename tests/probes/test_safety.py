"""What counts as production, and that no declaration makes Brek's own host a sandbox."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes import safety
from probes.errors import RefusedError
from probes.model import AllowBookings, Portal, Target
from probes.redaction import Secret
from probes.requests import authorise
from probes.scenario_files import shipped
from probes.words import AuthHeader, Environment, Operation, SkipReason, WriteKind

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PRODUCTION, SANDBOX = Environment.PRODUCTION, Environment.SANDBOX


@pytest.mark.parametrize(
    ("url", "declared", "environment"),
    [
        ("https://www.brek.ai", None, PRODUCTION),
        ("https://www.brek.ai", SANDBOX, PRODUCTION),
        ("https://WWW.BREK.AI.:443/", SANDBOX, PRODUCTION),
        ("https://brek.ai", SANDBOX, PRODUCTION),
        ("https://sandbox.brek.example", None, PRODUCTION),
        ("https://sandbox.brek.example", SANDBOX, SANDBOX),
        ("http://localhost:3000", None, SANDBOX),
        ("http://127.0.0.1:3000", None, SANDBOX),
        ("http://[::1]:3000", None, SANDBOX),
        ("http://127.0.0.1:3000", PRODUCTION, PRODUCTION),
        ("http://localhost.brek.example", None, PRODUCTION),
        ("http://127.0.0.1.brek.example", None, PRODUCTION),
        ("http://0x7f.1", None, PRODUCTION),
        ("not a url", SANDBOX, PRODUCTION),
    ],
)
def test_only_loopback_and_declared_sandboxes_are_sandboxes(
    url: str, declared: Environment | None, environment: Environment
) -> None:
    assert safety.classify(url, declared) is environment


def target(**changes: object) -> Target:
    made = Target(
        name="prod",
        base_url="https://www.brek.ai",
        environment=PRODUCTION,
        api_key=Secret("a-key-of-nobody"),
        portal=Portal(attach_url="https://pay.brek.example/attach"),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@given(
    st.one_of(
        st.none(),
        st.builds(
            AllowBookings,
            host=st.sampled_from(["www.brek.ai", "WWW.brek.ai.", "other", ""]),
            per_day=st.integers(-1, 3),
            until=st.integers(-400, 400).map(lambda days: NOW + timedelta(days=days)),
        ),
    ),
    st.sampled_from(sorted(shipped())),
    st.booleans(),
)
def test_production_books_only_with_a_current_acknowledgement_of_this_host_and_a_lasting_ledger(
    allowed: AllowBookings | None, name: str, durable: bool
) -> None:
    scenario = shipped()[name]
    refused = safety.why_not(scenario, target(allow_bookings=allowed), durable_ledger=durable, now=NOW)
    acknowledged = (
        allowed is not None and allowed.host.lower().rstrip(".") == "www.brek.ai" and allowed.per_day >= 1
        and allowed.until > NOW
    )  # fmt: skip
    books = {"golden_path", "book_by_action", "idempotent_replay"}
    costs = books | {"decline_payment", "done_before_card", "saved_card"}
    may = name not in costs or (name in books and acknowledged and durable)

    assert (refused is None) is may
    assert refused is None or refused[0] is SkipReason.SAFETY


@pytest.mark.parametrize("kind", WriteKind)
def test_the_guard_refuses_each_write_kind_in_production(kind: WriteKind) -> None:
    guard = safety.ProductionGuard(target(), bookings_allowed=False)

    with pytest.raises(RefusedError, match="production"):
        guard.check(Operation.SEND_EVENT, kind=kind)


def test_the_guard_refuses_cards_and_after_the_confirmation_all_but_no() -> None:
    guard = safety.ProductionGuard(target(), bookings_allowed=False)
    with pytest.raises(RefusedError):
        guard.check(Operation.ATTACH_CARD)
    guard.check(Operation.SEND_EVENT, text="Done")
    guard.saw_confirmation()
    guard.check(Operation.SEND_EVENT, text="no")

    for text in ("yes", "NO", "no thanks", "", None):
        with pytest.raises(RefusedError):
            guard.check(Operation.SEND_EVENT, text=text)


def test_an_expired_acknowledgement_says_what_to_do() -> None:
    expired = AllowBookings(host="www.brek.ai", per_day=1, until=NOW - timedelta(seconds=1))
    refused = safety.why_not(shipped()["golden_path"], target(allow_bookings=expired), durable_ledger=True, now=NOW)

    assert refused is not None
    assert "golden_path_to_payment" in refused[1]


@pytest.mark.parametrize(
    "url",
    [
        "http://www.brek.ai/api",
        "https://www.brek.ai:8443/api",
        "https://brek.ai/api",
        "https://www.brek.ai.evil.example/api",
        "https://evil.example/www.brek.ai",
    ],
)
def test_the_partner_key_goes_to_no_other_origin_than_its_targets(url: str) -> None:
    with pytest.raises(ValueError, match="its own target only"):
        authorise(target(), AuthHeader.PARTNER_API_KEY, httpx.URL(url))


@pytest.mark.parametrize(
    ("style", "header"),
    [
        (AuthHeader.PARTNER_API_KEY, ("x-partner-api-key", "a-key-of-nobody")),
        (AuthHeader.AUTHORIZATION, ("authorization", "Bearer a-key-of-nobody")),
        (AuthHeader.API_KEY, ("api-key", "a-key-of-nobody")),
    ],
)
def test_each_header_style_of_the_guide_carries_the_key(style: AuthHeader, header: tuple[str, str]) -> None:
    assert authorise(target(), style, httpx.URL("https://www.brek.ai/api/partner/v1/core-chat/events")) == (header,)


def test_a_run_in_production_takes_its_bookings_from_the_day_s_cap() -> None:
    allowed = AllowBookings(host="www.brek.ai", per_day=3, until=NOW + timedelta(days=1))
    golden = shipped()["golden_path"]

    cap = safety.booking_cap(golden, target(allow_bookings=allowed), NOW)

    assert cap is not None
    assert (cap.host, cap.per_day, cap.bookings) == ("www.brek.ai", 3, 1)
    assert safety.booking_cap(golden, target(), NOW) is None
    assert safety.booking_cap(shipped()["quick_search"], target(allow_bookings=allowed), NOW) is None
    assert safety.booking_cap(golden, target(allow_bookings=allowed, environment=SANDBOX), NOW) is None
