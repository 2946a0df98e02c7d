"""The hub: detects changed feeds, verifies subscribers, and distributes new content to them.

versions → topics whose bytes changed → announce, queue their subscribers → claim → ask back | send → settle

A subscriber is sent the bytes that its topic has when its turn comes, never older ones: so there is nothing
to supersede, and one that was away gets one request, not many.
"""

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from msgspec.structs import replace

from syndicator.egress.client import Egress
from syndicator.errors import ColdStoreAway
from syndicator.model.clock import EPOCH, Clock
from syndicator.model.feed import FeedVersion, Site
from syndicator.model.hub import (
    HubPolicy,
    Lease,
    Protocol,
    Subscriber,
    Topic,
    TopicName,
)
from syndicator.pipeline.feeds.publisher import Publisher
from syndicator.pipeline.hub.subscriber_jobs import STEP, HubReport, HubTurns
from syndicator.pipeline.hub.topics import Topics
from syndicator.pipeline.steps import Job, JobReport, Taken
from syndicator.pipeline.store_retry import retry_until_available
from syndicator.rules.hub import subscribers as rules
from syndicator.store.hub.claims import ClaimedSubscriber, SubscriberOrder
from syndicator.store.store import Store

LEASE_MARGIN_S = 20.0
"""A lease outlasts the longest request by this much, so that no subscriber gets the same content twice."""

GLANCE = timedelta(milliseconds=50)
"""Shortest interval between two searches for news while subscribers are being notified."""

UNCONFIRMED_SHARE = 4
"""One in so many slots of a worker, and of a host, is for unconfirmed subscribers."""
SLOW_SHARE = 2
"""One in so many slots is for hosts without an answer yet, or whose last answer was slow."""

HOUSEKEEPING = timedelta(minutes=1)
SWEPT_AT_ONCE = 500
EXTERNAL_LEASE = timedelta(days=2)
"""How long external hubs are notified after they have left every configuration."""


