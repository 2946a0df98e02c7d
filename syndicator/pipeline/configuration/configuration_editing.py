"""Sources, feeds and groups that are added, changed and removed while the service runs, beside the files."""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, cast

from msgspec import Struct
from msgspec.structs import replace

from syndicator.errors import ConfigError, Fault, SyndicatorError
from syndicator.model.clock import Clock
from syndicator.model.ops.configuration import AddedTable, ConfigurationVersion, ProcessNote
from syndicator.observe.actor import actor
from syndicator.observe.redact import HIDDEN, clean
from syndicator.pipeline.configuration.configuration_tables import SECRET_KEYS, shown_table
from syndicator.pipeline.configuration.table_changes import (
    ChangedMeanwhile,
    PlannedChange,
    TableToEdit,
    mark_of,
    planned_change,
)
from syndicator.store.store import Store

_ATTEMPTS = 5
"""Of a change, while others change the configuration as well."""

Tables = Mapping[str, Mapping[str, Mapping[str, object]]]
"""By kind and id."""

Check = Callable[[Sequence[AddedTable]], Awaitable[Mapping[str, Collection[str]]]]
"""Returns the ids in the files, by kind; raises ConfigError where files and added tables do not fit."""

Names = Callable[[], Awaitable[Mapping[str, Collection[str]]]]
"""Returns the ids in the files, by kind, without checking anything; raises ConfigError."""


class NotAdded(SyndicatorError):
    """A table that was not added while the service ran: it is in a file, or nowhere."""

    def __init__(self, kind: str, name: str, *, in_files: bool) -> None:
        where = "stands in the files: change it there" if in_files else "is not configured"
        super().__init__(f"[{kind}.{name}] {where}.")
        self.kind = kind
        self.name = name
        self.in_files = in_files


