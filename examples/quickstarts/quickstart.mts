const baseUrl = process.env.BREK_BASE_URL!;
const apiKey = process.env.BREK_PARTNER_API_KEY!;
async function call(path: string, init?: RequestInit) {
const res = await fetch(`${baseUrl}${path}`, {
...init,
headers: {
'content-type': 'application/json',
'x-partner-api-key': apiKey,
...(init?.headers ?? {})
}
});
const body = await res.json();
if (!res.ok) throw new Error(JSON.stringify(body));
return body;
}
const session = await call('/api/partner/v1/core-chat/sessions', {
method: 'POST',
body: JSON.stringify({
actor: { actorId: 'partner_user_001', timezoneOffsetMinutes: -480 },
channel: { workspaceId: 'partner-workspace' },
conversation: { channelId: 'partner-chat' }
})
});
const sessionId = session.data.sessionId;
const event = await call('/api/partner/v1/core-chat/events', {
method: 'POST',
body: JSON.stringify({
sessionId,
text: 'Seattle Mar 20-23 1 room refundable',
idempotencyKey: `demo:${sessionId}:search:001`
})
});
console.log(event.data.result.status);
