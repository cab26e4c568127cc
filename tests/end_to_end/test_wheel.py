"""What is shipped holds what the commands read as data: built, unpacked, and run away from the sources."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from support.board_files import UIDS

ROOT = Path(__file__).parents[2]
EXPORT = """
from pathlib import Path
from exporter.dashboards_command import export
import dashboards, sys
assert Path(dashboards.__file__).is_relative_to(sys.argv[1]), dashboards.__file__
print(*export(Path(sys.argv[2]), None, {}), sep="\\n")
assert not [name for name in sys.modules if name.startswith("grafana_foundation_sdk")]
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)  # noqa: S603 - our own build
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


def test_it_holds_the_dashboards_and_their_provisioning(unpacked: Path) -> None:
    shipped = unpacked / "dashboards"

    assert {path.stem for path in (shipped / "generated").iterdir()} == set(UIDS)
    assert {path.parent.name for path in (shipped / "provisioning").rglob("brekwatch.yaml")} == {
        "dashboards",
        "datasources",
    }


def test_dashboards_are_exported_away_from_the_sources_and_without_what_builds_them(
    unpacked: Path, tmp_path: Path
) -> None:
    run = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-P", "-c", EXPORT, str(unpacked), str(tmp_path / "new")],
        cwd=tmp_path,
        env={"PYTHONPATH": str(unpacked)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    assert {path.stem for path in (tmp_path / "new").glob("*.json")} == set(UIDS)
