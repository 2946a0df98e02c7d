"""Checks that the stored data of deliveries and of hub subscribers is consistent, and repairs it.

queues, leases, notes ─┐
unknown endpoints ─────┼──▶ findings ──▶ (reported, or repaired)
unannounced articles ──┘
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct, field

from syndicator.errors import UnreadableRecord
from syndicator.model.article import Article
from syndicator.model.clock import Clock, from_ms
from syndicator.model.event import ARTICLE_EVENTS, Event, EventType
from syndicator.model.ids import ArticleId, EventId
from syndicator.model.ops.states import EndpointStanding
from syndicator.pipeline.endpoint_directory import Directory
from syndicator.pipeline.webhooks.fan_out import EventFanOut
from syndicator.rules.identity.identity import event_id, new_event
from syndicator.store.ops.delivery_repair import Defect
from syndicator.store.outbox import KEPT_CHANGES
from syndicator.store.store import Store

UNFANNED_AFTER = timedelta(minutes=5)
"""Longest normal wait of an event for its fan-out; each sweep, once a minute, fans out too."""

_PAGE = 200
_NEWEST = "run the newest version; what is damaged stays as it is, and stops nothing else"


class Diagnosis(Struct, frozen=True, kw_only=True):
    """A finding, and whether it was repaired."""

    kind: str
    where: str
    count: int
    message: str = field(name="told")
    mended: bool
    is_fault: bool = True
    """False for a state that resolves itself and is reported for information only."""


class Doctor:
    """Examines the store, and repairs it on request."""

    def __init__(self, store: Store, directory: Directory, event_fan_out: EventFanOut, clock: Clock) -> None:
        self._store = store
        self._directory = directory
        self._event_fan_out = event_fan_out
        self._clock = clock

    async def examine(self, *, repair: bool) -> list[Diagnosis]:
        """Return all findings; with `repair`, repair them where possible."""
        await self._directory.refresh()
        diagnoses = [*await self._stuck(repair=repair), *await self._unannounced(repair=repair)]
        diagnoses += await self._unreadable()
        diagnoses += await self._departed()
        for finding in await self._findings():
            if repair and finding.mends:
                await self._store.mending.mend(finding)
            diagnoses.append(_diagnosed(finding, mended=repair and bool(finding.mends)))
        return diagnoses

    async def _findings(self) -> list[Defect]:
        listed = self._directory.listed
        states = await self._store.endpoints.states(list(listed))
        findings = await self._store.mending.unknown_endpoints(list(listed))
        for name in listed:
            rests = states[name].standing is not EndpointStanding.ACTIVE
            findings += await self._store.mending.endpoint(name, rests=rests, now=self._clock())
        return [*findings, *await self._store.hub_mending.findings(self._clock())]

    async def _stuck(self, *, repair: bool) -> list[Diagnosis]:
        """Return the finding that events have waited too long for their fan-out."""
        pending = await self._store.outbox.pending(1)
        if not pending.entries:
            return []
        oldest = from_ms(int(pending.entries[0].position.partition("-")[0]))
        if self._clock() - oldest < UNFANNED_AFTER:
            return []
        count = await self._store.outbox.waiting()
        if repair:
            await self._event_fan_out.run()
        text = f"events wait for their fan-out since {oldest:%Y-%m-%d %H:%M:%S}: no worker runs"
        return [Diagnosis(kind="not_fanned_out", where="outbox", count=count, message=text, mended=repair)]

    async def _unreadable(self) -> list[Diagnosis]:
        """Return the stored records that this version cannot read."""
        diagnoses = [
            Diagnosis(kind="unreadable_endpoint", where=name, count=1, message=entry.unreadable, mended=False)
            for name, entry in self._directory.listed.items()
            if entry.unreadable
        ]
        aside = await self._store.outbox.count_aside()
        if aside:
            text = "events were set aside, because they or their articles could not be read"
            diagnoses.append(
                Diagnosis(
                    kind="set_aside", where="outbox", count=aside, message=f"{text}: {_NEWEST}", mended=False
                )
            )
        replays = await self._store.replays.count_unreadable()
        if replays:
            text = f"replays cannot be read by this version: {_NEWEST}"
            diagnoses.append(
                Diagnosis(
                    kind="unreadable_replays", where="replays", count=replays, message=text, mended=False
                )
            )
        return diagnoses

    async def _departed(self) -> list[Diagnosis]:
        """Return the endpoints that have left the configuration while their data is still stored."""
        now = self._clock()
        names = sorted(await self._directory.departed(self._store.configured, self._directory.listed, now))
        counts = await self._store.deliveries.counts_of(names, now)
        return [
            Diagnosis(
                kind="orphaned_endpoint",
                where=name,
                count=counts[name].waiting + counts[name].in_flight,
                message="left every configuration; what waits for it is kept for a week, in case it comes "
                f"back: `syndicator endpoints remove {name}` ends that at once",
                mended=False,
                is_fault=False,
            )
            for name in names
        ]

    async def _unannounced(self, *, repair: bool) -> list[Diagnosis]:
        """Return the recently changed articles whose newest revision has no event."""
        since = await self._store.events.since()
        if since is None:
            return []
        changed = await self._store.changes.newest(KEPT_CHANGES)
        waiting = {entry.event.id for entry in await self._store.outbox.after("", KEPT_CHANGES)}
        missing: list[Article] = []
        for at in range(0, len(changed), _PAGE):
            missing += await self._missing(changed[at : at + _PAGE], since)
        missing = [article for article in missing if waiting.isdisjoint(_events_of(article))]
        if repair:
            for article in missing:
                await self._store.outbox.append(_event(article, self._clock()))
        return [
            Diagnosis(
                kind="untold",
                where=article.id,
                count=1,
                message=f"revision {article.revision} is shown, but has no event",
                mended=repair,
            )
            for article in missing
        ]

    async def _missing(self, ids: Sequence[ArticleId], since: datetime) -> list[Article]:
        """Return the articles without an event for their newest revision; skip unreadable articles."""
        try:
            return await self._missing_of_readable(ids, since)
        except UnreadableRecord:
            if len(ids) == 1:
                return []
            return [article for each in ids for article in await self._missing([each], since)]

    async def _missing_of_readable(self, ids: Sequence[ArticleId], since: datetime) -> list[Article]:
        heads = await self._store.articles.get_many(ids, bodies=False)
        places = await self._store.stories.places(ids)
        fresh = {
            head.id: head
            for head, place in zip(heads, places, strict=True)
            if head is not None and not place.is_quiet and max(head.first_seen_at, head.updated_at) > since
        }
        unannounced = await self._store.mending.untold(
            [(article_id, _events_of(head)) for article_id, head in fresh.items()]
        )
        return [fresh[article_id] for article_id in unannounced]


def _events_of(article: Article) -> list[EventId]:
    return [event_id(article.id, article.revision, kind) for kind in ARTICLE_EVENTS]


def _event(article: Article, now: datetime) -> Event:
    kind = EventType.ARTICLE_CREATED if article.revision == 1 else EventType.ARTICLE_UPDATED
    return new_event(kind, article.id, article.revision, now)


def _diagnosed(finding: Defect, *, mended: bool) -> Diagnosis:
    return Diagnosis(
        kind=finding.kind, where=finding.where, count=finding.count, message=finding.message, mended=mended
    )
