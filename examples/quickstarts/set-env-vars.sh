export BREK_BASE_URL="https://www.brek.ai"
export BREK_PARTNER_API_KEY="<your_partner_api_key>"
export ACTOR_ID="partner_user_001"
