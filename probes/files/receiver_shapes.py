"""The shape of what stands under `notify`: whom brekwatch itself tells of incidents, and by what channel."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from probes.files.settings_parts import IN_A_FILE, Address, Key, Text, Word, secrets
from probes.files.shapes import LISTED, Duration, OneOrMany, Shape
from probes.words import Channel

CHANNELS = (Channel.WEBHOOK, Channel.SLACK, Channel.ALERTMANAGER)

RECEIVER_SECRETS = frozenset({"url", "secret", "token"})


def _one_channel(schema: dict[str, Any]) -> None:
    schema["oneOf"] = [
        {"required": [channel.value], "properties": {channel.value: {"type": "object"}}} for channel in CHANNELS
    ]


class WebhookShape(Shape):
    """A web address of yours that takes JSON."""

    model_config = ConfigDict(json_schema_extra=secrets(url=True, secret=False))

    url: Annotated[Key | None, Field(description="Where to; best given as ${VAR} if it carries a secret.")] = None
    url_file: Annotated[Text | None, Field(description=IN_A_FILE)] = None
    secret: Annotated[
        Key | None,
        Field(description="What signs each message, so that the receiver knows who sent it (Standard Webhooks)."),
    ] = None
    secret_file: Annotated[Text | None, Field(description=IN_A_FILE)] = None


class SlackShape(Shape):
    """An incoming webhook of Slack, or of a chat that understands the same."""

    model_config = ConfigDict(json_schema_extra=secrets(url=True))

    url: Annotated[Key | None, Field(description="The webhook's address, a secret as a whole.")] = None
    url_file: Annotated[Text | None, Field(description=IN_A_FILE)] = None


class AlertmanagerShape(Shape):
    """Alertmanager itself, where no Prometheus sends it the shipped rules' alerts."""

    model_config = ConfigDict(json_schema_extra=secrets(token=False))

    urls: Annotated[
        tuple[Address, ...],
        Field(min_length=1),
        LISTED,
        OneOrMany(),
        Field(
            description="the address of each instance, such as http://127.0.0.1:9093",
            examples=[["http://127.0.0.1:9093"]],
        ),
    ]
    token: Annotated[Key | None, Field(description="Sent as a bearer token.")] = None
    token_file: Annotated[Text | None, Field(description=IN_A_FILE)] = None


class ReceiverShape(Shape):
    """Somebody who is told of incidents, by one channel."""

    model_config = ConfigDict(json_schema_extra=_one_channel)

    name: Annotated[
        Word,
        Field(description="a word by which logs and commands name it, such as oncall"),
    ]
    webhook: Annotated[WebhookShape | None, Field(description="JSON, signed, to an address of yours.")] = None
    slack: Annotated[SlackShape | None, Field(description="Slack, or a chat that understands its webhooks.")] = None
    alertmanager: Annotated[
        AlertmanagerShape | None, Field(description="Alertmanager, without a Prometheus before it.")
    ] = None
    remind_every: Annotated[
        Duration | None,
        Field(
            description="How often an incident that stays open is told again: 4h, at least 30m. Not for Alertmanager."
        ),
    ] = None
