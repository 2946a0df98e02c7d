"""Who asked for each feed, day by day, over all processes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from syndicator.model.ids import FeedId
from syndicator.model.ops.audience import FeedAudience
from syndicator.store.connection import Command, Repository, pairs

KEPT = timedelta(days=31)

READER, SUBSCRIBERS = "reader:", "subscribers:"
"""What the names of fields begin with that belong to one reader."""

Counts = Mapping[str, int]
"""By field: `sent`, `unchanged`, `rendered`, or `reader:NAME`."""


class Audiences(Repository):
    """Counters of each feed and day."""

    async def add(
        self, now: datetime, counts: Mapping[FeedId, Counts], subscribers: Mapping[FeedId, Counts]
    ) -> None:
        """Add to the counters of today; note for how many people services ask."""
        commands: list[Command] = []
        for feed in {**counts, **subscribers}:
            key = self._key(feed, now)
            commands += [("HINCRBY", key, name, count) for name, count in counts.get(feed, {}).items()]
            commands += [
                ("HSET", key, f"{SUBSCRIBERS}{name}", number)
                for name, number in subscribers.get(feed, {}).items()
            ]
            commands.append(("EXPIRE", key, KEPT // timedelta(seconds=1)))
        if commands:
            await self._redis.batch(commands)

    async def read(self, feeds: Sequence[FeedId], now: datetime, days: int) -> list[FeedAudience]:
        """Return the audience of each feed in the last `days` days, today's among them."""
        dates = [now - timedelta(days=back) for back in range(days)]
        keys = [self._key(feed, date) for feed in feeds for date in dates]
        rows = await self._redis.batch([("HGETALL", key) for key in keys]) if keys else []
        fields = [{name.decode(): int(value) for name, value in pairs(row)} for row in rows]
        return [_audience(fields[at : at + days]) for at in range(0, len(fields), days)]

    def _key(self, feed: FeedId, at: datetime) -> str:
        return self._keys.feed_audience(feed, f"{at:%Y%m%d}")


def _audience(days: Sequence[Counts]) -> FeedAudience:
    """Join the counters of days, the newest first."""
    total = Counter[str]()
    subscribers: dict[str, int] = {}
    for day in days:
        for name, number in day.items():
            if name.startswith(SUBSCRIBERS):
                subscribers.setdefault(name.removeprefix(SUBSCRIBERS), number)
            else:
                total[name] += number
    readers = Counter(
        {name.removeprefix(READER): count for name, count in total.items() if name.startswith(READER)}
    )
    return FeedAudience(
        sent=total["sent"],
        unchanged=total["unchanged"],
        rendered=total["rendered"],
        readers=dict(readers.most_common()),
        subscribers=subscribers,
    )
