"""Does everything that is kept of deliveries and of our hub's subscribers fit together? If not: mend it.

queues, leases, notes ─┐
unknown endpoints ─────┼──▶ findings ──▶ (told, or mended)
articles nobody told ──┘
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.errors import UnreadableRecord
from syndicator.model.article import Article
from syndicator.model.clock import Clock, from_ms
from syndicator.model.endpoint import EndpointStanding
from syndicator.model.event import ARTICLE_EVENTS, Event, EventType
from syndicator.model.ids import ArticleId, EventId
from syndicator.pipeline.endpoint_directory import Directory
from syndicator.pipeline.webhooks.fan_out import FanningOut
from syndicator.rules.identity.identity import event_id
from syndicator.store.ops.delivery_repair import Defect
from syndicator.store.outbox import KEPT_CHANGES
from syndicator.store.store import Store

UNFANNED_AFTER = timedelta(minutes=5)
"""So long an event may wait for its fan-out: a sweep does it each minute, where nobody else does."""

_PAGE = 200
_NEWEST = "run the newest version; what is damaged stays as it is, and stops nothing else"


class Diagnosis(Struct, frozen=True, kw_only=True):
    """What was found, and whether it is mended."""

    kind: str
    where: str
    count: int
    told: str
    mended: bool
    is_fault: bool = True
    """False for what comes right by itself: it is told, so that nobody wonders."""


class Doctor:
    """Looks, and mends where it is asked to."""

    def __init__(self, store: Store, directory: Directory, fanning_out: FanningOut, clock: Clock) -> None:
        self._store = store
        self._directory = directory
        self._fanning_out = fanning_out
        self._clock = clock

    async def examine(self, *, repair: bool) -> list[Diagnosis]:
        """Look at everything; with `repair`, mend what is found."""
        await self._directory.refresh()
        found = [*await self._stuck(repair=repair), *await self._untold(repair=repair)]
        found += await self._unreadable()
        found += await self._departed()
        for finding in await self._findings():
            if repair and finding.mends:
                await self._store.mending.mend(finding)
            found.append(_diagnosed(finding, mended=repair and bool(finding.mends)))
        return found

    async def _findings(self) -> list[Defect]:
        listed = self._directory.listed
        states = await self._store.endpoints.states(list(listed))
        findings = await self._store.mending.unknown_endpoints(list(listed))
        for name in listed:
            rests = states[name].standing is not EndpointStanding.ACTIVE
            findings += await self._store.mending.endpoint(name, rests=rests, now=self._clock())
        return [*findings, *await self._store.hub_mending.findings(self._clock())]

    async def _stuck(self, *, repair: bool) -> list[Diagnosis]:
        """Look for events that nobody fans out."""
        pending = await self._store.outbox.pending(1)
        if not pending.entries:
            return []
        oldest = from_ms(int(pending.entries[0].position.partition("-")[0]))
        if self._clock() - oldest < UNFANNED_AFTER:
            return []
        count = await self._store.outbox.waiting()
        if repair:
            await self._fanning_out.run()
        text = f"events wait for their fan-out since {oldest:%Y-%m-%d %H:%M:%S}: no worker runs"
        return [Diagnosis(kind="not_fanned_out", where="outbox", count=count, told=text, mended=repair)]

    async def _unreadable(self) -> list[Diagnosis]:
        """Look for what is kept and cannot be read by this version."""
        found = [
            Diagnosis(kind="unreadable_endpoint", where=name, count=1, told=one.unreadable, mended=False)
            for name, one in self._directory.listed.items()
            if one.unreadable
        ]
        aside = await self._store.outbox.count_aside()
        if aside:
            text = "events were set aside, because they or their articles could not be read"
            found.append(
                Diagnosis(
                    kind="set_aside", where="outbox", count=aside, told=f"{text}: {_NEWEST}", mended=False
                )
            )
        replays = await self._store.replays.count_unreadable()
        if replays:
            text = f"replays cannot be read by this version: {_NEWEST}"
            found.append(
                Diagnosis(kind="unreadable_replays", where="replays", count=replays, told=text, mended=False)
            )
        return found

    async def _departed(self) -> list[Diagnosis]:
        """Look for endpoints that left the configuration, and of which everything is still kept."""
        now = self._clock()
        names = sorted(await self._directory.departed(self._store.configured, self._directory.listed, now))
        counts = await self._store.deliveries.counts_of(names, now)
        return [
            Diagnosis(
                kind="left_endpoint",
                where=name,
                count=counts[name].ready + counts[name].delayed + counts[name].in_flight,
                told="left every configuration; what waits for it is kept for a week, in case it comes back: "
                f"`syndicator endpoints remove {name}` ends that at once",
                mended=False,
                is_fault=False,
            )
            for name in names
        ]

    async def _untold(self, *, repair: bool) -> list[Diagnosis]:
        """Look for articles that changed of late, and of whose newest revision nobody was told."""
        since = await self._store.events.since()
        if since is None:
            return []
        changed = await self._store.changes.newest(KEPT_CHANGES)
        waiting = {entry.event.id for entry in await self._store.outbox.after("", KEPT_CHANGES)}
        missing: list[Article] = []
        for at in range(0, len(changed), _PAGE):
            missing += await self._missing(changed[at : at + _PAGE], since)
        missing = [one for one in missing if waiting.isdisjoint(_events_of(one))]
        if repair:
            for article in missing:
                await self._store.outbox.append(_event(article, self._clock()))
        return [
            Diagnosis(
                kind="untold",
                where=article.id,
                count=1,
                told=f"revision {article.revision} is shown, and no event tells of it",
                mended=repair,
            )
            for article in missing
        ]

    async def _missing(self, ids: Sequence[ArticleId], since: datetime) -> list[Article]:
        """Return the articles of which nobody was told; of what cannot be read, nothing is known."""
        try:
            return await self._missing_of_readable(ids, since)
        except UnreadableRecord:
            if len(ids) == 1:
                return []
            return [found for one in ids for found in await self._missing([one], since)]

    async def _missing_of_readable(self, ids: Sequence[ArticleId], since: datetime) -> list[Article]:
        heads = await self._store.articles.get_many(ids, bodies=False)
        places = await self._store.stories.places(ids)
        fresh = {
            head.id: head
            for head, place in zip(heads, places, strict=True)
            if head is not None and not place.is_quiet and max(head.first_seen_at, head.updated_at) > since
        }
        untold = await self._store.mending.untold([(one, _events_of(head)) for one, head in fresh.items()])
        return [fresh[one] for one in untold]


def _events_of(article: Article) -> list[EventId]:
    return [event_id(article.id, article.revision, kind) for kind in ARTICLE_EVENTS]


def _event(article: Article, now: datetime) -> Event:
    kind = EventType.ARTICLE_CREATED if article.revision == 1 else EventType.ARTICLE_UPDATED
    return Event(
        id=event_id(article.id, article.revision, kind),
        type=kind,
        subject=article.id,
        revision=article.revision,
        at=now,
    )


def _diagnosed(finding: Defect, *, mended: bool) -> Diagnosis:
    return Diagnosis(
        kind=finding.kind, where=finding.where, count=finding.count, told=finding.told, mended=mended
    )
