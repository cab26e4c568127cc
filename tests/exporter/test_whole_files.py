"""Where a document is put: a file is there whole or not at all, and what is no file is written into."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from exporter.documents import refuse_bad_places
from exporter.whole_files import UnwrittenError, write_whole


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    place = tmp_path / "ready.html"
    place.write_bytes(b"a longer text of yesterday")
    write_whole(place, b"new")

    assert place.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [place]


def test_a_pipe_is_written_into_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    refuse_bad_places([("--json", pipe)])
    write_whole(pipe, b"told")
    told = os.read(reader, 100)
    os.close(reader)

    assert told == b"told"
    assert pipe.is_fifo()


def test_a_pipe_that_nobody_reads_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    with pytest.raises(UnwrittenError, match="No such device or address"):
        write_whole(pipe, b"told")


def test_a_descriptor_s_path_is_no_place_to_put_a_file(tmp_path: Path) -> None:
    place = tmp_path / "told"
    with place.open("wb") as held:
        path = Path(f"/dev/fd/{held.fileno()}")
        refuse_bad_places([("--json", path)])
        write_whole(path, b"told")
        inode = os.fstat(held.fileno()).st_ino

    assert (place.read_bytes(), place.stat().st_ino) == (b"told", inode)
