"""Files and the port: whether they are there, ours to use, and nobody else's to read."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import stat
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from exporter.doctor.findings import Finding, fail, ok, warn
from exporter.web import listening
from probes.errors import EmptyJournalError, JournalError, UsageError
from probes.journal.kept import RunFilter
from probes.redaction import Secret
from probes.settings import Service

_SQLITE = "sqlite:///"
_OTHERS_READ = stat.S_IRGRP | stat.S_IROTH
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_MEGABYTE = 1_000_000
_HAND_OVER = "give it to whoever runs brekwatch, or name another file in service.journal"
_LITTLE, _TOO_LITTLE = 1000 * _MEGABYTE, 50 * _MEGABYTE


def config_file(path: Path, secrets: Iterable[Secret]) -> Iterator[Finding]:
    """Who else may change the configuration, or read a key in it."""
    mode = path.stat().st_mode
    shown = f"{path} (mode {stat.S_IMODE(mode):04o})"
    text = path.read_text(encoding="utf-8", errors="replace")
    if mode & _OTHERS_READ and any(secret and secret.reveal() in text for secret in secrets):
        yield fail(
            "configuration",
            f"{shown} holds a secret, and others may read it",
            f"chmod 600 {path}, or give the secret as ${{VAR}} or in a file of its own",
        )
    if mode & _OTHERS_WRITE:
        yield warn("configuration", f"others may write to {shown}", f"chmod go-w {path}")


def journal(url: str) -> Iterator[Finding]:
    """Whether the journal can be read; of a file also whether it can be written, and what its disk has left."""
    if not url.startswith(_SQLITE):
        yield _read(url)
        return
    path = Path(url.removeprefix(_SQLITE))
    folder = next(each for each in path.parents if each.exists())
    if path.exists() and not path.is_file():
        yield fail("journal", f"{path} is no regular file", "name another file in service.journal")
    elif not folder.is_dir():
        yield fail("journal", f"{path} can't be made: {folder} is no folder", "name another file in service.journal")
    elif closed := [each for each in (path, folder) if each.exists() and not _is_open(each)]:
        yield fail("journal", f"{path} can't be written: {closed[0]} is closed to this user", _HAND_OVER)
    elif path.exists() and path.stat().st_size:
        yield _read(url)
    else:
        yield ok("journal", f"{path} can be {'written' if path.exists() else 'made'}")
    yield _disk(folder)


def _read(url: str) -> Finding:
    """What the journal itself says: is it sound, and of a version that is known here?"""
    from probes.journal.reading import Reader

    try:
        with closing(Reader(url)) as reader:
            kept = sum(1 for _ in reader.runs(RunFilter(limit=1)))
    except EmptyJournalError:
        return ok("journal", "it can be reached, and nothing was kept yet")
    except JournalError as problem:
        return fail("journal", str(problem), "brekwatch journal check looks closer; service.journal says where it is")
    return ok("journal", f"it can be read, and {'runs were' if kept else 'nothing was'} kept")


def _is_open(path: Path) -> bool:
    return os.access(path, os.W_OK | (os.X_OK if path.is_dir() else 0))


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    told = f"{free / _MEGABYTE:,.0f} MB are free at {folder}"
    advice = "make room: what can't be kept is no evidence"
    if free < _TOO_LITTLE:
        return fail("disk", told, advice)
    return warn("disk", told, advice) if free < _LITTLE else ok("disk", told)


def port(service: Service) -> Iterator[Finding]:
    """Whether the service could listen where it is told to. It listens there for a moment, and answers nobody."""
    where = f"{service.listen_host}:{service.listen_port}"
    try:
        checked = listening.check(service.listen_host, service.listen_port, service.web_config)
    except UsageError as problem:
        yield fail("port", f"service.listen: {problem}")
        return
    with socket.socket(checked.family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((checked.address, service.listen_port))
            listener.listen()
        except OSError as problem:
            yield _refused(where, problem)
        else:
            yield ok("port", f"{where} is free")


def _refused(where: str, problem: OSError) -> Finding:
    if problem.errno == errno.EADDRINUSE:
        return warn(
            "port",
            f"{where} is in use",
            "fine if that is a running brekwatch; else choose another port in service.listen",
        )
    return fail("port", f"{where} can't be listened on: {problem.strerror}", "choose another in service.listen")
