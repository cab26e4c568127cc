"""Where a URL really leads: parsed once, strictly, and compared by scheme, host and port.

The same parser serves the check and the use, so no two readings of one URL can disagree
(decisions 2 and 3).
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Self
from urllib.parse import SplitResult, urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LONGEST = 4096  # servers choose some of these URLs, and the newest are remembered
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*")
_BRACKETED = re.compile(r"\[[0-9a-f:.]*\](?::.*)?", re.IGNORECASE)
_NUMERIC_LABEL = re.compile(r"(0x[0-9a-f]*|\d+)")


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host (lower case, no trailing dot) and port of a URL."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Self:
        """The origin of an absolute http(s) URL.

        Raises ValueError, with a sentence for people, for anything that two parsers might read
        differently: user info, backslashes, spaces, control or non-ASCII characters, odd numbers as hosts.
        """
        if len(url) > _LONGEST:
            raise ValueError(f"it is longer than {_LONGEST} characters")
        return cls(*_parse(url))

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine, by name or by address."""
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return True
        try:
            address = ipaddress.ip_address(self.host)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return (mapped or address).is_loopback

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        shown_port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{shown_port}"


@lru_cache(maxsize=1024)
def _parse(url: str) -> tuple[str, str, int]:
    if not url.isascii() or re.search(r"[\x00-\x20\x7f\\]", url):
        raise ValueError("it has a space, a backslash, a control character or a character beyond ASCII")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("its host is no IPv6 address") from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise ValueError("it must start with https:// or http://")
    if "@" in parts.netloc:
        raise ValueError("it must not carry a user name or a password")
    host = _host_of(parts)
    try:
        port = parts.port
    except ValueError:
        raise ValueError("its port is not a number from 1 to 65535") from None
    if port == 0 or parts.netloc.endswith(":"):
        raise ValueError("its port is not a number from 1 to 65535")
    return parts.scheme, host, port or _DEFAULT_PORTS[parts.scheme]


def _host_of(parts: SplitResult) -> str:
    """The one spelling of a host; raises ValueError."""
    host = (parts.hostname or "").removesuffix(".")
    if "[" in parts.netloc:
        try:
            # urlsplit overlooks what stands between the bracket and the port.
            return str(ipaddress.IPv6Address(host if _BRACKETED.fullmatch(parts.netloc) else ""))
        except ValueError:
            raise ValueError("its host is no IPv6 address") from None
    if not host:
        raise ValueError("it names no host")
    if not _HOST_NAME.fullmatch(host):
        raise ValueError("its host is neither a name nor an address")
    if _NUMERIC_LABEL.fullmatch(host.rpartition(".")[2]):
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            raise ValueError("its host is a number that is no plain IPv4 address") from None
    return host
