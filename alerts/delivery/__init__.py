"""Telling of incidents without Prometheus: to Alertmanager, to a webhook, to a chat; and a heartbeat while all is well.

Channels are our own few lines. Libraries for them were measured and left: apprise takes 0.2 s to import and 0.3 s more
for its first address, blocks in threads and logs addresses, which are secrets; standardwebhooks signs in ten lines of
its own, but takes a secret that is no base64 for a shorter one without a word.
"""

from __future__ import annotations
