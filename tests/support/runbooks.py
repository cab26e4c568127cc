"""The shipped runbooks, and what is wrong with the commands in them: complaints, empty where nothing is."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from importlib.resources import files
from pathlib import Path

from typer.core import TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command

from exporter.cli import app

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def runbooks() -> dict[str, str]:
    """Markdown by the name of the alert."""
    folder = Path(str(files("alerts"))) / "runbooks"
    return {path.stem: path.read_text("utf-8") for path in sorted(folder.glob("*.md"))}


def lines(text: str, language: str) -> list[str]:
    """The lines of its blocks in this language."""
    blocks = (body for found, body in _BLOCK.findall(text) if found == language)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def commands(text: str, name: str) -> list[list[str]]:
    """The commands of this name in its sh blocks and in the text around them, split into words."""
    inline = re.findall(rf"`({name} [^`]+)`", text)
    split = [shlex.split(line, comments=True) for line in [*lines(text, "sh"), *inline]]
    return [words for words in split if words and words[0] == name]


def complaint_of_brekwatch(words: list[str]) -> str:
    """What the command line says of it, without doing anything; "" if it would be done."""
    command, context, rest = get_command(app), None, words[1:]
    try:
        while isinstance(command, TyperGroup):
            context = command.make_context(command.name, list(rest), parent=context)
            left = [*context._protected_args, *context.args]
            if not left and command.invoke_without_command:
                return ""
            _, found, rest = command.resolve_command(context, left)
            assert found is not None
            command = found
        command.make_context(command.name, list(rest), parent=context)
    except TyperException as problem:
        return f"{shlex.join(words)}: {problem.format_message()}"
    return ""


def complaints_of_promtool(queries: list[str], folder: Path) -> str:
    """What `promtool check rules` says of a file with a rule of each query; "" if it takes them all."""
    file = folder / "queries.rules.yml"
    rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(queries)]
    file.write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}))  # JSON is YAML, too
    check = subprocess.run(["promtool", "check", "rules", str(file)], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return "" if check.returncode == 0 else check.stdout + check.stderr
