"""A service with thousands of sources: what is done each minute does not grow with them."""

import pytest
from pipeline.conftest import OpenService
from pipeline.ops.test_retention import sweep
from support import ManualClock, candidate

from syndicator.model.ids import SourceId
from syndicator.pipeline.articles.admission import Admitter
from syndicator.pipeline.ops.retention import FEW_NAMES, NAMES_INTERVAL, SOURCES
from syndicator.pipeline.ops.rotation import RoundRobin
from syndicator.service import Service
from syndicator.store.articles.identities import BUCKETS

MANY = SOURCES + 500
FOR_ONE_ARTICLE = 400
"""Commands by which it leaves all that lists it, and what other work of the service adds meanwhile."""


def config(count: int, more: str = "") -> str:
    return "\n".join(
        ['[retention]\narticles = "10d"\nbodies = "5d"\nidentities = "15d"', more]
        + [
            f'[source.portal-{number}]\ntitle = "Portal"\nkind = "feed"\n'
            f'url = "http://127.0.0.1:9/{number}"\nschedule = {{ every = "1d" }}'
            for number in range(count)
        ]
    )


async def commands(service: Service) -> dict[str, int]:
    """Count how often this server has carried out each command since it began."""
    told = (await service.store.connection.call("INFO", "commandstats")).decode()
    rows = [line.removeprefix("cmdstat_").split(":calls=") for line in told.splitlines() if ":calls=" in line]
    return {name: int(counts.split(",")[0]) for name, counts in rows}


async def test_a_rotation_comes_round() -> None:
    turns = RoundRobin("abcde", 2)
    assert [turns.take() for _ in range(5)] == ["ab", "cd", "e", "ab", "cd"]
    assert RoundRobin("ab", 2).take() == "ab"
    assert RoundRobin("", 2).take() == ""


async def test_a_sweep_is_bounded_and_all_sources_have_their_turn(
    service_of: OpenService, clock: ManualClock
) -> None:
    last = SourceId(f"portal-{MANY - 1}")
    async with service_of(config(MANY)) as service:
        await Admitter(service.store.articles, (), clock).admit([candidate(1, source=last)])
        clock.advance(20 * 86_400)
        before = await commands(service)
        await sweep(service)
        after = await commands(service)
        assert after["zremrangebyscore"] - before.get("zremrangebyscore", 0) <= SOURCES + 10
        assert sum(after.values()) - sum(before.values()) < SOURCES + BUCKETS + FOR_ONE_ARTICLE
        assert await service.store.articles.carried_by(last)
        clock.advance(61)
        await sweep(service)
        assert not await service.store.articles.carried_by(last)


async def test_many_names_are_noted_every_few_minutes(service_of: OpenService, clock: ManualClock) -> None:
    async with service_of(config(FEW_NAMES + 1)) as service:
        await sweep(service)
        noted: list[bool] = []
        for _ in range(2 * int(NAMES_INTERVAL.total_seconds()) // 60):
            clock.advance(60)
            before = await commands(service)
            await sweep(service)
            noted.append((await commands(service))["hset"] > before["hset"])
        assert noted == 2 * [False, False, False, False, True]


async def test_many_foreign_names_are_told_in_one_short_line(
    service_of: OpenService, clock: ManualClock, capfd: pytest.CaptureFixture[str]
) -> None:
    async with service_of(config(1)) as small, service_of(config(FEW_NAMES + 1)) as large:
        for _ in range(12):
            await sweep(large)
            await sweep(small)
            clock.advance(60)
        told = capfd.readouterr()
    lines = [line for line in (told.out + told.err).splitlines() if "configurations_differ" in line]
    assert len(lines) == 1
    assert "and 980 more" in lines[0]
