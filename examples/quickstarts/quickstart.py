import os
import requests
base_url = os.environ["BREK_BASE_URL"]
api_key = os.environ["BREK_PARTNER_API_KEY"]
headers = {
"x-partner-api-key": api_key,
"content-type": "application/json",
}
session_res = requests.post(
f"{base_url}/api/partner/v1/core-chat/sessions",
headers=headers,
json={
"actor": {"actorId": "partner_user_001", "timezoneOffsetMinutes": -480},
"channel": {"workspaceId": "partner-workspace"},
"conversation": {"channelId": "partner-chat"},
},
timeout=20,
)
session_res.raise_for_status()
session_id = session_res.json()["data"]["sessionId"]
event_res = requests.post(
f"{base_url}/api/partner/v1/core-chat/events",
headers=headers,
json={
"sessionId": session_id,
"text": "Seattle Mar 20-23 1 room refundable",
"idempotencyKey": f"demo:{session_id}:search:001",
},
timeout=20,
)
event_res.raise_for_status()
print(event_res.json()["data"]["result"]["status"])
