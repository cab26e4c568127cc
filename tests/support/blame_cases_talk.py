"""The labelled set: the conversation.

A label is who has to act, and was decided before the code was asked. `conversation`: what the assistant understood,
found or chose, and what a scenario says to it.
"""

from __future__ import annotations

from support.blame_kit import Case, act, fault, lie, own, say
from support.lying import at, put

from probes.words import Blame

SEARCH = "find me a {{ city }} hotel from {{ checkin }} to {{ checkout }}"

CONVERSATION = (
    *(
        Case(
            name=f"another turn than expected at {step}",
            label=Blame.CONVERSATION,
            why="the assistant chose another status of the documented ones",
            play=fault(f"wrong_status@{step}", scenario, seconds=1.0),
        )
        for step, scenario in (
            ("search", "quick_search"),
            ("book", "golden_path"),
            ("name", "golden_path_to_payment"),
            ("decline", "decline_payment"),
            ("confirm", "golden_path"),
        )
    ),
    Case(
        name="the flow is halted at the search",
        label=Blame.CONVERSATION,
        why="`error` is a documented status, and its message says why",
        play=lie(at(1, put("data.result.status", "error"))),
    ),
    Case(
        name="nothing was found",
        label=Blame.CONVERSATION,
        why="the shortlist is there, and empty: the hotels, the dates, the city",
        play=lie(at(1, put("data.result.artifacts.shortlist", []))),
    ),
    Case(
        name="small talk where a search was meant",
        label=Blame.CONVERSATION,
        why="our own scenario says what no assistant takes for a search",
        play=fault("", own(say("how are you today?", chat_statuses=("shortlist",)))),
    ),
    Case(
        name="a turn before its time",
        label=Blame.CONVERSATION,
        why="our own scenario confirms what was never offered",
        play=fault("", own(say("yes, use this card", chat_statuses=("payment_confirmation_required",)))),
    ),
    Case(
        name="a word that isn't said",
        label=Blame.CONVERSATION,
        why="our own scenario waits for a text that nobody promised",
        play=fault("", own(say(SEARCH, contains=("breakfast included",)))),
    ),
    Case(
        name="a value that no answer had",
        label=Blame.CONVERSATION,
        why="our own scenario takes it from where nothing is",
        play=fault("", own(say("book {{ steps.create_session.shortlist[9].optionId }}"))),
    ),
    Case(
        name="an artifact of our own wish",
        label=Blame.CONVERSATION,
        why="our own scenario waits for a field that no document names",
        play=fault("", own(say(SEARCH, artifacts=("shortlist[0].minibar",)))),
    ),
    Case(
        name="an action with a wrong payload",
        label=Blame.CONVERSATION,
        why="our own scenario sends what the API rightly refuses",
        play=fault("", own(act("action_book_option", {"optionId": 7}))),
    ),
    Case(
        name="an action that nobody knows",
        label=Blame.CONVERSATION,
        why="our own scenario made the kind up",
        play=fault("", own(act("action_dance", {}))),
    ),
)
