"""One server, which has all slots."""

from redis.exceptions import AskError

from syndicator.store.driver_errors import ELSEWHERE
from syndicator.store.servers.server_pool import ServerPool


class OneServer:
    """The server of a `redis://`, `rediss://` or `unix://` URL."""

    is_cluster = False

    def __init__(self, url: str, timeout_s: float, *, is_handed_over: bool) -> None:
        self.is_handed_over = is_handed_over
        self._url = url
        self._timeout_s = timeout_s
        self._pool = ServerPool(url, timeout_s)

    def known(self, slot: int) -> ServerPool:
        del slot
        return self._pool

    async def find(self, slot: int) -> ServerPool:
        return self.known(slot)

    async def failed(self, pool: ServerPool, error: Exception) -> None:
        """After a failover the name of the server leads elsewhere: all connections are made anew."""
        if isinstance(error, ELSEWHERE) and pool is self._pool and not pool.is_left:
            self._pool = ServerPool(self._url, self._timeout_s)
            await pool.leave()

    async def redirected(self, pool: ServerPool, error: AskError) -> ServerPool:
        del pool
        raise error

    def has_replicas(self) -> bool:
        return False

    async def close(self) -> None:
        await self._pool.close()
