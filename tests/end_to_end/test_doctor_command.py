"""`brekwatch doctor`, as typed."""

from __future__ import annotations

from support.commands import brekwatch, variables_of

from probes.sandbox.server import SandboxServer


async def test_doctor_finds_this_install_sound_and_shows_no_key() -> None:
    async with SandboxServer() as sandbox:
        ended = await brekwatch("doctor", environment=variables_of(sandbox))

    assert (ended.exit_code, ended.err) == (0, ""), ended
    assert "target default" in ended.out
    assert "portal of default" in ended.out
    assert sandbox.api_key not in ended.out


async def test_doctor_tells_a_wrong_configuration_with_2_and_no_traceback() -> None:
    ended = await brekwatch("doctor", "-c", "/nonexistent.yaml")

    assert ended.exit_code == 2
    assert "/nonexistent.yaml" in ended.out
    assert "Traceback" not in ended.out + ended.err


async def test_its_help_says_what_it_sends_and_what_the_exit_codes_mean() -> None:
    ended = await brekwatch("doctor", "--help")

    assert "sends no key" in " ".join(ended.out.split())
    assert "Exit code 0" in ended.out
