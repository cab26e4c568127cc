"""The shape of `web-config.yml`, for pydantic: apart, so that nobody loads pydantic without such a file."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from probes.files.shapes import Shape, form

_HASH = r"\$2[aby]\$(0[4-9]|1[0-6])\$[./A-Za-z0-9]{53}"  # above 2**16 rounds a check takes longer than a scrape may

Hash = Annotated[str, form(_HASH, "a bcrypt hash of cost 4 to 16, as htpasswd -B makes it")]


class TlsServerConfig(Shape):
    """The server's certificate and its key, both PEM files."""

    cert_file: str
    key_file: str


class WebConfigFile(Shape):
    """The whole file."""

    tls_server_config: TlsServerConfig | None = None
    basic_auth_users: dict[str, Hash] = Field(default_factory=dict)
