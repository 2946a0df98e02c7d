"""Processes that admit the same news at once: each article once, each copy with its original."""

import uuid
from pathlib import Path

import pytest

from bench.stories.racing import race


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [1, 2])
async def test_eight_processes_agree_on_articles_and_stories(
    redis_url: str, tmp_path: Path, seed: int
) -> None:
    told = await race(redis_url, f"test-{uuid.uuid4().hex}", tmp_path, 4000, seed)
    assert told.candidates > 1.8 * told.articles
    assert set(told.admitted) == {1}, "each article is new once"
    assert told.copies > 100
    assert told.parted == 0
    assert told.hidden_series == 0
    assert told.ari >= 0.9
