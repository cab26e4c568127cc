"""Each way that a scenario file can be wrong, with the exact words of its message."""

from __future__ import annotations

import pytest

from probes import scenario_files
from probes.errors import ConfigError

HEAD = "name: mine\ntitle: A test\nleaves: session\nsteps:\n- create_session:\n"
ACTIONS = "create_session, say, act, repeat, attach_card, read_session, fetch, call"
NOTE_ACTIONS = f"he actions are {ACTIONS}; beside one may stand payload, body, auth, actor, session, omit, name, expect"
STATUSES = "shortlist, guest_name_required, payment_setup_required, payment_confirmation_required, booked, error"
VARIABLES = "city, checkin, checkout, guest_name, actor_id, session_id"
KNOWN = f"known are {VARIABLES}, and of earlier steps create_session"
EXPECTATIONS = "status_code, code, envelope, chat_status, artifacts, headers, contains, events, same, new, within"

WRONG_STEPS = {
    "unknown_action": ("- dance: now", f"6:3: steps[1].dance: unknown key; t{NOTE_ACTIONS}"),
    "misspelt_action": ("- sya: hi", f'6:3: steps[1].sya: unknown key; did you mean "say"? T{NOTE_ACTIONS}'),
    "no_action": (
        "- name: x",
        f"6:3: steps[1]: a step needs one action: {ACTIONS}",
    ),
    "two_actions": (
        "- {say: hi, act: x}",
        "6:3: steps[1]: a step has one action, and this one has say and act: make them steps of their own",
    ),
    "no_mapping": ("- say hi", '6:3: steps[1]: must be a mapping of keys and values (seen: "say hi")'),
    "null_step": ("-", "6:2: steps[1]: must be a mapping of keys and values (seen: nothing)"),
    "payload_without_act": ("- {say: hi, payload: {a: 1}}", "6:3: steps[1]: payload belongs to act, not to say"),
    "payload_no_mapping": (
        "- {act: x, payload: [1]}",
        "6:21: steps[1].payload: must be a mapping of keys and values (seen: a list)",
    ),
    "argument_to_create": (
        "- create_session: now",
        '6:19: steps[1].create_session: takes nothing: leave out what stands after the colon (seen: "now")',
    ),
    "say_number": ("- say: 5", "6:8: steps[1].say: must be text: put it in quotes (seen: 5)"),
    "say_nothing": ("- say:", "6:7: steps[1].say: must be text: put it in quotes (seen: nothing)"),
    "say_empty": ('- say: ""', '6:8: steps[1].say: must not be empty (seen: "")'),
    "say_too_long": (
        f"- say: {'x' * 4001}",
        '6:8: steps[1].say: must have at most 4000 characters (seen: "…")',
    ),
    "odd_kind": (
        "- act: Book It",
        '6:8: steps[1].act: must be an event kind, such as action_book_option (seen: "Book It")',
    ),
    "unknown_card": (
        "- attach_card: vsia",
        '6:16: steps[1].attach_card: no such card; did you mean "visa"? Allowed: visa, mastercard, amex (seen: "vsia")',
    ),
    "odd_name": (
        "- {say: hi, name: My Step}",
        (
            "6:19: steps[1].name: must be lower-case letters, digits and underscores, beginning with a letter, "
            'at most 40 (seen: "My Step")'
        ),
    ),
    "name_of_a_variable": (
        "- {say: hi, name: city}",
        "6:19: steps[1].name: city is what templates call a variable: choose another",
    ),
    "name_taken": (
        "- {say: hi, name: a}\n- {say: hi, name: a}",
        "7:19: steps[2].name: the name a is taken by the step on line 6: choose another",
    ),
    "unknown_auth": (
        "- {say: hi, auth: mine}",
        (
            "6:19: steps[1].auth: no such value; allowed: x-partner-api-key, authorization, api-key, none, wrong, "
            'other (seen: "mine")'
        ),
    ),
    "auth_at_the_portal": (
        "- {attach_card: visa, auth: api-key}",
        "6:3: steps[1]: auth belongs to create_session or say or act or read_session or call, not to attach_card",
    ),
    "unknown_variable": (
        "- say: to {{ citty }}",
        (
            f'6:8: steps[1].say: {{{{ citty }}}} is not known here; did you mean "city"? Known are {VARIABLES}, '
            "and of earlier steps create_session"
        ),
    ),
    "later_step": (
        "- say: a {{ b.x }}\n- {say: b, name: b}",
        f"6:8: steps[1].say: {{{{ b.x }}}} is not known here; {KNOWN}",
    ),
    "own_step": (
        "- {say: 'a {{ me.x }}', name: me}",
        f"6:9: steps[1].say: {{{{ me.x }}}} is not known here; {KNOWN}",
    ),
    "part_of_a_variable": (
        "- say: a {{ city.x }}",
        (
            f'6:8: steps[1].say: {{{{ city.x }}}} is not known here; did you mean "city"? Known are {VARIABLES}, '
            "and of earlier steps create_session"
        ),
    ),
    "whole_answer": (
        "- {say: a, name: s}\n- say: b {{ s }}",
        "7:8: steps[2].say: {{ s }} is a whole answer: say which part, as in {{ s.shortlist[0].optionId }}",
    ),
    "code_in_a_template": (
        "- say: a {{ upper(city) }}",
        "6:8: steps[1].say: braces must hold a plain path, as in {{ checkin }} or {{ search.shortlist[0].optionId }}",
    ),
    "template_in_a_payload": (
        "- act: x\n  payload:\n    a: [1, '{{ nope }}']",
        (
            f"8:12: steps[1].payload.a[1]: {{{{ nope }}}} is not known here; known are {VARIABLES}, "
            "and of earlier steps create_session"
        ),
    ),
    "template_in_contains": (
        "- say: a\n  expect: {contains: ['{{ city }}']}",
        "7:23: steps[1].expect.contains[0]: what stands here is looked for as it is: it can hold no template",
    ),
    "unknown_expectation": (
        "- say: a\n  expect: {chatstatus: error}",
        f'7:12: steps[1].expect.chatstatus: unknown key; did you mean "chat_status"? Allowed here: {EXPECTATIONS}',
    ),
    "same_as_no_step": (
        "- say: a\n  expect: {same: x.y}",
        "7:18: steps[1].expect.same: no earlier step x; earlier steps are create_session",
    ),
    "new_without_a_path": (
        "- say: a\n  expect: {new: create_session}",
        (
            "7:17: steps[1].expect.new: must be an earlier step and a path, such as name.payment.setupUrl "
            '(seen: "create_session")'
        ),
    ),
    "repeat_of_a_later_step": (
        "- repeat: b\n- {say: b, name: b}",
        "6:11: steps[1].repeat: no earlier step b; earlier steps are create_session",
    ),
    "repeat_of_a_card": (
        "- attach_card:\n- repeat: attach_card",
        "7:11: steps[2].repeat: a card is never attached twice with one token: repeat another step",
    ),
    "call_that_expects_nothing": (
        "- {call: send_event, body: {}}",
        (
            "6:4: steps[1].call: a call that expects nothing shows nothing: say what it must be, "
            "as expect: {status_code: 400}"
        ),
    ),
    "call_without_a_body": (
        "- {call: send_event, expect: {status_code: 400}}",
        "6:3: steps[1]: call needs a body: what is wrong about the request",
    ),
    "template_in_a_call": (
        "- {call: send_event, body: {text: '{{ nope }}'}, expect: {status_code: 400}}",
        f"6:35: steps[1].body.text: {{{{ nope }}}} is not known here; {KNOWN}",
    ),
    "omit_of_no_field": (
        "- {say: a, omit: idempotencykey}",
        (
            "6:18: steps[1].omit: idempotencykey is no field of this request; did you mean "
            '"idempotencyKey"? Its fields are sessionId, actor, actor.actorId, text, kind, payload, idempotencyKey'
        ),
    ),
    "other_session_of_nobody": (
        "- {read_session: , session: other}",
        (
            "6:29: steps[1].session: there is no other tenant's session yet: "
            "create_session with `auth: other` begins one"
        ),
    ),
    "value_of_a_step_that_may_be_left_out": (
        "- {create_session: , auth: other, name: theirs}\n- say: a {{ theirs.sessionId }}",
        ("7:3: steps[2]: step theirs is left out where no other_api_key is configured: nothing may depend on it"),
    ),
    "repeat_of_a_step_that_may_be_left_out": (
        "- {create_session: , auth: other, name: theirs}\n- {repeat: theirs}",
        "7:3: steps[2]: step theirs is left out where no other_api_key is configured: nothing may depend on it",
    ),
    "same_as_a_step_that_may_be_left_out": (
        "- {create_session: , auth: other, name: theirs}\n- {say: a, expect: {new: theirs.sessionId}}",
        "7:3: steps[2]: step theirs is left out where no other_api_key is configured: nothing may depend on it",
    ),
    "call_that_expects_only_to_be_quick": (
        "- {call: send_event, body: {}, expect: {within: 5s}}",
        (
            "6:4: steps[1].call: a call that expects nothing shows nothing: say what it must be, "
            "as expect: {status_code: 400}"
        ),
    ),
    "other_session_that_can_not_begin": (
        "- {create_session: , auth: other, omit: actor}\n- {read_session: , session: other}",
        (
            "7:29: steps[2].session: there is no other tenant's session yet: "
            "create_session with `auth: other` begins one"
        ),
    ),
    "no_events": (
        "- read_session:\n  expect: {events: []}",
        "7:20: steps[1].expect.events: must not be empty (seen: a list)",
    ),
    "books_by_events": (
        "- read_session:\n  expect: {events: [booked]}",
        "3:9: leaves: step read_session (line 6) may book: say leaves: booking",
    ),
    "books_by_a_call": (
        "- {call: send_event, body: {kind: action_confirm_payment_card}, expect: {status_code: 400}}",
        "3:9: leaves: step call (line 6) may book: say leaves: booking",
    ),
    "unknown_status": (
        "- say: a\n  expect: {chat_status: [error, shortlst]}",
        (
            f'7:33: steps[1].expect.chat_status[1]: no such value; did you mean "shortlist"? Allowed: {STATUSES} '
            '(seen: "shortlst")'
        ),
    ),
    "status_code_beyond": (
        "- say: a\n  expect: {status_code: 2000}",
        "7:25: steps[1].expect.status_code: must be at most 599 (seen: 2000)",
    ),
    "status_code_no_number": (
        "- say: a\n  expect: {status_code: ok}",
        '7:25: steps[1].expect.status_code: must be a whole number (seen: "ok")',
    ),
    "status_code_true": (
        "- say: a\n  expect: {status_code: true}",
        "7:25: steps[1].expect.status_code: must be a number (seen: true)",
    ),
    "odd_artifact_path": (
        "- say: a\n  expect: {artifacts: payment/url}",
        (
            "7:23: steps[1].expect.artifacts: must be a path inside artifacts, such as shortlist or payment.setupUrl "
            '(seen: "payment/url")'
        ),
    ),
    "odd_header": (
        "- say: a\n  expect: {headers: 'x request id'}",
        '7:21: steps[1].expect.headers: must be the name of a header, such as x-request-id (seen: "x request id")',
    ),
    "odd_duration": (
        "- say: a\n  expect: {within: 5 minutes}",
        '7:20: steps[1].expect.within: must be a duration such as 250ms, 30s, 5m or 1h (seen: "5 minutes")',
    ),
    "no_duration": (
        "- say: a\n  expect: {within: 0s}",
        '7:20: steps[1].expect.within: must be a duration of more than nothing and at most a year (seen: "0s")',
    ),
    "chat_status_of_a_snapshot": (
        "- read_session:\n  expect: {chat_status: error}",
        "7:12: steps[1].expect.chat_status: chat_status can't be expected of this action, only of say, act",
    ),
    "events_of_a_turn": (
        "- say: a\n  expect: {events: error}",
        "7:12: steps[1].expect.events: events can't be expected of this action, only of read_session",
    ),
    "envelope_of_the_portal": (
        "- attach_card: visa\n  expect: {envelope: success}",
        (
            "7:12: steps[1].expect.envelope: envelope can't be expected of this action, "
            "only of create_session, say, act, read_session"
        ),
    ),
    "books_by_expectation": (
        "- say: a\n  expect: {chat_status: [error, booked]}",
        "3:9: leaves: step say (line 6) may book: say leaves: booking",
    ),
    "books_by_kind": (
        "- act: action_confirm_payment_card",
        "3:9: leaves: step act (line 6) may book: say leaves: booking",
    ),
    "cleanup_without_booking": (
        "cleanup:\n- act: action_cancel_booking",
        "6:1: cleanup: cleanup takes a booking back: it needs leaves: booking",
    ),
    "card_number": (
        "- say: my card is 4242 4242 4242 4242",
        "6:8: it looks like a payment card number, which never belongs in a file: name a card",
    ),
}

