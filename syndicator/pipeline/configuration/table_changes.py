"""What a change of an added table would do: line by line, with its secrets hidden."""

import difflib
import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime

from msgspec import Struct

from syndicator.errors import SyndicatorError
from syndicator.model.ops.configuration import AddedTable
from syndicator.pipeline.configuration.configuration_tables import shown_table
from syndicator.pipeline.preview.toml_blocks import table_block


class ChangedMeanwhile(SyndicatorError):
    """A table is no longer as it was when its change was begun: nothing is written over it."""

    def __init__(self, added: AddedTable) -> None:
        super().__init__(f"{added.by} has changed [{added.kind}.{added.id}] meanwhile.")
        self.by = added.by
        self.at: datetime = added.at


class TableToEdit(Struct, frozen=True, kw_only=True):
    """An added table to be changed by hand."""

    table: Mapping[str, object]
    """What holds a secret stands there as `[hidden]`."""
    mark: str
    """Differs after each change of the table."""


class PlannedChange(Struct, frozen=True, kw_only=True):
    """What would be written, beside what is there."""

    lines: tuple[tuple[str, str], ...]
    """Each with a sign before it: `-` goes, `+` comes, and a blank stays. Empty where nothing changes."""
    secrets: tuple[str, ...]
    """Keys with another secret than before, which no line shows."""
    mark: str
    """Of what is there, as `TableToEdit` has it."""


def mark_of(added: AddedTable) -> str:
    """Return a mark that differs after each change; it does not depend on secrets."""
    shown = table_block(added.kind, added.id, shown_table(added.kind, added.table))
    return hashlib.blake2b(f"{added.at.isoformat()} {added.by} {shown}".encode(), digest_size=12).hexdigest()


def planned_change(added: AddedTable, after: Mapping[str, object]) -> PlannedChange:
    """Compare an added table with what would be in its place."""
    kind, before = added.kind, added.table
    ordered = _in_order(after, before)
    now, then = shown_table(kind, before), shown_table(kind, ordered)
    secrets = [key for key in before if key in after and before[key] != after[key] and now[key] == then[key]]
    lines = _differing(table_block(kind, added.id, now), table_block(kind, added.id, then))
    return PlannedChange(lines=tuple(lines), secrets=tuple(secrets), mark=mark_of(added))


def _in_order(table: Mapping[str, object], like: Mapping[str, object]) -> dict[str, object]:
    """Return a table with its keys in the order of another one: order alone is no change."""
    keys = [*(key for key in like if key in table), *(key for key in table if key not in like)]
    ordered: dict[str, object] = {}
    for key in keys:
        value, model = table[key], like.get(key)
        is_table = isinstance(value, Mapping) and isinstance(model, Mapping)
        ordered[key] = _in_order(value, model) if is_table else value  # type: ignore[arg-type]  # as tested
    return ordered


def _differing(before: str, after: str) -> Iterator[tuple[str, str]]:
    whole = before.count("\n") + after.count("\n")
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), n=whole, lineterm="")
    for place, line in enumerate(found):
        if place > 2:  # noqa: PLR2004  the first three name files and lines
            yield line[0], line[1:]
