"""What to do about a failure, for whoever wants to go live: by its kind."""

from __future__ import annotations

from collections.abc import Mapping

from probes.words import FailureKind, FaultKind, SkipReason

_WAY = "Check address, DNS, proxy and firewall from here, then play it again."
_CUT = "Play it again with --repeat; if it stays so, give Brek the moment and the request ids."
_TELL = "Tell Brek, with the request ids."

AFTER_FAILURE: Mapping[FailureKind, str] = {
    FailureKind.DNS: _WAY,
    FailureKind.CONNECT: _WAY,
    FailureKind.TLS: "Check the certificate and the name in the base URL; if both are right, tell Brek.",
    FailureKind.TIMEOUT: _CUT,
    FailureKind.RESET: _CUT,
    FailureKind.TRUNCATED: _CUT,
    FailureKind.PROTOCOL: _CUT,
    FailureKind.BODY_TOO_LARGE: _TELL,
    FailureKind.REDIRECT: "Set the base URL to where the API is: redirects are never followed with a key.",
    FailureKind.AUTH_MISSING: "See key_accepted.",
    FailureKind.AUTH_REJECTED: "See key_accepted.",
    FailureKind.RATE_LIMITED: "See headroom: who else uses this key?",
    FailureKind.SERVER_ERROR: "Play it again with --repeat; if it stays so, tell Brek, with the request ids.",
    FailureKind.UNEXPECTED_BOOKING: "Look at the booking and cancel it, then tell Brek: nothing had asked for it.",
    FailureKind.PORTAL: "Check the portal's attach URL and setup_origins; if both are right, tell Brek.",
    FailureKind.IDENTITY: "See isolation.",
}
OTHER_FAILURE = "Compare what was expected with the guide; if it is as the guide says, tell Brek, with the request ids."
OTHER_KEY_REFUSED = "The other key is not accepted: check other_api_key, or leave it out. It says nothing of your own."

AFTER_OWN_TROUBLE: Mapping[str, str] = {
    FaultKind.OFFLINE: "This machine is offline: mend that, then play it again.",
    FaultKind.JOURNAL: "The journal can't be written: see `brekwatch doctor`, then play it again.",
    FaultKind.POOL: "This machine is out of sockets, files or memory: see `brekwatch doctor`, then play it again.",
    FaultKind.STALL: "This machine was too busy: play it again on a quieter one.",
    SkipReason.QUOTA: "The key's quota is used up: wait a minute, see who else uses the key, then play it again.",
    SkipReason.JOURNAL: "The journal can't be written: see `brekwatch doctor`, then play it again.",
    SkipReason.PORTAL: "Set BREK_PORTAL_ATTACH_URL, or add the card by hand: --card manual.",
    SkipReason.SAFETY: "A safeguard stopped it: read why, and lift it if it is right to.",
}
AFTER_BREAK = "See to what broke it off, then play it again."
OTHER_TROUBLE = "Play it again; if it stays so, it is the monitor's fault: see its log."
