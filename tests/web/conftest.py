from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support import ManualClock
from web.browser import Seen, open_seen

from syndicator.store.store import Store


@pytest.fixture
async def seen(store: Store, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Seen]:
    """Open every page of a site in a browser."""
    async with open_seen(store, clock, tmp_path) as opened:
        yield opened
