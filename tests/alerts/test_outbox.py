"""What receivers are told, when, how often, and what becomes of it where they can't be reached."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from support.facts import NOON
from support.incidents import a_failed_run, an_incident, ended
from support.receivers import DOWN, TAKEN, Kept, Post, a_receiver, settings_for

from alerts.delivery.posting import Answer, Request
from probes.incident import Cause
from probes.settings import Maintenance
from probes.words import Blame, Channel, Ended, FailureKind, NoticeState, Telling

RUN = a_failed_run()
WINDOW = Maintenance(targets=("acme-1",), starts_at=NOON, ends_at=NOON + timedelta(hours=1), reason="new release")
ONE = settings_for(a_receiver())
TWO = settings_for(a_receiver("oncall"), a_receiver("chat", "https://chat.example/hook"))


async def test_an_incident_is_told_when_it_opens_and_when_it_recovers() -> None:
    post, incident = Post(ONE), an_incident()
    post.change(incident, run=RUN, still_open=(incident,))
    await post.pass_time(300)
    post.change(ended(incident, post.now), run=a_failed_run("good"))
    await post.pass_time()

    assert post.types == ["incident.opened", "incident.resolved"]
    assert post.kept.states() == [NoticeState.DELIVERED, NoticeState.DELIVERED]
    assert post.ear.told == [(Channel.WEBHOOK, Telling.DELIVERED, 1)] * 2


async def test_one_that_only_goes_on_is_not_told_again() -> None:
    post, incident = Post(ONE), an_incident()
    post.change(incident, run=RUN, still_open=(incident,))
    post.change(incident, run=a_failed_run("later"), still_open=(incident,))
    await post.pass_time(60)

    assert post.types == ["incident.opened"]


async def test_the_end_of_what_nobody_plays_any_more_is_not_called_a_recovery() -> None:
    post, incident = Post(ONE), an_incident()
    post.change(incident, run=RUN, still_open=(incident,))
    post.change(ended(incident, post.now, Ended.UNPLANNED))
    await post.pass_time(1)
    _, _, document = post.sent[-1]

    assert document["state"] == "unplanned"
    assert document["summary"].startswith("No longer watched")
    assert "ecovered at" not in document["description"]


async def test_nothing_is_sent_before_it_is_committed() -> None:
    post = Post(ONE, kept=Kept(at_once=False))
    post.change(an_incident(), run=RUN)
    await post.pass_time(4)
    before = list(post.sent)
    post.kept.commit()
    await post.pass_time()

    assert before == []
    assert post.types == ["incident.opened"]


async def test_without_a_journal_that_commits_it_is_sent_five_seconds_later_all_the_same() -> None:
    post = Post(ONE, kept=Kept(at_once=False))
    post.change(an_incident(), run=RUN)
    await post.pass_time(6)

    assert [at for at, _, _ in post.sent] == [NOON + timedelta(seconds=5)]


async def test_five_hundred_incidents_at_once_are_three_messages_at_most() -> None:
    post = Post(ONE)
    for number in range(500):
        post.change(an_incident(number), run=RUN)
    await post.pass_time(600)
    digest = post.sent[-1][2]

    assert len(post.sent) <= 3
    assert digest["summary"].startswith("499 more incidents: ")
    assert digest["by_blame"] == {"api": 499}
    assert set(post.kept.states()) == {NoticeState.DELIVERED}


async def test_five_hundred_incidents_within_a_minute_are_three_messages_at_most() -> None:
    post = Post(ONE)
    for number in range(500):
        post.change(an_incident(number), run=RUN)
        await post.pass_time(0.1, step=0.1)
    await post.pass_time(600)

    assert len(post.sent) <= 3
    assert set(post.kept.states()) == {NoticeState.DELIVERED}


async def test_no_receiver_is_told_more_than_ten_times_a_minute() -> None:
    post = Post(ONE)
    for number in range(600):
        post.change(an_incident(number), run=RUN)
        await post.pass_time(1)
    moments = [at for at, _, _ in post.sent]

    assert max(sum(at <= other < at + timedelta(minutes=1) for other in moments) for at in moments) <= 3


async def test_a_cause_that_comes_and_goes_two_hundred_times_is_told_four_times_and_truly_at_last() -> None:
    post = Post(ONE)
    for number in range(200):
        incident = an_incident(at=post.now, incident_id=f"{number:026d}")
        post.change(incident, run=RUN, still_open=(incident,))
        await post.pass_time(60, step=20)
        post.change(ended(incident, post.now), run=RUN)
        await post.pass_time(60, step=20)
    await post.pass_time(3600, step=30)

    assert post.types == ["incident.opened", "incident.resolved", "incident.flapping", "incident.resolved"]
    assert post.sent[-1][2]["incident_id"] == f"{199:026d}"
    assert post.kept.waiting() == ()


async def test_one_that_flapped_and_stays_broken_is_told_as_open_at_last() -> None:
    post = Post(ONE)
    for number in range(5):
        incident = an_incident(at=post.now, incident_id=f"{number:026d}")
        post.change(incident, run=RUN, still_open=(incident,))
        await post.pass_time(60, step=20)
        if number < 4:
            post.change(ended(incident, post.now), run=RUN)
    await post.pass_time(3600, step=30)

    assert post.types[-1] == "incident.opened"
    assert post.sent[-1][2]["incident_id"] == f"{4:026d}"


async def test_what_flaps_is_known_after_a_restart() -> None:
    post, first = Post(ONE), an_incident(at=NOON - timedelta(minutes=20), incident_id="a" * 26)
    post.outbox.remember((), [ended(first, NOON - timedelta(minutes=10))])
    post.change(an_incident(), run=RUN)
    await post.pass_time()

    assert post.types == ["incident.flapping"]


async def test_an_unexpected_booking_is_told_each_time() -> None:
    post = Post(ONE)
    for number in range(4):
        cause = Cause(target="acme", kind=FailureKind.UNEXPECTED_BOOKING, operation=None)
        post.change(an_incident(incident_id=f"{number:026d}", at=post.now, cause=cause), run=RUN)
        await post.pass_time(120, step=10)

    assert post.types == ["incident.opened"] * 4


async def test_in_maintenance_nobody_is_told() -> None:
    post, incident = Post(settings_for(a_receiver(), maintenance=(WINDOW,))), an_incident()
    post.change(incident, run=RUN, still_open=(incident,))
    await post.pass_time(3500, step=60)

    assert post.sent == []


async def test_what_is_still_open_when_maintenance_ends_is_told_then() -> None:
    post, incident = Post(settings_for(a_receiver(), maintenance=(WINDOW,))), an_incident()
    post.change(incident, run=RUN, still_open=(incident,))
    await post.pass_time(3660, step=30)

    assert post.types == ["incident.opened"]


async def test_what_began_and_ended_in_maintenance_is_never_told() -> None:
    post, incident = Post(settings_for(a_receiver(), maintenance=(WINDOW,))), an_incident()
    post.change(incident, run=RUN, still_open=(incident,))
    await post.pass_time(600, step=60)
    post.change(ended(incident, post.now), run=RUN)
    await post.pass_time(7200, step=60)

    assert post.sent == []
    assert post.kept.states() == [NoticeState.SUPERSEDED, NoticeState.SUPERSEDED]


async def test_the_end_of_what_was_told_before_a_maintenance_is_told_after_it() -> None:
    window = Maintenance(
        targets=("acme-1",), starts_at=NOON + timedelta(minutes=5), ends_at=NOON + timedelta(hours=1), reason="release"
    )
    post, incident = Post(settings_for(a_receiver(), maintenance=(window,))), an_incident()
    post.change(incident, run=RUN, still_open=(incident,))
    await post.pass_time(600, step=60)
    post.change(ended(incident, post.now), run=RUN)
    await post.pass_time(1200, step=60)
    within = post.types
    await post.pass_time(3600, step=60)

    assert within == ["incident.opened"]
    assert post.types == ["incident.opened", "incident.resolved"]


async def test_a_receiver_that_is_down_for_ten_minutes_is_told_within_a_minute_of_its_return() -> None:
    post = Post(TWO)
    post.answer = lambda request: DOWN if "receiver" in request.url.reveal() else TAKEN
    for number in range(5):
        post.change(an_incident(number), run=RUN)
        await post.pass_time(120)
    others = [document["type"] for _, url, document in post.sent if "chat" in url]
    post.answer = lambda _: TAKEN
    back = post.now
    await post.pass_time(300)
    late = [(at, document) for at, url, document in post.sent if "receiver" in url]

    assert others == ["incident.opened"] * 5
    assert all(at - back <= timedelta(seconds=60) for at, _ in late)
    assert [document["type"] for _, document in late] == ["incident.opened", "digest"]
    assert post.kept.waiting() == ()


async def test_what_opened_and_ended_while_a_receiver_was_down_is_one_message_that_says_both() -> None:
    post, incident = Post(ONE), an_incident()
    post.answer = lambda _: DOWN
    post.change(incident, run=RUN, still_open=(incident,))
    await post.pass_time(120)
    post.change(ended(incident, post.now), run=RUN)
    await post.pass_time(60)
    post.answer = lambda _: TAKEN
    await post.pass_time(120)
    _, _, document = post.sent[0]

    assert post.types == ["incident.resolved"]
    assert document["description"].startswith("It opened at 2026-11-24T12:00:00Z, which could not be told before.")
    assert "expected 200, observed 503" in document["description"]
    assert post.kept.states() == [NoticeState.DELIVERED, NoticeState.DELIVERED]


async def test_after_a_day_it_is_given_up_told_as_a_fault_and_through_the_others() -> None:
    post = Post(TWO)
    post.answer = lambda request: DOWN if "receiver" in request.url.reveal() else TAKEN
    post.change(an_incident(), run=RUN)
    await post.pass_time(25 * 3600, step=30)
    told = [document["summary"] for _, _, document in post.sent]

    assert (Channel.WEBHOOK, Telling.GIVEN_UP, 1) in post.ear.told
    assert told[-1] == "Undelivered: the receiver oncall was not told of incidents"
    assert post.ear.faults[0] == "the receiver oncall (webhook) can't be told: no answer (connect)"
    assert post.ear.faults[-1].endswith("; 1 notices were given up")
    assert post.outbox.problem() == "the receiver oncall takes nothing"


async def test_the_end_of_what_was_given_up_is_not_told_alone() -> None:
    post, incident = Post(ONE), an_incident()
    post.answer = lambda _: Answer(status_code=400)
    post.change(incident, run=RUN, still_open=(incident,))
    await post.pass_time(3 * 3600, step=10)
    post.answer = lambda _: TAKEN
    post.change(ended(incident, post.now), run=RUN)
    await post.pass_time(60)

    assert post.sent == []
    assert post.kept.states() == [NoticeState.GIVEN_UP, NoticeState.SUPERSEDED]


async def test_what_a_receiver_refuses_is_tried_for_two_hours_and_keeps_nobody_waiting() -> None:
    post, tries = Post(ONE), []

    def refuse_the_first(request: Request) -> Answer:
        if request.content and b"acme-1" in request.content:
            tries.append(post.now)
            return Answer(status_code=400)
        return TAKEN

    post.answer = refuse_the_first
    post.change(an_incident(1), run=RUN)
    post.change(an_incident(2), run=RUN)
    await post.pass_time(3 * 3600, step=10)

    assert len(tries) == 16
    assert timedelta(hours=1, minutes=50) < tries[-1] - tries[0] < timedelta(hours=2, minutes=10)
    assert [document["target"] for _, _, document in post.sent] == ["acme-2"]


@pytest.mark.parametrize("status_code", [408, 425, 429, 500, 503])
async def test_trouble_that_passes_is_tried_again_and_again(status_code: int) -> None:
    post = Post(ONE)
    post.answer = lambda _: Answer(status_code=status_code)
    post.change(an_incident(), run=RUN)
    await post.pass_time(3 * 3600, step=10)
    post.answer = lambda _: TAKEN
    await post.pass_time(61)

    assert post.types == ["incident.opened"]


async def test_the_wait_that_a_receiver_asks_for_is_kept() -> None:
    post = Post(ONE)
    post.answer = lambda _: Answer(status_code=429, retry_after_seconds=900)
    post.change(an_incident(), run=RUN)
    await post.pass_time(1)
    post.answer = lambda _: TAKEN
    await post.pass_time(1000)

    assert [at for at, _, _ in post.sent] == [NOON + timedelta(seconds=900)]


async def test_an_incident_that_stays_open_is_told_again_every_four_hours() -> None:
    post, incident = Post(ONE), an_incident()
    post.change(incident, run=RUN, still_open=(incident,))
    await post.pass_time(9 * 3600, step=60)

    assert post.types == ["incident.opened", "incident.reminder", "incident.reminder"]
    assert [(at - NOON) // timedelta(hours=1) for at, _, _ in post.sent[1:]] == [4, 8]
    assert "expected 200, observed 503" in post.sent[1][2]["description"]


async def test_what_was_not_delivered_is_delivered_after_a_restart_under_the_same_id() -> None:
    post = Post(ONE)
    post.answer = lambda _: DOWN
    post.change(an_incident(), run=RUN)
    await post.pass_time(30)
    left = post.kept.waiting()
    post.outbox, post.answer = post.new_outbox(), lambda _: TAKEN
    post.outbox.remember(left, ())
    await post.pass_time(1)

    assert post.types == ["incident.opened"]
    assert post.kept.states() == [NoticeState.DELIVERED]


async def test_what_another_location_left_is_its_own() -> None:
    post = Post(ONE)
    post.change(an_incident(location="eu-1"), run=RUN)
    left = post.kept.waiting()
    post.outbox = post.new_outbox()
    post.outbox.remember(left, ())
    await post.pass_time(60)

    assert post.sent == []
    assert post.kept.waiting() == left


async def test_a_receiver_that_is_gone_is_owed_nothing_more() -> None:
    post = Post(TWO)
    post.answer = lambda _: DOWN
    post.change(an_incident(), run=RUN)
    await post.pass_time(10)
    post.outbox.reload(settings_for(a_receiver("chat", "https://chat.example/hook")))
    post.answer = lambda _: TAKEN
    await post.pass_time(60)

    assert [url for _, url, _ in post.sent] == ["https://chat.example/hook"]
    assert sorted(post.kept.states()) == [NoticeState.DELIVERED, NoticeState.SUPERSEDED]


async def test_how_many_wait_is_told_by_channel() -> None:
    post = Post(ONE)
    post.answer = lambda _: DOWN
    post.change(an_incident(1), run=RUN)
    post.change(an_incident(2), run=RUN)
    await post.pass_time(10)
    during = dict(post.ear.waiting)
    post.answer = lambda _: TAKEN
    await post.pass_time(60)

    assert during == {Channel.WEBHOOK: 2}
    assert post.ear.waiting == {Channel.WEBHOOK: 0}


async def test_a_receiver_that_is_not_reached_for_ten_minutes_is_a_problem_until_it_is() -> None:
    post = Post(ONE)
    post.answer = lambda _: DOWN
    post.change(an_incident(), run=RUN)
    await post.pass_time(500)
    soon = post.outbox.problem()
    await post.pass_time(200)
    late = post.outbox.problem()
    post.answer = lambda _: TAKEN
    await post.pass_time(61)

    assert soon is None
    assert late == "the receiver oncall was not reached for 10 minutes"
    assert post.outbox.problem() is None


async def test_a_notice_has_the_same_id_however_often_it_is_made() -> None:
    post, again = Post(TWO), Post(TWO)
    post.change(an_incident(), run=RUN)
    again.change(an_incident(), run=RUN)

    assert list(post.kept.notices) == list(again.kept.notices)
    assert len(post.kept.notices) == 2
    assert all(len(each) == 26 for each in post.kept.notices)


async def test_a_secret_that_a_server_said_back_stands_in_no_notice() -> None:
    post = Post(ONE)
    post.change(an_incident(), run=a_failed_run(observed="no such key: sk_test_canary"))
    await post.pass_time()

    assert "sk_test_canary" not in str(post.kept.notices)
    assert "sk_test_canary" not in str(post.sent)


async def test_a_receiver_that_refuses_everything_is_not_hammered() -> None:
    post, tries = Post(ONE), []

    def refuse(_: Request) -> Answer:
        tries.append(post.now)
        return Answer(status_code=404)

    post.answer = refuse
    for number in range(500):
        post.change(an_incident(number), run=RUN)
    await post.pass_time(59)

    assert len(tries) <= 2


async def test_a_clock_that_is_set_back_holds_back_no_page() -> None:
    post = Post(ONE)
    for number in (1, 2):
        post.change(an_incident(number, at=post.now), run=RUN)
        await post.pass_time()
    post.now -= timedelta(hours=1)
    post.change(an_incident(3, at=post.now), run=RUN)
    await post.pass_time(120)

    assert post.types == ["incident.opened"] * 3


async def test_a_clock_that_is_set_back_keeps_nothing_waiting_that_was_to_be_tried_again() -> None:
    post = Post(ONE, answer=lambda _: DOWN)
    post.change(an_incident(), run=RUN)
    await post.pass_time(10)
    post.now -= timedelta(hours=1)
    post.answer = lambda _: TAKEN
    await post.pass_time(60)

    assert post.types == ["incident.opened"]


async def test_what_was_left_under_a_clock_that_went_ahead_is_told_after_the_restart() -> None:
    post = Post(ONE, answer=lambda _: DOWN)
    post.change(an_incident(), run=RUN)
    await post.pass_time(10)
    post.now -= timedelta(hours=1)
    post.answer = lambda _: TAKEN
    post.outbox = post.new_outbox()
    post.outbox.remember(post.kept.waiting(), ())
    await post.pass_time()

    assert post.types == ["incident.opened"]


async def test_a_receiver_that_was_corrected_is_told_at_once_and_is_no_problem_any_more() -> None:
    post = Post(ONE, answer=lambda _: Answer(status_code=404))
    post.change(an_incident(), run=RUN)
    await post.pass_time(3 * 3600)
    post.change(an_incident(2), run=RUN)
    await post.pass_time(1)
    before = post.outbox.problem()
    post.answer = lambda _: TAKEN
    post.outbox.reload(settings_for(a_receiver(url="https://receiver.example/right")))
    await post.pass_time(1)

    assert before == "the receiver oncall takes nothing"
    assert post.outbox.problem() is None
    assert [document["target"] for _, _, document in post.sent] == ["acme-2"]


async def test_whoever_was_reminded_hears_of_the_end_though_the_beginning_was_given_up() -> None:
    post, incident = Post(ONE, answer=lambda _: Answer(status_code=404)), an_incident()
    post.change(incident, run=RUN, still_open=(incident,))
    await post.pass_time(3 * 3600, step=10.0)
    post.answer = lambda _: TAKEN
    await post.pass_time(4 * 3600, step=60.0)
    post.change(ended(incident, post.now), run=a_failed_run("good"))
    await post.pass_time()

    assert post.types == ["incident.reminder", "incident.resolved"]


@pytest.mark.parametrize("document", ["{}", "[]", "no JSON", '{"links": 3, "type": "incident.opened"}'])
async def test_what_an_older_version_or_a_damaged_journal_left_silences_nobody(document: str) -> None:
    post = Post(settings_for(a_receiver(channel=Channel.SLACK)))
    post.change(an_incident(), run=RUN)
    (good,) = post.kept.waiting()
    post.outbox = post.new_outbox()
    post.outbox.remember([replace(good, notice_id="odd", incident_id="odd", document=document), good], ())
    await post.pass_time(3600, step=10.0)

    assert len(post.sent) == 1
    assert post.kept.notices["odd"].state is NoticeState.GIVEN_UP


async def test_a_ticket_that_becomes_a_page_is_told_as_one_once() -> None:
    post, incident = Post(ONE), an_incident(blame=Blame.CONVERSATION)
    post.change(incident, run=RUN, still_open=(incident,))
    await post.pass_time()
    golden = replace(incident.hits[0], scenario="golden_path", failed_runs=1)
    worse = replace(incident, hits=(*incident.hits, golden), last_failed_run_id="worse")
    post.change(worse, run=a_failed_run("worse", scenario="golden_path"), still_open=(worse,))
    still = replace(worse, hits=(*incident.hits, replace(golden, failed_runs=2)), last_failed_run_id="still")
    post.change(still, run=a_failed_run("still", scenario="golden_path"), still_open=(still,))
    await post.pass_time(60)

    assert [(document["type"], document["severity"]) for _, _, document in post.sent] == [
        ("incident.opened", "ticket"),
        ("incident.worsened", "page"),
    ]


async def test_another_scenario_that_is_hit_wakes_nobody_a_second_time() -> None:
    post, incident = Post(ONE), an_incident()
    post.change(incident, run=RUN, still_open=(incident,))
    golden = replace(incident.hits[0], scenario="golden_path", failed_runs=1)
    wider = replace(incident, hits=(*incident.hits, golden), last_failed_run_id="wider")
    post.change(wider, run=a_failed_run("wider", scenario="golden_path"), still_open=(wider,))
    await post.pass_time(60)

    assert post.types == ["incident.opened"]


async def test_one_more_booking_that_nobody_asked_for_is_told_though_the_incident_is_open() -> None:
    cause = Cause(target="acme-1", kind=FailureKind.UNEXPECTED_BOOKING, operation=None)
    post, incident = Post(ONE), an_incident(cause=cause)
    post.change(incident, run=RUN, still_open=(incident,))
    await post.pass_time()
    hit = replace(incident.hits[0], failed_runs=incident.failed_runs + 1)
    again = replace(incident, hits=(hit,), last_failed_run_id="again")
    post.change(again, run=a_failed_run("again"), still_open=(again,))
    await post.pass_time(60)

    assert post.types == ["incident.opened", "incident.worsened"]
