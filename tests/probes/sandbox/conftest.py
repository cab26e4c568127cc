from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from support.sandbox import Partner, partner_of


@pytest.fixture
async def partner() -> AsyncIterator[Partner]:
    async with partner_of() as found:
        yield found
