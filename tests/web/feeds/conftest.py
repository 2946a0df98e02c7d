"""Here readers are sent what is there now, also where the machine is busy; `test_slow_redis` tries what is late."""

import pytest

from syndicator.pipeline import fresh_reads
from syndicator.pipeline.feeds import publisher


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh_reads, "PATIENCE_S", 10.0)
    monkeypatch.setattr(publisher, "PATIENCE_S", 10.0)
