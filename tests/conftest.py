from __future__ import annotations

from hypothesis import settings

# The same examples in every run, and no clock: a red test is red for everybody, on a busy machine too.
settings.register_profile("fixed", derandomize=True, deadline=None, database=None)
settings.load_profile("fixed")
