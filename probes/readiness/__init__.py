"""Before launch: does the API answer as documented with this key, and does a partner's integration keep the rules?

`ready` plays checks (`model`), `audit` watches an integration (`evidence`, `rules`). Verdicts are frozen data;
documents are made of them elsewhere.
"""
