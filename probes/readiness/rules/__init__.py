"""The rules of an audit, each a pure function of the evidence: `RULES` in `registry`, helpers in `conversations`."""
