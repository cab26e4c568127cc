from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.facts import (
    REQUEST_ID,
    RUN_ID,
    SEARCH,
    TRACE_ID,
    a_probe,
    a_run,
    a_start,
    a_step,
    a_target,
    an_answer,
    an_exchange,
)
from support.prometheus import (
    OPENMETRICS,
    complaints_of_promtool,
    exemplars,
    openmetrics_samples,
    samples,
    value,
)

from exporter.recorder import Recorder
from exporter.recorder.exposition import wants_openmetrics
from exporter.recorder.series import RunCounts
from probes.model import Booking, Exchange, Finding, JournalState, MonitorFault, Phases, StepResult, Transition
from probes.redaction import Scrubber, Secret
from probes.words import (
    BookingState,
    Channel,
    FailureKind,
    FaultKind,
    FindingKind,
    Operation,
    Outcome,
    SkipReason,
    SlotState,
)

KEY = "pk_live_0123456789abcdef"


def populated(recorder: Recorder | None = None) -> Recorder:
    """A recorder with something in every family."""
    recorder = recorder or Recorder()
    recorder.expect([a_target()], [a_probe()], {SEARCH.name: SEARCH}, "eu-1")
    phases = Phases(dns=0.001, connect=0.002, tls=0.003, send=0.001, wait=0.4, receive=0.01)
    change = Transition(from_status="none", to_status="shortlist", documented=True)
    finding = Finding(kind=FindingKind.MISSING_HEADER, detail="x-partner-id")
    for number, outcome in enumerate(Outcome):
        start = a_start(run_id=f"run-{number}")
        recorder.run_started(start)
        exchange = an_exchange(phases=phases, operation=list(Operation)[number], certificate_expires_at=1_900_000_000.0)
        recorder.exchange_finished(start, "search", exchange)
        recorder.step_finished(start, a_step(transitions=(change,), findings=(finding,)))
        booking = Booking(run_id=start.run_id, target="acme", session_id="s", state=BookingState.MADE)
        recorder.run_finished(a_run(outcome, run_id=start.run_id, bookings=(booking,), reason="quota"))
    recorder.slot_finished(a_probe(), SlotState.LATE, None, 2.0)
    recorder.slot_finished(a_probe(), SlotState.SKIPPED, SkipReason.QUOTA, 0.0)
    recorder.monitor_fault(MonitorFault(kind=FaultKind.BUG, detail="ours"))
    recorder.observe_loop_lag(0.003)
    recorder.run_kept(a_run(Outcome.PASSED))
    recorder.journal_changed(JournalState(size_bytes=4096))
    recorder.recent_failures_changed("acme", SEARCH.name, {FailureKind.SERVER_ERROR: 2})
    recorder.notices_waiting(Channel.SLACK, 1)
    return recorder


def test_every_family_of_the_catalogue_is_fed() -> None:
    from exporter.metrics import FAMILIES

    shown = {sample.name for sample in samples(populated().render("")[0])}

    missing = {family.name for family in FAMILIES if family.name not in shown and f"{family.name}_sum" not in shown}
    assert missing == set()


def test_labels_are_those_of_the_catalogue() -> None:
    from exporter.metrics import FAMILIES

    labels = {family.name: set(family.labels) for family in FAMILIES}
    for sample in samples(populated().render("")[0]):
        name = sample.name.removesuffix("_bucket").removesuffix("_count").removesuffix("_sum")
        if sample.name.startswith("brek_"):
            assert set(sample.labels) - {"le"} == labels[name]


def test_promtool_has_nothing_to_say_about_full_metrics() -> None:
    body, content_type = populated().render("text/plain")

    assert complaints_of_promtool(body) == ""
    assert content_type == "text/plain; version=0.0.4; charset=utf-8"


def test_promtool_has_nothing_to_say_before_the_first_run() -> None:
    recorder = Recorder()
    recorder.expect([a_target()], [a_probe()], {SEARCH.name: SEARCH}, "eu-1")

    assert complaints_of_promtool(recorder.render("")[0]) == ""


def test_promtool_is_really_asked() -> None:
    assert "no help text" in complaints_of_promtool(b"# TYPE brek_probe_x gauge\nbrek_probe_x 1\n")


def test_openmetrics_parses_and_holds_the_same_series() -> None:
    recorder = populated()
    body, content_type = recorder.render(OPENMETRICS)

    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert body.endswith(b"# EOF\n")
    ours = {s.name for s in openmetrics_samples(body)}
    assert ours == {s.name for s in samples(recorder.render("")[0])}


def test_there_are_no_created_series() -> None:
    recorder = populated()

    assert b"_created" not in recorder.render("")[0] + recorder.render(OPENMETRICS)[0]


def test_process_metrics_are_there() -> None:
    assert b"process_cpu_seconds_total" in Recorder().render("")[0]


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", False),
        ("*/*", False),
        ("text/plain", False),
        ("application/openmetrics-text", True),
        ("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", True),
        ("application/openmetrics-text;version=1.0.0;q=0.2,text/plain;q=0.5", False),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;q=x", False),
    ],
)
def test_openmetrics_is_given_to_whoever_prefers_it(accept: str, wanted: bool) -> None:
    assert wants_openmetrics(accept) is wanted


def test_a_counter_leads_to_its_run_and_its_request() -> None:
    recorder = Recorder()
    recorder.exchange_finished(a_start(), "search", an_exchange())
    recorder.run_finished(a_run(Outcome.FAILED))

    both = {"run_id": RUN_ID, "request_id": REQUEST_ID}
    assert exemplars(recorder, "brek_probe_http_requests_total") == [both]
    assert exemplars(recorder, "brek_probe_failures_total") == [both]


