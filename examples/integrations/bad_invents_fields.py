"""Breaks `request_schema`: the session's id is called `session_id`, which the OpenAPI file does not know."""

from __future__ import annotations

from brek_api import Answer
from good_by_text import Integration, main


class InventsFields(Integration):
    """Guesses how fields are called."""

    def send(self, method: str, path: str, body: dict[str, object] | None) -> Answer:
        """In the style of its own code."""
        if body and "sessionId" in body:
            body = {**body, "session_id": body["sessionId"]}
            del body["sessionId"]
        return super().send(method, path, body)


if __name__ == "__main__":
    main(InventsFields)