WRONG_FILES = {
    "no_mapping": ("- a", "1:1: must be a mapping of keys and values (seen: a list)"),
    "no_title": (
        "name: x\nleaves: session\nsteps: [{create_session: }]",
        "1:1: title is missing: one line that says what happens",
    ),
    "unknown_leaves": (
        "name: x\ntitle: x\nleaves: bookings\nsteps: [{create_session: }]",
        '3:9: leaves: no such value; did you mean "booking"? Allowed: nothing, session, booking (seen: "bookings")',
    ),
    "call_leaves_a_session": (
        ("name: x\ntitle: x\nleaves: nothing\n"
        "steps: [{call: create_session, body: {}, expect: {status_code: 400}}]"),
        "3:9: leaves: create_session leaves a session: say leaves: session",
    ),
    "leaves_nothing": (
        "name: x\ntitle: x\nleaves: nothing\nsteps: [{create_session: }]",
        "3:9: leaves: create_session leaves a session: say leaves: session",
    ),
    "other_actor": (
        "name: x\ntitle: x\nleaves: session\nactor: other\nsteps: [{create_session: }]",
        '4:8: actor: no such value; allowed: new (seen: "other")',
    ),
    "no_steps": (
        "name: x\ntitle: x\nleaves: session\nsteps: []",
        "4:8: steps: must not be empty (seen: a list)",
    ),
    "steps_no_list": (
        "name: x\ntitle: x\nleaves: session\nsteps: {say: a}",
        "4:8: steps: must be a list (seen: a mapping)",
    ),
    "session_of_a_wrong_key_only": (
        "name: x\ntitle: x\nleaves: session\nsteps: [{create_session: , auth: wrong}, {say: a}]",
        "4:42: steps[1]: there is no session yet: begin with create_session",
    ),
    "session_id_of_no_session": (
        ("name: x\ntitle: x\nleaves: session\n"
        "steps: [{say: 'in {{ session_id }}', session: unknown, expect: {status_code: 404}}]"),
        "4:15: steps[0].say: {{ session_id }} is of no session yet: begin with create_session",
    ),
    "cleanup_that_rests_on_steps": (
        ("name: x\ntitle: x\nleaves: booking\nsteps: [{create_session: }]\n"
        "cleanup: [{act: action_cancel_booking}, {repeat: create_session}]"),
        "5:41: cleanup[1]: cleanup is made of act, say and read_session only",
    ),
    "cleanup_that_cancels_nothing": (
        "name: x\ntitle: x\nleaves: booking\nsteps: [{create_session: }]\ncleanup: [{say: thanks}]",
        "5:1: cleanup: nothing here takes a booking back: it needs act: action_cancel_booking",
    ),
    "no_session": (
        "name: x\ntitle: x\nleaves: session\nsteps: [{say: a}]",
        "4:9: steps[0]: there is no session yet: begin with create_session",
    ),
    "unknown_key": (
        "name: x\ntitle: x\nleaves: session\nstep: []\nsteps: [{create_session: }]",
        '4:1: step: unknown key; did you mean "steps"? Allowed here: name, title, leaves, actor, steps, cleanup',
    ),
    "no_yaml": ("name: {", ("1:8: it can't be read as YAML: inside { } or [ ], a text with braces, brackets or commas "
                "must stand in quotes")),
}  # fmt: skip


