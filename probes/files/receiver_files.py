"""Receivers of a configuration, read: each with one channel, its address and its secret checked, and never told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from probes.files import durations
from probes.files.receiver_shapes import CHANNELS, ReceiverShape
from probes.files.secret_reading import Refuse, SecretReading
from probes.files.shapes import Shape
from probes.files.yaml_files import Place
from probes.origin import Origin
from probes.redaction import Secret
from probes.settings import DEFAULT_REMIND_SECONDS, Receiver
from probes.words import Channel

_SHORTEST_REMINDER_SECONDS = 1800.0
_FEWEST_CHARACTERS = 8
_PLAIN_TEXT = "must start with https://: whoever reads along could tell lies; http:// is for this machine alone"


def receivers(shapes: Iterable[ReceiverShape], secrets: SecretReading, refuse: Refuse) -> Iterator[Receiver]:
    """Those that are sound; what is wrong with the others is noted."""
    taken: set[str] = set()
    for number, shape in enumerate(shapes):
        place: Place = ("notify", number)
        if shape.name in taken:
            refuse((*place, "name"), f"there is a receiver {shape.name} already: each has a name of its own")
        taken.add(shape.name)
        given = [channel for channel in CHANNELS if getattr(shape, channel) is not None]
        if len(given) != 1:
            several = f"{' and '.join(given)} are both given: make them two receivers" if given else ""
            refuse(place, several or "it has no channel: give webhook, slack or alertmanager", at_key=True)
            continue
        yield Receiver(
            name=shape.name,
            channel=given[0],
            urls=_urls(place, shape, secrets, refuse),
            secret=_secret(place, shape, secrets),
            remind_seconds=_remind_seconds(place, shape, refuse),
        )


def token(secrets: SecretReading, place: Place, key: str, shape: Shape) -> Secret | None:
    """What stands under a key or in its file, long enough to be a secret; None where neither is given."""
    text, file = getattr(shape, key), getattr(shape, f"{key}_file")
    if text is None and file is None:
        return None
    found = secrets.text(place, key, text, file)
    if found is None:
        return None
    secrets.found.append(Secret(found))
    if len(found) < _FEWEST_CHARACTERS or not found.isascii() or not found.isprintable() or found != found.strip():
        message = (
            f"must have at least {_FEWEST_CHARACTERS} characters, all of them printable ASCII, none around it blank"
        )
        secrets.refuse((*place, key if file is None else f"{key}_file"), message)
    return Secret(found)


def secret_url(secrets: SecretReading, place: Place, key: str, shape: Shape) -> Secret | None:
    """The same for an address that is a secret as a whole."""
    text, file = getattr(shape, key), getattr(shape, f"{key}_file")
    if text is None and file is None:
        return None
    found = secrets.text(place, key, text, file)
    if found is None:
        return None
    secrets.found += _secrets_of(found)
    if problem := _url_problem(found):
        secrets.refuse((*place, key if file is None else f"{key}_file"), problem)
    return Secret(found)


def _secrets_of(url: str) -> Iterator[Secret]:
    """The whole, and its last part and its query, by which alone it could be used again."""
    yield Secret(url)
    path, _, query = url.partition("?")
    last = path.rstrip("/").rpartition("/")[2]
    yield from (Secret(part) for part in (last, query) if len(part) >= _FEWEST_CHARACTERS and part not in url[:8])


def _url_problem(url: str) -> str | None:
    try:
        origin = Origin.of(url)
    except ValueError as problem:
        return str(problem)
    if "#" in url:
        return "it must not have a fragment (#)"
    return None if origin.scheme == "https" or origin.is_loopback else _PLAIN_TEXT


def _urls(place: Place, shape: ReceiverShape, secrets: SecretReading, refuse: Refuse) -> tuple[Secret, ...]:
    if shape.alertmanager is not None:
        for number, url in enumerate(shape.alertmanager.urls):
            if problem := _url_problem(url):
                refuse((*place, Channel.ALERTMANAGER.value, "urls", number), problem)
        return tuple(Secret(url.rstrip("/")) for url in shape.alertmanager.urls)
    channel, inner = (Channel.SLACK, shape.slack) if shape.webhook is None else (Channel.WEBHOOK, shape.webhook)
    if inner is None or (inner.url is None and inner.url_file is None):
        secrets.text((*place, channel.value), "url", None, None)  # which says that it is missing
        return ()
    found = secret_url(secrets, (*place, channel.value), "url", inner)
    return () if found is None else (found,)


def _secret(place: Place, shape: ReceiverShape, secrets: SecretReading) -> Secret | None:
    if shape.webhook is not None:
        return token(secrets, (*place, Channel.WEBHOOK.value), "secret", shape.webhook)
    if shape.alertmanager is not None:
        return token(secrets, (*place, Channel.ALERTMANAGER.value), "token", shape.alertmanager)
    return None


def _remind_seconds(place: Place, shape: ReceiverShape, refuse: Refuse) -> float:
    if shape.remind_every is None:
        return DEFAULT_REMIND_SECONDS
    if shape.alertmanager is not None:
        refuse((*place, "remind_every"), "Alertmanager repeats by itself: see repeat_interval in its configuration")
    seconds = durations.seconds_of(shape.remind_every)
    if seconds < _SHORTEST_REMINDER_SECONDS:
        refuse((*place, "remind_every"), "must be at least 30m")
    return seconds
