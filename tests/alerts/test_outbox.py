"""What receivers are told, when, how often, and what becomes of it where they can't be reached."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from support.facts import NOON
from support.incidents import a_failed_run, an_incident, ended
from support.receivers import DOWN, TAKEN, Kept, Post, a_receiver, settings_for

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


async def test_an_incident_that_stays_open_is_told_again_every_four_hours() -> None:
    post, incident = Post(ONE), an_incident()
    post.change(incident, run=RUN, still_open=(incident,))
    await post.pass_time(9 * 3600, step=60)

    assert post.types == ["incident.opened", "incident.reminder", "incident.reminder"]
    assert [(at - NOON) // timedelta(hours=1) for at, _, _ in post.sent[1:]] == [4, 8]
    assert "expected 200, observed 503" in post.sent[1][2]["description"]


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


async def test_a_clock_that_is_set_back_holds_back_no_page() -> None:
    post = Post(ONE)
    for number in (1, 2):
        post.change(an_incident(number, at=post.now), run=RUN)
        await post.pass_time()
    post.now -= timedelta(hours=1)
    post.change(an_incident(3, at=post.now), run=RUN)
    await post.pass_time(120)

    assert post.types == ["incident.opened"] * 3


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
