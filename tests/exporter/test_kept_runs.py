from __future__ import annotations

from support.facts import a_failure, a_run, a_step, an_answer, an_exchange

from exporter.kept_runs import KeptRuns
from exporter.run_json import runs_as_json
from probes.words import FailureKind


def test_bodies_are_not_kept() -> None:
    large = an_exchange(
        request_body=b"x" * 9, answer=an_answer(content=b"y" * 9, body={"z": 9}, artifacts={"shortlist": [9]})
    )
    kept = KeptRuns()
    kept.run_finished(a_run(steps=(a_step(exchanges=(large,)),), cleanup=(a_step(exchanges=(large,)),)))
    (run,) = kept.runs

    for step in (*run.steps, *run.cleanup):
        (exchange,) = step.exchanges
        assert exchange.request_body == b""
        assert exchange.answer == an_answer(content=b"")


def test_what_is_told_of_a_kept_run_is_all_that_is_told_of_it_otherwise() -> None:
    lost = an_exchange(failure=a_failure(FailureKind.TIMEOUT), answer=None, expected=False)
    run = a_run(steps=(a_step(exchanges=(lost, an_exchange())),))
    kept = KeptRuns()
    kept.run_finished(run)

    assert runs_as_json(kept.runs, str) == runs_as_json([run], str)
