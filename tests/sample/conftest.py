from collections.abc import AsyncIterator

import pytest
from sample.sample_values import Visitor, visiting


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    async with visiting() as opened:
        yield opened
