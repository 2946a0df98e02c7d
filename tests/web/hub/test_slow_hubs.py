"""Hubs that send slowly what they push, on purpose or not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from msgspec.structs import replace
from support import NOON, ManualClock

from syndicator.model.ids import SourceId
from syndicator.model.subscription import Grant
from syndicator.pipeline.websub.callbacks import HubCallbacks
from syndicator.pipeline.websub.subscriptions import WebsubSubscriptions
from syndicator.store.store import Store
from syndicator.web.hub.websub_callbacks import MAX_READING, MAX_READING_OF_SOURCE, HubRoutes


async def subscribed(store: Store, source: str) -> None:
    """Have a hub that may push."""
    grant = Grant(
        callback_id="x",
        callback="https://we.example/websub/x",
        hub="https://hub.example/",
        topic="https://kota.example/rss",
        secret="rahasia",
        requested_at=NOON,
        verified_at=NOON,
        lease_ends_at=NOON + timedelta(days=10),
    )
    await store.subscriptions.update(SourceId(source), lambda sub: replace(sub, active=grant))


async def test_one_source_cannot_keep_the_pushes_of_others_out(store: Store, clock: ManualClock) -> None:
    websub_subscriptions = WebsubSubscriptions(
        store, {}, clock, public_url="https://we.example", reachable=True
    )
    callbacks, go_on = HubCallbacks(store, websub_subscriptions, clock), asyncio.Event()
    others = [f"s{number}" for number in range(MAX_READING - MAX_READING_OF_SOURCE)]
    for source in ("hostile", "other", *others):
        await subscribed(store, source)
    app = web.Application()
    app.add_routes(HubRoutes(callbacks).routes())
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(TestServer(app))
        session = await stack.enter_async_context(aiohttp.ClientSession())

        async def push(source: str, body: object) -> int:
            async with session.post(server.make_url(f"/websub/{source}/x"), data=body) as answer:
                return answer.status

        async def slow(source: str) -> asyncio.Task[int]:
            sending = asyncio.Event()

            async def slowly() -> AsyncIterator[bytes]:
                yield b"<rss"
                sending.set()
                await go_on.wait()
                yield b"/>"

            task = asyncio.create_task(push(source, slowly()))
            await sending.wait()
            return task

        async def held_up(by: str, sources: list[str]) -> list[asyncio.Task[int]]:
            """Send slowly until `by` finds no room; whose place a quick one had taken meanwhile comes again."""
            held = [await slow(source) for source in sources]
            while await push(by, b"x") != 503:
                held = [
                    await slow(source) if one.done() else one
                    for source, one in zip(sources, held, strict=True)
                ]
                await asyncio.sleep(0)
            return held

        held = await held_up("hostile", ["hostile"] * MAX_READING_OF_SOURCE)
        assert await push("other", b"x") == 202
        assert await push("hostile", b"x") in {503, 429}, "no place, or too many tries on a busy machine"
        held += await held_up("other", others)
        go_on.set()
        assert await asyncio.gather(*held) == [202] * MAX_READING
        assert await push("hostile", b"x") == 202
