"""`brekwatch notify test`, as a person types it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.commands import brekwatch
from support.hostile import Hostile
from support.receivers import bodies, head_of, takes

VARIABLES = {"KEY": "sk_test_51H8xQz", "SIGN": "canary-of-the-signature"}
TARGET = "targets: {sandbox: {base_url: 'http://127.0.0.1:3000', api_key: '${KEY}'}}\n"


def configured(folder: Path, notify: str) -> str:
    path = folder / "brekwatch.yaml"
    path.write_text(TARGET + notify)
    return str(path)


async def test_every_receiver_is_sent_a_test_over_the_channel_that_an_outage_takes(tmp_path: Path) -> None:
    async with Hostile(takes()) as hook, Hostile(takes()) as chat, Hostile(takes()) as alertmanager:
        config = configured(
            tmp_path,
            f"notify: [{{name: oncall, webhook: {{url: '{hook.url}/canary-of-the-path', secret: '${{SIGN}}'}}}}, "
            f"{{name: chat, slack: {{url: '{chat.url}'}}}}, "
            f"{{name: am, alertmanager: {{urls: '{alertmanager.url}'}}}}]",
        )
        ended = await brekwatch("notify", "test", "-c", config, environment=VARIABLES)
    (sent,), (alerts,) = bodies(hook), bodies(alertmanager)

    assert ended.exit_code == 0
    assert ended.out.splitlines() == [
        "oncall (webhook): delivered (status 200)",
        "chat (slack): delivered (status 200)",
        "am (alertmanager): delivered (status 200)",
    ]
    assert sent["type"] == "test"
    assert head_of(hook)["webhook-signature"].startswith("v1,")
    assert alerts[0]["labels"]["alertname"] == "BrekNotifyTest"


async def test_one_that_takes_nothing_is_said_without_its_address_and_ends_in_1(tmp_path: Path) -> None:
    async with Hostile(takes("403 Forbidden")) as hook, Hostile(takes()) as chat:
        config = configured(
            tmp_path,
            f"notify: [{{name: oncall, webhook: {{url: '{hook.url}/canary-of-the-path'}}}}, "
            f"{{name: chat, slack: {{url: '{chat.url}'}}}}]",
        )
        both = await brekwatch("notify", "test", "-c", config, environment=VARIABLES)
        one = await brekwatch("notify", "test", "chat", "-c", config, environment=VARIABLES)

    assert (both.exit_code, one.exit_code) == (1, 0)
    assert "oncall (webhook): NOT delivered: it answered 403" in both.out
    assert "canary" not in both.out + both.err


@pytest.mark.parametrize(
    ("notify", "argument", "words"),
    [
        pytest.param("", [], "there is no receiver: name a configuration with -c", id="none"),
        pytest.param(
            "notify: [{name: chat, slack: {url: 'https://x.example'}}]",
            ["chatt"],
            'chatt: no such receiver; did you mean "chat"? Allowed: chat',
            id="another name",
        ),
    ],
)
async def test_where_there_is_nobody_to_tell_it_says_so(
    tmp_path: Path, notify: str, argument: list[str], words: str
) -> None:
    ended = await brekwatch("notify", "test", *argument, "-c", configured(tmp_path, notify), environment=VARIABLES)

    assert ended.exit_code == 2
    assert words in ended.err


async def test_a_check_of_the_configuration_says_whom_it_would_tell(tmp_path: Path) -> None:
    config = configured(tmp_path, "notify: [{name: oncall, webhook: {url: 'https://x.example/canary-of-the-path'}}]")
    ended = await brekwatch("config", "check", "-c", config, environment=VARIABLES)

    assert "notify oncall: webhook  WARNING: unsigned" in ended.out
    assert "nobody notices when this monitor dies" in ended.out
    assert "canary" not in ended.out + ended.err
