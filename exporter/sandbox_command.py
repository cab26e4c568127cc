"""`brekwatch sandbox`: the stand-in API on loopback, with its address and key ready for a shell."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence

from exporter.signals import stop_signals
from probes.sandbox.faults import FAULTS, STEPS
from probes.sandbox.server import SandboxServer


def fault_lines() -> Iterator[str]:
    """The faults with their meanings, then the steps that `NAME@STEP` may name."""
    width = max(len(fault.name) for fault in FAULTS)
    for fault in FAULTS:
        yield f"{fault.name:<{width}}  {fault.meaning}"
    yield ""
    yield f"NAME@STEP shows it at one step only: {', '.join(STEPS)}"


async def serve_sandbox(*, port: int, faults: Sequence[str], minute_quota: int) -> None:
    """Serves until SIGINT or SIGTERM. Raises UsageError for a busy port or an unknown fault."""
    async with stop_signals() as stop, SandboxServer(port=port, faults=faults, minute_quota=minute_quota) as sandbox:
        variables = {
            "BREK_BASE_URL": sandbox.base_url,
            "BREK_PARTNER_API_KEY": sandbox.api_key,
            "BREK_PORTAL_ATTACH_URL": sandbox.attach_url,
        }
        for name, value in variables.items():
            print(f"export {name}={shlex.quote(value)}", flush=True)  # noqa: T201
        serving = f"Serving the sandbox at {sandbox.base_url}; faults are switched at {sandbox.faults_url}."
        said = f"{serving} Paste the lines above into another shell; Ctrl-C ends it."
        print(said, file=sys.stderr, flush=True)  # noqa: T201
        if faults:
            print(f"Faults: {', '.join(faults)}", file=sys.stderr, flush=True)  # noqa: T201
        await stop.wait()
