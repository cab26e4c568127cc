"""The `web-config.yml` of Prometheus' exporter toolkit: TLS and basic auth, those of its keys that are served here.

A key that is not is refused, never ignored: whoever wrote it counts on it.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_SECRET = frozenset({"basic_auth_users", "key"})


@dataclass(frozen=True, slots=True, kw_only=True)
class WebConfig:
    """How the web face is protected. Paths are absolute or relative to the process; hashes are bcrypt's.

    With a `client_authority` only clients come in whose certificate it has signed: users are asked for beside it.
    """

    certificate: str | None = None
    key: str | None = None
    client_authority: str | None = None
    oldest_tls: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    newest_tls: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    users: Mapping[str, bytes] = field(default_factory=dict, repr=False)


def load(path: Path) -> WebConfig:
    """Reads the file; its own paths are relative to it. Raises ConfigError with every problem and its place."""
    from exporter.web.web_config_file import TLS_VERSIONS, WebConfigFile
    from probes.files import shapes, yaml_files

    document = yaml_files.read(yaml_files.read_bytes(path), str(path))
    found = shapes.check(WebConfigFile, document, hidden=_SECRET)
    tls = found.tls_server_config
    users = {name: hashed.encode() for name, hashed in found.basic_auth_users.items()}
    if tls is None:
        return WebConfig(users=users)
    return WebConfig(
        certificate=str(path.parent / tls.cert_file),
        key=str(path.parent / tls.key_file),
        client_authority=None if tls.client_ca_file is None else str(path.parent / tls.client_ca_file),
        oldest_tls=ssl.TLSVersion[TLS_VERSIONS[tls.min_version]],
        newest_tls=ssl.TLSVersion[TLS_VERSIONS[tls.max_version]],
        users=users,
    )
