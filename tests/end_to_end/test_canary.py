"""Twelve secrets in all their spellings, echoed by the API wherever it can: no output of a command shows one."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import bcrypt
import httpx
import pytest
from support.canaries import (
    JOURNAL_PASSWORD,
    OLD_KEY,
    OTHER_KEY,
    OTHER_TARGETS_KEY,
    PARTNER_KEY,
    SENTRY_KEY,
    Echo,
    spelled,
    traces,
)
from support.commands import start
from support.lying import Lying
from support.sentry import FakeSentry, fake_sentry

from probes.sandbox.server import SandboxServer
from probes.sandbox.tenants import Tenant

OPENMETRICS = {"accept": "application/openmetrics-text"}
USER, PASSWORD = "prometheus", "Vw3-kT8z_Qm5xJr1"
NO_SCRUBBING = """
from probes import redaction
redaction.Scrubber.body = lambda self, content: content
"""
FORMS = ("table", "json", "junit")
PLAYED = ("run", "golden_path", "error_catalog", "-t", "sandbox", "-c")
READERS = {
    "runs": ("runs",),
    "runs as JSON": ("runs", "--format", "json"),
    "conversation": ("runs", "show", "{run}", "--bodies"),
    "find": ("find", "{run}"),
    "find as JSON": ("find", "{run}", "--format", "json"),
    "check": ("journal", "check"),
    "export": ("journal", "export"),
    "backup": ("journal", "backup", "{folder}/copy.db"),
}
"""Commands that show what the journal holds, by the name of their output."""

CONFIG = """
service:
  listen: 127.0.0.1:0
  journal: '{journal}'
  web_config: web.yml
  sentry_dsn_file: dsn
  reference: ["127.0.0.1:1"]
targets:
  sandbox:
    base_url: {base_url}
    api_key_file: key
    other_api_key_file: other
    portal: {{attach_url: '{attach_url}', setup_origins: ['{origin}']}}
    quota: {{share: 1.0, reserve: 0.0, limit: 100000}}
  second:
    base_url: {base_url}
    api_key: ${{SECOND_KEY}}
    auth_header: authorization
    quota: {{share: 1.0, reserve: 0.0, limit: 100000}}
  rotating:
    base_url: {base_url}
    api_key_file: rotating
    quota: {{share: 1.0, reserve: 0.0, limit: 100000}}
