"""Several situations behind one `--situation`, as people write it: `--situation decline saved_card`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from typer.core import TyperCommand

from probes.readiness.words import SituationName

_OPTION = "--situation"
_NAMES = frozenset(SituationName)


class SeveralSituations(TyperCommand):
    """A command whose `--situation` takes the names that follow it too."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Puts the option before each name, as the library knows it."""
        return super().parse_args(ctx, list(each_named(args)))


def each_named(args: Sequence[str]) -> Iterator[str]:
    """The arguments, with the option before each situation that follows one; what is behind -- is another's."""
    own = args.index("--") if "--" in args else len(args)
    named = False
    for index, arg in enumerate(args):
        follows = named and arg in _NAMES
        if follows and index < own:
            yield _OPTION
        yield arg
        named = follows or (index > 0 and args[index - 1] == _OPTION)


def apart(names: Iterable[str]) -> tuple[str, ...]:
    """The names, also of those that were joined by commas."""
    return tuple(name for each in names for part in each.split(",") if (name := part.strip()))
