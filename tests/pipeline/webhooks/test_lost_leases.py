"""Deliveries whose lease nobody works on any more, because Redis or a connection was lost, are sent soon."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from operator import not_
from pathlib import Path

import pytest
from pipeline.feeds.test_publisher import admit
from pipeline.webhooks.test_delivery import A, Partner, config, partner
from support import until

from syndicator.errors import StoreUnavailable
from syndicator.model.clock import to_ms
from syndicator.opening import open_service
from syndicator.pipeline.webhooks import delivery
from syndicator.pipeline.webhooks.delivery import LEASE
from syndicator.schedule.runner import Runner
from syndicator.service import Service
from syndicator.settings import load
from syndicator.store.embedded import EmbeddedServer, find_server

__all__ = ["partner"]  # a fixture

SOON_S = LEASE.total_seconds() * 2 / 3
"""Well before a lease ends; usually it takes some 0.5 s."""


class CuttingProxy:
    """Stands between a client and Redis; loses the answer to one command, or all that comes after it."""

    def __init__(self, server: Path, socket: Path) -> None:
        self._server = server
        self.socket = socket
        self.loses_answer_to: bytes | None = None
        self.away_s = 0.0
        """So long nothing is answered after that answer, which then comes."""
        self.cuts = 0
        self._away_until = 0.0
        self._clients = set[asyncio.StreamWriter]()
        self._awaited: asyncio.StreamWriter | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if time.monotonic() < self._away_until:
            writer.close()
            return
        there, to_there = await asyncio.open_unix_connection(str(self._server))
        self._clients.add(writer)
        tasks = [
            asyncio.create_task(self._ask(reader, to_there, writer)),
            asyncio.create_task(self._answer(there, writer)),
        ]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        for end in (writer, to_there):
            end.close()
        with suppress(asyncio.CancelledError, ConnectionError):
            await asyncio.gather(*tasks)

    async def _ask(
        self, reader: asyncio.StreamReader, to_there: asyncio.StreamWriter, client: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(1 << 16):
            if self.loses_answer_to is not None and self.loses_answer_to in data:
                self._awaited = client
            to_there.write(data)
            await to_there.drain()

    async def _answer(self, there: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        while data := await there.read(1 << 16):
            is_it = self._awaited is client and b"evt_" in data
            if not is_it or self.away_s:
                client.write(data)
                await client.drain()
            if is_it:
                self.cuts, self.loses_answer_to, self._awaited = self.cuts + 1, None, None
                self._away_until = time.monotonic() + self.away_s
                for one in self._clients if self.away_s else ():
                    one.close()
                return  # which cuts this one


@asynccontextmanager
async def own_redis(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    server = EmbeddedServer(tmp_path / "redis", find_server(None))
    await server.ensure()
    watching = asyncio.create_task(server.watch())
    try:
        yield server
    finally:
        watching.cancel()
        await server.stop()


@asynccontextmanager
async def working(tmp_path: Path, socket: Path, endpoints: str) -> AsyncIterator[Service]:
    """A service that delivers, woken as by its ticks."""
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "all.toml").write_text(
        f'[store]\nurl = "unix://{socket}"\ndata_dir = "{tmp_path}"\n'
        '[egress]\nallow_callbacks = ["127.0.0.0/8"]\n'
        '[source.idle]\ntitle = "x"\nkind = "feed"\nurl = "http://127.0.0.1:9/"\nschedule = { every = "30d" }\n'
        + endpoints,
        "utf-8",
    )
    async with open_service(load(folder, {})) as service:
        await service.sync_configuration()
        runner = Runner(service.deliver_step, capacity=64, clock=service.clock, on_report=lambda _: None)

        async def ticks() -> None:
            while True:
                await asyncio.sleep(0.2)
                runner.poke()

        tasks = [asyncio.create_task(runner.run()), asyncio.create_task(ticks())]
        try:
            yield service
        finally:
            runner.stop()
            await tasks[0]
            tasks[1].cancel()
            await runner.drain(20)


async def received(partner: Partner, count: int) -> float:
    """Wait until so many pushes came; return how long that took, in seconds."""
    began = time.monotonic()
    await until(lambda: len(partner.received) >= count)
    return time.monotonic() - began


@pytest.mark.parametrize("away_s", [0, 1], ids=["no reply", "nothing after the reply"])
async def test_what_was_claimed_when_redis_was_lost_is_sent_soon(
    partner: Partner, tmp_path: Path, away_s: float
) -> None:
    async with own_redis(tmp_path) as server:
        proxy = CuttingProxy(Path(server.socket), tmp_path / "proxy.sock")
        async with (
            await asyncio.start_unix_server(proxy.serve, str(proxy.socket)),
            working(tmp_path, proxy.socket, config(partner)) as service,
        ):
            await admit(service, 1)
            await received(partner, 1)
            await asyncio.sleep(0.5)
            proxy.away_s = away_s
            proxy.loses_answer_to = service.store.deliveries._claim.sha.encode()
            await admit(service, 2)
            with suppress(StoreUnavailable):
                await service.deliver_step.event_fan_out.run()
            assert await received(partner, 2) < SOON_S
            assert proxy.cuts == 1


async def admitted(service: Service, number: int) -> bool:
    with suppress(StoreUnavailable):
        await admit(service, number)
        return True
    return False


async def test_what_redis_forgot_was_done_blocks_nothing_until_its_lease_ends(
    partner: Partner, tmp_path: Path
) -> None:
    """Redis is killed, and the last second of its file is lost: the claim is in it, what came of it is not."""
    async with (
        own_redis(tmp_path) as server,
        working(tmp_path, Path(server.socket), config(partner, more="max_in_flight = 1")) as service,
    ):
        partner.hangs_once = True
        await admit(service, 1)
        await received(partner, 1)
        keys, call = service.store.deliveries._keys, service.store.connection.call
        event, token = await call("HGETALL", keys.queue_owners(A))
        partner.hangs.set()
        await until(lambda: call("EXISTS", keys.queue_owners(A)), not_)
        ends_ms = to_ms(service.clock() + LEASE)
        await call("HSET", keys.queue_owners(A), event, token)
        await call("ZADD", keys.queue(A), ends_ms, event)
        await call("ZADD", keys.queues(0), ends_ms, A)
        await call("BGREWRITEAOF")
        await asyncio.sleep(1.5)
        assert server._process is not None
        os.kill(server._process.pid, signal.SIGKILL)
        await until(lambda: admitted(service, 2))
        assert await received(partner, 3) < SOON_S


async def test_what_is_under_way_is_not_sent_twice_when_a_connection_is_lost(
    partner: Partner, tmp_path: Path
) -> None:
    async with (
        own_redis(tmp_path) as server,
        working(tmp_path, Path(server.socket), config(partner)) as service,
    ):
        partner.hangs_once = True
        await admit(service, 1)
        await received(partner, 1)
        await service.store.connection.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no")
        await admit(service, 2)
        await received(partner, 2)
        await asyncio.sleep(2)
        partner.hangs.set()
        await until(
            lambda: service.store.deliveries.counts(A, service.clock()), lambda found: found.delivered >= 2
        )
        assert len(partner.received) == 2


async def test_an_attempt_whose_lease_another_worker_has_is_stopped_and_settles_nothing(
    partner: Partner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "LEASE", timedelta(seconds=0.6))
    async with (
        own_redis(tmp_path) as server,
        working(tmp_path, Path(server.socket), config(partner)) as service,
    ):
        partner.hangs_once = True
        await admit(service, 1)
        await received(partner, 1)
        keys, call = service.store.deliveries._keys, service.store.connection.call
        owners = keys.queue_owners(A)
        event, _ = await call("HGETALL", owners)
        await call("HSET", owners, event, "another worker")
        await call("ZADD", keys.queue(A), to_ms(service.clock() + timedelta(hours=1)), event)
        await until(lambda: service.deliver_step._under_way, not_)
        assert not partner.hangs.is_set()
        assert await call("HGETALL", owners) == [event, b"another worker"]
        assert not await call("EXISTS", keys.tries(A))
        partner.hangs.set()
