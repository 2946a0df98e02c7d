"""Layout 10: events are left in the log where too much is handed over to a partition of endpoints.

Nothing is changed here.
"""

from collections.abc import Mapping

from syndicator.store.migrations.migration import MigratedData, Migration


async def _carry_out(_: MigratedData) -> Mapping[str, int]:
    return {}


MIGRATION = Migration(
    layout=10,
    about="events may wait in the log while a partition is away",
    beside_older=False,  # they would not write how far the log is handed over: refills would leave events out
    carry_out=_carry_out,
)