@pytest.mark.parametrize(("steps", "problem"), WRONG_STEPS.values(), ids=WRONG_STEPS)
def test_a_wrong_step_is_told_with_its_place_and_the_way_out(steps: str, problem: str) -> None:
    with pytest.raises(ConfigError) as refused:
        scenario_files.read(HEAD + steps, "mine.yaml")

    assert refused.value.problems == (f"mine.yaml:{problem}",)


@pytest.mark.parametrize(("text", "problem"), WRONG_FILES.values(), ids=WRONG_FILES)
def test_a_wrong_scenario_is_told_with_its_place_and_the_way_out(text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as refused:
        scenario_files.read(text, "mine.yaml")

    assert refused.value.problems == (f"mine.yaml:{problem}",)


def test_all_problems_of_a_file_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as refused:
        scenario_files.read(HEAD + "- say: '{{ x }}'\n- say: a\n  omit: x\n- act: action_book_option", "f")

    assert [problem.split(": ")[1] for problem in refused.value.problems] == ["steps[1].say", "steps[2].omit", "leaves"]


def test_of_a_hopeless_file_the_first_twenty_problems_are_told() -> None:
    with pytest.raises(ConfigError) as refused:
        scenario_files.read(HEAD + "- {}\n" * 50, "f.yaml")

    assert len(refused.value.problems) == 21
    assert refused.value.problems[-1] == "and 30 more problems"
