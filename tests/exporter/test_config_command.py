"""`config init`: what it writes is sound, forgets no key, and takes nothing away from anybody."""

from __future__ import annotations

import re
import resource
from collections.abc import Iterator
from pathlib import Path

import jsonschema_rs
import pytest

from exporter.config_command import example_text, init
from exporter.listing import settings_lines
from probes import settings
from probes.errors import UsageError
from probes.files import settings_schema, yaml_files
from probes.files.receiver_shapes import ReceiverShape
from probes.files.settings_shapes import SettingsShape
from probes.files.shapes import Shape, check

MODULES = {SettingsShape.__module__, ReceiverShape.__module__}
VARIABLES = {
    "BREK_BASE_URL": "http://127.0.0.1:3000",
    "BREK_PARTNER_API_KEY": "sk_test_51H8xQz",
    "BREK_PORTAL_ATTACH_URL": "http://127.0.0.1:3000/portal/api/attach",
}


def switched_on(text: str) -> str:
    """The example with all that is switched off in it."""
    return re.sub(r"^( *)#(?=[a-z-])", r"\1", text, flags=re.MULTILINE)


def keys_of(value: object) -> Iterator[str]:
    match value:
        case dict():
            for key, inner in value.items():
                yield str(key)
                yield from keys_of(inner)
        case list():
            for inner in value:
                yield from keys_of(inner)


def all_shapes(shape: type[Shape]) -> Iterator[type[Shape]]:
    for inner in shape.__subclasses__():
        yield inner
        yield from all_shapes(inner)


def test_what_is_written_passes_the_check_with_the_variables_of_a_sandbox(tmp_path: Path) -> None:
    path = tmp_path / "brekwatch.yaml"
    told = list(init(path))
    lines = list(settings_lines(settings.load(path, VARIABLES)))

    assert told[0] == f"wrote {path}"
    assert told[-1].endswith(f"brekwatch config check -c {path}")
    assert lines[-1] == "sound; the service would listen on 127.0.0.1:9464"
    assert not any("SKIPPED" in line or "WARNING" in line for line in lines)


def test_the_example_names_every_key_there_is() -> None:
    named = set(keys_of(yaml_files.read(switched_on(example_text()), "example").root.value))
    shapes = [shape for shape in all_shapes(Shape) if shape.__module__ in MODULES]

    assert len(shapes) >= 13
    for shape in shapes:
        assert set(shape.keys()) <= named, shape


def test_each_key_of_the_example_stands_where_it_may() -> None:
    document = yaml_files.read(switched_on(example_text()), "example")
    value = document.root.value
    value["service"]["external_url"] = value["targets"]["sandbox"]["base_url"] = "https://sandbox.example"
    value["targets"]["sandbox"]["portal"]["attach_url"] = "https://pay.example"

    shape = check(SettingsShape, document, value=value)
    assert shape.targets["production"].allow_bookings is not None
    assert shape.maintenance[0].reason == "new release"


def test_the_example_keeps_to_the_schema_that_it_names_in_its_first_line(tmp_path: Path) -> None:
    list(init(tmp_path / "own.yaml"))
    first = (tmp_path / "own.yaml").read_text().splitlines()[0]
    _, _, named = first.partition("$schema=")
    schema = (tmp_path / named).read_text()
    value = yaml_files.read(example_text(), "example").root.value

    assert first.startswith("# yaml-language-server: ")
    assert schema == settings_schema.schema_text()
    jsonschema_rs.Draft202012Validator(settings_schema.schema()).validate(value)


def test_it_holds_no_secret_and_may_be_read_by_its_owner_alone(tmp_path: Path) -> None:
    list(init(tmp_path / "brekwatch.yaml"))
    text = (tmp_path / "brekwatch.yaml").read_text()

    assert (tmp_path / "brekwatch.yaml").stat().st_mode & 0o777 == 0o600
    assert set(re.findall(r"(?:api_key|sentry_dsn): (\S+)", text)) == {
        "${SENTRY_DSN}",
        "${BREK_PARTNER_API_KEY}",
        "${BREK_OTHER_API_KEY}",
    }


def test_a_file_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "brekwatch.yaml"
    path.write_text("mine")
    with pytest.raises(UsageError, match="is there already, and stays as it is: name another path, or move it away"):
        list(init(path))

    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_a_dangling_link_is_not_written_through(tmp_path: Path) -> None:
    path = tmp_path / "brekwatch.yaml"
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="is there already"):
        list(init(path))

    assert not (tmp_path / "elsewhere").exists()


def test_a_schema_that_is_there_stays_too(tmp_path: Path) -> None:
    schema = tmp_path / settings_schema.SCHEMA_NAME
    schema.write_text("mine")
    told = list(init(tmp_path / "brekwatch.yaml"))

    assert schema.read_text() == "mine"
    assert f"{schema} was there already, and stays" in told[1]


@pytest.mark.parametrize("name", ["nowhere/brekwatch.yaml", "a\0b.yaml"], ids=["no-folder", "no-path"])
def test_a_path_that_cannot_be_written_is_told_in_one_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="can't be written: "):
        list(init(tmp_path / name))


def test_a_write_that_breaks_off_leaves_no_half_of_a_file_behind(tmp_path: Path) -> None:
    path = tmp_path / "brekwatch.yaml"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(UsageError, match="can't be written: File too large"):
            list(init(path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert not path.exists()
