"""Redis in several processes, as operators run it: a primary with replicas and sentinels; killed for real."""

import os
import random
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from machine import SetClock
from redis import asyncio as aioredis
from redis import exceptions
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from support import until

from syndicator.store.embedded import find_server

MASTER = "kabar"
DOWN_AFTER_MS = 2000
"""So long a sentinel waits for a primary that does not answer. They ping once a second: with 1,000, a primary that
was just chosen sometimes seems dead, and another one is chosen in its place."""
DURABLE = ("appendonly yes", 'save ""', "repl-diskless-sync-delay 0", "repl-timeout 5")


class RedisProcess:
    """A server or a sentinel of a test's own, on a port of loopback, with its data in a folder of its own.

    `SYNDICATOR_TEST_ENGINE=redis-server` tries another program than the bundled.
    """

    def __init__(self, folder: Path, settings: Sequence[str] = (), *, is_sentinel: bool = False) -> None:
        """`settings`: lines of the configuration file beside those that every one has."""
        folder.mkdir(parents=True)
        self.port = free_port()
        self.folder = folder
        self._file = folder / "redis.conf"
        self._file.write_text(
            "\n".join((f"port {self.port}", "bind 127.0.0.1", f"dir {folder}", f"logfile {folder}/log", *settings, "")),
            "utf-8",
        )  # fmt: skip
        self._arguments = ["--sentinel"] if is_sentinel else []
        self.clock: SetClock | None = None
        """By which it goes; None: by that of this machine."""
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self, *more: str) -> None:
        """Start it and wait until it answers; what it knew before, it knows again.

        `more`: settings that prevail over those of the file, as `--replicaof`, `127.0.0.1 6379`.
        """
        program = find_server(os.environ.get("SYNDICATOR_TEST_ENGINE"))
        self._process = subprocess.Popen(
            [program, self._file, *more, *self._arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={**os.environ, **(self.clock.environment if self.clock else {})},
        )
        await until(self._is_up)

    async def _is_up(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "log").read_text("utf-8")
        return await self.is_there()

    def kill(self) -> None:
        """End it as a machine that loses its power."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    async def is_there(self) -> bool:
        """Return whether it answers, if only that it wants a password or loads its data."""
        try:
            await self.ask("PING")
        except (exceptions.AuthenticationError, exceptions.ResponseError):
            return True
        except (exceptions.ConnectionError, exceptions.TimeoutError):
            return False
        return True

    async def ask(self, *words: str | int, password: str | None = None) -> Any:
        """Run one command on a connection of its own."""
        client = aioredis.Redis(
            host="127.0.0.1",
            port=self.port,
            password=password,
            socket_timeout=5,
            decode_responses=True,
            retry=Retry(NoBackoff(), 0),
        )
        try:
            return await client.execute_command(*words)  # type: ignore[no-untyped-call]
        finally:
            await client.aclose()

    async def role(self) -> str:
        """Return `master`, `slave` or `sentinel`; empty while it does not answer."""
        try:
            return str((await self.ask("ROLE"))[0])
        except (exceptions.RedisError, OSError):
            return ""


class SentinelGroup:
    """Three sentinels over one primary and two replicas."""

    def __init__(self, servers: Sequence[RedisProcess], sentinels: Sequence[RedisProcess]) -> None:
        self.servers = servers
        self.sentinels = sentinels

    @property
    def url(self) -> str:
        return f"sentinel://{','.join(one.place for one in self.sentinels)}/{MASTER}"

    async def primary(self, *, besides: RedisProcess | None = None) -> RedisProcess:
        """Return the server that the sentinels call the primary, once it calls itself so.

        `besides`: the one before, which has failed.
        """
        found = list[RedisProcess]()

        async def is_found() -> bool:
            found[:] = [
                one for one in await self._named() if one is not besides and await one.role() == "master"
            ]
            return bool(found)

        await until(is_found)
        return found[0]

    async def _named(self) -> set[RedisProcess]:
        """Return what sentinels call the primary: one server, unless they disagree."""
        named = set[RedisProcess]()
        for sentinel in self.sentinels:
            try:
                _, port = await sentinel.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER)
            except (exceptions.RedisError, OSError):
                continue
            named |= {one for one in self.servers if one.port == int(port)}
        return named

    async def settled(self) -> RedisProcess:
        """Return the primary once all others follow it, and all sentinels know all of them.

        Sentinels may choose another one while this waits: each look begins with the question who it is.
        """
        found: RedisProcess | None = await until(self._settled, lambda found: found is not None)
        assert found is not None
        return found

    async def _settled(self) -> RedisProcess | None:
        """Return the primary, unless something is left to be done."""
        primary = await self.primary()
        return primary if await self._is_settled(primary) else None

    async def _is_settled(self, primary: RedisProcess) -> bool:
        try:
            info = await primary.ask("INFO", "replication")
        except exceptions.RedisError:
            return False
        if sum(info[f"slave{n}"]["state"] == "online" for n in range(info["connected_slaves"])) < 2:
            return False
        for sentinel in self.sentinels:
            if await sentinel.is_there():
                known = await sentinel.ask("SENTINEL", "MASTERS")
                if not all(_is_well(one, len(self.sentinels), primary.port) for one in known):
                    return False
        return True


def _is_well(known: dict[str, str], sentinels: int, port: int) -> bool:
    return (
        int(known["num-slaves"]) >= 2
        and int(known["num-other-sentinels"]) == sentinels - 1
        and known["flags"] == "master"
        and int(known["port"]) == port
    )


@asynccontextmanager
async def sentinel_group(
    folder: Path,
    *,
    settings: Sequence[str] = (),
    sentinel_settings: Sequence[str] = (),
    clock_of_replicas: SetClock | None = None,
) -> AsyncIterator[SentinelGroup]:
    """Start three sentinels, a primary and two replicas; end what lives of them.

    `settings`: more lines for each server; `sentinel_settings`: for each sentinel.
    """
    primary = RedisProcess(folder / "server0", (*DURABLE, *settings))
    try:
        await primary.start()
        async with watched(
            folder,
            primary,
            settings=settings,
            sentinel_settings=sentinel_settings,
            clock_of_replicas=clock_of_replicas,
        ) as group:
            yield group
    finally:
        primary.kill()


@asynccontextmanager
async def watched(
    folder: Path,
    primary: RedisProcess,
    *,
    settings: Sequence[str] = (),
    sentinel_settings: Sequence[str] = (),
    clock_of_replicas: SetClock | None = None,
) -> AsyncIterator[SentinelGroup]:
    """Give a server that runs two replicas and three sentinels; end those that live, and leave the server."""
    follow = (*DURABLE, *settings, f"replicaof 127.0.0.1 {primary.port}")
    replicas = [RedisProcess(folder / f"server{n}", follow) for n in (1, 2)]
    for one in replicas:
        one.clock = clock_of_replicas
    watch = (
        f"sentinel monitor {MASTER} 127.0.0.1 {primary.port} 2",
        f"sentinel down-after-milliseconds {MASTER} {DOWN_AFTER_MS}",
        f"sentinel failover-timeout {MASTER} 2000",
        f"sentinel parallel-syncs {MASTER} 2",
        *sentinel_settings,
    )
    sentinels = [RedisProcess(folder / f"sentinel{n}", watch, is_sentinel=True) for n in range(3)]
    try:
        for one in (*replicas, *sentinels):
            await one.start()
        yield SentinelGroup([primary, *replicas], sentinels)
    finally:
        for one in (*sentinels, *replicas):
            one.kill()


_GIVEN = set[int]()
"""Ports of servers that may not have begun to listen yet."""


def free_port() -> int:
    """Return a port of loopback that nobody listens on, and that no other call was given.

    It is below those that the system gives to outgoing connections, so none of these takes it meanwhile.
    """
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _GIVEN:
                _GIVEN.add(port)
                return port
