"""Where single tables of the configuration stand, and how they may be shown."""

from collections.abc import Awaitable, Callable, Mapping

from msgspec import Struct

from syndicator.errors import SealError
from syndicator.model.ops.configuration import AddedTable, WrittenTable
from syndicator.observe.redact import HIDDEN, redacted
from syndicator.pipeline.preview.toml_blocks import table_block
from syndicator.store.store import Store

SECRET_KEYS = frozenset({"headers", "cookies", "auth", "proxy"})
"""Keys whose values are for one server alone."""

Find = Callable[[str, str], Awaitable[WrittenTable | None]]
"""Returns a table that stands in a file, by kind and id; raises SealError where no file can be read."""


class TableStanding(Struct, frozen=True, kw_only=True):
    """Where a table stands: in a file, beside the files, or both, where the file wins."""

    kind: str
    id: str
    written: WrittenTable | None = None
    added: AddedTable | None = None
    block: str = ""
    """What counts of it as TOML, with its secrets hidden; empty where there is none."""
    unreadable: str = ""
    """Why it could not be read."""

    @property
    def name(self) -> str:
        """Return the name of the table, as between its brackets."""
        return f"{self.kind}.{self.id}"


class ConfigurationTables:
    """Finds tables, for pages of what they describe."""

    def __init__(self, store: Store, find: Find) -> None:
        self._store = store
        self._find = find

    async def standing(self, name: str, *kinds: str) -> TableStanding:
        """Return where the table of a name stands, of the first of the kinds that has one."""
        try:
            found = [await self._standing(kind, name) for kind in kinds]
        except SealError as error:
            return TableStanding(kind=kinds[0], id=name, unreadable=str(error))
        return next((one for one in found if one.block), found[0])

    async def _standing(self, kind: str, name: str) -> TableStanding:
        added, written = await self._store.configuration.added([(kind, name)]), await self._find(kind, name)
        mine = added[0] if added else None
        counts = written or mine
        block = table_block(kind, name, shown_table(kind, counts.table)) if counts else ""
        return TableStanding(kind=kind, id=name, written=written, added=mine, block=block)


def shown_table(kind: str, table: Mapping[str, object]) -> dict[str, object]:
    """Return a table as it may be shown: whole, but for its secrets."""
    hidden = SECRET_KEYS | {"url"} if kind == "alert" else SECRET_KEYS  # which often holds a token
    return {key: HIDDEN if key in hidden else redacted(value, key) for key, value in table.items()}
