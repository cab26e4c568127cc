"""Whether the targets can be reached: name, connection, TLS, certificate. The key stays at home.

Each target is asked for its public `/llms.txt`, without a key, to see its time; nothing of that counts against a quota.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from exporter.doctor.bounded import SECONDS
from exporter.doctor.findings import Finding, Whose, fail, ok, warn
from probes.files.addresses import listen_address
from probes.model import Target
from probes.origin import Origin
from probes.reach import Reached, reach
from probes.words import FailureKind

_MOST_AHEAD_SECONDS = 5.0
_EXPIRES_SOON_SECONDS = 14 * 86_400.0
_PUBLIC = "/llms.txt"
_ADVICE: Mapping[FailureKind, str] = {
    FailureKind.DNS: "check the name, and this machine's name servers",
    FailureKind.CONNECT: "check the address and port, and the firewalls between",
    FailureKind.TLS: "check the server's certificate, and that this machine's trusted ones are fresh (ca-certificates)",
    FailureKind.TIMEOUT: "check the firewalls between: what they drop in silence looks like this",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Something to reach; `ask` is the path of a public document there, if it has one."""

    about: str
    origin: Origin
    ask: str | None = None


async def network(targets: Iterable[Target], reference: Iterable[str], *, seconds: float = SECONDS) -> list[Finding]:
    """Of the targets, of their portals, and of the reference addresses: if none of those answers, we are offline.

    Raises LocalResourceError where this machine can't even try.
    """
    places = list(_places(targets))
    addresses = [_Place(about="reference", origin=Origin("http", *listen_address(text))) for text in reference]
    reached = await _all((*addresses, *places), seconds)
    silent = sum(each.kind is not None for each in reached[: len(addresses)])
    offline = 0 < len(addresses) == silent
    found = list(_of_references(len(addresses), silent))
    for place, one in zip(places, reached[len(addresses) :], strict=True):
        found += _of_place(place, one, Whose.NOBODY_KNOWS if offline else Whose.TARGET)
    return found


def _places(targets: Iterable[Target]) -> Iterator[_Place]:
    for target in targets:
        path = urlsplit(target.base_url).path.rstrip("/")
        yield _Place(about=f"target {target.name}", origin=Origin.of(target.base_url), ask=path + _PUBLIC)
        if target.portal is not None:
            yield _Place(about=f"portal of {target.name}", origin=Origin.of(target.portal.attach_url))


async def _all(places: Iterable[_Place], seconds: float) -> list[Reached]:
    looks = (reach(place.origin, seconds=seconds, ask=place.ask) for place in places)
    results = await asyncio.gather(*looks, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if isinstance(result, Reached)]


def _of_references(count: int, silent: int) -> Iterator[Finding]:
    told = f"{count - silent} of {count} addresses of service.reference answer"
    if count and silent == count:
        advice = "get this machine online: of the targets nothing can be said"
        yield fail("reference", f"{told}: we are offline", advice, whose=Whose.NOBODY_KNOWS)
    elif silent:
        yield warn("reference", told, "name only what nearly always answers")
    elif count:
        yield ok("reference", told)


def _of_place(place: _Place, reached: Reached, whose: Whose) -> Iterator[Finding]:
    if reached.kind is not None:
        told = f"{place.origin} can't be reached ({reached.kind}): {reached.problem}"
        yield fail(place.about, told, _ADVICE.get(reached.kind), whose=whose)
        return
    took = sum(each or 0.0 for each in (reached.phases.dns, reached.phases.connect, reached.phases.tls))
    yield ok(place.about, f"{place.origin} was reached in {took * 1000:.0f} ms")
    if reached.certificate_expires_at is not None:
        yield _of_certificate(place, reached.certificate_expires_at)
    if place.ask is not None:
        yield _of_clock(place, reached.clock_ahead_seconds)


def _of_certificate(place: _Place, expires_at: float) -> Finding:
    told = f"its certificate is good until {datetime.fromtimestamp(expires_at, UTC):%Y-%m-%d}"
    if expires_at - time.time() < _EXPIRES_SOON_SECONDS:
        return warn(place.about, told, "have it renewed")
    return ok(place.about, told)


def _of_clock(place: _Place, ahead_seconds: float | None) -> Finding:
    if ahead_seconds is None:
        return ok(place.about, f"it tells no time at {place.ask}, so the clocks were not compared")
    if abs(ahead_seconds) > _MOST_AHEAD_SECONDS:
        told = f"this clock is {abs(ahead_seconds):.0f} s {'ahead of' if ahead_seconds > 0 else 'behind'} the server's"
        return warn(place.about, told, "let NTP keep it: whoever compares logs would look in the wrong place")
    return ok(place.about, "the clocks agree")
