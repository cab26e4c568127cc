"""A notice as JSON for an address of the partner's own, signed as Standard Webhooks says (HMAC-SHA256, `v1`)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from datetime import datetime

from alerts.delivery.documents import Document
from alerts.delivery.posting import Request
from probes.redaction import Secret
from probes.settings import Receiver

_PREFIX = "whsec_"


def request(receiver: Receiver, document: Document, *, notice_id: str, at: datetime) -> Request:
    """The document as it is. The id is the same at each try: who has seen it, has seen it."""
    content = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
    timestamp = str(int(at.timestamp()))
    headers = {"content-type": "application/json", "webhook-id": notice_id, "webhook-timestamp": timestamp}
    if receiver.secret is not None:
        headers["webhook-signature"] = signature(receiver.secret, notice_id, timestamp, content)
    return Request(url=receiver.urls[0], content=content, headers=headers)


def signature(secret: Secret, notice_id: str, timestamp: str, content: bytes) -> str:
    """Over id, time and content. A secret that begins with `whsec_` is base64 behind that, any other is its bytes."""
    signed = hmac.new(_key_of(secret), f"{notice_id}.{timestamp}.".encode() + content, hashlib.sha256).digest()
    return "v1," + base64.b64encode(signed).decode("ascii")


def _key_of(secret: Secret) -> bytes:
    text = secret.reveal()
    if text.startswith(_PREFIX):
        encoded = text.removeprefix(_PREFIX)
        try:
            return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True) or text.encode()
        except (binascii.Error, ValueError):
            return text.encode()
    return text.encode()
