"""Sources whose state a former version stored go on as they were due."""

from datetime import timedelta

from pipeline.conftest import OpenService
from pipeline.rounds.test_feed_round import CITY, gather
from support import NOON, ManualClock

from syndicator.store.codec import pack
from syndicator.store.keys.table import Keys

CONFIG = (
    '[source.city]\ntitle = "City"\nkind = "feed"\nurl = "http://127.0.0.1:9/rss"\n'
    'schedule = { every = "1h", jitter = "0s" }\n'
)
HOUR = timedelta(hours=1)
STORED = {
    "spec_hash": "7941121e32b4bf8c1a0d5175",
    "last_attempt_at": NOON,
    "last_success_at": NOON,
    "first_success_at": NOON,
    "next_due_at": NOON + HOUR,
    "due_because": "every 1h",
}
"""As a version without the other fields packed it."""


async def test_a_source_is_due_after_an_upgrade_when_it_was_due_before(
    service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(CONFIG, synced=False) as service:
        keys, due_ms = Keys(service.store.again.namespace), int((NOON + HOUR).timestamp() * 1000)
        await service.store.connection.batch(
            [("SET", keys.source(CITY), pack(STORED)), ("ZADD", keys.sources_due(), due_ms, CITY)]
        )
        await service.sync_configuration()
        clock.advance(3599)
        assert await gather(service) == []
        clock.advance(1)
        assert [report.source for report in await gather(service)] == ["city"]
