"""A replica takes over whose clock is wrong by a minute, while two workers deliver to a partner who is slow."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from e2e.conftest import Start
from machine import SetClock, why_no_clock_is_set
from redis_processes import sentinel_group
from support import answering, candidate, until

from syndicator.opening import open_service
from syndicator.pipeline.articles.admission import Admitter
from syndicator.pipeline.webhooks.delivery import LEASE
from syndicator.settings import load
from syndicator.store import shared_clock
from syndicator.store.connection import connect
from syndicator.store.shared_clock import READ_INTERVAL_S

ARTICLES = 16
TAKES_S = READ_INTERVAL_S * 2 + LEASE.total_seconds()
"""For a delivery: both workers read the clock of the new primary meanwhile, and a lease could run out."""

pytestmark = [
    pytest.mark.scale,
    pytest.mark.embedded,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(bool(why_no_clock_is_set()), reason=why_no_clock_is_set()),
]


class Partner:
    """Takes its time for each event, and counts."""

    def __init__(self) -> None:
        self.came = Counter[str]()
        self.url = ""

    async def hook(self, request: web.Request) -> web.Response:
        await request.read()
        self.came[request.headers["webhook-id"]] += 1
        await asyncio.sleep(TAKES_S)
        return web.Response(status=204)


@pytest.fixture
async def partner() -> AsyncIterator[Partner]:
    played = Partner()
    async with answering(played.hook, "/hook") as url:
        played.url = f"{url}/hook"
        yield played


@pytest.mark.parametrize("shift_s", [60, -60])
async def test_time_does_not_jump_and_nothing_is_delivered_twice(
    start: Start, partner: Partner, tmp_path: Path, shift_s: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = SetClock(tmp_path / "clock")
    wrong.set(shift_s)
    async with sentinel_group(tmp_path / "group", clock_of_replicas=wrong) as group:
        primary = await group.settled()
        config = tmp_path / "config"
        config.mkdir()
        (config / "all.toml").write_text(
            f'[server]\nport = 0\nops_port = 0\n[store]\nurl = "{group.url}"\ndata_dir = "{tmp_path}/data"\n'
            '[egress]\nallow_callbacks = ["127.0.0.0/8"]\n'
            '[source.idle]\ntitle = "x"\nkind = "feed"\nurl = "http://127.0.0.1:9/"\n'
            'schedule = { every = "30d" }\n'
            f'[endpoint.partner]\nurl = "{partner.url}"\nsecret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="\n'
            f'max_in_flight = {ARTICLES}\ntimeout = "{TAKES_S + 20:.0f}s"\n',
            "utf-8",
        )
        workers = [await start(config, "work") for _ in range(2)]
        for program in workers:
            await program.ready()
        async with open_service(load(config, {})) as service:
            admitter = Admitter(service.store.articles, (), service.clock)
            for number in range(ARTICLES):  # one by one, so that both workers have some
                await admitter.admit([candidate(number)])
                await until(lambda number=number: len(partner.came) > number)  # type: ignore[misc]
        monkeypatch.setattr(shared_clock, "READ_INTERVAL_S", 0.2)
        async with (
            connect(group.url, anchor="x") as redis,
            shared_clock.redis_clock(redis, "x:clock") as clock,
        ):
            assert await redis.call("WAIT", 2, 5000) == 2
            primary.kill()
            began_at, began_s = clock(), shared_clock.steady_s()
            loop = asyncio.get_running_loop()
            until_s = loop.time() + TAKES_S
            while loop.time() < until_s:
                passed_s = shared_clock.steady_s() - began_s
                gone_s = (clock() - began_at).total_seconds()
                assert passed_s * 0.49 - 1 < gone_s < passed_s * 1.51 + 1
                await asyncio.sleep(0.1)
            assert abs(clock.behind_s(shared_clock.steady_s())) > 30, "it read the time of the new primary"
            assert (clock.behind_s(shared_clock.steady_s()) > 0) is (shift_s > 0)
        for program in workers:
            assert await program.stop() == 0, program.told()
            assert program.faults() == []
        told = [event for program in workers for event in program.events if event["event"] == "clock_jumped"]
        assert len(told) == len(workers), "both workers read the time of the new primary"
        assert partner.came == dict.fromkeys(partner.came, 1)
