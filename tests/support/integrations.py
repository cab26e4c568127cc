"""The small integrations under examples/: which there are, and which rule each bad one breaks where."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from support.commands import variables_of

from probes.readiness.words import RuleId, SituationName
from probes.sandbox.server import SandboxServer

FOLDER = Path(__file__).parents[2] / "examples" / "integrations"
GOOD = ("good_by_text", "good_by_kind")


@dataclass(frozen=True, slots=True)
class Bad:
    """An integration that breaks one rule, and the situation in which it shows."""

    name: str
    rule: RuleId
    situation: SituationName = SituationName.NORMAL_BOOKING

    @property
    def needs_log(self) -> bool:
        return self.rule in {RuleId.NO_BOOKING_CLAIM_BEFORE_BOOKED, RuleId.LOGS_IDS, RuleId.LOGS_NO_SECRET}


BAD = (
    Bad("bad_key_in_browser", RuleId.KEY_SERVER_SIDE),
    Bad("bad_two_key_headers", RuleId.KEY_SINGLE_STYLE),
    Bad("bad_key_in_url", RuleId.KEY_NOT_IN_URL),
    Bad("bad_shared_session", RuleId.SESSION_PER_ACTOR),
    Bad("bad_new_actor_each_time", RuleId.ACTOR_ID_STABLE, SituationName.SESSION_NOT_FOUND),
    Bad("bad_confirms_too_early", RuleId.BRANCH_ON_STATUS),
    Bad("bad_writes_after_error", RuleId.NO_WRITE_AFTER_ERROR, SituationName.DECLINE),
    Bad("bad_write_without_key", RuleId.WRITE_HAS_IDEMPOTENCY_KEY),
    Bad("bad_new_key_on_retry", RuleId.SAME_KEY_ON_RETRY, SituationName.RATE_LIMITED),
    Bad("bad_one_key_for_all", RuleId.NEW_KEY_ON_NEW_ACTION),
    Bad("bad_turns_at_once", RuleId.TURNS_IN_ORDER, SituationName.SLOW_ANSWER),
    Bad("bad_retries_400", RuleId.RETRY_ONLY_429_5XX, SituationName.INVALID_REQUEST),
    Bad("bad_retries_at_once", RuleId.RETRY_BACKOFF, SituationName.SERVER_ERROR_BEFORE),
    Bad("bad_ignores_retry_after", RuleId.HONOURS_RETRY_AFTER, SituationName.RATE_LIMITED),
    Bad("bad_goes_on_after_403", RuleId.STOPS_ON_401_403, SituationName.AUTH_REJECTED),
    Bad("bad_forgets_to_look", RuleId.SNAPSHOT_AFTER_AMBIGUITY, SituationName.LOST_ANSWER),
    Bad("bad_card_in_chat", RuleId.NO_CARD_DATA),
    Bad("bad_plain_text_bodies", RuleId.CONTENT_TYPE),
    Bad("bad_invents_fields", RuleId.REQUEST_SCHEMA),
    Bad("bad_never_retries", RuleId.RETRIES_TRANSIENT, SituationName.RATE_LIMITED),
    Bad("bad_crashes_on_saved_card", RuleId.HANDLES_EVERY_STATUS, SituationName.SAVED_CARD),
    Bad("bad_crashes_on_new_status", RuleId.SURVIVES_UNKNOWN_STATUS, SituationName.UNKNOWN_STATUS),
    Bad("bad_crashes_without_artifacts", RuleId.SURVIVES_MISSING_ARTIFACTS, SituationName.MISSING_ARTIFACTS),
    Bad("bad_claims_too_early", RuleId.NO_BOOKING_CLAIM_BEFORE_BOOKED, SituationName.DECLINE),
    Bad("bad_logs_no_ids", RuleId.LOGS_IDS),
    Bad("bad_logs_the_key", RuleId.LOGS_NO_SECRET),
)


def command_of(name: str, *arguments: str) -> tuple[str, ...]:
    """How it is run; without writing compiled files beside the examples."""
    return sys.executable, "-B", str(FOLDER / f"{name}.py"), *arguments


async def play(command: tuple[str, ...], sandbox: SandboxServer, more: Mapping[str, str] | None = None) -> int:
    """Its exit code, run directly against a sandbox."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**variables_of(sandbox), **(more or {})},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    return await asyncio.wait_for(process.wait(), 20)
