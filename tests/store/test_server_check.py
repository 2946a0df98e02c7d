"""What a server is set to that may lose data is found, with a remedy."""

from pathlib import Path

from redis_processes import RedisProcess
from support import until

from syndicator.store.connection import Connection, connect
from syndicator.store.embedded import EmbeddedServer
from syndicator.store.server_check import risks_of


async def told(redis: Connection, url: str) -> dict[str, str]:
    return {one.event: one.remedy for one in await risks_of(redis, url)}


async def test_settings_that_lose_data_are_told_with_their_remedy(server: EmbeddedServer) -> None:
    url = f"unix://{server.socket}"
    async with connect(url, anchor="x") as redis:
        assert await told(redis, url) == {}
        await redis.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        await redis.call("CONFIG", "SET", "appendonly", "no")
        assert await told(redis, url) == {
            "redis_may_evict": "set maxmemory-policy to noeviction",
            "redis_not_durable": "set appendonly yes",
        }


async def test_a_primary_with_replicas_is_to_stop_without_them(tmp_path: Path) -> None:
    primary = RedisProcess(tmp_path / "primary", ["appendonly yes"])
    replica = RedisProcess(tmp_path / "replica", [f"replicaof 127.0.0.1 {primary.port}"])
    url = f"redis://{primary.place}/0"
    try:
        await primary.start()
        async with connect(url, anchor="x") as redis:
            assert await told(redis, url) == {}, "nobody takes its place"
            await replica.start()
            found = await until(lambda: told(redis, url))
            assert "min-replicas-to-write 1" in found["redis_may_lose_writes"]
            await redis.call("CONFIG", "SET", "min-replicas-to-write", 1)
            assert await told(redis, url) == {}
    finally:
        replica.kill()
        primary.kill()
