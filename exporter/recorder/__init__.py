"""Makes metrics of what runs tell: the only place, beside the web face, that knows prometheus_client."""

from __future__ import annotations

from exporter.recorder.listener import Recorder

__all__ = ["Recorder"]
