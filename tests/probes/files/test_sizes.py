from __future__ import annotations

import pytest

from probes.files.sizes import bytes_of


@pytest.mark.parametrize(
    ("text", "size"), [("1MB", 1_000_000), ("1.5MiB", 1_572_864), ("2GiB", 2_147_483_648), ("2000kB", 2_000_000)]
)
def test_a_size_is_read_in_powers_of_ten_or_of_two(text: str, size: int) -> None:
    assert bytes_of(text) == size


@pytest.mark.parametrize("text", ["", "2", "2 GiB", "2gib", "-1MB", "1e9MB", "999kB", "0GB"])
def test_what_is_no_size_or_too_small_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a size"):
        bytes_of(text)
