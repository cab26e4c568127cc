"""The books of one key's minute quota, moment by moment."""

from __future__ import annotations

import math

import pytest
from support.facts import a_target, an_answer, an_exchange

from probes.model import Exchange, Quota
from probes.quota import KeyQuota, Reservation, key_of, requests_of, shared_quota
from probes.scenario import CreateSession, Scenario, Step
from probes.scenario_files import shipped
from probes.words import AuthHeader, Leaves


def told(limit: int | None, remaining: int | None, **changes: object) -> Exchange:
    return an_exchange(answer=an_answer(ratelimit_limit=limit, ratelimit_remaining=remaining), **changes)


def send(books: KeyQuota, count: int, at: float, *, remaining: int | None = None, limit: int | None = None) -> None:
    """So many requests of a run that is over, at this moment."""
    reservation = books.reserve(count)
    for _ in range(count):
        books.sent(told(limit, remaining), reservation, at)
    books.release(reservation)


def test_a_run_that_fills_the_share_of_ten_minutes_fits_and_one_request_more_does_not() -> None:
    books = KeyQuota(Quota(share=0.1))
    send(books, 53, at=0.0)

    assert books.wait_seconds(7, now=599.0) == 0.0
    assert books.wait_seconds(8, now=599.0) == pytest.approx(1.0)
    assert books.wait_seconds(8, now=600.0) == 0.0


def test_a_run_beyond_the_share_of_ten_minutes_is_refused_since_no_wait_would_help() -> None:
    books = KeyQuota(Quota(share=0.1))

    assert books.refusal(60, now=0.0) is None
    assert books.refusal(61, now=0.0) == (
        "this run needs 61 requests, and ten minutes may hold 60 (quota.share 0.1 of 60 a minute). "
        "Raise the share, or play a shorter scenario"
    )


def test_a_run_whose_turn_did_not_come_is_told_what_stood_in_its_way() -> None:
    books = KeyQuota(Quota(share=0.1))
    behind_others = books.crowded(7, 54.0, now=0.0)
    send(books, 55, at=0.0)
    books.reserve(2)

    assert "other runs with this key waited before it" in behind_others
    assert books.crowded(4, 54.0, now=100.0) == (
        "no turn came within 54 s: 57 requests of ten minutes are taken, and this run needs 4: 60 may come "
        "(quota.share 0.1 of 60 a minute). Play less often, or raise the share"
    )
    assert "57 requests of a minute are taken, and this run needs 4: 10 may come" in books.crowded(4, 54.0, now=1.0)


def test_what_runs_under_way_have_planned_counts_until_they_sent_it_or_ended() -> None:
    books = KeyQuota(Quota(share=0.1))
    reservation = books.reserve(50)
    crowded = books.wait_seconds(11, now=0.0)
    for _ in range(20):
        books.sent(told(None, None), reservation, 1.0)
    still_crowded = books.wait_seconds(11, now=100.0)
    books.release(reservation)

    assert (crowded, still_crowded) == (math.inf, math.inf)
    assert books.wait_seconds(40, now=100.0) == 0.0
    assert books.wait_seconds(41, now=100.0) == pytest.approx(501.0)


def test_a_retry_counts_as_sent_and_was_not_planned() -> None:
    books = KeyQuota(Quota(share=0.1))
    reservation = books.reserve(3)
    for attempt in (1, 2, 3):
        books.sent(told(None, None, attempt=attempt), reservation, 0.0)
    left = reservation.left
    books.release(reservation)

    assert left == 2
    assert books.wait_seconds(57, now=100.0) == 0.0
    assert books.wait_seconds(58, now=100.0) > 0


def test_a_request_with_another_key_or_none_takes_nothing_and_tells_nothing() -> None:
    books = KeyQuota(Quota(share=0.1))
    books.sent(told(1000, 0, own_key=False), Reservation(left=3), 0.0)

    assert books.limit(now=0.0) == 60
    assert books.wait_seconds(60, now=0.0) == 0.0


def test_headers_of_a_refusal_of_the_key_tell_nothing() -> None:
    books = KeyQuota(Quota(share=0.1))
    refused = an_exchange(answer=an_answer(403, ratelimit_limit=1000, ratelimit_remaining=0), expected=False)
    books.sent(refused, books.reserve(1), 0.0)

    assert books.limit(now=0.0) == 60
    assert books.over_headroom(1, now=0.0) is None


