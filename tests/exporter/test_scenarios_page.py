from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.facts import NOON, RUN_ID, SEARCH, a_probe, a_run
from support.markup import Parsed
from support.places import JSON, Place, a_configuration, schema_complaints

from exporter.scenario_words import expected_path, step_words
from exporter.web.pages.targets import LONGEST_NAME
from probes.journal.kept import LastVerdict
from probes.scenario import (
    Act,
    Action,
    AttachCard,
    CreateSession,
    Expect,
    Fetch,
    ReadSession,
    Repeat,
    Say,
    Scenario,
    Step,
    WrongCall,
)
from probes.scenario_files import read_folder, shipped
from probes.words import NO_CODE, AuthHeader, Envelope, Leaves, Operation, OtherKey, OtherSession, Outcome, Published

KEY = "a-key-of-the-tests"
NASTY = '"><img src=x onerror=alert(1)>\u202e'


def own(tmp_path: Path, *lines: str) -> Scenario:
    """A scenario that a user wrote."""
    text = "\n".join(["name: ours", "title: Our own", "leaves: session", "steps:", "  - create_session:", *lines])
    (tmp_path / "our-file.yaml").write_text(text)
    return read_folder(tmp_path)["ours"]


@pytest.mark.parametrize(
    ("action", "told"),
    [
        (Say(text="hello"), "says"),
        (CreateSession(), "opens a session"),
        (Act(kind="action_select", payload={"id": "{{ a.b }}"}), "sends the action action_select with id: {{ a.b }}"),
        (Act(kind="action_cancel_booking"), "sends the action action_cancel_booking"),
        (AttachCard(), "attaches the test card of the target at the portal"),
        (AttachCard(card="amex"), "attaches the card amex at the portal"),
        (ReadSession(), "reads the session"),
        (Fetch(document=Published.OPENAPI), "fetches the OpenAPI file"),
        (WrongCall(operation=Operation.SEND_EVENT, body="{"), "asks for a turn with a body that is wrong on purpose"),
        (Repeat(step="book", request=Say(text="x")), "sends step book once more, the same bytes and key"),
    ],
)
def test_every_action_has_its_words(action: Action, told: str) -> None:
    assert step_words(Step(name="it", action=action)).does == told


def test_what_is_unlike_a_good_client_is_told() -> None:
    step = Step(
        name="it",
        action=ReadSession(),
        auth=OtherKey.WRONG,
        other_actor=True,
        session=OtherSession.UNKNOWN,
        omit=("text", "actor.id"),
    )
    styled = Step(name="it", action=ReadSession(), auth=AuthHeader.API_KEY)

    assert step_words(step).twists == (
        "with a wrong key",
        "as another guest",
        "naming a session that nobody has",
        "without text and actor.id",
    )
    assert step_words(styled).twists == ("with its key in the header api-key",)


def test_every_expectation_has_its_words() -> None:
    expect = Expect(
        status_codes=(400, 401),
        codes=("invalid_request", NO_CODE),
        envelopes=(Envelope.GATEWAY,),
        chat_statuses=("shortlist", "error"),
        artifacts=("shortlist", "payment"),
        headers=("x-request-id",),
        contains=("hotel",),
        events=("shortlist", "booked"),
        same=("search.shortlist",),
        new=("name.payment.setupUrl",),
        within_seconds=2.5,
    )

    assert step_words(Step(name="it", action=ReadSession(), expect=expect)).expects == (
        "HTTP 400 or 401",
        "error code invalid_request or none",
        "the envelope of gateway",
        "status shortlist or error",
        "shortlist and payment in the answer",
        "the header x-request-id",
        "the text hotel",
        "the history shortlist → booked",
        "the same search.shortlist as before",
        "another name.payment.setupUrl than before",
        "within 2.5 s",
    )


def test_the_expected_path_is_that_of_the_statuses() -> None:
    assert expected_path(shipped()["golden_path"]) == (
        ("none",),
        ("shortlist",),
        ("guest_name_required",),
        ("payment_setup_required",),
        ("payment_confirmation_required",),
        ("booked",),
    )


def test_what_expects_no_status_has_no_path() -> None:
    assert expected_path(shipped()["contract_files"]) == ()


