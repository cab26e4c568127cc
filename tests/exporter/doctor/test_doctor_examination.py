"""Doctor as a whole: bounded, without secrets, and never a traceback."""

from __future__ import annotations

import asyncio
import io
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from rich.console import Console
from support.certificates import Certificates

from exporter.doctor.bounded import bounded
from exporter.doctor.examination import examine
from exporter.doctor.findings import Level, Whose
from probes.errors import LocalResourceError, UsageError
from probes.off_loop import off_loop
from probes.sandbox.server import SandboxServer

KEY = "sk_test_51H8xQz"
CONFIG = """
service: {{listen: "{listen}", journal: "sqlite:///brekwatch.db"}}
targets:
  acme: {{base_url: "{url}", environment: sandbox, api_key: "${{KEY}}"}}
probes:
  - {{scenario: quick_search, every: 1m}}
"""


async def examined(config: Path | None, environ: Mapping[str, str]) -> tuple[int, str]:
    text = io.StringIO()
    code = await examine(config, {"HOME": "/nonexistent", **environ}, Console(file=text, width=200))
    return code, text.getvalue()


def written(folder: Path, url: str, listen: str = "127.0.0.1:0") -> Path:
    path = folder / "brekwatch.yaml"
    path.write_text(CONFIG.format(url=url, listen=listen))
    return path


async def test_a_sound_install_ends_with_0(tmp_path: Path) -> None:
    async with SandboxServer() as sandbox:
        code, text = await examined(written(tmp_path, sandbox.base_url), {"KEY": KEY})

    assert code == 0, text
    assert text.splitlines()[-1].startswith("Sound: ")
    for about in ("configuration", "brekwatch", "libraries", "scenarios", "journal", "port", "clock", "target acme"):
        assert f"  {about} " in text or f" {about}  " in text
    assert KEY not in text


async def test_without_any_configuration_it_says_how_to_begin() -> None:
    code, text = await examined(None, {})

    assert code == 0, text
    assert "there is none" in text
    assert "brekwatch config init" in text


async def test_the_variables_alone_are_a_configuration() -> None:
    async with SandboxServer() as sandbox:
        environ = {"BREK_BASE_URL": sandbox.base_url, "BREK_PARTNER_API_KEY": sandbox.api_key}
        code, text = await examined(None, environ)

    assert code == 0, text
    assert "target default" in text
    assert sandbox.api_key not in text


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        pytest.param({"BREK_BASE_URL": "http://127.0.0.1:9"}, "BREK_PARTNER_API_KEY is not set", id="half"),
        pytest.param({"BREKWATCH_CONFIG": "/nonexistent.yaml"}, "/nonexistent.yaml", id="no-file"),
        pytest.param({"BREKWATCH_JOURNAL": "mysql://x"}, "BREKWATCH_JOURNAL must begin with", id="journal"),
    ],
)
async def test_wrong_variables_end_with_2_and_the_other_checks_go_on(environ: dict[str, str], said: str) -> None:
    code, text = await examined(None, environ)

    assert code == 2
    assert said in text
    assert "libraries" in text


async def test_each_problem_of_a_wrong_configuration_is_a_line_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "brekwatch.yaml"
    path.write_text("targets:\n  acme: {base_url: ftp://x, api_kye: y}\nprobs: []\n")
    code, text = await examined(path, {})

    assert code == 2
    assert f"{path}:2:" in text
    assert f"{path}:3:" in text


async def test_what_config_check_refuses_is_a_failure_and_told_once(tmp_path: Path) -> None:
    path = written(tmp_path, "http://127.0.0.1:9", listen="0.0.0.0:9464")
    path.write_text(path.read_text().replace("sandbox,", "sandbox, quota: {limit: 10},"))
    code, text = await examined(path, {"KEY": KEY})

    assert code == 2
    assert text.count("the probes plan 3.0 requests a minute") == 1
    assert text.count("is reachable from elsewhere") == 1


async def test_a_target_that_cannot_be_reached_ends_with_1(tmp_path: Path) -> None:
    async with SandboxServer() as sandbox:
        path = written(tmp_path, sandbox.base_url)
    code, text = await examined(path, {"KEY": KEY})

    assert code == 1, text
    assert "can't be reached (connect)" in text


async def test_an_untrusted_certificate_is_told_as_such(tmp_path: Path) -> None:
    context = Certificates(tmp_path).server("self_signed")
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        code, text = await examined(written(tmp_path, f"https://127.0.0.1:{port}"), {"KEY": KEY})

    assert code == 1
    assert "(tls): the certificate is not accepted" in text


async def test_a_key_that_reaches_a_text_is_scrubbed(tmp_path: Path) -> None:
    folder = tmp_path / KEY
    folder.mkdir()
    _, text = await examined(written(folder, "http://127.0.0.1:9"), {"KEY": KEY})

    assert KEY not in text
    assert "/***/brekwatch.yaml" in text


async def test_work_that_hangs_is_given_up_and_holds_nobody() -> None:
    forever = threading.Event()
    began = time.monotonic()
    found = await bounded("journal", off_loop(lambda: [forever.wait()], name="doctor"), seconds=0.1)
    took = time.monotonic() - began
    forever.set()

    assert took < 2
    assert [(each.level, each.whose) for each in found] == [(Level.FAIL, Whose.NOBODY_KNOWS)]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("error", "whose", "said"),
    [
        pytest.param(UsageError("it is wrong"), Whose.OURS, "it is wrong", id="usage"),
        pytest.param(LocalResourceError("no more sockets"), Whose.OURS, "no more sockets", id="resources"),
        pytest.param(KeyError(KEY), Whose.NOBODY_KNOWS, "fault of its own: KeyError", id="bug"),
    ],
)
async def test_whatever_a_check_raises_is_a_finding(error: Exception, whose: Whose, said: str) -> None:
    def work() -> list[object]:
        raise error

    (found,) = await bounded("journal", off_loop(work, name="doctor"))

    assert (found.level, found.whose) == (Level.FAIL, whose)  # type: ignore[attr-defined]
    assert said in found.told  # type: ignore[attr-defined]
    assert KEY not in f"{found}"