class HubStep:
    """Serves all subscribers of all topics concurrently."""

    name = STEP

    def __init__(
        self,
        *,
        store: Store,
        publisher: Publisher,
        topics: Topics,
        egress: Egress,
        policy: HubPolicy | None,
        site: Site,
        clock: Clock,
        is_time_confirmed: Callable[[], bool],
        rng: random.Random,
    ) -> None:
        """`policy` None: the hub is off.

        `is_time_confirmed`: whether the clock can be trusted for removing expired subscriptions.
        """
        self._is_time_confirmed = is_time_confirmed
        self._store = store
        self._publisher = publisher
        self._topics = topics
        self._policy = policy or HubPolicy()
        self._is_on = policy is not None
        self._clock = clock
        self._turns = HubTurns(
            store=store,
            publisher=publisher,
            topics=topics,
            egress=egress,
            policy=self._policy,
            site=site,
            clock=clock,
            rng=rng,
        )
        self._lease = timedelta(seconds=self._policy.timeout_s + LEASE_MARGIN_S)
        self._seen: dict[TopicName, FeedVersion] = {}
        self._announced_at: dict[TopicName, datetime] = {}
        self._busy: set[TopicName] = set()
        self._attending = 0
        self._slow = 0
        self._unconfirmed = 0
        self._looked_at = EPOCH
        self._tidied_at = EPOCH
        self._is_whole = True
        """Whether all partitions of subscribers answered."""

    async def take(self, room: int) -> Taken:
        """Announce changed topics, and lease due subscribers."""
        if not self._is_on or not room:
            return Taken()
        now = self._clock()
        jobs, later = await self._news() if self._may_look(now) else ([], self._looked_at + GLANCE)
        was_whole, self._is_whole = self._is_whole, self._store.hub_topics.is_whole
        if now >= self._tidied_at + HOUSEKEEPING or (self._is_whole and not was_whole):
            self._tidied_at = now
            jobs.append(self._tidy)
        claimed, due_at = await self._claim(now, room)
        jobs += [partial(self._attend_once, one) for one in claimed]
        times = [one for one in (due_at, later, self._tidied_at + HOUSEKEEPING) if one is not None]
        return Taken(jobs=tuple(jobs), next_due_at=min(times))

    async def _claim(self, now: datetime, room: int) -> tuple[list[ClaimedSubscriber], datetime | None]:
        """Lease subscribers, unconfirmed ones for at most a quarter of all slots; return when more are due.

        Unconfirmed ones that wait for a slot do not count as due: a slot that becomes free triggers a claim.
        """
        hub, policy, places = self._store.hub, self._policy, room + self._attending
        new, due_at = list[ClaimedSubscriber](), None
        new_room = min(room, max(places // UNCONFIRMED_SHARE, 1) - self._unconfirmed)
        if new_room > 0:
            cap = max(policy.max_in_flight // UNCONFIRMED_SHARE, 1)
            order = SubscriberOrder(
                now=now, lease=self._lease, room=new_room, cap=cap, slow_room=new_room, is_confirmed=False
            )
            new, due_at = await hub.claim(order)
            self._count(new, 1)
        order = SubscriberOrder(
            now=now,
            lease=self._lease,
            room=room - len(new),
            cap=policy.max_in_flight,
            slow_room=max(max(places // SLOW_SHARE, 1) - self._slow, 0),
        )
        known, known_due_at = await hub.claim(order)
        self._count(known, 1)
        if len(new) == new_room:
            due_at = None
        return new + known, min(filter(None, (due_at, known_due_at)), default=None)

    def _count(self, claimed: Sequence[ClaimedSubscriber], sign: int) -> None:
        """Count slots that are taken (`sign` 1) or freed (-1)."""
        self._attending += sign * len(claimed)
        self._slow += sign * sum(one.is_slow for one in claimed)
        self._unconfirmed += sign * sum(not one.is_confirmed for one in claimed)

    def _may_look(self, now: datetime) -> bool:
        """Return whether to look for news now; not after each of many notifications."""
        if self._attending and now < self._looked_at + GLANCE:
            return False
        self._looked_at = now
        return True

    async def _news(self) -> tuple[list[Job], datetime | None]:
        """Return jobs for topics that may have changed, and when the next may be announced."""
        known = await self._store.hub_topics.all()
        topics = [topic for name in known if (topic := self._topics.get(name)) is not None]
        versions = await self._store.feeds.versions([topic.feed for topic in topics])
        jobs: list[Job] = []
        later: list[datetime] = []
        for topic in topics:
            version = versions[topic.feed]
            if self._seen.get(topic.name) == version or topic.name in self._busy:
                continue
            may_at = self._announced_at.get(topic.name, EPOCH) + timedelta(seconds=self._policy.spacing_s)
            if may_at > self._clock():
                later.append(may_at)
                continue
            self._busy.add(topic.name)
            jobs.append(partial(self._announce, topic, version))
        return jobs, min(later, default=None)

    async def _announce(self, topic: Topic, version: FeedVersion) -> JobReport | None:
        """Queue the subscribers of a topic if its bytes have changed: a new version may have equal bytes."""
        try:
            try:
                rendition = await self._publisher.rendition(topic.feed, topic.form)
            except ColdStoreAway:  # others need no text from there
                self._announced_at[topic.name] = self._clock()
                return None
            before = (await self._store.hub_topics.all()).get(topic.name)
            if before is None or before == rendition.digest:
                self._seen[topic.name] = version
                return None
            now = self._clock()
            if await self._store.hub_topics.announce(topic.name, before, rendition.digest, now):
                self._announced_at[topic.name] = now
                done = await retry_until_available(lambda: self._store.hub_topics.fan_out(topic.name, now))
                count = done.subscribers
                self._seen[topic.name] = version
                fields: tuple[tuple[str, str | int | float], ...] = (
                    ("feed", topic.name), ("subscribers", count),
                )  # fmt: skip
                return JobReport(step=self.name, event="hub_topic_announced", fields=fields, quiet=not count)
            return None
        finally:
            self._busy.discard(topic.name)

    async def _tidy(self) -> JobReport | None:
        """Finish interrupted fan-outs, remove expired subscribers, and keep external hubs subscribed."""
        now = self._clock()
        for name in await self._store.hub_topics.unfinished(now):
            await self._store.hub_topics.fan_out(name, now)
        for name, digest in (await self._store.hub_topics.all()).items():
            if self._topics.get(name) is None and not await self._turns.is_anywhere(name):
                await self._store.hub_topics.retire(name, digest, now)
        gone = await self._store.hub.sweep(now, SWEPT_AT_ONCE) if self._is_time_confirmed() else 0
        for topic in self._topics.all() if self._policy.external else ():
            await self._keep_external(topic, now)
        if not gone:
            return None
        return JobReport(
            step=self.name, event="hub_subscriptions_expired", fields=(("count", gone),), quiet=True
        )

    async def _keep_external(self, topic: Topic, now: datetime) -> None:
        digest = ""
        for url in self._policy.external:
            known = rules.new_subscriber(Protocol.PING, topic.name, url)
            found = await self._store.hub.get(known)
            if found and found.lease and found.lease.ends_at > now + EXTERNAL_LEASE / 2:
                continue
            digest = digest or (await self._publisher.rendition(topic.feed, topic.form)).digest
            lease = Lease(topic_url=topic.url, verified_at=now, ends_at=now + EXTERNAL_LEASE)
            standing = digest

            def change(
                before: Subscriber | None,
                known: Subscriber = known,
                lease: Lease = lease,
                has: str = standing,
            ) -> Subscriber:
                return replace(before or known, lease=lease, sent=before.sent if before else has)

            await self._store.hub.update(known, change, now=now, topic_digest=digest)

    async def _attend_once(self, claimed: ClaimedSubscriber) -> HubReport | None:
        try:
            return await self._turns.attend(claimed)
        finally:
            self._count([claimed], -1)