async def test_every_scenario_is_listed_and_what_is_not_played_says_so() -> None:
    page = await Place().get("/scenarios")
    rows = [row.whole_text() for row in Parsed(page.text).root.all("tr")]

    assert all(any(name in row for row in rows) for name in shipped())
    assert "acme" in next(row for row in rows if "quick_search" in row)
    assert "not played here" in next(row for row in rows if "contract_files" in row)
    assert '<a href="/scenarios" aria-current="page">' in page.text


@pytest.mark.parametrize("name", sorted(shipped()))
async def test_every_shipped_scenario_has_a_sound_page(name: str) -> None:
    page = await Place(a_configuration(scenarios=shipped())).get(f"/scenarios/{name}")

    assert page.status_code == 200
    assert Parsed(page.text).complaints == []
    assert f"<code>{name}.yaml</code>" in page.text
    assert "Shipped with brekwatch" in page.text
    assert f"name: {name}\n" in page.text


async def test_a_scenario_tells_where_it_is_played_and_how_that_went() -> None:
    place = Place()
    place.recorder.run_finished(a_run(Outcome.FAILED))
    page = await place.get("/scenarios/quick_search")

    assert '<a href="/targets/acme">acme</a>' in page.text
    assert f'<a href="/runs/{RUN_ID}">' in page.text
    assert "✕" in page.text


async def test_an_old_outcome_is_grey() -> None:
    place = Place()
    verdict = LastVerdict(
        target="acme", scenario=SEARCH.name, outcome=Outcome.PASSED, reason=None, finished_at=NOON, succeeded_at=NOON
    )
    place.recorder.restore([verdict])
    place.passed_seconds = 3_600
    page = await place.get("/scenarios/quick_search")

    assert "passed, old" in page.text


async def test_one_of_ours_is_told_by_the_name_of_its_file_alone(tmp_path: Path) -> None:
    place = Place(a_configuration(scenarios={"ours": own(tmp_path, "  - say: hello")}, probes=()))
    page = await place.get("/scenarios/ours")

    assert "One of yours" in page.text
    assert "our-file.yaml" in page.text
    assert str(tmp_path) not in page.text + (await place.get("/scenarios/ours.json")).text


async def test_a_secret_in_a_file_is_removed_from_every_part(tmp_path: Path) -> None:
    place = Place(a_configuration(scenarios={"ours": own(tmp_path, f"  - say: {KEY}  # {KEY}")}, probes=()))
    page, told = await place.get("/scenarios/ours"), await place.get("/scenarios/ours", **JSON)

    assert KEY not in page.text
    assert KEY not in told.text


async def test_what_a_file_says_is_text() -> None:
    step = Step(name=NASTY, action=Say(text=NASTY), expect=Expect(artifacts=(NASTY,)))
    nasty = Scenario(name="ours", title=NASTY, leaves=Leaves.SESSION, steps=(step,), text=f"{NASTY}\n</pre>")
    page = await Place(a_configuration(scenarios={"ours": nasty}, probes=())).get("/scenarios/ours")

    assert Parsed(page.text).complaints == []
    assert Parsed(page.text).root.all("img") == []
    assert "\u202e" not in page.text


async def test_a_reload_changes_the_pages() -> None:
    place = Place()
    before = await place.get("/scenarios/golden_path")
    place.expect(replace(place.settings, probes=(a_probe(scenario="golden_path"),)))
    after = await place.get("/scenarios/golden_path")

    assert "It is not played here" in before.text
    assert '<a href="/targets/acme">' in after.text


@pytest.mark.parametrize("name", ["nobody", KEY, "..%2f..%2fetc%2fpasswd", "golden_path.yaml", "%3Cb%3E", "x" * 3_000])
async def test_an_unknown_name_is_answered_with_those_there_are(name: str) -> None:
    page, told = await Place().get(f"/scenarios/{name}"), await Place().get(f"/scenarios/{name}", **JSON)

    assert (page.status_code, told.status_code) == (404, 404)
    assert "golden_path_to_payment" in page.text
    assert "golden_path_to_payment" in told.json()["problem"]
    assert KEY not in page.text + told.text
    assert "<b>" not in page.text
    assert "x" * (LONGEST_NAME + 1) not in page.text + told.text


@pytest.mark.parametrize("address", ["/scenarios.json", "/scenarios/quick_search.json"])
async def test_the_json_keeps_to_its_published_schema(address: str) -> None:
    place = Place()
    place.recorder.run_finished(a_run())
    told = (await place.get(address)).json()

    assert schema_complaints("scenarios", told) == []
    assert any(each["probes"] for each in told["scenarios"])
