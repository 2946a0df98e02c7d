"""Layout 5: events of an endpoint whose queue is full wait in the log.

Nothing is changed here. Programs of older layouts queue their events as before, and go on beside this one
until they end: an event may be sent twice then, under one id. None starts any more, as it would send nothing
of what waits in the log.
"""

from collections.abc import Mapping

from syndicator.store.migrations.migration import MigratedData, Migration


async def _carry_out(_: MigratedData) -> Mapping[str, int]:
    return {}


MIGRATION = Migration(
    layout=5,
    about="events may wait in the log while a queue is full",
    beside_older=True,
    carry_out=_carry_out,
)