def test_a_step_leads_to_its_trace() -> None:
    recorder = Recorder()
    recorder.step_finished(a_start(), a_step())

    assert exemplars(recorder, "brek_probe_step_duration_seconds_bucket") == [{"trace_id": TRACE_ID}]


def with_ids(request_id: str | None, trace_id: str | None) -> Exchange:
    return an_exchange(answer=an_answer(header_request_id=request_id, trace_id=trace_id))


@pytest.mark.parametrize("trace_id", [None, "t" * 129, "two words", 'quo"te', "line\nbreak"])
def test_a_step_without_a_trace_that_fits_leads_to_its_run(trace_id: str | None) -> None:
    recorder = Recorder()
    step: StepResult = a_step(exchanges=(with_ids(REQUEST_ID, trace_id),))

    recorder.step_finished(a_start(), step)

    assert exemplars(recorder, "brek_probe_step_duration_seconds_bucket") == [{"run_id": RUN_ID}]


@pytest.mark.parametrize("length", [86, 87, 100, 129, 10_000])
def test_ids_that_do_not_fit_are_left_out_and_the_sample_is_kept(length: int) -> None:
    recorder = Recorder()
    recorder.exchange_finished(a_start(), "search", with_ids("r" * length, None))

    labels = len("run_id") + len(RUN_ID) + len("request_id")
    fits = length + labels <= 128
    assert exemplars(recorder, "brek_probe_http_requests_total")[0].get("request_id") == (
        "r" * length if fits else None
    )
    assert value(recorder, "brek_probe_http_requests_total") == 1


@given(request_id=st.text(max_size=140), trace_id=st.text(max_size=140))
def test_no_id_whatever_it_is_loses_a_sample_or_spoils_a_scrape(request_id: str, trace_id: str) -> None:
    recorder = Recorder()
    exchange = with_ids(request_id, trace_id)

    recorder.exchange_finished(a_start(), "search", exchange)
    recorder.step_finished(a_start(), a_step(exchanges=(exchange,)))

    assert value(recorder, "brek_probe_http_requests_total") == 1
    assert value(recorder, "brek_probe_step_duration_seconds_count") == 1
    assert all(sum(map(len, (*e, *e.values()))) <= 128 for e in exemplars(recorder, "brek_probe_http_requests_total"))


def test_a_key_that_comes_back_as_an_id_is_not_shown() -> None:
    scrubber = Scrubber([Secret(KEY)])
    recorder = Recorder(scrub=scrubber.text)
    exchange = with_ids(KEY, f"demo:{KEY}:evt")

    recorder.exchange_finished(a_start(), "search", exchange)
    recorder.step_finished(a_start(), a_step(exchanges=(exchange,)))

    assert KEY.encode() not in recorder.render(OPENMETRICS)[0]
    assert exemplars(recorder, "brek_probe_http_requests_total") == [{"run_id": RUN_ID}]


def test_a_secret_that_is_learnt_later_disappears_from_exemplars_taken_before() -> None:
    scrubber = Scrubber()
    recorder = Recorder(scrub=scrubber.text)
    recorder.exchange_finished(a_start(), "search", with_ids(KEY, None))
    assert KEY.encode() in recorder.render(OPENMETRICS)[0]

    scrubber.learn(Secret(KEY))

    assert KEY.encode() not in recorder.render(OPENMETRICS)[0]


def test_a_scrubber_that_fails_costs_the_exemplar_and_not_the_sample() -> None:
    def broken(_text: str) -> str:
        raise RuntimeError("no scrubbing today")

    recorder = Recorder(scrub=broken)
    recorder.exchange_finished(a_start(), "search", an_exchange())

    assert exemplars(recorder, "brek_probe_http_requests_total") == []
    assert [s.value for s in openmetrics_samples(recorder.render(OPENMETRICS)[0]) if "http_requests" in s.name] == [1]


def test_no_id_and_no_text_of_a_server_is_in_the_plain_format() -> None:
    body = populated().render("")[0]

    assert REQUEST_ID.encode() not in body
    assert TRACE_ID.encode() not in body


def test_a_scrape_shows_runs_as_they_were_at_one_moment() -> None:
    counts = RunCounts()
    counts.start("first", ("acme", "quick_search"))
    families = iter(counts.collect())
    shown = [next(families)]
    counts.end("first", ("acme", "quick_search"), "passed")
    counts.start("second", ("acme", "quick_search"))
    counts.start("third", ("acme", "quick_search"))
    shown += families

    values = {family.name: sum(sample.value for sample in family.samples) for family in shown}
    assert values == {"brek_probe_runs": 0, "brek_probe_runs_started": 1, "brek_probe_runs_under_way": 1}


def test_every_scrape_adds_up_while_runs_begin_and_end() -> None:
    recorder = populated()
    stop = threading.Event()
    broken: list[str] = []

    def scrape() -> None:
        while not stop.is_set():
            shown = samples(recorder.render("")[0])
            began, ended, under_way = (
                sum(sample.value for sample in shown if sample.name == f"brek_probe_runs_{name}")
                for name in ("started_total", "total", "under_way")
            )
            if began != ended + under_way:
                broken.append(f"{began} began, {ended} ended, {under_way} under way")

    threads = [threading.Thread(target=scrape) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(6_000):
        recorder.run_started(a_start(run_id=f"more-{number}", scenario=f"s{number % 40}"))
        if number % 3:
            recorder.run_finished(a_run(run_id=f"more-{number}", scenario=f"s{number % 40}"))
    stop.set()
    for thread in threads:
        thread.join()

    assert broken == []