@pytest.mark.parametrize(
    ("configured", "seen", "limit"), [(None, None, 60), (30, None, 30), (None, 600, 600), (30, 600, 30), (300, 20, 20)]
)
def test_the_limit_is_the_smaller_of_what_is_configured_and_what_was_told(
    configured: int | None, seen: int | None, limit: int
) -> None:
    books = KeyQuota(Quota(limit=configured))
    send(books, 1, at=0.0, limit=seen)

    assert books.limit(now=600.0) == limit


@pytest.mark.parametrize("nonsense", [0, None])
def test_a_limit_of_nothing_is_none(nonsense: int | None) -> None:
    books = KeyQuota(Quota())
    send(books, 1, at=0.0, limit=nonsense)

    assert books.limit(now=0.0) == 60


def test_a_limit_that_was_told_once_is_forgotten_after_ten_minutes_so_that_it_can_be_asked_again() -> None:
    books = KeyQuota(Quota(share=0.1))
    send(books, 1, at=0.0, limit=1)

    assert books.refusal(3, now=600.0) is not None
    assert books.refusal(3, now=600.1) is None
    assert books.wait_seconds(60, now=600.1) == 0.0


def test_what_would_come_too_thick_may_come_once_enough_is_a_minute_old() -> None:
    books = KeyQuota(Quota(share=0.1))
    send(books, 4, at=0.0)
    send(books, 4, at=10.0)

    assert books.wait_seconds(2, now=20.0) == 0.0
    assert books.wait_seconds(3, now=20.0) == pytest.approx(40.0)
    assert books.wait_seconds(7, now=20.0) == pytest.approx(50.0)
    assert books.wait_seconds(7, now=70.0) == 0.0


def test_a_single_run_may_be_a_burst_of_its_own() -> None:
    books = KeyQuota(Quota(share=0.1))
    alone = books.wait_seconds(30, now=0.0)
    send(books, 1, at=0.0)

    assert alone == 0.0
    assert books.wait_seconds(30, now=1.0) == pytest.approx(59.0)


def test_only_an_end_tells_when_runs_under_way_leave_room() -> None:
    books = KeyQuota(Quota(share=0.1))
    reservation = books.reserve(7)
    wait = books.wait_seconds(7, now=0.0)
    books.release(reservation)

    assert math.isinf(wait)
    assert books.wait_seconds(7, now=0.0) == 0.0


def test_the_reserve_is_left_alone_as_long_as_the_headroom_is_fresh() -> None:
    books = KeyQuota(Quota(share=1.0, reserve=0.2))
    send(books, 1, at=0.0, limit=60, remaining=20)

    assert books.over_headroom(8, now=60.0) is None
    assert books.refusal(9, now=60.0) == (
        "20 of 60 requests a minute are left, and this run needs 9: 12 are kept in reserve (quota.reserve 0.2). "
        "Wait a minute, or lower the reserve"
    )
    assert books.over_headroom(9, now=60.1) is None


def test_what_was_sent_since_and_what_is_planned_lessen_the_headroom() -> None:
    books = KeyQuota(Quota(share=1.0, reserve=0.2))
    send(books, 1, at=0.0, limit=60, remaining=20)
    send(books, 2, at=1.0)
    books.reserve(3)

    assert books.over_headroom(3, now=2.0) is None
    assert "15 of 60 requests a minute are left, and this run needs 4" in str(books.over_headroom(4, now=2.0))


def test_what_sends_nothing_always_fits() -> None:
    books = KeyQuota(Quota(share=0.1, reserve=0.9))
    send(books, 200, at=0.0, limit=60, remaining=0)

    assert books.refusal(0, now=0.0) is None
    assert books.wait_seconds(0, now=0.0) == 0.0


def test_targets_of_one_key_have_the_most_careful_budget_of_them() -> None:
    bold, careful = a_target(quota=Quota(share=0.5, reserve=0.1)), a_target(quota=Quota(reserve=0.3, limit=50))

    assert shared_quota([bold, careful]) == Quota(share=0.1, reserve=0.3, limit=50)


def test_the_portal_takes_nothing_from_the_key_and_another_header_style_does() -> None:
    styled = Scenario(
        name="styled",
        title="Another style",
        leaves=Leaves.SESSION,
        steps=(Step(name="create_session", action=CreateSession(), auth=AuthHeader.API_KEY),),
    )

    assert requests_of(shipped()["golden_path"]) == 7
    assert requests_of(styled) == 1


def test_the_spelling_of_a_base_url_makes_no_other_budget() -> None:
    plain, spelt, elsewhere = (
        key_of(a_target(base_url=url))
        for url in ("https://api.example", "HTTPS://API.Example:443/", "https://api.example/other")
    )

    assert plain == spelt
    assert plain != elsewhere
