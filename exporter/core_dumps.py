"""No core dumps: a crash of the interpreter must not leave the keys in its memory on a disk."""

from __future__ import annotations


def forbid() -> None:
    """For this process and all that it starts; a system that knows no such limit is left as it is."""
    try:
        import resource
    except ImportError:  # it is not made for every platform
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
