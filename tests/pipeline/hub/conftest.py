"""Services whose subscribers are in one partition, and in four."""

import pytest


@pytest.fixture(params=[1, 4], ids=["one-partition", "four-partitions"])
def partitions(request: pytest.FixtureRequest) -> int:
    return int(request.param)