class NameTaken(SyndicatorError):
    """A table was to be added under an id that another one has."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"[{kind}.{name}] is there already: choose another id.")


class ConfigurationShown(Struct, frozen=True, kw_only=True):
    """The configuration that runs, and what was added to its files."""

    version: ConfigurationVersion | None
    processes: tuple[ProcessNote, ...]
    added: tuple[AddedTable, ...]
    in_files_too: tuple[str, ...]
    """Of those added, the ones that have no effect, as `source.ID`: the files have them as well, and win."""


class ConfigurationPage(Struct, frozen=True, kw_only=True):
    """The configuration that runs, and some of what was added."""

    shown: ConfigurationShown
    """With the added tables of this page alone."""
    next: str | None
    """The name with which the next page begins, as `source.ID`."""


class ConfigurationEditing:
    """Changes the tables that stand beside the files. All processes apply a change within seconds."""

    def __init__(self, store: Store, check: Check, names: Names, clock: Clock) -> None:
        self._store = store
        self._check = check
        self._names = names
        self._clock = clock

    async def shown(self) -> ConfigurationShown:
        """Return the configuration that runs; secrets in added tables are hidden."""
        return await self._shown(await self.added())

    async def page(self, begin: str, most: int) -> ConfigurationPage:
        """Return what `shown` does, of the added tables only those from a name (`source.ID`) on."""
        names = await self._store.configuration.added_names()
        rest = [name for name in names if ".".join(name) >= begin]
        added = await self._store.configuration.added(rest[:most])
        return ConfigurationPage(
            shown=await self._shown(added),
            next=".".join(rest[most]) if len(rest) > most else None,
        )

    async def _shown(self, added: Sequence[AddedTable]) -> ConfigurationShown:
        published = await self._store.configuration.published()
        try:
            in_files = await self._names() if added else {}
        except ConfigError:  # such a version was refused, and the notes of the processes have the faults
            in_files = {}
        both = [f"{each.kind}.{each.id}" for each in added if each.id in in_files.get(each.kind, ())]
        return ConfigurationShown(
            version=published.version if published and published.sealed else None,
            processes=tuple(await self._store.configuration.notes(self._clock())),
            added=tuple(map(without_secrets, added)),
            in_files_too=tuple(both),
        )

    async def added(self) -> tuple[AddedTable, ...]:
        """Return what was added, with its secrets."""
        _, added = await self._current()
        return added

    async def added_names(self) -> list[tuple[str, str]]:
        """Return kind and id of what was added, without opening it."""
        return await self._store.configuration.added_names()

    async def one(self, kind: str, name: str) -> AddedTable | None:
        """Return an added table with its secrets; None where there is none."""
        found = await self._store.configuration.added([(kind, name)])
        return found[0] if found else None

    async def to_edit(self, kind: str, name: str) -> TableToEdit | None:
        """Return an added table to be changed by hand; None where there is none."""
        added = await self.one(kind, name)
        if added is None:
            return None
        shown = shown_table(kind, added.table)
        table = {key: value if shown[key] == value else HIDDEN for key, value in added.table.items()}
        return TableToEdit(table=table, mark=mark_of(added))

    async def planned(self, kind: str, name: str, table: Mapping[str, object]) -> PlannedChange:
        """Return what `edited` would change, and write nothing. Raises ConfigError, NotAdded."""
        _, added = await self._current()
        before, whole = await self._whole(added, kind, name, table)
        rest = [each for each in added if each is not before]
        if name in (await self._check([*rest, replace(before, table=whole)])).get(kind, ()):
            raise NotAdded(kind, name, in_files=True)
        return planned_change(before, whole)

    async def edited(self, kind: str, name: str, table: Mapping[str, object], seen: str) -> None:
        """Put a table in the place of an added one; what is `[hidden]` stays as it was.

        `seen`: the mark of the table that the change was made for.

        Raises:
            ChangedMeanwhile: where it is another one now.
            ConfigError: with every fault of the whole configuration.
            NotAdded: where there is no such table.

        """
        before, whole = await self._whole(await self.added(), kind, name, table)
        if mark_of(before) != seen:
            raise ChangedMeanwhile(before)
        await self._put({kind: {name: whole}}, anew=False, seen=seen)

    async def _whole(
        self, added: Sequence[AddedTable], kind: str, name: str, table: Mapping[str, object]
    ) -> tuple[AddedTable, dict[str, Any]]:
        """Return the added table of a name, and what would take its place, with the secrets that stay."""
        before = _named(added, kind, name)
        if before is None:
            raise NotAdded(kind, name, in_files=name in (await self._check(added)).get(kind, ()))
        kept = before.table
        whole = {key: kept[key] if value == HIDDEN and key in kept else value for key, value in table.items()}
        changed = {key: value for key, value in whole.items() if value != kept.get(key)}
        if faults := tuple(files_named(changed, f"{kind}.{name}")):
            raise ConfigError(faults)
        return before, whole

    async def add(self, tables: Tables) -> list[AddedTable]:
        """Add tables under ids that are free: all or none. Where they are there just so, nothing is done.

        Raises:
            ConfigError: with every fault of the whole configuration.
            NameTaken: where a file has one of the ids, or another table was added under it.

        """
        try:
            return await self._put(tables, anew=True)
        except NotAdded as error:
            raise NameTaken(error.kind, error.name) from error

    async def put(self, tables: Tables) -> list[AddedTable]:
        """Add tables, or put them in the place of those added before: all or none. `actor()` adds them.

        Raises:
            ConfigError: with every fault of the whole configuration.
            NotAdded: where one of them stands in a file.

        """
        return await self._put(tables, anew=False)

    async def _put(self, tables: Tables, *, anew: bool, seen: str = "") -> list[AddedTable]:
        at = self._clock()
        wanted = [
            AddedTable(kind=kind, id=name, table=dict(table), by=actor(), at=at)
            for kind, named in tables.items()
            for name, table in named.items()
        ]
        for _ in range(_ATTEMPTS):
            version, added = await self._current()
            known = {(each.kind, each.id): each.table for each in added}
            if anew and all(known.get((each.kind, each.id)) == each.table for each in wanted):
                return wanted
            names = {(each.kind, each.id) for each in wanted}
            if seen:
                _refuse_unseen(added, wanted, seen)
            if anew and (taken := sorted(names & known.keys())):
                raise NameTaken(*taken[0])
            rest = [each for each in added if (each.kind, each.id) not in names]
            in_files = await self._check([*rest, *wanted])
            for each in wanted:
                if each.id in in_files.get(each.kind, ()):
                    raise NotAdded(each.kind, each.id, in_files=True)
            before = {name: _shown(table) for name, table in known.items()}
            audited = [
                self._store.audit.command(
                    f"{each.kind}.{'changed' if (each.kind, each.id) in before else 'added'}",
                    each.id,
                    before=before.get((each.kind, each.id)),
                    after=_shown(each.table),
                )
                for each in wanted
            ]
            if await self._store.configuration.add(wanted, audited, after=version):
                return wanted
        raise ConfigError((_BUSY,))

    async def remove(self, *names: tuple[str, str]) -> None:
        """Remove added tables, each by kind and id: all or none.

        Raises:
            NotAdded: where there is no such table, or it stands in a file alone.
            ConfigError: where something else needs one of them.

        """
        for _ in range(_ATTEMPTS):
            version, added = await self._current()
            before = {(each.kind, each.id): each for each in added}
            for kind, name in names:
                if (kind, name) not in before:
                    raise NotAdded(kind, name, in_files=name in (await self._check(added)).get(kind, ()))
            await self._check([each for key, each in before.items() if key not in names])
            audited = [
                self._store.audit.command(f"{kind}.removed", name, before=_shown(before[kind, name].table))
                for kind, name in names
            ]
            if await self._store.configuration.remove(names, audited, after=version):
                return
        raise ConfigError((_BUSY,))

    async def _current(self) -> tuple[int, tuple[AddedTable, ...]]:
        stored = await self._store.configuration.load()
        return (stored.version.version, stored.added) if stored else (0, ())


_BUSY = Fault(file="", key="", reason="others change the configuration at the same time", remedy="try again")


def _named(added: Sequence[AddedTable], kind: str, name: str) -> AddedTable | None:
    return next((each for each in added if (each.kind, each.id) == (kind, name)), None)


def _refuse_unseen(added: Sequence[AddedTable], wanted: Sequence[AddedTable], seen: str) -> None:
    """Raise ChangedMeanwhile, or NotAdded, where a table is not there any more as it was seen."""
    for one in wanted:
        standing = _named(added, one.kind, one.id)
        if standing is None:
            raise NotAdded(one.kind, one.id, in_files=False)
        if mark_of(standing) != seen:
            raise ChangedMeanwhile(standing)


def files_named(value: object, path: str) -> Iterator[Fault]:
    """Yield a fault for each key that names a file: who has a token need not be who may read files here."""
    if isinstance(value, list):
        for place, each in enumerate(value):
            yield from files_named(each, f"{path}[{place}]")
    elif isinstance(value, dict):
        for key, each in value.items():
            if key.endswith("_file"):
                reason = "names a file, and none is read for the API or the console"
                remedy = "send the value itself"
                yield Fault(file="", key=f"{path}.{key}", reason=reason, remedy=remedy)
            yield from files_named(each, f"{path}.{key}")


def without_secrets(added: AddedTable) -> AddedTable:
    """Return an added table as it may be shown."""
    return replace(added, table=_shown(added.table))


def _shown(table: Mapping[str, object]) -> dict[str, Any]:
    hidden = dict.fromkeys(SECRET_KEYS & table.keys(), HIDDEN)
    return cast("dict[str, Any]", clean({**table, **hidden}))
