"""What a page of the service must allow itself, reckoned from what stands in it."""

from __future__ import annotations

import base64
import hashlib
import re


def policy_of(page: str) -> str:
    """Its one style sheet and script by their hashes, forms and questions to ourselves, and nothing else."""
    return "; ".join(
        (
            "default-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "connect-src 'self'",
            "img-src 'self'",
            f"style-src {_hash_of('style', page)}",
            f"script-src {_hash_of('script', page)}",
        )
    )


def _hash_of(element: str, page: str) -> str:
    (content,) = re.findall(rf"<{element}>(.*?)</{element}>", page, re.DOTALL)
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
