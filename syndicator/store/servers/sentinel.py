"""The primary of servers that Redis Sentinel watches: who connects asks the sentinels which one it is."""

import asyncio
from collections.abc import Sequence
from typing import Any

from redis import asyncio as aioredis
from redis import exceptions
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from syndicator.errors import StoreError, StoreRefuses
from syndicator.observe.logs import get_logger
from syndicator.store.driver_errors import ELSEWHERE
from syndicator.store.servers.route import packed
from syndicator.store.servers.server_pool import ServerPool
from syndicator.store.servers.store_url import place_of, sentinel_url

_SENTINEL_TIMEOUT_S = 0.5
"""One that does not answer by then is passed over; there are others."""
_SERVER_TIMEOUT_S = 1.5
"""So long a server may take that a sentinel names; then another sentinel is asked."""

_LOOK_S = 1.0
"""Between two looks whether a sentinel names another primary."""

_CALL = packed(("ECHO", "x"))  # PING is refused where the disk is full

log = get_logger(__name__)


class SentinelServers:
    """The primary, which has all slots.

    A server is taken for the primary if a sentinel names it and it calls itself so, each time a connection is
    made. After a call that failed because of the server, all connections to it are closed, and the sentinels
    are asked again. Where no sentinel answers, the last primary is taken, as long as it calls itself so.

    A primary that is replaced while it lives takes writes for 8 s more, which are lost then. So a sentinel is
    also asked once a second.
    """

    is_handed_over = True
    is_cluster = False

    def __init__(self, url: str, timeout_s: float) -> None:
        try:
            self._url = sentinel_url(url)
        except ValueError as error:
            raise StoreError(f"[store] url {error}") from error
        self._timeout_s = timeout_s
        self._sentinels = [_client(one) for one in self._url.sentinel_urls()]
        """The one that was right last comes first."""
        self._pool: ServerPool | None = None
        self._last_url: str | None = None
        self._finding: asyncio.Task[ServerPool] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._is_closed = False

    def known(self, slot: int) -> ServerPool | None:
        del slot
        return self._pool

    async def find(self, slot: int) -> ServerPool:
        """Return the primary; all who ask at one moment share one question to the sentinels."""
        del slot
        if self._pool is not None:
            return self._pool
        if self._finding is None:
            self._finding = asyncio.create_task(self._found(), name="ask the sentinels for the primary")
            self._finding.add_done_callback(self._note)
        return await asyncio.shield(self._finding)

    def _note(self, finding: asyncio.Task[ServerPool]) -> None:
        self._finding = None
        if finding.cancelled() or finding.exception() is not None:
            return
        pool = finding.result()
        if self._is_closed:
            pool.is_left = True
            return
        self._pool = pool
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(), name="look for another primary")
        if self._last_url not in {None, pool.url}:
            log.warning("redis_primary_changed", primary=pool.place, before=place_of(self._last_url or ""))
        self._last_url = pool.url

    async def failed(self, pool: ServerPool, error: Exception) -> None:
        if pool is self._pool and _is_of_server(error):
            self._pool = None
            await pool.leave()

    async def redirected(self, pool: ServerPool, error: exceptions.AskError) -> ServerPool:
        del pool
        raise error

    def has_replicas(self) -> bool:
        return True

    async def close(self) -> None:
        self._is_closed = True
        tasks = [one for one in (self._finding, self._looking) if one is not None]
        for one in tasks:
            one.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._pool is not None:
            await self._pool.close()
        for sentinel in self._sentinels:
            await sentinel.aclose()

    async def _look(self) -> None:
        """Leave the primary once a sentinel names another one."""
        while True:
            await asyncio.sleep(_LOOK_S)
            sentinel, pool = self._sentinels[0], self._pool
            try:
                url = await self._named_by(sentinel)
            except (exceptions.RedisError, StoreRefuses):
                if sentinel is self._sentinels[0]:
                    self._sentinels.append(self._sentinels.pop(0))  # another one is asked next
                continue
            if pool is not None and pool is self._pool and url != pool.url:
                self._pool = None
                await pool.leave()

    async def _found(self) -> ServerPool:
        """Return the first server that a sentinel names and that is the primary."""
        failures = list[exceptions.RedisError | StoreRefuses]()
        tried = set[str]()
        is_answered = False
        for sentinel in tuple(self._sentinels):
            try:
                url = await self._named_by(sentinel)
            except (exceptions.RedisError, StoreRefuses) as error:
                failures.append(error)
                is_answered |= isinstance(error, _Unsure | StoreRefuses)
                continue
            is_answered = True
            if url in tried:
                continue
            tried.add(url)
            try:
                pool = await self._opened(url)
            except exceptions.RedisError as error:
                failures.append(error)
                continue
            self._sentinels.remove(sentinel)
            self._sentinels.insert(0, sentinel)
            return pool
        if not is_answered and self._last_url is not None:
            log.warning("redis_sentinels_away", primary=place_of(self._last_url))
            return await self._opened(self._last_url)
        raise _worst(failures)

    async def _named_by(self, sentinel: aioredis.Redis) -> str:
        """Return the URL of the primary that a sentinel names."""
        place = _place(sentinel)
        try:
            async with asyncio.timeout(_SENTINEL_TIMEOUT_S):
                masters: Any = await sentinel.sentinel_masters()
        except TimeoutError as error:
            raise exceptions.ConnectionError(f"the sentinel {place} does not answer") from error
        except (exceptions.AuthenticationError, exceptions.NoPermissionError) as error:
            raise StoreRefuses(
                f"The sentinel {place} does not accept the user or password of [store] url: "
                "they are sentinel_username and sentinel_password in its query.",
                str(error),
            ) from error
        except exceptions.ResponseError as error:
            if "NOAUTH" in str(error) or "Authentication" in str(error):
                raise StoreRefuses(
                    f"The sentinel {place} asks for a password: [store] url must end with "
                    "?sentinel_password=…",
                    str(error),
                ) from error
            raise StoreRefuses(
                f"{place} is not a sentinel: [store] url must name sentinels.", str(error)
            ) from error
        except exceptions.RedisError as error:
            raise exceptions.ConnectionError(f"the sentinel {place} does not answer: {error}") from error
        named = masters.get(self._url.master)
        if named is None:
            raise StoreRefuses(
                f"The sentinel {place} watches no master {self._url.master!r}, which [store] url names: "
                f"it watches {', '.join(sorted(masters)) or 'none'}.",
                "",
            )
        server = self._url.server(str(named["ip"]), int(named["port"]))
        if named["is_sdown"] or named["is_odown"] or not named["is_master"]:
            raise _Unsure(f"by the sentinel {place} the primary {place_of(server)} is down")
        return server

    async def _opened(self, url: str) -> ServerPool:
        """Return connections to a server that calls itself the primary."""
        pool = ServerPool(url, self._timeout_s, redis_connect_func=_connect_to_primary)
        try:
            async with asyncio.timeout(_SERVER_TIMEOUT_S):
                await pool.exchange([_CALL])
        except TimeoutError as error:
            await pool.leave()
            raise exceptions.ConnectionError(f"the primary {pool.place} does not answer") from error
        except exceptions.AuthenticationError as error:
            await pool.leave()
            why = f"Redis at {pool.place} does not accept the user or password of [store] url."
            raise StoreRefuses(why, str(error)) from error
        except BaseException:
            await pool.leave()
            raise
        return pool


