"""By channel, how a document becomes a request: the one way there is, for a test as for an outage."""

from __future__ import annotations

from datetime import datetime

from alerts.delivery import slack, webhook
from alerts.delivery.documents import Document
from alerts.delivery.posting import Request
from probes.settings import Receiver
from probes.words import Channel


def request_for(receiver: Receiver, document: Document, *, notice_id: str, at: datetime) -> Request:
    """For a receiver that is told by event. Raises ValueError for one that isn't."""
    if receiver.channel is Channel.WEBHOOK:
        return webhook.request(receiver, document, notice_id=notice_id, at=at)
    if receiver.channel is Channel.SLACK:
        return slack.request(receiver, document, notice_id=notice_id)
    raise ValueError(f"{receiver.channel} is not told by event")
