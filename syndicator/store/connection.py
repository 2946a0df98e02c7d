"""The one door to Redis: commands, batches, scripts; the driver's errors become ours here."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from hashlib import sha1
from importlib.resources import files
from itertools import chain
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace
from redis import exceptions

from syndicator.errors import StoreError, StoreRefuses, StoreUnavailable
from syndicator.store.batching import Batcher
from syndicator.store.codec import pack_for_lua
from syndicator.store.command_parts import MAX_WORDS, parts
from syndicator.store.driver_errors import ELSEWHERE, translated
from syndicator.store.keys.table import Keys
from syndicator.store.servers.opening import servers_at
from syndicator.store.servers.route import AGAIN_S, Route, never_there
from syndicator.store.servers.routes import Routes
from syndicator.store.servers.server_pool import ServerPool, Servers
from syndicator.store.servers.store_url import place_of

USUAL_TIMEOUT_S = 3.0
_FIRST_LINE = "#!lua\n"
"""Of scripts that Redis refuses before they write where it has no memory left."""

Word = str | bytes | int | float
Command = Sequence[Word]

REPLICA_S = 1.0
"""So long what people made waits for a replica that has it, too. One that is well takes milliseconds."""

_GLOB = re.compile(r"[*?\[\]\\^]")
T = TypeVar("T")

_STOOD_STILL_S = 0.2
"""A time limit that is noticed later than that ended while this process did not run."""

_MOST_ATTEMPTS = 3
"""How often a call is made of which nothing was heard because this process did not run."""

MOST_AT_ONCE = 500
"""Commands of one round trip: the event loop is held up for 8 ms by writing them."""

MOST_IN_ONE = 1000
"""Members or fields that one command names: Redis carries it out in well under 1 ms."""

MAX_WRITES = 1000
"""Commands that the transactions of one call hold together: about 2 ms of Redis' time."""


class Transaction(Struct, frozen=True, kw_only=True):
    """A transaction: `writes` are carried out if every expectation and every bound holds, else none of them.

    An expectation is (hash key, field, value); the value "" means that the field must be absent. A bound is
    (SCARD or ZCARD, key, limit): the key must have fewer members than that.
    """

    expects: tuple[tuple[str, str, str], ...]
    writes: tuple[Command, ...]
    bounds: tuple[tuple[str, str, int], ...] = ()


class Script:
    """Lua files of `store/lua/`, one after the other."""

    def __init__(self, *names: str) -> None:
        folder = files("syndicator.store").joinpath("lua")
        texts = [folder.joinpath(f"{name}.lua").read_text("utf-8") for name in names]
        first = [_FIRST_LINE] if any(text.startswith(_FIRST_LINE) for text in texts) else []
        # The last key is for a cluster alone (see `servers/route.py`): no script sees it.
        rest = (text.removeprefix(_FIRST_LINE) for text in texts)
        self.text = "\n".join((*first, "KEYS[#KEYS] = nil", *rest))
        # SHA-1 is how Redis names scripts; it protects nothing here.
        self.sha = sha1(self.text.encode(), usedforsecurity=False).hexdigest()


