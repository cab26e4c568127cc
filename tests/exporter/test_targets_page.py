from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from support.desk import INCIDENT_ID, Drawer, an_incident, of
from support.facts import NOON, RUN_ID, SEARCH, a_probe, a_run, a_start, a_target, an_answer, an_exchange
from support.markup import Parsed
from support.places import JSON, SECONDS_A_DAY, Place, a_configuration, schema_complaints

from alerts.thresholds import Thresholds
from exporter.web.pages.targets import LONGEST_NAME
from probes.errors import JournalError
from probes.journal.kept import LastVerdict
from probes.model import Exchange, Quota
from probes.redaction import Secret
from probes.settings import Maintenance
from probes.words import FailureKind, Outcome, SkipReason, SlotState

KEY = "a-key-of-the-tests"
HTTPS = a_configuration(targets={"acme": a_target(base_url="https://api.example")})


def played(place: Place, *exchanges: Exchange, outcome: Outcome = Outcome.PASSED) -> None:
    for exchange in exchanges:
        place.recorder.exchange_finished(a_start(), "search", exchange)
    place.recorder.run_finished(a_run(outcome))


def left(remaining: int, **changes: object) -> Exchange:
    return an_exchange(answer=an_answer(ratelimit_remaining=remaining, **changes))


async def only(place: Place) -> dict[str, object]:
    """What the one target's JSON tells."""
    return (await place.get("/targets/acme", **JSON)).json()["targets"][0]


async def test_a_target_is_told_with_all_that_leads_to_it_but_its_key() -> None:
    page = await Place().get("/targets/acme")

    assert page.status_code == 200
    for told in ("http://127.0.0.1:3000", "x-partner-api-key", "eu-1", "none: plain http"):
        assert told in page.text
    assert KEY not in page.text
    assert Parsed(page.text).complaints == []


async def test_the_list_leads_to_each_target() -> None:
    page = await Place().get("/targets")

    assert '<a href="/targets/acme">acme</a>' in page.text
    assert '<a href="/targets" aria-current="page">' in page.text
    assert Parsed(page.text).complaints == []


async def test_headroom_is_the_lowest_of_the_last_run() -> None:
    place = Place()
    played(place, left(30), left(12), left(40))
    told = await only(place)
    page = await place.get("/targets/acme")

    assert told["headroom"] == {
        "limit": 60,
        "remaining": 12,
        "ratio": 0.2,
        "observed_at": "2026-11-24T12:00:00.000Z",
        "age_seconds": 0.0,
        "state": "good",
    }
    assert "12 of 60 requests a minute, 20 %" in page.text
    assert 'aria-label="20 % of the limit was left; reserve 20 %"' in page.text


async def test_the_lowest_of_a_run_before_is_no_longer_told() -> None:
    place = Place()
    played(place, left(3))
    played(place, left(50))

    assert (await only(place))["headroom"]["remaining"] == 50  # type: ignore[index]


@pytest.mark.parametrize(
    ("remaining", "state"),
    [(60, "good"), (11, "warn"), (5, "bad"), (0, "bad")],
    ids=["plenty", "below-the-reserve", "low", "nothing-left"],
)
async def test_headroom_is_judged_by_the_reserve_and_by_the_alerts_threshold(remaining: int, state: str) -> None:
    place = Place()
    played(place, left(remaining))

    assert (await only(place))["headroom"]["state"] == state  # type: ignore[index]


async def test_an_old_headroom_is_grey_and_says_so() -> None:
    place = Place()
    played(place, left(2))
    place.passed_seconds = Thresholds().headroom_fresh_seconds + 1
    told, page = await only(place), await place.get("/targets/acme")

    assert told["headroom"]["state"] == "old"  # type: ignore[index]
    assert "too old to say anything of now" in page.text
    assert 'class="fill old"' in page.text


async def test_a_limit_that_nobody_told_makes_no_bar() -> None:
    place = Place()
    played(place, left(7, ratelimit_limit=None))
    page = await place.get("/targets/acme")

    assert "7 requests; no limit was told" in page.text
    assert "<svg" not in page.text


async def test_more_left_than_the_limit_fills_the_bar_and_no_more() -> None:
    place = Place()
    played(place, left(6_000))

    assert 'class="fill good" width="100.00"' in (await place.get("/targets/acme")).text


async def test_the_plan_is_the_one_of_config_check() -> None:
    told = await only(Place())

    assert told["plan"] == {
        "targets": ["acme"],
        "requests_per_minute": 0.4,
        "allowed_per_minute": 6.0,
        "longest_run_requests": 2,
        "exceeded": False,
    }


