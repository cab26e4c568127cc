from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from urllib.parse import quote

import httpx
import pytest
from support.sentry import FakeSentry, fake_sentry, listening

from exporter import crash
from exporter.crash import CrashListener
from probes.errors import UsageError
from probes.model import MonitorFault
from probes.redaction import Scrubber, Secret
from probes.words import FaultKind

KEY = 'pk_live_"0123/456+789"\nsecond line'
SPELLINGS = {
    "plain": KEY,
    "url": quote(KEY, safe=""),
    "twice url": quote(quote(KEY, safe=""), safe=""),
    "hex": KEY.encode().hex(),
    "base64": base64.b64encode(KEY.encode()).decode(),
    "json": json.dumps(KEY)[1:-1],
    "reversed": KEY[::-1],
}


@pytest.fixture
def sentry() -> Iterator[FakeSentry]:
    with fake_sentry() as sentry:
        yield sentry


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    password_in_a_local = KEY
    try:
        raise error from cause
    except BaseException as caught:  # noqa: BLE001 - it is what the tests report
        assert password_in_a_local
        return caught


def a_fault(error: BaseException | None, kind: FaultKind = FaultKind.BUG, detail: str = "a bug") -> MonitorFault:
    return MonitorFault(
        kind=kind,
        detail=detail,
        run_id="r1",
        scenario="quick_search",
        target="acme",
        request_id="8f6f7d9d",
        error=error,
    )


async def told(
    sentry: FakeSentry, *faults: MonitorFault, on_fault: Callable[[MonitorFault], None] | None = None
) -> None:
    reporter = crash.start(sentry.dsn, Scrubber([Secret(KEY)]), on_fault=on_fault)
    assert reporter is not None
    listener = CrashListener(reporter)
    for fault in faults:
        listener.monitor_fault(fault)
    await reporter.aclose()


async def test_a_fault_with_an_error_is_reported_with_its_run(sentry: FakeSentry) -> None:
    await told(sentry, a_fault(raised(KeyError("option"))))

    (event,) = sentry.events
    assert event["exception"]["values"][0]["type"] == "KeyError"
    assert event["tags"] == {
        "kind": "bug",
        "run_id": "r1",
        "scenario": "quick_search",
        "target": "acme",
        "request_id": "8f6f7d9d",
    }
    assert event["fingerprint"] == ["monitor_fault", "bug", "KeyError"]
    assert event["release"].startswith("brekwatch@")


async def test_a_fault_without_an_error_is_reported_as_a_message_of_its_kind(sentry: FakeSentry) -> None:
    await told(sentry, a_fault(None, FaultKind.CLOCK, f"the wall clock jumped {KEY}"))

    (event,) = sentry.events
    assert (event["message"], event["level"]) == ("the wall clock jumped ***", "error")
    assert event["fingerprint"] == ["monitor_fault", "clock"]
    assert (event["tags"]["kind"], event["tags"]["request_id"]) == ("clock", "8f6f7d9d")
    assert "exception" not in event


async def test_a_fault_outside_of_runs_has_no_tags_of_one(sentry: FakeSentry) -> None:
    await told(sentry, MonitorFault(kind=FaultKind.CONFIG, detail="refused"))

    assert sentry.events[0]["tags"] == {"kind": "config"}


@pytest.mark.parametrize("spelled", SPELLINGS.values(), ids=SPELLINGS)
async def test_no_spelling_of_a_secret_is_reported(sentry: FakeSentry, spelled: str) -> None:
    root = raised(ValueError(f"root {spelled} end"))
    middle = raised(RuntimeError({"headers": {"x-partner-api-key": spelled}}), root)
    group = raised(ExceptionGroup(f"group {spelled}", [ValueError(f"in a group: {spelled}")]), middle)
    group.add_note(f"a note: {spelled}")

    await told(sentry, a_fault(group, detail=f"detail {spelled}"))

    (body,) = sentry.bodies
    assert b"in a group: ***" in body
    for form in {spelled, json.dumps(spelled)[1:-1]}:
        assert form.encode() not in body


async def test_a_secret_inside_a_longer_base64_text_is_not_reported(sentry: FakeSentry) -> None:
    basic = base64.b64encode(b"user:" + KEY.encode() + b"...").decode()

    await told(sentry, a_fault(raised(ValueError(f"Basic {basic}"))))

    assert basic[8:-8].encode() not in sentry.bodies[0]


async def test_a_portal_token_is_not_reported(sentry: FakeSentry) -> None:
    await told(sentry, a_fault(raised(ValueError("?portalToken=psu_1771456992743_e2634ddd"))))

    assert b"psu_" not in sentry.bodies[0]


