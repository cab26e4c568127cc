"""The `web-config.yml` of Prometheus' exporter toolkit: TLS and basic auth, those of its keys that are served here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class WebConfig:
    """How the web face is protected. Paths are absolute or relative to the process; hashes are bcrypt's."""

    certificate: str | None = None
    key: str | None = None
    users: Mapping[str, bytes] = field(default_factory=dict, repr=False)


def load(path: Path) -> WebConfig:
    """Reads the file; its own paths are relative to it. Raises ConfigError with every problem and its place."""
    from exporter.web.web_config_file import WebConfigFile
    from probes.files import shapes, yaml_files

    document = yaml_files.read(yaml_files.read_bytes(path), str(path))
    found = shapes.check(WebConfigFile, document, hidden={"basic_auth_users"})
    tls = found.tls_server_config
    return WebConfig(
        certificate=None if tls is None else str(path.parent / tls.cert_file),
        key=None if tls is None else str(path.parent / tls.key_file),
        users={name: hashed.encode() for name, hashed in found.basic_auth_users.items()},
    )