class Connection:
    """Connections to the Redis that has the keys of one namespace: one server, or nodes of a cluster.

    Each command goes to the server of its key. What is done in one step, a script or a transaction, has its
    keys in one slot: else CrossSlot is raised, also where one server has all slots.

    Every call ends within `timeout_s`, whatever Redis does: waiting for a free connection, connecting and
    trying again included. A connection that was lost (Redis restarted) is replaced, and the call made once
    more: every script of ours does nothing twice (see each one's header). So is one to a server that became a
    replica, or loads its data. What was too slow is not repeated, unless this process itself stood still
    meanwhile (the machine was busy, or the loop): then nothing is known of Redis, and the call is made again,
    twice at most. After `close` calls raise StoreUnavailable.

    A server that is handed over from one process to another (the embedded one) is away for a moment each
    time: calls are made again until it is back, as far as `timeout_s` allows.
    """

    def __init__(
        self, servers: Servers, anchor: str, timeout_s: float, *, others: Sequence[str] = ()
    ) -> None:
        """`others`: a key of each further slot that keys are in, besides that of the anchor."""
        self._servers = servers
        self._routes = Routes(servers, anchor, others)
        self._timeout_s = timeout_s
        self._commit = Script("articles/timelines", "commit")
        self._commits = {
            route: Batcher(partial(self._commit_all, route), MAX_WRITES, _writes)
            for route in self._routes.all
        }
        self.is_closed = False
        """Whether this process is ending: calls raise StoreUnavailable."""
        self.losses = 0
        """How often a reply did not come. What was asked for may be done; and if Redis was restarted, what it
        did in its last second may be undone."""

    async def call(self, *words: Word) -> Any:
        """Run one command."""
        route = self._routes.of_command(words)
        return (await self._ask(partial(route.send, [words]), route))[0]

    async def batch(self, commands: Sequence[Command]) -> list[Any]:
        """Run commands in one round trip, without a transaction; very many in several.

        Those of different slots of a cluster go to their servers at once.
        """
        replies: list[Any] = []
        for start in range(0, len(commands), MOST_AT_ONCE):
            replies += await self._at_once(commands[start : start + MOST_AT_ONCE])
        return replies

    async def _at_once(self, commands: Sequence[Command]) -> list[Any]:
        parts = self._routes.parted(commands)
        if len(parts) == 1:
            ((route, _),) = parts.items()
            return await self._ask(partial(route.send, commands), route)
        sent = [
            self._ask(partial(route.send, [commands[place] for place in places]), route)
            for route, places in parts.items()
        ]
        answers = await asyncio.gather(*sent, return_exceptions=True)
        replies: list[Any] = [None] * len(commands)
        for places, answer in zip(parts.values(), answers, strict=True):
            if isinstance(answer, BaseException):
                raise answer
            for place, reply in zip(places, answer, strict=True):
                replies[place] = reply
        return replies

    async def server(self) -> ServerPool:
        """Return the server that has the anchor now, for who needs a connection of its own, or its name."""
        route = self._routes.anchor
        return await self._ask(route.server, route)

    async def servers_of(self, prefixes: Sequence[str]) -> dict[str, list[str]]:
        """Return which server has which keys now: what they begin with, by the URL of the server."""
        await self.batch([("EXISTS", never_there(prefix)) for prefix in prefixes])  # follows those that moved
        found: dict[str, list[str]] = {}
        for prefix in prefixes:
            route = self._routes.of_key(prefix)
            found.setdefault((await self._ask(route.server, route)).url, []).append(prefix)
        return found

    async def scan(self, command: str, key: str) -> AsyncIterator[list[tuple[bytes, bytes]]]:
        """Yield what a hash (HSCAN: fields, values) or sorted set (ZSCAN: members, scores) holds.

        In pieces that do not block Redis. What is written meanwhile may come twice, with both values.
        """
        async for found in self._pages(self._routes.of_key(key), [command, key]):
            yield pairs(found)

    def members(self, key: str) -> AsyncIterator[list[bytes]]:
        """Return the members of a set, in pieces that do not block Redis; one may come twice."""
        return self._pages(self._routes.of_key(key), ["SSCAN", key])

    def names(self, prefix: str) -> AsyncIterator[list[bytes]]:
        """Return the keys that begin so, in pieces that do not block Redis; a key may come twice."""
        return self._pages(self._routes.of_key(prefix), ["SCAN"], ["MATCH", pattern_of(prefix)])

    async def _pages(self, route: Route, before: Command, after: Command = ()) -> AsyncIterator[list[bytes]]:
        cursor = b"0"
        while True:
            words = (*before, cursor, *after, "COUNT", MOST_IN_ONE)
            [(cursor, found)] = await self._ask(partial(route.send, [words]), route)
            yield found
            if cursor == b"0":
                return

    async def run(self, script: Script, keys: Sequence[str], *args: Word) -> Any:
        """Run a script; load it where the server does not have it (yet, or any more). Raises CrossSlot."""
        return await self._run_at(self._routes.of_keys(keys), script, keys, args)

    async def _run_at(self, route: Route, script: Script, keys: Sequence[str], args: Command) -> Any:
        async def send(command: Command) -> Any:
            [reply] = await route.send([command])
            return reply

        return await self._evaluate(route, send, script, (len(keys) + 1, *keys, route.guard, *args))

    async def _evaluate(
        self, route: Route, send: Callable[[Command], Awaitable[T]], script: Script, rest: Command
    ) -> T:
        async def evaluation() -> T:
            try:
                return await send(("EVALSHA", script.sha, *rest))
            except exceptions.NoScriptError:
                return await send(("EVAL", script.text, *rest))

        return await self._ask(evaluation, route)

    async def _ask(self, question: Callable[[], Awaitable[T]], route: Route) -> T:
        self._check_open()
        with translated(self._timeout_s):
            for attempt in range(1, _MOST_ATTEMPTS + 1):
                # The driver closes a connection whose command is cut short: its late reply reaches nobody.
                limit = asyncio.timeout(self._timeout_s)
                asked = route.known()
                try:
                    async with limit:
                        return await self._ask_again(question)
                except TimeoutError as error:
                    is_last = attempt == _MOST_ATTEMPTS or not _stood_still(limit)
                    if asked is not None:
                        await self._servers.failed(asked, error)
                    if is_last:
                        raise
            raise AssertionError  # the last attempt returns or raises

    async def _ask_again(self, question: Callable[[], Awaitable[T]]) -> T:
        """Ask; where the connection was lost, once more, or until a server that is handed over is back."""
        failures, failed = 0, None
        while True:
            try:
                if failures > 1:
                    await asyncio.sleep(AGAIN_S)
                return await question()
            except (*ELSEWHERE, exceptions.ConnectionError) as error:
                self._check_open()
                if failures and not self._servers.is_handed_over:
                    raise
                failed = error
            except asyncio.CancelledError as error:
                self.losses += 1
                raise error from error.__cause__ or failed
            self.losses += 1
            failures += 1

    async def close(self) -> None:
        """Close all connections; calls that are on their way fail."""
        self.is_closed = True
        await self._servers.close()

    def _check_open(self) -> None:
        if self.is_closed:
            raise StoreUnavailable("the connection to Redis is closed: this process is ending")

    async def commit(self, units: Sequence[Transaction], *, replicated: bool = False) -> list[bool]:
        """Run each unit whose expectations hold; return for each whether it was run.

        While one call is on its way, what others want committed gathers and goes with the next: many rounds
        that end together cost few calls.

        `replicated`: for what people made, which nobody makes again after a failover. It waits until a
        replica has it, too, if the server has replicas. Where none says so within `REPLICA_S`, what is
        written stands, with a warning (see `Route.send_and_wait`).
        """
        if not units:
            return []
        units = [_of_allowed_length(unit) for unit in units]
        waits = replicated and self._servers.has_replicas()
        commit = self._commit_replicated if waits else self._commit_batched
        if self._routes.is_one:
            return await commit(self._routes.anchor, units)
        parts = self._routes.parted_units([_keys_of(unit) for unit in units])
        answers = await asyncio.gather(
            *(commit(route, [units[place] for place in places]) for route, places in parts.items())
        )
        done = dict(zip(chain(*parts.values()), chain(*answers), strict=True))
        return [done[place] for place in range(len(units))]

    async def _commit_replicated(self, route: Route, units: Sequence[Transaction]) -> list[bool]:
        """Run units and wait until a replica has them. They go alone: nobody else waits for replicas."""
        wait_ms = int(min(REPLICA_S, self._timeout_s / 3) * 1000)
        # WAIT is of a connection, and of a server: it goes with the write.
        send = partial(route.send_and_wait, wait_ms=wait_ms)
        words = (2, route.anchor, route.guard, _packed_units(units))
        replies = await self._evaluate(route, send, self._commit, words)
        return [reply == 1 for reply in replies]

    async def _commit_batched(self, route: Route, units: Sequence[Transaction]) -> list[bool]:
        return await self._commits[route].ask(units)

    async def _commit_all(self, route: Route, batch: Sequence[Sequence[Transaction]]) -> list[list[bool]]:
        units = _packed_units([unit for units in batch for unit in units])
        reply = iter(await self._run_at(route, self._commit, [route.anchor], [units]))
        return [[next(reply) == 1 for _ in units] for units in batch]


