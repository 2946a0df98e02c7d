from collections.abc import AsyncIterator

import pytest
from pipeline.preview.preview_world import dry_run

from syndicator.pipeline.preview.dry_run_context import DryRunContext


@pytest.fixture
async def context() -> AsyncIterator[DryRunContext]:
    async with dry_run() as opened:
        yield opened
