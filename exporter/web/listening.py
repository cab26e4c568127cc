"""Where the web face may listen (design decision 11), found out without opening a port."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from pathlib import Path

from exporter.web import web_config as web_configs
from exporter.web.web_config import WebConfig
from probes.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """An address that may be listened on, and how it is protected."""

    family: socket.AddressFamily
    address: str
    loopback: bool
    config: WebConfig


def check(host: str, port: int, config_file: Path | None) -> Listening:
    """The address of this host and its web config. It may block, for the time that a name takes to be resolved.

    Raises UsageError if the host has no address, or one beyond loopback without users in the web config, and
    ConfigError for a web config that can't be read.
    """
    config = WebConfig() if config_file is None else web_configs.load(config_file)
    family, address = _resolve(host, port)
    loopback = ipaddress.ip_address(address).is_loopback
    if not loopback and not config.users:
        raise UsageError(
            f"{host} is reachable from elsewhere, and nobody would be asked for a name: name users in "
            "a web config (service.web_config, basic_auth_users), or listen on 127.0.0.1"
        )
    return Listening(family=family, address=address, loopback=loopback, config=config)


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise UsageError(f"{host} is no address of this machine: listen on 127.0.0.1, say") from None
    family, _, _, _, address = min(found, key=lambda info: info[0] != socket.AF_INET)
    return family, str(address[0]).partition("%")[0]
