"""Layout 8: usual events are packed in many small hashes, and the log has 16 bytes in place of an id.

Nothing is changed here: what is stored is read as it is, and ends after 30 days.
"""

from collections.abc import Mapping

from syndicator.store.migrations.migration import MigratedData, Migration


async def _carry_out(_: MigratedData) -> Mapping[str, int]:
    return {}


MIGRATION = Migration(
    layout=8,
    about="events are packed",
    beside_older=False,  # they would find no event that is packed, and drop its deliveries
    carry_out=_carry_out,
)
