"""The recording reverse proxy: what an integration says to the API, passed on unchanged and noted down redacted."""
