"""What becomes of notices whose receiver can't be reached, or takes nothing; through restarts, and with odd clocks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from support.facts import NOON
from support.incidents import a_failed_run, an_incident, ended
from support.receivers import DOWN, TAKEN, Post, a_receiver, settings_for

from alerts.delivery.posting import Answer, Request
from probes.settings import Maintenance
from probes.words import Channel, NoticeState, Telling

RUN = a_failed_run()
WINDOW = Maintenance(targets=("acme-1",), starts_at=NOON, ends_at=NOON + timedelta(hours=1), reason="new release")
ONE = settings_for(a_receiver())
TWO = settings_for(a_receiver("oncall"), a_receiver("chat", "https://chat.example/hook"))


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
