"""Where a published OpenAPI file and our transcription of Brek's documents part ways.

Either may be the newer one; a person decides. Only what the file says can differ: what it leaves out is no finding,
but for an endpoint that it doesn't name. Brek's guide asks to validate "against OpenAPI before release".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain, islice

from probes.contract_shapes import (
    ANSWER_WORDS,
    API_VERSION,
    AUTH_STYLES,
    ERROR_SHAPES,
    ERROR_STATUSES,
    OPENAPI_VERSION,
    PROMISED_HEADERS,
    REFUSALS,
    REQUEST_SHAPES,
    REQUEST_WORDS,
    SUCCESS_CODES,
    SUCCESS_SHAPES,
)
from probes.drift_fields import Body, FieldComparison, shown
from probes.model import Finding
from probes.openapi import ENDPOINTS, Endpoint, mapping, path_of, resolved
from probes.redaction import quoted
from probes.words import AuthHeader, FindingKind, Operation

_MOST_FINDINGS_EACH = 20
_MOST_LISTED = 500
_LONGEST_DETAIL = 300
_METHODS = ("get", "put", "post", "delete", "patch")
_STATUS_CODE = re.compile(r"[1-5]\d\d")
_HTTP_ITSELF = frozenset({405, 406, 408, 411, 413, 414, 415, 417, 421, 426, 431})  # RFC 9110: no word of the API's
_IGNORED_PARAMETERS = frozenset({"accept", "content-type", "authorization", "x-partner-api-key", "api-key"})

Document = Mapping[str, object]


def differences(document: Document) -> tuple[Finding, ...]:
    """All that differs, at most 20 an operation; server text in it is bounded and printable. Never raises."""
    places = {endpoint: path_of(document, endpoint) for endpoint in ENDPOINTS}
    told: list[tuple[Operation | None, Iterator[str]]] = [
        (endpoint.operation, _of_endpoint(document, endpoint, path)) for endpoint, path in places.items()
    ]
    told.append((None, chain(_versions(document), _schemes(document), _new_operations(document, places))))
    found = [
        Finding(kind=FindingKind.CONTRACT_DRIFT, detail=quoted(text, _LONGEST_DETAIL), operation=operation)
        for operation, texts in told
        for text in islice(texts, _MOST_FINDINGS_EACH)
    ]
    return tuple(dict.fromkeys(found))


def _versions(document: Document) -> Iterator[str]:
    openapi, version = document.get("openapi"), mapping(document.get("info")).get("version")
    if isinstance(openapi, str | float) and not f"{openapi}.".startswith(f"{OPENAPI_VERSION}."):
        yield f"the file is OpenAPI {shown(openapi)}, was {OPENAPI_VERSION}"
    if isinstance(version, str | float | int) and str(version) != API_VERSION:
        yield f"the API's version is {shown(version)}, was {API_VERSION}"


def _new_operations(document: Document, places: Mapping[Endpoint, str | None]) -> Iterator[str]:
    """Operations beside the three, below the same base path."""
    known = {(path, endpoint.method) for endpoint, path in places.items() if path is not None}
    prefixes = {endpoint.ending.sub("", path) + "/" for endpoint, path in places.items() if path is not None}
    for path, item in list(mapping(document.get("paths")).items())[:_MOST_LISTED]:
        if not any(path.startswith(prefix) for prefix in prefixes):
            continue
        operations = resolved(document, item)
        for method in _METHODS:
            if isinstance(operations.get(method), dict) and (path, method) not in known:
                yield f"{method.upper()} {shown(path)} is new"


def _style(scheme: Document) -> str:
    """A security scheme as the guide's "Authentication" would write it: the header that carries the key."""
    match scheme:
        case {"type": "apiKey", "in": "header", "name": str(name)}:
            return shown(name.lower())
        case {"type": "http", "scheme": str(kind)} if kind.lower() == "bearer":
            return AuthHeader.AUTHORIZATION.value
        case _:
            return shown(f"{scheme.get('type')} {scheme.get('name') or scheme.get('scheme') or ''}".strip())


def _styles(document: Document) -> dict[str, str]:
    """The header style behind each declared name."""
    schemes = mapping(mapping(document.get("components")).get("securitySchemes"))
    return {name: _style(resolved(document, scheme)) for name, scheme in list(schemes.items())[:_MOST_LISTED]}


def _schemes(document: Document) -> Iterator[str]:
    declared = frozenset(_styles(document).values())
    if declared:
        yield from (f"security scheme {style} is gone" for style in sorted(AUTH_STYLES - declared))
        yield from (f"security scheme {style} is new" for style in sorted(declared - AUTH_STYLES))


def _security(document: Document, operation: Document) -> Iterator[str]:
    """What an endpoint asks for, where it is said; of a style that isn't even declared, that is said elsewhere."""
    stated = operation.get("security", document.get("security"))
    if not isinstance(stated, list):
        return
    if not stated or {} in stated:
        yield "no key is asked for"
        return
    styles = _styles(document)
    alone = {next(iter(choice)) for choice in stated[:_MOST_LISTED] if isinstance(choice, dict) and len(choice) == 1}
    enough = {styles.get(name) for name in alone}
    yield from (f"the key in {style} is not enough" for style in sorted(AUTH_STYLES & set(styles.values()) - enough))


