"""Sequences of judged runs, and the incidents that they make."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from support.verdicts import NOON, PLACES, a_cause, end_of, minute, together, verdicts

from alerts.incidents import Watch, incidents
from alerts.places import Places
from probes.incident import Incident, Verdict
from probes.settings import IncidentPolicy
from probes.words import Blame, Ended, Environment

POLICY = IncidentPolicy()


def made_of(*several: list[Verdict], policy: IncidentPolicy = POLICY) -> tuple[Incident, ...]:
    return incidents(together(*several), policy, PLACES)


def only(*several: list[Verdict], policy: IncidentPolicy = POLICY) -> Incident:
    (incident,) = made_of(*several, policy=policy)
    return incident


@pytest.mark.parametrize(
    "letters",
    ["", "G", "S", "SS", "GSGGSG", "SGGGS", "SSGGGGSSGGGG", "STGGG", "TSGGG"],
    ids=lambda letters: letters or "no run",
)
def test_too_few_bad_runs_of_the_last_make_no_incident(letters: str) -> None:
    assert made_of(verdicts(letters)) == ()


@pytest.mark.parametrize(
    ("letters", "opened_by"),
    [
        pytest.param("SSS", 2, id="three in a row"),
        pytest.param("GGGSSS", 5, id="after good ones"),
        pytest.param("SGSGS", 4, id="every other one"),
        pytest.param("SGGSS", 4, id="the first of the last five counts"),
        pytest.param("SSGGGSSS", 7, id="what fell out of the window does not"),
    ],
)
def test_three_bad_of_the_last_five_open_an_incident(letters: str, opened_by: int) -> None:
    incident = only(verdicts(letters))

    assert incident.is_open
    assert incident.cause == a_cause("S")
    assert incident.detected_run_id == f"acme.search.{opened_by}"
    assert incident.detected_at == end_of(opened_by)


def test_it_began_with_the_start_of_the_first_failed_run_and_was_good_before() -> None:
    incident = only(verdicts("GGSGSS"))

    assert (incident.first_failed_run_id, incident.first_failed_at) == ("acme.search.2", minute(2))
    assert (incident.last_good_run_id, incident.last_good_at) == ("acme.search.1", end_of(1))
    assert (incident.last_failed_run_id, incident.last_failed_at) == ("acme.search.5", end_of(5))
    assert incident.failed_runs == 3


def test_a_good_run_from_long_ago_is_the_last_good_one() -> None:
    _, second = made_of(verdicts("GSSSSSSTTT"))

    assert second.cause == a_cause("T")
    assert second.last_good_run_id == "acme.search.0"


def test_what_was_never_good_has_no_last_good_run() -> None:
    incident = only(verdicts("SSS"))

    assert (incident.last_good_run_id, incident.last_good_at) == (None, None)


def test_it_knows_where_it_is_and_how_its_probe_was_planned() -> None:
    incident = only(verdicts("SSS"))

    assert (incident.location, incident.environment) == ("eu-1", Environment.SANDBOX)
    assert (incident.hits[0].every_seconds, incident.hits[0].availability) == (60.0, 0.99)


def test_a_target_that_nobody_knows_is_taken_for_production() -> None:
    (incident,) = incidents(verdicts("SSS", target="other"), POLICY, PLACES)

    assert incident.environment is Environment.PRODUCTION
    assert incident.hits[0].every_seconds is None


def test_two_good_runs_in_a_row_close_it() -> None:
    incident = only(verdicts("SSSGSSGG"))

    assert incident.ended is Ended.RECOVERED
    assert (incident.recovered_run_id, incident.recovered_at) == ("acme.search.6", end_of(6))
    assert incident.closed_at == end_of(7)
    assert incident.failed_runs == 5


@pytest.mark.parametrize("letters", ["SSSG", "SSSGSG", "SSSGSGSGSG", "SSS" + " " * 500], ids=str.strip)
def test_one_good_run_and_silence_close_nothing(letters: str) -> None:
    assert only(verdicts(letters)).is_open


def test_an_open_incident_knows_how_long_it_has_been_good() -> None:
    incident = only(verdicts("SSSSG"), policy=IncidentPolicy(close_after=5))

    assert (incident.hits[0].good_in_a_row, incident.hits[0].good_since) == (1, end_of(4))


def test_a_bad_run_of_another_cause_keeps_it_open() -> None:
    incident = only(verdicts("SSSGTGTG"))

    assert incident.is_open
    assert incident.failed_runs == 3
    assert incident.last_failed_run_id == "acme.search.2"


def test_another_cause_that_fails_often_enough_is_an_incident_of_its_own_and_both_end_together() -> None:
    first, second = made_of(verdicts("SSSTTTGG"))

    assert (first.cause, second.cause) == (a_cause("S"), a_cause("T"))
    assert (first.detected_at, second.detected_at) == (end_of(2), end_of(5))
    assert first.recovered_at == second.recovered_at == end_of(6)


def test_what_fails_anew_is_a_new_incident_that_takes_no_run_of_the_old_one() -> None:
    first, second = made_of(verdicts("SSSGGSSS"))

    assert first.ended is Ended.RECOVERED
    assert second.is_open
    assert second.first_failed_run_id == "acme.search.5"
    assert second.detected_run_id == "acme.search.7"
    assert first.incident_id != second.incident_id


def test_one_blip_after_the_end_opens_nothing() -> None:
    assert len(made_of(verdicts("SSSGGSGG"))) == 1


def test_a_failure_that_joined_an_open_incident_opens_no_other_one() -> None:
    assert len(made_of(verdicts("SSSSGGSS"))) == 1


def test_a_run_that_was_good_after_the_first_failure_is_not_the_last_good_one() -> None:
    incident = only(verdicts("SS S"), verdicts("GGS", scenario="book", offset=30))

    assert incident.scenarios == ("book", "search")
    assert incident.last_good_run_id is None


def test_an_unexpected_booking_opens_at_once() -> None:
    incident = only(verdicts("GGB"))

    assert incident.cause == a_cause("B")
    assert incident.first_failed_run_id == incident.detected_run_id == "acme.search.2"


@pytest.mark.parametrize(
    ("letters", "cause"),
    [
        pytest.param("STK", "K", id="each once, the latest"),
        pytest.param("STS", "S", id="the most frequent"),
        pytest.param("SST", "S", id="the most frequent, though another is later"),
        pytest.param("STGGK", "K", id="with good ones between"),
    ],
)
def test_a_mixed_window_opens_for_its_most_frequent_cause(letters: str, cause: str) -> None:
    incident = only(verdicts(letters))

    assert incident.cause == a_cause(cause)
    assert incident.failed_runs == letters.count(cause)


def test_a_mixed_window_opens_nothing_beside_an_incident_that_hit_the_scenario() -> None:
    incident = only(verdicts("SSSTKCTK"))

    assert incident.cause == a_cause("S")


def test_another_scenario_joins_at_its_first_failure() -> None:
    incident = only(verdicts("SSSS"), verdicts("GGGS", scenario="book", offset=30))

    assert incident.scenarios == ("book", "search")
    assert [hit.failed_runs for hit in incident.hits] == [1, 4]
    assert incident.detected_run_id == "acme.search.2"
    assert incident.last_failed_run_id == "acme.book.3"


def test_a_scenario_that_fails_of_it_already_is_counted_from_its_first_failure() -> None:
    incident = only(verdicts("  SSS"), verdicts("GS   ", scenario="book", offset=30))

    assert [hit.failed_runs for hit in incident.hits] == [1, 3]
    assert incident.first_failed_run_id == "acme.book.1"
    assert incident.last_good_run_id == "acme.book.0"
    assert incident.detected_run_id == "acme.search.4"


def test_a_scenario_that_was_good_again_before_is_not_hit() -> None:
    incident = only(verdicts("   SSS"), verdicts("SGG   ", scenario="book", offset=30))

    assert incident.scenarios == ("search",)
    assert incident.first_failed_run_id == "acme.search.3"


def test_a_failure_from_before_an_incident_does_not_open_the_next_one() -> None:
    first, second = made_of(verdicts("   SSSGG  "), verdicts("SGG     SSS", scenario="book", offset=30))

    assert (first.scenarios, second.scenarios) == (("search",), ("book",))
    assert second.first_failed_run_id == "acme.book.8"


def test_it_ends_when_all_scenarios_that_it_hit_are_good_again() -> None:
    incident = only(verdicts("SSSGGGGG"), verdicts("SSSSSGG ", scenario="book", offset=30))

    assert incident.recovered_run_id == "acme.book.5"
    assert incident.closed_at == end_of(6.5)


def test_it_had_recovered_when_the_last_scenario_was_good_again_though_another_one_closed_it() -> None:
    seldom = verdicts("S     G     G", scenario="book", offset=30)
    incident = only(verdicts("SSSSSSSSSGGGG"), seldom)

    assert (incident.recovered_run_id, incident.recovered_at) == ("acme.search.9", end_of(9))
    assert incident.closed_at == end_of(12.5)


def test_scenarios_do_not_add_up() -> None:
    assert made_of(verdicts("SS"), verdicts("SS", scenario="book", offset=30)) == ()


def test_a_refused_key_adds_up_across_scenarios_since_it_holds_their_probes_back() -> None:
    in_turn = together(*(verdicts("K", scenario=name, offset=60.0 * at) for at, name in enumerate(("a", "b", "c"))))
    (incident,) = incidents(in_turn, POLICY, PLACES)

    assert incident.detected_run_id == "acme.c.0"
    assert incident.scenarios == ("a", "b", "c")


def test_a_refused_key_is_no_incident_where_most_runs_are_good_with_it() -> None:
    good = verdicts("GGGGGGGGG", scenario="good")
    refused = (verdicts("K", scenario=name, offset=180.0 * at + 20.0) for at, name in enumerate(("a", "b", "c")))

    assert incidents(together(good, *refused), POLICY, PLACES) == ()


def test_targets_have_nothing_to_do_with_each_other() -> None:
    first, second = made_of(verdicts("SSSGG"), verdicts("SSSSS", target="brek", offset=5))

    assert (first.ended, second.ended) == (Ended.RECOVERED, None)


@pytest.mark.parametrize(
    ("blames", "blame"),
    [
        pytest.param([Blame.NETWORK, Blame.NETWORK, Blame.API], Blame.NETWORK, id="the most frequent"),
        pytest.param([Blame.NETWORK, Blame.QUOTA, Blame.CREDENTIALS], Blame.API, id="a tie"),
        pytest.param([Blame.MONITOR, Blame.API, Blame.MONITOR, Blame.API], Blame.MONITOR, id="a tie with the monitor"),
        pytest.param([Blame.MONITOR] * 3, Blame.MONITOR, id="the monitor alone"),
    ],
)
def test_whom_most_failed_runs_blame_has_to_act(blames: list[Blame], blame: Blame) -> None:
    runs = [
        Verdict(**{name: getattr(verdict, name) for name in verdict.__dataclass_fields__} | {"blame": blamed})
        for verdict, blamed in zip(verdicts("S" * len(blames)), blames, strict=True)
    ]

    assert only(runs).blame is blame


def test_an_incident_has_the_same_id_however_often_and_from_whatever_it_is_reckoned() -> None:
    whole = only(verdicts("GGSSSSSGG"))
    early = only(verdicts("GGSSS"))
    elsewhere = incidents(verdicts("GGSSS"), POLICY, Places(location="us-1"))[0]

    assert re.fullmatch("[a-z2-7]{26}", whole.incident_id)
    assert whole.incident_id == early.incident_id
    assert whole.incident_id != elsewhere.incident_id


def test_the_order_in_which_runs_are_given_does_not_matter_nor_does_one_given_twice() -> None:
    runs = verdicts("GSSSGG")

    assert made_of([*reversed(runs), *runs]) == made_of(runs)


def test_what_changed_is_told_and_nothing_else() -> None:
    watch = Watch(POLICY, PLACES)
    told = [len(watch.see(verdict)) for verdict in verdicts("GSSSSGTGGG")]

    assert told == [0, 0, 0, 1, 1, 1, 1, 1, 1, 0]
    assert watch.open == ()


def test_a_run_that_was_seen_before_changes_nothing_however_old_it_is() -> None:
    watch = Watch(POLICY, PLACES)
    runs = verdicts("SGSGGGGGGG")
    for verdict in runs:
        watch.see(verdict)
    before = watch.state()

    assert [watch.look(verdict) for verdict in runs] == [None] * len(runs)
    assert watch.state() == before


def test_a_clock_that_was_set_back_hides_no_run_that_has_just_ended() -> None:
    watch = Watch(POLICY, PLACES)
    early = [verdict for verdict in verdicts("G" * 10 + "SSS") if verdict.cause]
    for verdict in (*verdicts("G", offset=3600), *early):
        watch.see(verdict, fresh=True)

    assert len(watch.open) == 1


def test_recent_failures_are_those_of_the_window_whatever_they_counted_to() -> None:
    watch = Watch(POLICY, PLACES)
    for verdict in verdicts("SSSSTGG"):
        watch.see(verdict)

    assert watch.recent("acme", "search") == {"server_error": 2, "timeout": 1}
    assert watch.recent("acme", "book") == {}
    assert watch.recent("brek", "search") == {}


def planned(*scenarios: str) -> Places:
    plan = PLACES.plans["acme", "search"]
    return Places(
        location="eu-1",
        environments=PLACES.environments,
        plans={("acme", scenario): plan for scenario in scenarios},
    )


LATER = NOON + timedelta(hours=1)


def watching(*several: list[Verdict]) -> Watch:
    watch = Watch(POLICY, PLACES)
    for verdict in together(*several):
        watch.see(verdict)
    return watch


def test_an_incident_ends_unplanned_when_nothing_that_it_hit_is_played_any_more() -> None:
    watch = watching(verdicts("SSSG"))
    (incident,) = watch.expect(POLICY, planned("book"), at=LATER)

    assert (incident.ended, incident.closed_at) == (Ended.UNPLANNED, LATER)
    assert (incident.recovered_at, incident.recovered_run_id) == (None, None)
    assert watch.open == ()
    assert watch.recent("acme", "search") == {}


def test_an_incident_stays_open_while_anything_that_it_hit_is_still_played() -> None:
    watch = watching(verdicts("SSS"), verdicts("SSS", scenario="book", offset=30))

    assert watch.expect(POLICY, planned("book"), at=LATER) == ()
    assert len(watch.open) == 1


def test_what_recovers_beside_what_is_played_no_more_ends_unplanned() -> None:
    watch = watching(verdicts("SSS"), verdicts("SSS", scenario="book", offset=30))
    watch.expect(POLICY, planned("book"), at=NOON)
    told = [watch.see(verdict) for verdict in verdicts("   GG", scenario="book", offset=30)]

    assert [incident.ended for changed in told for incident in changed] == [None, Ended.UNPLANNED]


def test_a_scenario_that_had_recovered_does_not_keep_an_incident_planned() -> None:
    watch = watching(verdicts("SSSGG"), verdicts("SSSSS", scenario="book", offset=30))
    (incident,) = watch.expect(POLICY, planned("search"), at=LATER)

    assert incident.ended is Ended.UNPLANNED


def test_runs_of_a_probe_that_was_taken_away_count_no_more() -> None:
    watch = watching(verdicts("SS"))
    watch.expect(POLICY, planned("book"), at=LATER)

    assert watch.look(verdicts("  S")[0]) is None
    assert watch.open == ()


def test_a_target_that_was_taken_away_is_forgotten() -> None:
    watch = watching(verdicts("SSS", target="brek"))
    (incident,) = watch.expect(POLICY, planned("search"), at=LATER)

    assert incident.ended is Ended.UNPLANNED
    assert watch.state() == {}


def test_another_policy_counts_from_the_next_run_on() -> None:
    watch = watching(verdicts("SSSG"))
    told = watch.expect(IncidentPolicy(open_after=1, within=1, close_after=1), planned("search"), at=LATER)

    assert [incident.ended for incident in told] == [Ended.RECOVERED]
    assert [incident.detected_run_id for incident in watch.see(verdicts("    T")[0])] == ["acme.search.4"]
