"""The steps from each stored layout to the next, in order.

A change of the keys, or of what stands under them, that code before it cannot read or would damage, is a new
layout. It takes a module here with a `MIGRATION`, its place in the list below, `LAYOUT` in `store/layout.py`,
and a recorded state of the layout before it (`tests/store/migrations/recorded_world.py`). A new field with a
default is no new layout.
"""

from syndicator.store.migrations import (
    cold_texts,
    compressed_heads,
    former_pauses,
    left_in_log,
    overflows,
    packed_events,
    packed_identities,
    text_keys,
    timeline_pieces,
)
from syndicator.store.migrations.migration import Migration

MIGRATIONS: tuple[Migration, ...] = (
    former_pauses.MIGRATION,
    cold_texts.MIGRATION,
    compressed_heads.MIGRATION,
    overflows.MIGRATION,
    packed_identities.MIGRATION,
    text_keys.MIGRATION,
    packed_events.MIGRATION,
    timeline_pieces.MIGRATION,
    left_in_log.MIGRATION,
)
