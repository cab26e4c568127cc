"""The shape of `web-config.yml`, for pydantic: apart, so that nobody loads pydantic without such a file.

Keys of the exporter toolkit that are not served here have messages of their own, which say why and what to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from probes.files.shapes import Shape, form

_HASH = r"\$2[aby]\$(0[4-9]|1[0-6])\$[./A-Za-z0-9]{53}"  # above 2**16 rounds a check takes longer than a scrape may
TLS_VERSIONS: Mapping[str, str] = MappingProxyType({"TLS12": "TLSv1_2", "TLS13": "TLSv1_3"})
"""The toolkit's names, and those of Python's `ssl.TLSVersion`; older ones are not safe any more."""

Hash = Annotated[str, form(_HASH, "a bcrypt hash of cost 4 to 16, as htpasswd -B makes it")]
_Version = Literal["TLS12", "TLS13"]


def _refused(why: str) -> BeforeValidator:
    """A key that the toolkit knows, and we don't serve."""

    def refuse(_value: object) -> object:
        raise ValueError(why)

    return BeforeValidator(refuse)


def _verified(value: str) -> str:
    if value not in {"NoClientCert", "RequireAndVerifyClientCert"}:
        raise ValueError(
            "must be RequireAndVerifyClientCert or NoClientCert: the other types let a client in whose certificate "
            "nobody has verified"
        )
    return value


def _not_http2(value: bool) -> bool:
    if value:
        raise ValueError("is not served: brekwatch speaks HTTP/1.1. Say false, or leave it out")
    return value


_INLINE = _refused("is not served inline: name a file, which ends in _file")
_OPENSSL = _refused("is not served: brekwatch leaves the choice to OpenSSL, and takes TLS 1.2 or newer. Leave it out")
_OURS = _refused("can't be changed: brekwatch sets the headers that keep its pages safe. Leave it out")


class TlsServerConfig(Shape):
    """The server's certificate and its key, and who has signed those of clients: PEM files."""

    cert_file: str
    key_file: str
    client_auth_type: Annotated[str, AfterValidator(_verified)] = "NoClientCert"
    client_ca_file: str | None = None
    min_version: _Version = "TLS12"
    max_version: _Version = "TLS13"
    cert: Annotated[None, _INLINE] = None
    key: Annotated[None, _INLINE] = None
    client_ca: Annotated[None, _INLINE] = None
    client_allowed_sans: Annotated[
        None, _refused("is not served: let an authority of your own sign the clients that may come in, and no others")
    ] = None
    cipher_suites: Annotated[None, _OPENSSL] = None
    prefer_server_cipher_suites: Annotated[None, _OPENSSL] = None
    curve_preferences: Annotated[None, _OPENSSL] = None

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """Those that are served, for messages."""
        return ("cert_file", "key_file", "client_auth_type", "client_ca_file", "min_version", "max_version")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.client_ca_file is not None) != (self.client_auth_type == "RequireAndVerifyClientCert"):
            raise ValueError("client_ca_file and client_auth_type: RequireAndVerifyClientCert go together: name both")
        if self.min_version > self.max_version:
            raise ValueError("min_version is newer than max_version")
        return self


class HttpServerConfig(Shape):
    """What the toolkit says of HTTP."""

    http2: Annotated[bool, AfterValidator(_not_http2)] = False
    headers: Annotated[None, _OURS] = None


class WebConfigFile(Shape):
    """The whole file."""

    tls_server_config: TlsServerConfig | None = None
    http_server_config: HttpServerConfig | None = None
    basic_auth_users: dict[str, Hash] = Field(default_factory=dict)
    rate_limit: Annotated[
        None, _refused("is not served: a slow client can't hold up a probe, and scrapes are answered from one copy")
    ] = None

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """Those that are served, for messages."""
        return ("tls_server_config", "http_server_config", "basic_auth_users")
