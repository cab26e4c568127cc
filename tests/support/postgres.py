"""A PostgreSQL server of the tests' own on loopback, whatever else this machine has, and an empty database a test."""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

_USER = "brekwatch"
_UNPRIVILEGED = "nobody"  # the server refuses to be root
_READY_SECONDS = 30.0
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a path of the tests may be longer than a socket's may be
    "shared_buffers": "16MB",
    "autovacuum": "off",
}


class Cluster:
    """One server that listens on loopback, and can be stopped, killed and started again with what it kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._programs = _programs()
        self._password = secrets.token_hex(16)
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        """Lay its files out."""
        password_file = self._folder / "password"
        password_file.write_text(self._password)
        if os.geteuid() == 0:
            shutil.chown(self._folder, _UNPRIVILEGED)
            shutil.chown(password_file, _UNPRIVILEGED)
        arguments = f"--username={_USER} --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --no-sync".split()
        where = (f"--pgdata={self._data}", f"--pwfile={password_file}")
        command = self._command("initdb", *arguments, *where)
        created = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - nothing foreign
        assert created.returncode == 0, created.stderr

    def start(self) -> None:
        """Serve, as before if it was stopped; ready afterwards."""
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Serve soon."""
        settings = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        command = self._command("postgres", "-D", str(self._data), "-p", str(self._port), *settings)
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - nothing foreign

    def stop(self, by: signal.Signals = signal.SIGINT) -> None:
        """No longer serve: sessions are ended. SIGQUIT stands for a crash."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(by)
            process.wait(_READY_SECONDS)

    def wait_until_ready(self) -> None:
        """It answers."""
        assert self._process is not None, "it was stopped"
        give_up_at = time.monotonic() + _READY_SECONDS
        while True:
            try:
                self.connect().close()
            except psycopg.OperationalError:
                ended = self._process.poll() is not None
                if ended or time.monotonic() > give_up_at:
                    raise AssertionError((self._folder / "log").read_text()) from None
                time.sleep(0.02)
            else:
                return

    def url(self, database: str) -> str:
        """What `service.journal` would say."""
        return f"postgresql://{_USER}:{self._password}@127.0.0.1:{self._port}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """A session beside those of the product, in which each statement is committed at once."""
        return psycopg.connect(self.url(database), autocommit=True, connect_timeout=5)

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a new, empty database."""
        name = f"test_{secrets.token_hex(6)}"
        with self.connect() as session:
            session.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
        try:
            yield self.url(name)
        finally:
            self.wait_until_ready()
            with self.connect() as session:
                session.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    def _command(self, program: str, *arguments: str) -> list[str]:
        """Ends with this process, also if it is killed; as an ordinary user, even for root."""
        wrapper = ["setpriv", "--pdeathsig=QUIT"]
        if os.geteuid() == 0:
            who = pwd.getpwnam(_UNPRIVILEGED)
            wrapper += [f"--reuid={who.pw_uid}", f"--regid={who.pw_gid}", "--clear-groups"]
        return [*wrapper, str(self._programs / program), *arguments]


@contextmanager
def serving() -> Iterator[Cluster]:
    """A server, ready; gone with all its files afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="brekwatch-postgres-"))  # not below pytest's own, which others can't enter
    cluster = Cluster(folder)
    try:
        cluster.create()
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    """The folder of the newest server's programs: Debian has them beside PATH."""
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(installed, key=lambda path: float(path.parts[-3]), default=None)
    found = newest or shutil.which("initdb")
    assert found, "PostgreSQL is not installed: make system"
    return Path(found).parent


def _free_port() -> int:
    """One that no outgoing connection takes meanwhile: below those that Linux hands out."""
    while True:
        port = 20_000 + secrets.randbelow(10_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