def _of_endpoint(document: Document, endpoint: Endpoint, path: str | None) -> Iterator[str]:
    if path is None:
        yield f"{endpoint.shown} is gone"
        return
    item = resolved(document, mapping(document.get("paths")).get(path))
    operation = mapping(item.get(endpoint.method))
    yield from _security(document, operation)
    yield from _parameters(document, item, operation)
    yield from _request(document, endpoint, operation)
    yield from _answers(document, endpoint, operation)


def _parameters(document: Document, *holders: Document) -> Iterator[str]:
    """None is documented but the id in the path and the header with the key."""
    for holder in holders:
        listed = holder.get("parameters")
        for item in listed[:_MOST_LISTED] if isinstance(listed, list) else ():
            parameter = resolved(document, item)
            place, name = parameter.get("in"), parameter.get("name")
            if place not in {"query", "header", "cookie"} or not isinstance(name, str):
                continue
            if place != "header" or name.lower() not in _IGNORED_PARAMETERS:
                now_required = " and required" if parameter.get("required") is True else ""
                yield f"parameter {shown(name)} ({place}) is new{now_required}"


def _request(document: Document, endpoint: Endpoint, operation: Document) -> Iterator[str]:
    shape = REQUEST_SHAPES.get(endpoint.operation)
    body = resolved(document, operation.get("requestBody"))
    content = mapping(body.get("content"))
    if shape is None or not content:
        return
    schema = _json_schema(content)
    if schema is None:
        yield "the request is no longer application/json"
    else:
        compared = Body(title="request", words=REQUEST_WORDS.get(endpoint.operation, {}), is_request=True)
        yield from FieldComparison(document, compared).of(shape, schema)


def _json_schema(content: Document) -> object:
    """The schema of the JSON body, {} where it is unsaid; None if there are other media types only."""
    for name, media in list(content.items())[:_MOST_LISTED]:
        plain = name.partition(";")[0].strip().lower()
        if plain in {"application/json", "application/*", "*/*"} or plain.endswith("+json"):
            return mapping(media).get("schema", {})
    return None


def _answers(document: Document, endpoint: Endpoint, operation: Document) -> Iterator[str]:
    responses = mapping(operation.get("responses"))
    listed = {str(code): answer for code, answer in list(responses.items())[:_MOST_LISTED]}
    yield from _status_codes(endpoint, set(listed))
    codes = {int(code): answer for code, answer in listed.items() if _STATUS_CODE.fullmatch(code)}
    for code, unresolved in sorted(codes.items()):
        answer = resolved(document, unresolved)
        if code in SUCCESS_CODES[endpoint.operation]:
            yield from _success(document, endpoint, answer)
        elif code in REFUSALS:
            yield from _refusal(document, code, answer)


def _status_codes(endpoint: Endpoint, listed: set[str]) -> Iterator[str]:
    """A file that lists no error at all is silent on errors; `default` and `4XX` stand for what they cover."""
    codes = {int(code) for code in listed if _STATUS_CODE.fullmatch(code)}
    successes, errors = SUCCESS_CODES[endpoint.operation], ERROR_STATUSES[endpoint.operation]
    covered = "default" in listed or bool(listed & {"4XX", "4xx"})
    if any(code < 300 for code in codes) and not codes & successes:
        yield f"status code {min(successes)} is gone"
    if any(code >= 400 for code in codes) and not covered:
        yield from (f"status code {code} is gone" for code in sorted(errors - codes))
    known = successes | errors | _HTTP_ITSELF
    yield from (f"status code {code} is new" for code in sorted(codes - known) if code < 500)


def _success(document: Document, endpoint: Endpoint, answer: Document) -> Iterator[str]:
    headers = answer.get("headers")
    if isinstance(headers, dict) and headers:
        names = {str(name).lower() for name in list(headers)[:_MOST_LISTED]}
        yield from (f"promised header {name} is gone" for name in PROMISED_HEADERS if name not in names)
    content = mapping(answer.get("content"))
    schema = _json_schema(content)
    if content and schema is None:
        yield "the answer is no longer application/json"
    elif content:
        compared = Body(title="answer", words=ANSWER_WORDS.get(endpoint.operation, {}))
        yield from FieldComparison(document, compared).of(SUCCESS_SHAPES[endpoint.operation], schema)


def _refusal(document: Document, code: int, answer: Document) -> Iterator[str]:
    """One envelope may serve several errors, so that more fields than ours are no news here."""
    refusal = REFUSALS[code]
    schema = _json_schema(mapping(answer.get("content")))
    compared = Body(
        title=f"answer {code}", words={} if refusal.code is None else {"code": refusal.code}, may_hold_more=True
    )
    yield from FieldComparison(document, compared).of(ERROR_SHAPES[refusal.envelope], schema)