async def test_a_plan_beyond_the_share_is_marked() -> None:
    place = Place(a_configuration(probes=(a_probe(every_seconds=1.0),)))

    assert "plans more than its share" in (await place.get("/targets")).text
    assert "▲</span> 120.0 requests a minute, of the 6.0" in (await place.get("/targets/acme")).text


async def test_targets_with_one_key_tell_the_reserve_and_the_plan_that_they_share() -> None:
    other = a_target(name="other", quota=Quota(reserve=0.5))
    place = Place(a_configuration(targets={"acme": a_target(), "other": other}))
    told = await only(place)

    assert told["quota"] == {"share": 0.1, "reserve": 0.5, "limit": None}
    assert "one key, with other" in (await place.get("/targets/acme")).text


@pytest.mark.parametrize(
    ("days", "state", "text"),
    [
        (90, "good", "ends in 90 d"),
        (20, "warn", "ends in 20 d"),
        (6, "bad", "ends in 6 d"),
        (-2, "bad", "expired 2 d ago"),
    ],
    ids=["far", "a-ticket", "a-page", "over"],
)
async def test_a_certificate_is_judged_by_the_alerts_thresholds(days: int, state: str, text: str) -> None:
    place = Place(HTTPS)
    played(place, an_exchange(certificate_expires_at=NOON.timestamp() + days * SECONDS_A_DAY))
    told, page = await only(place), await place.get("/targets/acme")

    assert told["certificate"]["state"] == state  # type: ignore[index]
    assert text in page.text


async def test_a_certificate_that_nobody_saw_is_not_seen_yet() -> None:
    assert "not seen yet" in (await Place(HTTPS).get("/targets/acme")).text


async def test_maintenance_is_told_while_it_goes_on_and_before() -> None:
    now, later = (
        Maintenance(targets=("acme",), starts_at=NOON + begins, ends_at=NOON + begins + timedelta(hours=1), reason=why)
        for begins, why in ((timedelta(minutes=-5), "new release"), (timedelta(days=1), "portal moves"))
    )
    over = replace(now, starts_at=NOON - timedelta(hours=3), ends_at=NOON - timedelta(hours=2), reason="long ago")
    place = Place(a_configuration(maintenance=(later, over, now)))
    page, told = await place.get("/targets/acme"), await only(place)

    assert "Maintenance until" in page.text
    assert "portal moves" in page.text
    assert "long ago" not in page.text
    assert [(each["reason"], each["now"]) for each in told["maintenance"]] == [  # type: ignore[attr-defined]
        ("new release", True),
        ("portal moves", False),
    ]


async def test_stopped_bookings_are_told_with_the_way_to_resume_them() -> None:
    place = Place()
    place.recorder.bookings_stopped("acme", "what may book is stopped: <b>booked</b> unasked")
    page = await place.get("/targets/acme")
    place.recorder.bookings_stopped("acme", None)
    after = await place.get("/targets/acme")

    assert "<code>brekwatch resume acme</code>" in page.text
    assert "&lt;b&gt;booked&lt;/b&gt;" in page.text
    assert "brekwatch resume" not in after.text


async def test_a_refused_key_is_told_until_it_is_accepted() -> None:
    place = Place()
    played(place, an_exchange(answer=an_answer(403), expected=False), outcome=Outcome.FAILED)
    refused = await place.get("/targets/acme")
    played(place, left(42))
    accepted = await only(place)

    assert "Its key is refused" in refused.text
    assert accepted["key_refused_at"] is None


async def test_a_slot_held_for_its_key_tells_of_the_key_that_another_target_had_refused() -> None:
    place = Place()
    place.recorder.slot_finished(a_probe(), SlotState.SKIPPED, SkipReason.CREDENTIALS, 0.0)

    assert (await only(place))["key_refused_at"] == "2026-11-24T12:00:00.000Z"


async def test_a_probe_is_told_with_its_last_run() -> None:
    place = Place()
    played(place, outcome=Outcome.FAILED)
    page = await place.get("/targets/acme")

    assert f'<a href="/runs/{RUN_ID}">' in page.text
    assert 'href="/scenarios/quick_search"' in page.text
    assert "99 % good, within 30 s" in page.text


async def test_runs_that_could_not_tell_stand_beside_the_last_verdict() -> None:
    place = Place()
    played(place)
    for _ in range(2):
        place.recorder.slot_finished(a_probe(), SlotState.SKIPPED, SkipReason.QUOTA, 0.0)
    page, told = await place.get("/targets/acme"), await place.get("/targets/acme.json")

    assert "passed" in page.text
    assert re.search(r"; then skipped 2 .: quota", page.text)
    assert schema_complaints("targets", told.json()) == []
    assert told.json()["targets"][0]["probes"][0]["untold"]["count"] == 2


