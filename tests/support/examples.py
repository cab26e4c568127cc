"""An address of every route, as somebody would ask for it. A route that has none here is told by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from starlette.routing import BaseRoute, Route

REQUEST_ID = "a" * 26
UNKNOWN_ID = "z" * 26


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What there is to ask for: names from the configuration, ids from the journal."""

    target: str = "acme"
    scenarios: tuple[str, ...] = ("quick_search",)
    runs: tuple[str, ...] = ("r" * 26,)
    incidents: tuple[str, ...] = ("i" * 26,)
    request_id: str = REQUEST_ID


# Of routes with a variable part, by what stands before it. The first is the one that matters most.
_BELOW: Mapping[str, Callable[[Known], Iterable[str]]] = {
    "/runbooks/": lambda _: ("BrekServerErrors",),
    "/find/": lambda known: (known.request_id,),
    "/runs/": lambda known: known.runs,
    "/incidents/": lambda known: known.incidents,
    "/scenarios/": lambda known: known.scenarios,
    "/targets/": lambda known: (known.target,),
}


def _readable(routes: Iterable[BaseRoute]) -> list[str]:
    return [route.path for route in routes if isinstance(route, Route) and "GET" in (route.methods or ())]


def without_example(routes: Iterable[BaseRoute]) -> list[str]:
    """Routes that nobody has told an address of: what is no plain route, and what has a variable part of its own."""
    routes = list(routes)
    strange = [str(getattr(route, "path", route)) for route in routes if not isinstance(route, Route)]
    return strange + [path for path in _readable(routes) if "{" in path and path.partition("{")[0] not in _BELOW]


def examples(routes: Iterable[BaseRoute], known: Known) -> list[str]:
    """Addresses of all routes that can be read."""
    found: list[str] = []
    for path in _readable(routes):
        before, variable, _ = path.partition("{")
        found += [f"{before}{each}" for each in _BELOW[before](known)] if variable else [path]
    return found


def unknown_examples(routes: Iterable[BaseRoute]) -> list[str]:
    """Addresses of the same routes below which nothing is known."""
    variable = (path for path in _readable(routes) if "{" in path)
    return [path.partition("{")[0] + UNKNOWN_ID for path in variable]
