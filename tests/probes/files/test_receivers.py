"""Who is told of incidents, as a configuration says it: read, refused with its place, and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from probes.errors import ConfigError
from probes.redaction import Scrubber, Secret
from probes.settings import Settings, load
from probes.words import Channel

HEAD = "targets: {a: {base_url: 'http://127.0.0.1:3000', api_key: '${KEY}'}}\n"
PATH_SECRET = "B0123456/abcdefghijklmnop"
VARIABLES = {
    "KEY": "sk_test_51H8xQz",
    "CHAT": f"https://hooks.chat.example/services/{PATH_SECRET}",
    "SIGN": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "HOME": "/home/somebody",
}


def read(folder: Path, text: str) -> Settings:
    path = folder / "c.yaml"
    path.write_text(HEAD + text)
    return load(path, VARIABLES)


def problems_of(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        read(folder, text)
    return [problem.removeprefix(f"{folder / 'c.yaml'}:") for problem in refused.value.problems]


def test_each_channel_is_read_with_its_addresses_and_its_secret(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("a-token-for-it\n")
    (tmp_path / "token").chmod(0o600)
    oncall, chat, alertmanager = read(
        tmp_path,
        "notify:\n"
        "- {name: oncall, webhook: {url: 'https://x.example/hook', secret: '${SIGN}'}, remind_every: 30m}\n"
        "- {name: chat, slack: {url: '${CHAT}'}}\n"
        "- {name: am, alertmanager: {urls: ['http://127.0.0.1:9093/', 'http://[::1]:9093'], token_file: token}}\n",
    ).receivers

    assert (oncall.channel, oncall.secret, oncall.remind_seconds) == (Channel.WEBHOOK, Secret(VARIABLES["SIGN"]), 1800)
    assert (chat.channel, chat.urls, chat.remind_seconds) == (Channel.SLACK, (Secret(VARIABLES["CHAT"]),), 4 * 3600)
    assert alertmanager.urls == (Secret("http://127.0.0.1:9093"), Secret("http://[::1]:9093"))
    assert alertmanager.secret == Secret("a-token-for-it")


def test_addresses_and_secrets_are_scrubbed_whole_and_by_their_last_part(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        "notify: [{name: chat, slack: {url: '${CHAT}'}}, {name: hook, webhook: {url: 'https://x.example', "
        "secret: '${SIGN}'}}]\n"
        "service: {heartbeat_url: 'https://hc.example/ping/4cd3-11aa-99', webhook_token: 'let-me-in-please'}",
    )
    text = Scrubber(settings.secrets).text

    assert text(f"POST {VARIABLES['CHAT']} failed") == "POST *** failed"
    assert "abcdefghijklmnop" not in text("…/abcdefghijklmnop")
    assert "4cd3" not in text("/ping/4cd3-11aa-99")
    assert "let-me-in" not in text("Bearer let-me-in-please")
    assert "MfKQ" not in text(VARIABLES["SIGN"])


def test_files_of_receivers_are_watched_as_those_of_keys_are(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("https://x.example/hook-of-somebody")
    (tmp_path / "url").chmod(0o600)
    settings = read(tmp_path, "notify: [{name: a, slack: {url_file: url}}]")

    assert list(settings.secret_files) == [tmp_path / "url"]


PLAIN = "must start with https://: whoever reads along could tell lies; http:// is for this machine alone"
SHORT = "must have at least 8 characters, all of them printable ASCII, none around it blank"
WRONG = {
    "no channel": ("notify: [{name: a}]", "2:10: notify[0]: it has no channel: give webhook, slack or alertmanager"),
    "two channels": (
        "notify: [{name: a, slack: {url: 'https://x.example'}, webhook: {url: 'https://x.example'}}]",
        "2:10: notify[0]: webhook and slack are both given: make them two receivers",
    ),
    "one name twice": (
        "notify: [{name: a, slack: {url: 'https://x.example'}}, {name: a, slack: {url: 'https://x.example'}}]",
        "2:63: notify[1].name: there is a receiver a already: each has a name of its own",
    ),
    "webhook in plain text": (
        "notify: [{name: a, webhook: {url: 'http://x.example/hook'}}]",
        f"2:35: notify[0].webhook.url: {PLAIN}",
    ),
    "alertmanager in plain text": (
        "notify: [{name: a, alertmanager: {urls: ['http://x.example:9093']}}]",
        f"2:42: notify[0].alertmanager.urls[0]: {PLAIN}",
    ),
    "heartbeat in plain text": (
        "service: {heartbeat_url: 'http://x.example/p'}",
        f"2:26: service.heartbeat_url: {PLAIN}",
    ),
    "user and password": (
        "notify: [{name: a, slack: {url: 'https://me:hunter2-pw@x.example'}}]",
        "2:33: notify[0].slack.url: it must not carry a user name or a password",
    ),
    "no url": (
        "notify: [{name: a, webhook: {secret: '${SIGN}'}}]",
        "2:20: notify[0].webhook: url is missing: give it, as ${VAR} or in a file that url_file names",
    ),
    "two secrets": (
        "notify: [{name: a, webhook: {url: 'https://x.example', secret: '${SIGN}', secret_file: s}}]",
        "2:20: notify[0].webhook: secret and secret_file are both given: keep one",
    ),
    "short secret": (
        "notify: [{name: a, webhook: {url: 'https://x.example', secret: hunter2}}]",
        f"2:64: notify[0].webhook.secret: {SHORT}",
    ),
    "too many reminders": (
        "notify: [{name: a, slack: {url: 'https://x.example'}, remind_every: 5m}]",
        "2:69: notify[0].remind_every: must be at least 30m",
    ),
    "reminders of alertmanager": (
        "notify: [{name: a, alertmanager: {urls: 'http://127.0.0.1:9093'}, remind_every: 1h}]",
        "2:81: notify[0].remind_every: Alertmanager repeats by itself: see repeat_interval in its configuration",
    ),
}


@pytest.mark.parametrize(("text", "problem"), WRONG.values(), ids=WRONG)
def test_a_wrong_receiver_is_told_with_its_place_and_the_way_out(tmp_path: Path, text: str, problem: str) -> None:
    told = problems_of(tmp_path, text)

    assert told == [problem]


def test_no_message_shows_an_address(tmp_path: Path) -> None:
    told = problems_of(tmp_path, "notify: [{name: a, slack: {url: 'http://x.example/hunter2-hunter2'}, other: 1}]")

    assert "hunter2" not in str(told)
