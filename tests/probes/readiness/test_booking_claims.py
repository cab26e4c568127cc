"""Which lines of a log claim a booking: those that hardly anybody would write otherwise."""

from __future__ import annotations

import pytest

from probes.readiness.booking_claims import claims_booking

CLAIMS = (
    "2026-11-20 12:00:01 INFO booked",
    "status=booked session=sess_1",
    "Your hotel is booked!",
    "Booking confirmed: Bellagio, Las Vegas",
    "your booking is now complete",
    "reservation was successful",
    '{"level":"info","msg":"Booked!","error":null}',
    "successfully reserved room 4",
    "no card was stored at first; a while later, with all the guest had asked for, the hotel was booked",
)
DOUBTED = (
    "not booked",
    "the hotel could not be booked",
    "it isn't booked",
    "it isn\u2019t booked yet",
    "waiting until booked",
    "expected status booked",
    "if booked: show the link",
    "is it booked?",
    "booked=false",
    '"booked": null',
    "booking confirmed failed",
    "no booking is confirmed",
    "the hotel is fully booked",
    "statuses: shortlist, booked",
    "terminal statuses: booked, error",
    "ends at error or booked",
    "GET /hotels/booked 200",
    "https://x.example/booked",
    "booked.html",
    "booked-out",
    "unbooked",
    "notebook opened",
    "Booked 12 times today",
    '{"data": {"result": {"artifacts": {"text": "booked"}}}}',
    "can you help me book option 1",
    "asking to book",
    "booking",
)


@pytest.mark.parametrize("line", CLAIMS)
def test_a_line_that_says_so_claims_a_booking(line: str) -> None:
    assert claims_booking(line)


@pytest.mark.parametrize("line", DOUBTED)
def test_a_line_that_denies_doubts_or_lists_claims_nothing(line: str) -> None:
    assert not claims_booking(line)
