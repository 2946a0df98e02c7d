"""Layout 3: texts of older articles may be in the cold store, and what stays of these articles is compressed.

Nothing is changed here. Programs of older layouts go on beside this one until the first text leaves Redis:
`store/cold/cold_texts.py` excludes them then.
"""

from collections.abc import Mapping

from syndicator.store.layout import COLD_TEXTS
from syndicator.store.migrations.migration import MigratedData, Migration


async def _carry_out(_: MigratedData) -> Mapping[str, int]:
    return {}


MIGRATION = Migration(
    layout=COLD_TEXTS,
    about="texts may leave Redis for a cold store",
    beside_older=True,  # as long as none has left
    carry_out=_carry_out,
)