@pytest.mark.parametrize("shift", range(-40, 2, 3))
async def test_a_secret_is_removed_before_a_text_is_cut(sentry: FakeSentry, shift: int) -> None:
    await told(sentry, a_fault(raised(ValueError("a" * (8192 + shift) + KEY + "b" * 200_000))))

    assert b"pk_liv" not in sentry.bodies[0]
    assert len(sentry.bodies[0]) < 40_000


async def test_neither_locals_nor_source_nor_this_host_are_reported(sentry: FakeSentry) -> None:
    await told(sentry, a_fault(raised(ValueError("no secret here"))))

    (event,) = sentry.events
    frames = [frame for value in event["exception"]["values"] for frame in value["stacktrace"]["frames"]]
    assert frames
    assert not {"vars", "context_line", "pre_context", "post_context"} & {key for frame in frames for key in frame}
    assert event["server_name"] == "brekwatch"
    assert not event.get("breadcrumbs", {}).get("values")
    assert not {"request", "user", "modules"} & set(event)


async def test_a_report_that_can_not_be_scrubbed_is_dropped_and_told(sentry: FakeSentry) -> None:
    class Broken(Scrubber):
        def data(self, value: object) -> object:
            raise RuntimeError(KEY)

    faults: list[MonitorFault] = []
    reporter = crash.start(sentry.dsn, Broken(), on_fault=faults.append)
    assert reporter is not None
    CrashListener(reporter).monitor_fault(a_fault(raised(ValueError(KEY))))
    await reporter.aclose()

    assert sentry.bodies == []
    assert [fault.kind for fault in faults] == [FaultKind.SENTRY]
    assert KEY not in faults[0].detail


async def test_sentrys_own_trouble_is_not_told_to_sentry(sentry: FakeSentry) -> None:
    await told(sentry, a_fault(raised(ValueError("x")), FaultKind.SENTRY))

    assert sentry.bodies == []


async def test_a_storm_of_one_fault_is_told_once(sentry: FakeSentry) -> None:
    storm = [a_fault(raised(ValueError("x"))) for _ in range(50)]

    await told(sentry, *storm, a_fault(raised(KeyError("y"))))

    assert len(sentry.bodies) == 2


async def test_an_unreachable_sentry_ends_nothing_and_is_told_elsewhere(capfd: pytest.CaptureFixture[str]) -> None:
    with fake_sentry() as gone:
        pass

    faults: list[MonitorFault] = []

    await told(gone, a_fault(raised(ValueError("x"))), on_fault=faults.append)
    await asyncio.sleep(0)

    assert gone.bodies == []
    assert tuple(capfd.readouterr()) == ("", "")
    assert [(fault.kind, fault.detail) for fault in faults] == [
        (FaultKind.SENTRY, "a crash report was not taken: network")
    ]


async def test_a_sentry_that_refuses_reports_is_a_fault_which_is_not_told_to_it(sentry: FakeSentry) -> None:
    sentry.status_code = 503
    faults: list[MonitorFault] = []

    await told(sentry, a_fault(raised(ValueError("x"))), on_fault=faults.append)
    await asyncio.sleep(0)

    assert [(fault.kind, fault.detail) for fault in faults] == [
        (FaultKind.SENTRY, "a crash report was not taken: status_503")
    ]
    assert len(sentry.bodies) == 1


@pytest.mark.parametrize("dsn", [None, Secret("")], ids=["none", "empty"])
def test_without_a_dsn_there_is_no_reporter(dsn: Secret | None) -> None:
    assert crash.start(dsn, Scrubber()) is None


def test_without_a_dsn_the_sdk_is_not_even_imported() -> None:
    program = (
        "import sys; from exporter import crash; from probes.redaction import Scrubber;"
        "crash.start(None, Scrubber()); sys.exit('sentry_sdk' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)  # noqa: S603 - our own words

    assert done.returncode == 0


@pytest.mark.parametrize("dsn", ["nonsense-of-somebody", "http://127.0.0.1/7", "ftp://key@127.0.0.1/7"])
async def test_a_wrong_dsn_is_told_and_not_repeated(dsn: str) -> None:
    with pytest.raises(UsageError, match="Sentry DSN") as told_of:
        crash.start(Secret(dsn), Scrubber())
    assert dsn not in str(told_of.value)


async def test_other_requests_carry_no_header_of_sentry(sentry: FakeSentry) -> None:
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.extend(name.lower() for name in self.headers)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    reporter = crash.start(sentry.dsn, Scrubber())
    assert reporter is not None
    with listening(Handler) as port:
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.get(f"http://127.0.0.1:{port}/")
    await reporter.aclose()

    assert "host" in seen
    assert not {"sentry-trace", "baggage", "traceparent"} & set(seen)