probes:
  - {{scenario: golden_path, targets: [sandbox], every: 1s}}
  - {{scenario: session_isolation, targets: [sandbox], every: 1s}}
  - {{scenario: error_catalog, targets: [sandbox, rotating], every: 1s}}
  - {{scenario: quick_search, every: 1s}}
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder with a configuration, and the API that echoes what it should not."""

    folder: Path
    api: Lying
    sentry: FakeSentry
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def config(self) -> str:
        return str(self.folder / "brekwatch.yaml")

    def write_secret(self, name: str, text: str) -> None:
        path = self.folder / f"{name}.new"
        path.touch(0o600)
        path.write_text(text)
        path.replace(self.folder / name)

    def fill(self, journal: str, portal: str, attach_url: str) -> None:
        port = self.sentry.dsn.reveal().rpartition(":")[2]
        secrets = {"key": PARTNER_KEY, "other": OTHER_KEY, "rotating": OLD_KEY}
        for name, text in (secrets | {"dsn": f"http://{SENTRY_KEY}@127.0.0.1:{port}"}).items():
            self.write_secret(name, text)
        hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
        (self.folder / "web.yml").write_text(f"basic_auth_users:\n  {USER}: {hashed}\n")
        urls = {"base_url": self.api.base_url, "attach_url": attach_url, "origin": portal}
        (self.folder / "brekwatch.yaml").write_text(CONFIG.format(journal=journal, **urls))

    def files(self) -> Iterator[tuple[str, bytes]]:
        """What the commands left in the folder: all but what was put there."""
        planted = {"key", "other", "rotating", "dsn"}
        for path in self.folder.rglob("*"):
            if path.is_file() and path.name not in planted:
                yield path.name, path.read_bytes()


@asynccontextmanager
async def place(folder: Path, journal: str, environment: Mapping[str, str]) -> AsyncIterator[Place]:
    keys = (PARTNER_KEY, OTHER_KEY, OLD_KEY, OTHER_TARGETS_KEY)
    tenants = {key: Tenant(tenant_id=f"tenant-{n}", partner_id=f"partner-{n}") for n, key in enumerate(keys)}
    unknown = () if "postgresql" in journal else (JOURNAL_PASSWORD,)
    with fake_sentry() as sentry:
        async with (
            SandboxServer(api_keys=tenants, minute_quota=100_000) as sandbox,
            Lying(sandbox.base_url, Echo(spelled(*unknown))) as api,
        ):
            found = Place(folder, api, sentry, {"SECOND_KEY": OTHER_TARGETS_KEY, **environment})
            found.fill(journal, sandbox.base_url, sandbox.attach_url)
            yield found


@asynccontextmanager
async def outputs_of_serve(where: Place) -> AsyncIterator[dict[str, bytes]]:
    """Everything that a service showed to anybody, from its start to its end; a key is rotated in the midst."""
    shown: dict[str, bytes] = {}
    out, err = where.folder / "stdout", where.folder / "stderr"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        arguments = ("serve", "-c", where.config, "--log-level", "debug")
        process = await start(*arguments, environment=where.environment, out=stdout.fileno(), err=stderr.fileno())
        try:
            url = await _url_in(err)
            await _answered(where.api, 50)
            where.write_secret("rotating", OTHER_TARGETS_KEY)
            await _until(lambda: b"config_reloaded" in err.read_bytes())
            async with httpx.AsyncClient(base_url=url, trust_env=False, auth=(USER, PASSWORD)) as http:
                shown["openmetrics"] = b""
                for answers in range(60, 160, 5):  # an exemplar shows the newest ids only
                    await _answered(where.api, answers)
                    shown["openmetrics"] += (await http.get("/metrics", headers=OPENMETRICS)).content
                shown["metrics"] = (await http.get("/metrics")).content
                shown["page"] = (await http.get("/")).content
                shown["health"] = (await http.get("/healthz")).content
                shown["found"] = (await http.get(f"/find/{_failed_run(err)}")).content
            shown["cmdline"] = Path(f"/proc/{process.pid}/cmdline").read_bytes()
            shown["limits"] = Path(f"/proc/{process.pid}/limits").read_bytes()
            shown |= {f"{name} in use": content for name, content in where.files()}
            sound = Path(where.config).read_text()
            Path(where.config).write_text(f"service: {{{json.dumps(PARTNER_KEY)}: {OTHER_KEY}}}")
            process.send_signal(signal.SIGHUP)
            await _until(lambda: b"the one before stays in force" in err.read_bytes())
            Path(where.config).write_text(sound)
            yield shown
            process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(process.wait(), 30)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    if (where.folder / "journal.db").exists():
        for name, reader in READERS.items():
            asked = [part.format(run=_failed_run(err), folder=where.folder) for part in reader]
            shown[name] = b"".join(await _outputs(where, *asked, "-c", where.config))
    shown |= dict(where.files())
    shown["sentry"] = b"\n".join(where.sentry.bodies)


async def _url_in(log: Path) -> str:
    def line() -> str:
        return next((each for each in log.read_text().splitlines() if "service_started" in each), "")

    await _until(line)
    return line().partition('"url":"')[2].partition('"')[0]


def _failed_run(log: Path) -> str:
    """The last one whose failure the log tells."""
    failed = [json.loads(line) for line in log.read_text().splitlines() if "step_failed" in line]
    return str(failed[-1]["run_id"])


async def _answered(api: Lying, number: int) -> None:
    await _until(lambda: len(api.received) >= number)


async def _until(true: object) -> None:
    assert callable(true)
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.05)


JOURNALS = {
    "sqlite": ("sqlite:///journal.db", {}),
    "postgresql_that_is_away": (
        "postgresql://brekwatch:${JOURNAL_PASSWORD}@127.0.0.1:1/journal",
        {"JOURNAL_PASSWORD": "jW4%20n%C3%B6%257%2FRq%402z%3ATk9x"},
    ),
}


@pytest.mark.parametrize("journal", JOURNALS.values(), ids=JOURNALS)
async def test_a_service_shows_no_secret_to_anybody(tmp_path: Path, journal: tuple[str, dict[str, str]]) -> None:
    url, environment = journal
    async with place(tmp_path, url, environment) as where, outputs_of_serve(where) as shown:
        pass

    assert {name: found for name, output in shown.items() if (found := traces(output))} == {}
    assert PASSWORD.encode() not in b"".join(shown.values())
    assert len(shown.get("export", b"").splitlines()) > 20 or "postgresql" in url
    assert shown["stderr"].count(b"***") > 50
    assert b"the one before stays in force" in shown["sentry"]
    assert re.search(rb"Max core file size +0 +0 ", shown["limits"])
    assert b"trace_id=" in shown["openmetrics"] or b"request_id=" in shown["openmetrics"]


@pytest.mark.parametrize("form", FORMS)
async def test_a_run_shows_no_secret_in_any_format(tmp_path: Path, form: str) -> None:
    async with place(tmp_path, *JOURNALS["sqlite"]) as where:
        out, err = await _outputs(where, *PLAYED, where.config, "--repeat", "8", "--format", form)
        left = dict(where.files())

    assert [traces(output) for output in (out, err, *left.values())] == [[]] * (2 + len(left))
    assert (out + err).count(b"***") > 20


async def _outputs(where: Place, *arguments: str) -> tuple[bytes, bytes]:
    process = await start(*arguments, environment=where.environment)
    return await asyncio.wait_for(process.communicate(), 60)


async def test_without_scrubbing_every_output_that_holds_a_servers_words_shows_secrets(tmp_path: Path) -> None:
    """The canary is worth something: secrets do come as far as each of these, and it sees them there."""
    (tmp_path / "off").mkdir()
    (tmp_path / "off" / "sitecustomize.py").write_text(NO_SCRUBBING)
    off = {"PYTHONPATH": str(tmp_path / "off")}
    folder = tmp_path / "place"
    folder.mkdir()
    async with place(folder, JOURNALS["sqlite"][0], off) as where, outputs_of_serve(where) as shown:
        for form in ("table", "json", "junit"):
            shown[form], _ = await _outputs(where, *PLAYED, where.config, "--repeat", "8", "--format", form)

    leaking = {name for name, output in shown.items() if traces(output)}

    assert leaking >= {
        *("stderr", "sentry", "openmetrics", "journal.db", "journal.db-wal in use", "copy.db"),
        *("runs as JSON", "export", *FORMS),
    }
    assert not leaking & {"cmdline", "page", "health", "metrics"}
