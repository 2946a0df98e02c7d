"""What people made is on a replica before they are told that it is done; who has no replica waits for none."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis_cluster import RedisCluster, slot_of
from redis_processes import RedisProcess, SentinelGroup, sentinel_group
from support import NOON

from syndicator.model.ids import TokenId
from syndicator.model.token import Token, TokenScope
from syndicator.observe.cautions import Caution, collecting
from syndicator.store import connection
from syndicator.store.access.tokens import Tokens
from syndicator.store.connection import connect
from syndicator.store.embedded import EmbeddedServer
from syndicator.store.keys.table import Keys

KEYS = Keys("kota")
PATIENT_S = 60.0


def token(name: str) -> Token:
    return Token(id=TokenId(name), sha256=uuid.uuid5(uuid.NAMESPACE_DNS, name).hex, scopes=(TokenScope.READ,))


@pytest.fixture
async def group(tmp_path: Path) -> AsyncIterator[SentinelGroup]:
    async with sentinel_group(tmp_path / "group") as started:
        await started.settled()
        yield started


async def replicas_of(group: SentinelGroup) -> list[RedisProcess]:
    primary = await group.primary()
    return [one for one in group.servers if one is not primary]


@pytest.mark.scale
async def test_a_token_outlives_the_primary_that_it_was_made_at(
    group: SentinelGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "REPLICA_S", PATIENT_S)
    primary, (one, other) = await group.primary(), await replicas_of(group)
    async with connect(group.url, anchor=KEYS.meta(), timeout_s=PATIENT_S) as redis:
        tokens = Tokens(redis, KEYS)
        with collecting() as cautions:
            one.freeze()
            other.freeze()
            adding = asyncio.create_task(tokens.add(token("partner"), NOON))
            await asyncio.sleep(0.3)
            assert not adding.done(), "no replica has it"
            one.thaw()
            assert await adding
        primary.kill()
        assert await group.primary(besides=primary) is one
        assert await tokens.all() == [token("partner")]
        assert cautions == []
    other.thaw()


@pytest.mark.scale
async def test_what_no_replica_has_is_written_with_a_warning(group: SentinelGroup) -> None:
    replicas = await replicas_of(group)
    async with connect(group.url, anchor=KEYS.meta()) as redis:
        tokens = Tokens(redis, KEYS)
        for one in replicas:
            one.freeze()
        with collecting() as cautions:
            assert await tokens.add(token("a"), NOON)
            assert not await tokens.add(token("a"), NOON), "it is there"
            assert cautions == [Caution.NOT_REPLICATED]
        for one in replicas:
            one.thaw()
        with collecting() as cautions:
            assert await tokens.remove(TokenId("a"))
        assert cautions == []


@pytest.mark.scale
async def test_an_account_that_may_not_wait_is_told_so(group: SentinelGroup) -> None:
    for one in group.servers:
        await one.ask("ACL", "SETUSER", "default", "-wait")
    async with connect(group.url, anchor=KEYS.meta()) as redis:
        with collecting() as cautions:
            assert await Tokens(redis, KEYS).add(token("a"), NOON)
        assert cautions == [Caution.NOT_REPLICATED]


@pytest.mark.scale
async def test_the_replica_of_the_node_that_has_the_slot_counts(own_cluster: RedisCluster) -> None:
    slot = slot_of("kota")
    source = await own_cluster.owner(slot)
    target = await own_cluster.another(source)
    [follower] = [node for node in own_cluster.nodes if await follows(node, target)]
    async with connect(own_cluster.url, anchor=KEYS.meta()) as redis:
        tokens = Tokens(redis, KEYS)
        with collecting() as cautions:
            assert await tokens.add(token("a"), NOON)
        assert cautions == []
        await own_cluster.begin_move_by_keys(slot, source, target)
        await own_cluster.end_move_by_keys(slot, source, target)
        follower.freeze()
        with collecting() as cautions:
            assert await tokens.add(token("b"), NOON), "the node before names the other one"
        assert cautions == [Caution.NOT_REPLICATED]
        follower.thaw()


async def follows(node: RedisProcess, primary: RedisProcess) -> bool:
    role, *rest = await node.ask("ROLE")
    return bool(role == "slave" and rest[1] == primary.port)


async def test_nobody_waits_where_there_is_no_replica(server: EmbeddedServer) -> None:
    async with connect(f"unix://{server.socket}", anchor=KEYS.meta()) as redis:
        assert await Tokens(redis, KEYS).add(token("a"), NOON)
        assert b"cmdstat_wait" not in await redis.call("INFO", "commandstats")