async def test_a_probe_without_a_newer_run_goes_grey() -> None:
    place = Place()
    played(place)
    place.passed_seconds = 601
    page = await place.get("/targets/acme")

    assert "passed, old" in page.text
    assert '<span class="passed' not in page.text


async def test_after_a_restart_the_verdict_is_there_and_readings_are_not_yet() -> None:
    place = Place()
    verdict = LastVerdict(
        target="acme", scenario=SEARCH.name, outcome=Outcome.FAILED, reason=None, finished_at=NOON, succeeded_at=None
    )
    place.recorder.restore([verdict])
    page = await place.get("/targets/acme")

    assert "failed" in page.text
    assert "No run has told since brekwatch began." in page.text
    assert "/runs/" not in page.text


async def test_a_reload_changes_the_page_and_forgets_what_another_key_told() -> None:
    place = Place()
    played(place, left(2))
    place.retarget(api_key=Secret("another-key-of-the-tests"), partner="other-partner")
    page, told = await place.get("/targets/acme"), await only(place)

    assert "other-partner" in page.text
    assert told["headroom"] is None


async def test_a_target_that_is_configured_no_more_is_gone() -> None:
    place = Place()
    played(place, left(2))
    place.expect(a_configuration(targets={"next": a_target(name="next")}, probes=()))
    gone = await place.get("/targets/acme")
    place.expect(a_configuration())

    assert gone.status_code == 404
    assert (await only(place))["headroom"] is None


async def test_open_incidents_are_one_click_away_and_only_those_of_the_target() -> None:
    elsewhere = an_incident(incident_id="elsewhere", cause=of(FailureKind.TIMEOUT, "other"))
    place = Place(drawer=Drawer(an_incident(), elsewhere))
    page, told = await place.get("/targets/acme"), await only(place)

    assert f'<a href="/incidents/{INCIDENT_ID}">' in page.text
    assert told["open_incidents"] == [INCIDENT_ID]


async def test_a_journal_that_can_t_be_read_hides_nothing_but_the_incidents() -> None:
    drawer = Drawer()
    drawer.trouble = JournalError("the journal can't be read")
    place = Place(drawer=drawer)
    page, told, listed = await place.get("/targets/acme"), await only(place), await place.get("/targets")

    assert (page.status_code, listed.status_code) == (200, 200)
    assert "can't be read from the journal now" in page.text
    assert "not known" in listed.text
    assert told["open_incidents"] is None


@pytest.mark.parametrize(
    "name",
    ["nobody", KEY, "%3Cscript%3Ealert(1)%3C%2Fscript%3E", "..%2f..%2fetc%2fpasswd", "%E2%80%AEacme", "x" * 3_000],
)
async def test_an_unknown_name_is_answered_with_those_there_are(name: str) -> None:
    page, told = await Place().get(f"/targets/{name}"), await Place().get(f"/targets/{name}", **JSON)

    assert (page.status_code, told.status_code) == (404, 404)
    for answer in (page.text, told.text):
        assert KEY not in answer
        assert "acme" in answer
    assert "<script>alert" not in page.text
    assert "\u202e" not in page.text
    assert "x" * (LONGEST_NAME + 1) not in page.text + told.text


async def test_what_a_configuration_says_is_text() -> None:
    window = Maintenance(
        targets=("acme",), starts_at=NOON, ends_at=NOON + timedelta(hours=1), reason='"><img src=x onerror=alert(1)>'
    )
    page = await Place(a_configuration(maintenance=(window,))).get("/targets/acme")

    assert Parsed(page.text).root.all("img") == []
    assert Parsed(page.text).complaints == []


@pytest.mark.parametrize("address", ["/targets.json", "/targets/acme.json"])
async def test_the_json_keeps_to_its_published_schema(address: str) -> None:
    window = Maintenance(targets=("acme",), starts_at=NOON, ends_at=NOON + timedelta(hours=1), reason="release")
    place = Place(replace(HTTPS, maintenance=(window,)), drawer=Drawer(an_incident()))
    empty = (await place.get(address)).json()
    played(place, an_exchange(certificate_expires_at=NOON.timestamp()), left(1), outcome=Outcome.FAILED)
    place.recorder.bookings_stopped("acme", "stopped")
    full = (await place.get(address)).json()

    assert [schema_complaints("targets", told) for told in (empty, full)] == [[], []]
    assert full["targets"][0]["headroom"]["remaining"] == 1


async def test_the_table_can_be_scrolled_by_keyboard() -> None:
    region = next(
        each
        for each in Parsed((await Place().get("/targets/acme")).text).root.all("div")
        if each.attributes.get("role")
    )

    assert region.attributes["tabindex"] == "0"
    assert region.attributes["aria-label"] == "Probes of acme"
