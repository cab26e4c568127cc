SESSION_ID=$(curl -sS "$BREK_BASE_URL/api/partner/v1/core-chat/sessions" \
-H "x-partner-api-key: $BREK_PARTNER_API_KEY" \
-H "content-type: application/json" \
-d "{\"actor\":{\"actorId\":\"$ACTOR_ID\",\"timezoneOffsetMinutes\":-480},\"channel\":{\"workspaceId\":\"partner-workspace\"},\"conversation\":{\"channelId\":\"partner-chat\"}}" \
| jq -r '.data.sessionId')
echo "SESSION_ID=$SESSION_ID"
curl -sS "$BREK_BASE_URL/api/partner/v1/core-chat/events" \
-H "x-partner-api-key: $BREK_PARTNER_API_KEY" \
-H "content-type: application/json" \
-d "{\"sessionId\":\"$SESSION_ID\",\"text\":\"Seattle Mar 20-23 1 room refundable\",\"idempotencyKey\":\"demo:$SESSION_ID:search:001\"}" \
| jq
curl -sS "$BREK_BASE_URL/api/partner/v1/core-chat/sessions/$SESSION_ID" \
-H "x-partner-api-key: $BREK_PARTNER_API_KEY" \
| jq
