"""A URL leads where it says, or it isn't one: the corpus of parser tricks."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.origin import Origin

_UNFIT = "it has a space, a backslash, a control character or a character beyond ASCII"
_SCHEME = "it must start with https:// or http://"
_USER = "it must not carry a user name or a password"
_NO_HOST = "it names no host"
_NAME = "its host is neither a name nor an address"
_NUMBER = "its host is a number that is no plain IPv4 address"
_IPV6 = "its host is no IPv6 address"
_PORT = "its port is not a number from 1 to 65535"

LEADS_TO = [
    ("https://www.brek.ai", "https://www.brek.ai"),
    ("https://www.brek.ai/", "https://www.brek.ai"),
    ("HTTPS://WWW.BREK.AI:443/x?y#z", "https://www.brek.ai"),
    ("https://www.brek.ai.", "https://www.brek.ai"),
    ("http://www.brek.ai:80", "http://www.brek.ai"),
    ("http://www.brek.ai:443", "http://www.brek.ai:443"),
    ("http://localhost:65535", "http://localhost:65535"),
    ("http://localhost:00080", "http://localhost"),
    ("http://evil.test?x=http://www.brek.ai", "http://evil.test"),
    ("http://evil.test#@www.brek.ai", "http://evil.test"),
    ("http://evil.test/@www.brek.ai", "http://evil.test"),
    ("http://www.brek.ai.evil.test", "http://www.brek.ai.evil.test"),
    ("http://a_b.test", "http://a_b.test"),
    ("http://1.2.3.4:8080", "http://1.2.3.4:8080"),
    ("http://[0:0:0:0:0:0:0:1]:3000", "http://[::1]:3000"),
    ("http://[2001:DB8::1]", "http://[2001:db8::1]"),
]

REFUSED = [
    ("https://www.brek.ai@evil.test", _USER),
    ("https://user:pw@www.brek.ai", _USER),
    ("https://@www.brek.ai", _USER),
    ("https://www.brek.ai%2f@evil.test", _USER),
    ("https://evil.test;@x", _USER),
    ("https://evil.test\\@www.brek.ai/", _UNFIT),
    ("http:\\\\evil.test", _UNFIT),
    (" http://localhost", _UNFIT),
    ("http://localhost\t", _UNFIT),
    ("http://local\nhost", _UNFIT),
    ("http://localhost: 80", _UNFIT),
    ("http://evil.test\x00.brek.ai", _UNFIT),
    ("http://\u0430pple.test", _UNFIT),
    ("http://www\u3002brek\u3002ai", _UNFIT),
    ("http://www.brek.ai:\uff18\uff10", _UNFIT),
    ("//evil.test", _SCHEME),
    ("www.brek.ai", _SCHEME),
    ("localhost:3000", _SCHEME),
    ("javascript:alert(1)", _SCHEME),
    ("file:///etc/passwd", _SCHEME),
    ("ftp://www.brek.ai", _SCHEME),
    ("ws://www.brek.ai", _SCHEME),
    ("", _SCHEME),
    ("http://", _NO_HOST),
    ("http://.", _NO_HOST),
    ("https:///evil.test", _NO_HOST),
    ("https:evil.test", _NO_HOST),
    ("https:/evil.test", _NO_HOST),
    ("http://::1/", _NO_HOST),
    ("https://www.brek.ai..", _NAME),
    ("https://www.brek.ai%00.evil.test", _NAME),
    ("https://www.brek.ai%2eevil.test", _NAME),
    ("http://a..b", _NAME),
    ("http://.evil.test", _NAME),
    ("http://-evil.test", _NAME),
    ("http://evil-.test", _NAME),
    ("http://evil.test;x", _NAME),
    ("http://www.brek.ai$evil.test", _NAME),
    ("http://evil.test&x", _NAME),
    ("http://<x>", _NAME),
    ("http://" + "a" * 64 + ".test", _NAME),
    ("http://" + "a." * 130 + "test", _NAME),
    ("http://2130706433", _NUMBER),
    ("http://0x7f.1", _NUMBER),
    ("http://0x7f000001", _NUMBER),
    ("http://127.1", _NUMBER),
    ("http://0177.0.0.1", _NUMBER),
    ("http://127.0.0.01", _NUMBER),
    ("http://256.1.1.1", _NUMBER),
    ("http://1.2.3.4.5", _NUMBER),
    ("http://[::1]evil.test", _IPV6),
    ("http://[::1]evil.test:80", _IPV6),
    ("http://evil[::1]", _IPV6),
    ("http://[::1%25eth0]", _IPV6),
    ("http://[::1%eth0]", _IPV6),
    ("http://[::1", _IPV6),
    ("http://[]", _IPV6),
    ("http://[127.0.0.1]", _IPV6),
    ("http://[v1.x]", _IPV6),
    ("http://localhost:", _PORT),
    ("http://localhost:0", _PORT),
    ("http://localhost:65536", _PORT),
    ("http://localhost:-1", _PORT),
    ("http://localhost:+80", _PORT),
    ("http://localhost:1_0", _PORT),
    ("http://localhost:80:80", _PORT),
    ("http://[::1]:80:90", _PORT),
    ("http://localhost:" + "9" * 50, _PORT),
    ("http://localhost/" + "x" * 5000, "it is longer than 4096 characters"),
]


@pytest.mark.parametrize(("url", "origin"), LEADS_TO, ids=[url for url, _ in LEADS_TO])
def test_a_plain_url_leads_to_its_scheme_host_and_port(url: str, origin: str) -> None:
    assert str(Origin.of(url)) == origin


@pytest.mark.parametrize(("url", "problem"), REFUSED, ids=[ascii(url)[:60] for url, _ in REFUSED])
def test_a_url_that_two_parsers_may_read_differently_is_refused_with_a_sentence(url: str, problem: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(problem)}$"):
        Origin.of(url)


@given(st.text(max_size=60) | st.text(alphabet="htps:/@[]%.#?\\0x1a-", max_size=60).map("http://".__add__))
def test_any_text_is_an_origin_or_a_value_error(text: str) -> None:
    try:
        origin = Origin.of(text)
    except ValueError:
        return

    assert Origin.of(str(origin)) == origin


def test_spellings_of_one_ipv6_address_are_one_origin() -> None:
    assert Origin.of("http://[0:0::1]:80") == Origin.of("http://[::1]")


@pytest.mark.parametrize(
    "url",
    ["http://localhost", "http://LOCALHOST.:1", "http://127.0.0.1", "http://127.8.9.1", "http://[::1]",
     "http://[::ffff:127.0.0.1]", "http://api.localhost"],
)  # fmt: skip
def test_this_machine_is_loopback_by_name_and_by_address(url: str) -> None:
    assert Origin.of(url).is_loopback


@pytest.mark.parametrize(
    "url",
    ["http://localhost.evil.test", "http://0.0.0.0", "http://[::]", "http://100.64.0.1", "http://[64:ff9b::7f00:1]",
     "http://evil-localhost", "http://128.0.0.1"],
)  # fmt: skip
def test_whatever_else_is_not_loopback(url: str) -> None:
    assert not Origin.of(url).is_loopback
