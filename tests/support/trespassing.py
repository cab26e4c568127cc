"""Tries every route with credentials that open nothing, and tells what opened."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

import httpx
from starlette.routing import BaseRoute, Route
from support.examples import Known, examples, unknown_examples

USER, PASSWORD, TOKEN = "prometheus", "open sesame", "token-of-tests-0123456789"
WRONG: Mapping[str, Mapping[str, object]] = {
    "nothing": {},
    "a wrong password": {"auth": (USER, "wrong")},
    "an unknown user": {"auth": ("nobody", PASSWORD)},
    "a wrong token": {"headers": {"authorization": "Bearer wrong"}},
}
RIGHT_TOKEN: Mapping[str, object] = {"headers": {"authorization": f"Bearer {TOKEN}"}}
RIGHT_USER: Mapping[str, object] = {"auth": (USER, PASSWORD)}


def read_at(routes: Iterable[BaseRoute], known: Known) -> list[tuple[str, str]]:
    """Method and address of all that can be read, as pages and as JSON, and of some that can't."""
    routes = list(routes)
    addresses = [*examples(routes, known), *unknown_examples(routes), "/nowhere"]
    as_json = [f"{each}.json" for each in addresses if each != "/"] + ["/status.json"]
    return [(method, address) for method in ("GET", "HEAD") for address in (*addresses, *as_json)]


def told_at(routes: Iterable[BaseRoute]) -> list[tuple[str, str]]:
    """Method and address of all that can be changed."""
    return [
        (method, route.path)
        for route in routes
        if isinstance(route, Route)
        for method in sorted((route.methods or set()) - {"GET", "HEAD"})
    ]


async def asked(
    client: httpx.AsyncClient, wanted: Iterable[tuple[str, str]], credentials: Mapping[str, object]
) -> dict[str, httpx.Response]:
    """The answers, by method and address; a few are asked for at the same time."""
    turn = asyncio.Semaphore(8)

    async def one(method: str, address: str) -> httpx.Response:
        async with turn:
            return await client.request(method, address, **credentials)  # type: ignore[arg-type]

    wanted = list(wanted)
    answers = await asyncio.gather(*(one(*each) for each in wanted))
    return {" ".join(each): answer for each, answer in zip(wanted, answers, strict=True)}


async def trespasses(client: httpx.AsyncClient, routes: Iterable[BaseRoute], known: Known) -> list[str]:
    """What answers to somebody who may not come in."""
    routes = list(routes)
    tries = [(how, credentials, [*read_at(routes, known), *told_at(routes)]) for how, credentials in WRONG.items()]
    tries.append(("the token of programs", RIGHT_TOKEN, read_at(routes, known)))
    tries.append(("a user who may read", RIGHT_USER, told_at(routes)))
    return [
        f"{request} opens with {how}: {answer.status_code}"
        for how, credentials, wanted in tries
        for request, answer in (await asked(client, wanted, credentials)).items()
        if answer.status_code != 401
    ]
