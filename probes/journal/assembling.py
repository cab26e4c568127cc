"""Puts the writer thread's parts together, in that thread: importing the database's library takes a while."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from datetime import datetime

from probes.journal.file_store import FileStore
from probes.journal.items import Journey
from probes.journal.opening import place_of
from probes.journal.queue import Queue
from probes.journal.retention import Pruning
from probes.journal.server_store import ServerStore
from probes.journal.statements import Pen
from probes.journal.store import Instance, Store
from probes.journal.texts import Scrub
from probes.journal.writer import Told, Writer
from probes.settings import Retention


def assemble(
    url: str,
    *,
    instance_id: str,
    command: str,
    exclusive: bool,
    retention: Retention | None,
    queue: Queue,
    journeys: Mapping[str, Journey],
    told: Told,
    scrub: Scrub,
    now: Callable[[], datetime],
) -> Writer:
    """A writer that has opened nothing yet. Raises JournalError for a URL that names no journal."""
    store = store_of(url, instance_id=instance_id, command=command, exclusive=exclusive, now=now)
    pruner = None if retention is None else Pruning(retention)
    return Writer(store, queue, Pen(instance_id, scrub), told, journeys=journeys, now=now, pruner=pruner)


def store_of(
    url: str, *, instance_id: str, command: str, now: Callable[[], datetime], exclusive: bool = False
) -> Store:
    """The database of one more process that writes, not opened yet. Raises JournalError for a URL that names none."""
    instance = Instance(
        instance_id=instance_id, command=command, host=socket.gethostname(), pid=os.getpid(), started_at=now()
    )
    place = place_of(url)
    if place.path is None:
        return ServerStore(place, instance, now)
    return FileStore(place, place.path, instance, now, exclusive=exclusive)
