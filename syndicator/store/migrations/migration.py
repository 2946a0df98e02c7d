"""One step from a stored layout to the next, and what it works with."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from msgspec import Struct

from syndicator.errors import SyndicatorError
from syndicator.store.connection import MOST_AT_ONCE, Command, Connection, Transaction, pieces
from syndicator.store.keys.table import Keys


class MigrationLost(SyndicatorError):
    """This process may not migrate any more: its lease was lost, perhaps to another process."""


class MigratedData:
    """The data of a namespace, in the hands of the one process that may migrate it."""

    def __init__(self, redis: Connection, keys: Keys, token: str) -> None:
        self.redis = redis
        """To read by. Writes go through `write`."""
        self.keys = keys
        self._held = (keys.migration(), "token", token)

    async def write(self, writes: Sequence[Command]) -> None:
        """Write, each command or not at all, in pieces that do not block Redis.

        Raises MigrationLost where another process may migrate by now.
        """
        for piece in pieces(writes, MOST_AT_ONCE):
            await self.write_at_once(piece)

    async def write_at_once(
        self, writes: Sequence[Command], expects: Sequence[tuple[str, str, str]] = ()
    ) -> None:
        """Write all or nothing, where fields of hashes are as expected. Raises MigrationLost."""
        unit = Transaction(expects=(self._held, *expects), writes=tuple(writes))
        if not (await self.redis.commit([unit]))[0]:
            raise MigrationLost("another process may have taken the migration over")


class Migration(Struct, frozen=True, kw_only=True):
    """Makes one layout of the one before it."""

    layout: int
    """Which it makes."""
    about: str
    """What it changes, in a few words."""
    beside_older: bool
    """Whether processes of older layouts may live while it runs, and go on until they end.

    That holds where they neither read what it changes nor write it in the older form.
    """
    carry_out: Callable[[MigratedData], Awaitable[Mapping[str, int]]]
    """Carries it out, and returns how many of each thing were changed.

    It may have been cut short by a `kill -9` anywhere, and runs again from its beginning: what is in the new
    form already stays as it is.
    """
