"""Sends commands to the server that has one slot now, and follows the keys where a cluster moves them.

A slot of a cluster moves to another node in one of two ways:

- At once (`CLUSTER MIGRATESLOTS` of Valkey 9, `CLUSTER MIGRATION` of Redis 8.4). The node that had it refuses
  all commands from then on, and names the other (MOVED).
- Key by key (`CLUSTER SETSLOT` and `MIGRATE`, as `redis-cli --cluster reshard` does). A script would be torn:
  a node refuses what it does with a key that the node lacks, and keeps what it did before. But a command that
  names several keys of which the node lacks one is refused before it begins (TRYAGAIN). So each script of
  ours also names a key that never exists. It is refused as long as its slot moves, and carried out else.
  Commands of one key go where the key is (ASK).
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import hiredis
from redis import exceptions
from redis.crc import key_slot

from syndicator.observe.cautions import Caution, caution
from syndicator.observe.logs import get_logger
from syndicator.store.servers.server_pool import ServerPool, Servers

Words = Sequence[str | bytes | int | float]
"""Of a command."""

AGAIN_S = 0.05
"""Between two tries to reach a server that is about to change."""

_REDIRECTIONS = (exceptions.MovedError, exceptions.AskError, exceptions.TryAgainError)
_WITHOUT_KEYS = frozenset({"TIME", "INFO", "CONFIG", "SCAN", "ECHO", "PING"})
"""A node answers these whether or not it has our keys."""

_FEW_TURNS = 2
"""So often a call is redirected at once: nodes may contradict each other until they have heard of a move."""

_SAID_AGAIN_S = 60.0

log = get_logger(__name__)


class Route:
    """The way to the server that has one slot, that of the anchor."""

    def __init__(self, servers: Servers, anchor: str) -> None:
        self._servers = servers
        self.anchor = anchor
        self._slot = key_slot(anchor.encode())
        self.guard = never_there(anchor)
        """The key that each script names last, so that it is refused while the slot moves key by key."""
        self._presence = packed(("EXISTS", anchor, self.guard))
        """Refused by a node that does not have all of the slot."""
        self._said_s = float("-inf")

    def known(self) -> ServerPool | None:
        """Return the server that has the slot, where that is known."""
        return self._servers.known(self._slot)

    async def server(self) -> ServerPool:
        """Return the server that has the slot; ask for it where it is not known."""
        return self._servers.known(self._slot) or await self._servers.find(self._slot)

    async def send(self, commands: Sequence[Words]) -> list[Any]:
        """Send commands and read their replies; raise the first error reply when all have been read."""
        requests = [packed(one) for one in commands]
        if not self._servers.is_cluster:
            return _accepted(await self._exchange(await self.server(), requests))
        if any(one[0] in _WITHOUT_KEYS for one in commands):
            return _accepted(await self._followed([self._presence, *requests], is_led=True))[1:]
        return _accepted(await self._followed(requests))

    async def send_and_wait(self, command: Words, *, wait_ms: int) -> Any:
        """Send a write, and return its reply once a replica has it, or with a warning after `wait_ms`.

        Raises the reply where it is an error.
        """
        requests = [packed(command), packed(("WAIT", 1, wait_ms))]
        if self._servers.is_cluster:
            reply, replicas = await self._followed(requests, waits=True)
        else:
            reply, replicas = await self._exchange(await self.server(), requests)
        [accepted] = _accepted([reply])
        if not isinstance(replicas, int) or replicas < 1:
            log.warning(
                "redis_not_replicated",
                waited_ms=wait_ms,
                reason="no replica has it" if replicas == 0 else str(replicas),
                detail="a change is written, but a failover now would lose it: see whether replicas are "
                "there and follow (INFO replication)",
            )
            caution(Caution.NOT_REPLICATED)
        return accepted

    async def _exchange(self, pool: ServerPool, requests: Sequence[bytes]) -> list[Any]:
        """Return the reply of each request, which may be an error."""
        try:
            replies = await pool.exchange(requests)
        except exceptions.RedisError as error:
            await self._servers.failed(pool, error)
            raise
        for one in replies:
            if isinstance(one, exceptions.ResponseError):
                await self._servers.failed(pool, one)
                break
        return replies

    async def _followed(
        self, requests: Sequence[bytes], *, is_led: bool = False, waits: bool = False
    ) -> list[Any]:
        """Exchange requests; send those that were redirected again, for as long as the caller waits.

        `is_led`: no reply counts where the first request was refused. `waits`: the last one is WAIT, which
        goes along, on the same connection.
        """
        pool = await self.server()
        replies = await self._exchange(pool, requests)
        turns, waits_for = 0, None
        try:
            while kind := _redirection(replies, is_led=is_led):
                places = [place for place, reply in enumerate(replies) if type(reply) is kind]
                refused = replies[places[0]]
                if kind is exceptions.TryAgainError:
                    waits_for = refused
                if waits and places[-1] != len(requests) - 1:
                    places.append(len(requests) - 1)
                turns += 1
                if turns > _FEW_TURNS or waits_for is refused:
                    await asyncio.sleep(AGAIN_S)
                pool, answers = await self._redirected(pool, refused, [requests[place] for place in places])
                for place, answer in zip(places, answers, strict=True):
                    replies[place] = answer
        except asyncio.CancelledError as error:
            raise error from waits_for
        return replies

    async def _redirected(
        self, pool: ServerPool, refused: exceptions.ResponseError, requests: Sequence[bytes]
    ) -> tuple[ServerPool, list[Any]]:
        """Send requests to where they belong after a refusal; return that server and the replies."""
        if isinstance(refused, exceptions.TryAgainError):
            self._say(refused)
            pool = await self.server()
        elif isinstance(refused, exceptions.AskError):  # or MOVED, which is a kind of it
            pool = await self._servers.redirected(pool, refused)
        if type(refused) is exceptions.AskError:
            asked = [part for one in requests for part in (_ASKING, one)]
            return pool, (await self._exchange(pool, asked))[1::2]
        return pool, await self._exchange(pool, requests)

    def _say(self, refused: exceptions.TryAgainError) -> None:
        if time.monotonic() - self._said_s < _SAID_AGAIN_S:
            return
        self._said_s = time.monotonic()
        log.warning(
            "redis_slot_moves_by_keys",
            slot=self._slot,
            reason=str(refused),
            detail="a node of the cluster hands our keys over one by one: scripts wait until that is done. "
            "Move slots at once instead (Valkey 9: CLUSTER MIGRATESLOTS)",
        )


def never_there(key: str) -> str:
    """Return a key in the slot of another one that nobody writes."""
    tag, brace, _ = key.partition("}")
    return f"{tag}{brace}:never"


def packed(command: Words) -> bytes:
    """Return a command as it goes over the wire."""
    words: bytes = hiredis.pack_command(tuple(command))  # type: ignore[arg-type]  # of any length
    return words


_ASKING = packed(("ASKING",))


def _redirection(replies: list[Any], *, is_led: bool) -> type[exceptions.ResponseError] | None:
    """Return how requests were redirected, where any was; a refusal of the first one is then that of all."""
    if is_led and isinstance(replies[0], exceptions.ResponseError):
        replies[1:] = [replies[0]] * (len(replies) - 1)
    return next((kind for kind in _REDIRECTIONS if any(type(one) is kind for one in replies)), None)


def _accepted(replies: list[Any]) -> list[Any]:
    if refused := next((one for one in replies if isinstance(one, exceptions.ResponseError)), None):
        raise refused
    return replies
