from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest
from support.certificates import Certificates
from support.readiness_samples import a_seen

from exporter.audit_counter import Counter
from exporter.audit_ending import Asked
from exporter.audit_proxy import ProxyRequest, audit_proxy, notes_of
from probes.errors import UsageError
from probes.readiness.proxy.recorder import Recorder
from probes.readiness.proxy.server import RecordingProxy
from probes.words import Environment

SANDBOX = "http://127.0.0.1:3000"


async def audited(request: ProxyRequest) -> None:
    """Bounded: a request that isn't refused would be served until somebody stops it."""
    async with asyncio.timeout(5):
        await audit_proxy(request)


@pytest.mark.parametrize(
    ("to", "environment", "complaint"),
    [
        pytest.param("https://www.brek.ai", None, "www.brek.ai is production", id="brek"),
        pytest.param("https://www.brek.ai", Environment.SANDBOX, "somebody's money", id="brek_declared_a_sandbox"),
        pytest.param("https://BREK.ai.", Environment.SANDBOX, "somebody's money", id="brek_spelled_otherwise"),
        pytest.param("https://api.example", None, "say so: --sandbox, or BREK_ENVIRONMENT=sandbox", id="undeclared"),
        pytest.param("https://api.example", Environment.PRODUCTION, "api.example is production", id="declared"),
        pytest.param(SANDBOX, Environment.PRODUCTION, "127.0.0.1 is production", id="loopback_declared"),
        pytest.param("api.example", Environment.SANDBOX, "must start with https:// or http://", id="no_url"),
    ],
)
async def test_only_a_sandbox_is_audited(to: str, environment: Environment | None, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        await audited(ProxyRequest(to=to, environment=environment))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "somewhere.example", "no host"])  # noqa: S104 - refused
async def test_beyond_this_machine_it_is_not_served_without_tls(host: str) -> None:
    with pytest.raises(UsageError, match="partner keys would cross the network in the clear"):
        await audited(ProxyRequest(to=SANDBOX, host=host))


async def test_a_certificate_wants_its_key() -> None:
    with pytest.raises(UsageError, match="a certificate needs its private key"):
        await audited(ProxyRequest(to=SANDBOX, certificate=Path("a.pem")))


@pytest.mark.parametrize("name", ["missing.pem", "good.key"])
async def test_a_certificate_that_can_not_be_used_is_named(name: str, tmp_path: Path) -> None:
    Certificates(tmp_path)
    certificate = tmp_path / name

    with pytest.raises(UsageError, match=rf"{name} and .*self_signed\.key can't be used"):
        await audited(ProxyRequest(to=SANDBOX, certificate=certificate, private_key=tmp_path / "self_signed.key"))


async def test_an_authority_that_can_not_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"missing\.pem can't be used: No such file or directory"):
        await audited(ProxyRequest(to=SANDBOX, authority=tmp_path / "missing.pem"))


async def test_a_place_without_a_folder_is_refused_before_anything_is_served(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no folder: make it first"):
        await audited(ProxyRequest(to=SANDBOX, asked=Asked(json=tmp_path / "missing" / "audit.json")))


async def test_what_is_missing_of_the_evidence_stands_in_the_notes() -> None:
    recorder = Recorder()
    proxy = RecordingProxy(SANDBOX, recorder)
    quiet = notes_of(recorder, proxy)
    recorder.unreachable, recorder.dropped, recorder.unread, proxy.refused = 1, 2, 3, 4

    assert quiet == []
    assert [note.split()[0] for note in notes_of(recorder, proxy)] == ["1", "2", "3", "4"]
    assert notes_of(recorder, proxy)[0].startswith("1 request could not be passed on")


def test_the_count_changes_in_place_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Tty(io.StringIO):
        def isatty(self) -> bool:
            return True

    shown = Tty()
    monkeypatch.setattr("sys.stderr", shown)
    with Counter() as counter:
        counter.saw(a_seen(1))
        counter.saw(a_seen(2, answer=None))

    assert shown.getvalue().endswith("\r\x1b[K2 requests seen, 1 without a good answer\n")


def test_elsewhere_nothing_is_counted_aloud(capsys: pytest.CaptureFixture[str]) -> None:
    with Counter() as counter:
        counter.saw(a_seen(1))

    assert capsys.readouterr().err == ""
    assert counter.requests == 1
