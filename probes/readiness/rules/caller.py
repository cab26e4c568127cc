"""How requests come: the key, its place and its company, TLS, content type, card data."""

from __future__ import annotations

from collections.abc import Iterable

from probes.readiness.evidence import Evidence, Ruling, Seen
from probes.readiness.rules.conversations import api_requests, is_turn, status_told, turns
from probes.readiness.rules.rule import Rule, broken, kept, not_exercised
from probes.readiness.rules.telling import PAYING, counted, listed
from probes.readiness.words import RuleId, SituationName
from probes.redaction import bounded
from probes.words import AuthHeader, ChatStatus

NOTHING_SENT = "nothing was sent to the API"
_OF_BROWSERS = ("origin", "referer")
_KEY_HEADERS = frozenset(AuthHeader)
_API_PATH = "/api/partner/v1/core-chat/"
_AT_PAYMENT = frozenset({ChatStatus.PAYMENT_SETUP_REQUIRED, ChatStatus.PAYMENT_CONFIRMATION_REQUIRED})
_EVERYWHERE = (SituationName.NORMAL_BOOKING,)


def _company(seen: Seen, *, cookies_given: bool) -> list[str]:
    """What of a browser came with the key: a cookie tells nothing where the API's own answers set one."""
    if not seen.key_styles:
        return []
    company = [name for name in _OF_BROWSERS if seen.header(name) is not None]
    return company if cookies_given or seen.header("cookie") is None else [*company, "cookie"]


def _is_preflight(seen: Seen) -> bool:
    if seen.method != "OPTIONS":
        return False
    wanted = (seen.header("access-control-request-headers") or "").lower().split(",")
    names_a_key = not _KEY_HEADERS.isdisjoint(name.strip() for name in wanted)
    to_the_api = seen.header("access-control-request-method") is not None and _API_PATH in f"{seen.path}/"
    return names_a_key or to_the_api


def _key_server_side(evidence: Evidence) -> Ruling:
    told: list[tuple[Seen, str]] = []
    cookies_given = False
    for seen in evidence.exchanges:
        if _is_preflight(seen):
            told.append((seen, "a CORS preflight"))
        elif company := _company(seen, cookies_given=cookies_given):
            told.append((seen, " and ".join(company)))
        cookies_given = cookies_given or (seen.answer is not None and "set-cookie" in seen.answer.headers)
    if told:
        signs = listed(sign for _, sign in told)
        return broken(
            f"{counted(len(told), 'request')} came as from a browser ({signs}): the key has left the server",
            (seen for seen, _ in told),
        )
    with_key = sum(bool(seen.key_styles) for seen in evidence.exchanges)
    if not with_key:
        return not_exercised("no request carried a key in a header")
    return kept(f"{counted(with_key, 'request')} with a key, none with Origin, Referer, cookie or CORS preflight")


def _key_single_style(evidence: Evidence) -> Ruling:
    requests = api_requests(evidence)
    if not requests:
        return not_exercised(NOTHING_SENT)
    none = [seen for seen in requests if not seen.key_styles]
    several = [seen for seen in requests if len(seen.key_styles) > 1]
    if none or several:
        parts = []
        if several:
            headers = listed(" and ".join(seen.key_styles) for seen in several)
            parts.append(f"{counted(len(several), 'request')} carried more than one key header ({headers})")
        if none:
            parts.append(f"{counted(len(none), 'request')} carried none")
        return broken("; ".join(parts), sorted([*none, *several], key=lambda seen: seen.number))
    return kept(f"{counted(len(requests), 'request')}, each with one header: {listed(_styles(requests))}")


def _styles(requests: Iterable[Seen]) -> Iterable[str]:
    return (str(style) for seen in requests for style in seen.key_styles)


def _key_not_in_url(evidence: Evidence) -> Ruling:
    shown = [seen for seen in evidence.exchanges if seen.key_in_url]
    if shown:
        return broken(
            f"{counted(len(shown), 'request')} had the key in the URL, where every log on the way keeps it", shown
        )
    requests = api_requests(evidence)
    return kept(f"{counted(len(requests), 'URL')}, none with a key") if requests else not_exercised(NOTHING_SENT)


def _tls(evidence: Evidence) -> Ruling:
    requests = api_requests(evidence)
    plain = [seen for seen in requests if not seen.over_tls and not seen.from_loopback]
    if plain:
        return broken(f"{counted(len(plain), 'request')} came from another machine without TLS.", plain)
    encrypted = sum(seen.over_tls for seen in requests)
    if not encrypted:
        return not_exercised("everything stayed on this machine, where plain HTTP shows nothing")
    return kept(f"{counted(encrypted, 'request')} came over TLS.")


def _content_type(evidence: Evidence) -> Ruling:
    posts = [seen for seen in api_requests(evidence) if seen.method == "POST"]
    if not posts:
        return not_exercised("no POST was sent to the API")
    wrong = [(seen, given) for seen in posts if (given := _media_type(seen)) != "application/json"]
    if wrong:
        types = listed(given or "none" for _, given in wrong)
        return broken(
            f"{counted(len(wrong), 'POST request')} named another content type than application/json: {types}",
            (seen for seen, _ in wrong),
        )
    return kept(f"{counted(len(posts), 'POST request')}, each as application/json")


def _media_type(seen: Seen) -> str:
    return bounded((seen.header("content-type") or "").partition(";")[0].strip().lower(), 60)


def _no_card_data(evidence: Evidence) -> Ruling:
    raw = [seen for seen in api_requests(evidence) if seen.card_data is not None]
    if raw:
        places = listed(bounded(seen.card_data or "", 80) for seen in raw)
        return broken(f"{counted(len(raw), 'request')} held a raw card number or a CVV, at {places}", raw)
    if not any(is_turn(seen) and status_told(seen) in _AT_PAYMENT for seen in api_requests(evidence)):
        return not_exercised("no conversation came as far as the payment")
    return kept(f"{counted(len(turns(evidence)), 'turn')}, as far as the payment, none with a card number or a CVV.")


RULES: tuple[Rule, ...] = (
    Rule(
        rule=RuleId.KEY_SERVER_SIDE,
        source="Keep keys server-side only",
        judge=_key_server_side,
        exercised_by=_EVERYWHERE,
    ),
    Rule(
        rule=RuleId.KEY_SINGLE_STYLE,
        source="Send one of these headers on every request",
        judge=_key_single_style,
        exercised_by=_EVERYWHERE,
    ),
    Rule(
        rule=RuleId.KEY_NOT_IN_URL,
        source="Send one of these headers on every request",
        judge=_key_not_in_url,
        exercised_by=_EVERYWHERE,
    ),
    Rule(rule=RuleId.TLS, source="Use HTTPS/TLS for all partner traffic", judge=_tls),
    Rule(
        rule=RuleId.CONTENT_TYPE,
        source="content-type: application/json",
        judge=_content_type,
        exercised_by=_EVERYWHERE,
    ),
    Rule(
        rule=RuleId.NO_CARD_DATA,
        source="Do not send raw PCI card data in chat payloads",
        judge=_no_card_data,
        exercised_by=PAYING,
    ),
)
