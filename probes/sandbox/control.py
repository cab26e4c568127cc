"""The switch for faults beside the API: `GET`, `PUT` and `DELETE /sandbox/faults`.

It is for whoever runs the sandbox, on the same machine: it needs no key, costs no quota and never misbehaves itself.
A page in a browser reaches it neither by a name that leads to loopback (the Host header must say loopback), nor by a
form (a body must be labelled JSON), nor by a script of another origin (nothing is allowed to one).
"""

from __future__ import annotations

from functools import partial

import orjson

from probes.errors import UsageError
from probes.origin import Origin
from probes.sandbox.answers import Answer, RefusedRequestError, gateway, success
from probes.sandbox.endpoints import Plan, Visit
from probes.sandbox.faults import FAULTS, STEPS, FaultBoard, parse_fault
from probes.sandbox.requests import MalformedError, Request

CONTROL_PATH = "/sandbox/faults"
_MOST_FAULTS = 100
_LONGEST_HOST = 300


class Control:
    """Shows, sets and clears the faults of one board."""

    def __init__(self, board: FaultBoard) -> None:
        self._board = board

    def show(self, visit: Visit) -> Plan:
        """GET: all faults with their meanings, the steps, and which faults are on."""
        _only_from_here(visit)
        return Plan(act=self._state)

    def arm(self, visit: Visit) -> Plan:
        """PUT `{"faults": ["NAME@STEP", …]}`, or the list alone: these from now on, and no others."""
        _only_from_here(visit)
        return Plan(act=partial(self._switch, _specs(visit)))

    def clear(self, visit: Visit) -> Plan:
        """DELETE: no faults."""
        _only_from_here(visit)
        return Plan(act=partial(self._switch, ()))

    def _switch(self, specs: tuple[str, ...]) -> Answer:
        self._board.arm(specs)
        return self._state()

    def _state(self) -> Answer:
        known = [{"name": fault.name, "meaning": fault.meaning} for fault in FAULTS]
        return success({"on": list(self._board.specs), "faults": known, "steps": list(STEPS)})


def _only_from_here(visit: Visit) -> None:
    """Raises RefusedRequestError for another machine, and for a name that somebody else may own."""
    request = visit.request
    if not (request.from_loopback and _names_loopback(request)):
        text = "The faults are switched from this machine only, by a loopback address or localhost."
        raise RefusedRequestError(gateway(403, "loopback_only", text, visit.request_id))


def _names_loopback(request: Request) -> bool:
    host = request.headers.get(b"host", b"")[:_LONGEST_HOST].decode("latin-1")
    try:
        return Origin.of(f"http://{host}").is_loopback and not set(host) & set("/?#@")
    except ValueError:
        return False


def _specs(visit: Visit) -> tuple[str, ...]:
    request = visit.request
    if request.headers.get(b"content-type", b"").partition(b";")[0].strip().lower() != b"application/json":
        text = "The content-type must be application/json."
        raise RefusedRequestError(gateway(415, "unsupported_media_type", text, visit.request_id))
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise MalformedError("The request body is not valid JSON.") from None
    specs = body.get("faults") if isinstance(body, dict) else body
    if not isinstance(specs, list) or len(specs) > _MOST_FAULTS or not all(isinstance(spec, str) for spec in specs):
        raise MalformedError('The body must be {"faults": ["NAME@STEP", …]}, or the list alone; [] for none.')
    try:
        return tuple(parse_fault(spec).spec for spec in specs)
    except UsageError as problem:
        raise MalformedError(str(problem)) from None