class _Unsure(exceptions.ConnectionError):
    """A sentinel answers, and names no primary that is up."""


async def _connect_to_primary(connection: aioredis.Connection) -> None:
    """Greet a server; raise ReadOnlyError unless it calls itself the primary."""
    await connection.on_connect()
    await connection.send_command("ROLE")
    role, *_ = await connection.read_response()
    if role != b"master":
        raise exceptions.ReadOnlyError("the server is a replica by now")


def _is_of_server(error: Exception) -> bool:
    """Return whether another server is perhaps the primary."""
    return isinstance(
        error, (*ELSEWHERE, exceptions.ConnectionError, exceptions.TimeoutError, TimeoutError)
    ) or str(error).startswith("NOREPLICAS")


def _worst(failures: Sequence[exceptions.RedisError | StoreRefuses]) -> Exception:
    """Return one error for all sentinels: what may help to ask again, before what is refused for good."""
    unsure = next((one for one in failures if isinstance(one, _Unsure)), None)
    refusal = next((one for one in failures if isinstance(one, StoreRefuses)), None)
    if unsure or refusal:
        return unsure or refusal or failures[0]
    return exceptions.ConnectionError("; ".join(dict.fromkeys(str(one) for one in failures)))


def _client(url: str) -> aioredis.Redis:
    return aioredis.Redis.from_url(
        url,
        socket_timeout=_SENTINEL_TIMEOUT_S,
        socket_connect_timeout=_SENTINEL_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
        client_name="syndicator",
        protocol=2,
    )


def _place(client: aioredis.Redis) -> str:
    options = client.connection_pool.connection_kwargs
    return f"{options['host']}:{options['port']}"
