"""An endpoint has a share of the places of a worker, which grows while its receiver answers."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from pipeline.feeds.test_publisher import admit
from pipeline.webhooks.test_delivery import Partner, config, partner
from pipeline.webhooks.test_endpoints_that_fail import ticking
from support import answering, until

from syndicator.pipeline.webhooks import attempt_limits
from syndicator.rules.webhooks.attempt_share import FIRST_SHARE
from syndicator.schedule.runner import Runner
from syndicator.schedule.workers import CAPACITY
from syndicator.service import Service

__all__ = ["partner"]  # a fixture

WIDE = "max_in_flight = 256"


class Receivers:
    """All answer at once, but for `/wide`: it answers some requests, and holds those that come then."""

    def __init__(self, answered: int = 0) -> None:
        self._answered = answered
        self.came = Counter[str]()
        self.ends = asyncio.Event()

    @property
    def held(self) -> int:
        """Return how many requests it holds."""
        return max(self.came["/wide"] - self._answered, 0)

    async def answer(self, request: web.Request) -> web.Response:
        self.came[request.path] += 1
        if request.path == "/wide" and self.held:
            await self.ends.wait()
        return web.Response(status=204)


@asynccontextmanager
async def working(service: Service, receivers: Receivers) -> AsyncIterator[None]:
    """Deliver as a worker does, until the context ends."""
    runner = Runner(
        service.deliver_step, capacity=CAPACITY["deliver"], clock=service.clock, on_report=lambda _: None
    )
    async with asyncio.TaskGroup() as group, asyncio.timeout(60):
        running, ticks = group.create_task(runner.run()), group.create_task(ticking(runner))
        yield
        runner.stop()
        receivers.ends.set()
        await running
        ticks.cancel()
        await runner.drain(20)


@pytest.fixture(autouse=True)
def never_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt_limits, "SLOW_AFTER_S", 600.0)


async def test_who_never_answered_takes_few_of_the_places(partner: Partner) -> None:
    receivers, count = Receivers(), 60
    async with answering(receivers.answer) as partner.url:
        others = "".join(config(partner, f"/{number}", f"other-{number}") for number in range(10))
        async with partner.service_of(config(partner, "/wide", "wide", WIDE) + others) as service:
            await admit(service, *range(1, count + 1))
            async with working(service, receivers):
                await until(lambda: all(receivers.came[f"/{number}"] == count for number in range(10)))
                await until(lambda: receivers.held >= FIRST_SHARE)
                assert receivers.held == FIRST_SHARE


async def test_who_answers_gets_more_at_once(partner: Partner) -> None:
    receivers = Receivers(answered=60)
    async with (
        answering(receivers.answer) as partner.url,
        partner.service_of(config(partner, "/wide", "wide", WIDE)) as service,
    ):
        await admit(service, *range(1, 161))
        async with working(service, receivers):
            await until(lambda: receivers.held > FIRST_SHARE)