class Repository:
    """Base of the parts of the store: one connection, and the names of all keys."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._redis = connection
        self._keys = keys

    async def _commit(
        self,
        *,
        writes: Iterable[Command],
        expects: Iterable[tuple[str, str, str]] = (),
        replicated: bool = False,
    ) -> bool:
        """Write all at once, or nothing and return False where a field is not as expected.

        `replicated`: see `Connection.commit`.
        """
        unit = Transaction(expects=tuple(expects), writes=tuple(writes))
        return (await self._redis.commit([unit], replicated=replicated))[0]


@asynccontextmanager
async def connect(
    url: str,
    *,
    anchor: str,
    others: Sequence[str] = (),
    timeout_s: float = USUAL_TIMEOUT_S,
    is_handed_over: bool = False,
) -> AsyncIterator[Connection]:
    """Open connections to the servers of a URL, and check that the one with the anchor answers.

    `others`: a key of each further slot that keys are in.
    """
    servers = servers_at(url, timeout_s, is_handed_over=is_handed_over)
    connection = Connection(servers, anchor, timeout_s, others=others)
    try:
        await _greet(connection, url)
        yield connection
    finally:
        await connection.close()


async def _greet(connection: Connection, url: str) -> None:
    """Look whether a Redis answers; where something else does, or refuses us, say where it was looked for."""
    try:
        await connection.call("PING")
    except StoreError as error:
        where, cause = place_of(url), error.__cause__
        if isinstance(cause, exceptions.InvalidResponse):
            raise StoreError(
                f"[store] url leads to {where}, where something answers that is not Redis: "
                "write the host and port of one, as in redis://127.0.0.1:6379/0"
            ) from cause
        if isinstance(error, StoreRefuses) and where not in str(error):
            raise StoreRefuses(error.why, error.reply, where) from cause
        if isinstance(error, StoreUnavailable) and where not in str(error):
            raise StoreUnavailable(f"{error} (asked at {where})") from cause
        raise


def pattern_of(prefix: str) -> str:
    """Return the pattern of the keys that begin so."""
    return _GLOB.sub(r"\\\g<0>", prefix) + "*"


def pieces(items: Sequence[T], size: int = MOST_IN_ONE) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def pairs(reply: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
    """Pair what Redis gives one after the other: names and scores, fields and values."""
    return list(zip(reply[::2], reply[1::2], strict=True))


def _of_allowed_length(unit: Transaction) -> Transaction:
    """Return a unit with long writes in pieces; raise StoreError for one that cannot be parted."""
    if max(map(len, unit.writes), default=0) <= MAX_WORDS:
        return unit
    return replace(unit, writes=tuple(part for write in unit.writes for part in parts(write, MOST_IN_ONE)))


def _keys_of(unit: Transaction) -> list[Word]:
    return [*(one[0] for one in unit.expects), *(one[1] for one in (*unit.bounds, *unit.writes))]


def _packed_units(units: Sequence[Transaction]) -> bytes:
    return pack_for_lua([(unit.expects, unit.writes, unit.bounds) for unit in units])


def _writes(units: Sequence[Transaction]) -> int:
    return sum(len(unit.expects) + len(unit.writes) for unit in units)


def _stood_still(limit: asyncio.Timeout) -> bool:
    """Return whether the end of a time limit was noticed late: there may be unread replies."""
    ended_at = limit.when()
    return ended_at is not None and asyncio.get_running_loop().time() - ended_at > _STOOD_STILL_S
