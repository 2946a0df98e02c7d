"""Jobs of the hub's subscribers: verify, deny, or distribute new content."""

import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec.structs import replace

from syndicator.egress.client import Egress
from syndicator.errors import EgressError, SealError
from syndicator.model.clock import Clock
from syndicator.model.feed import CONTENT_TYPES, Rendition, Site
from syndicator.model.fetch import Reason
from syndicator.model.hub import (
    Confirmed,
    DistributionOutcome,
    Failed,
    HubPolicy,
    Mode,
    PendingRequest,
    Protocol,
    Refused,
    Sent,
    Subscriber,
    Topic,
    TopicName,
    Unneeded,
    Unreached,
    VerificationOutcome,
)
from syndicator.model.ids import FeedId
from syndicator.model.ops.states import AttemptResult, VerificationResult
from syndicator.observe.tracing import span
from syndicator.pipeline.feeds.publisher import Publisher
from syndicator.pipeline.hub.topics import Topics
from syndicator.pipeline.steps import JobReport
from syndicator.pipeline.store_retry import retry_until_available
from syndicator.push import hub as wire
from syndicator.rules.hub import subscribers as rules
from syndicator.store.hub.claims import ClaimedSubscriber
from syndicator.store.hub.subscribers import SettledSubscriber
from syndicator.store.store import Store

STEP = "hub"
AFTER_BUSY = timedelta(seconds=1)
IN_TIME = 0.5
"""An answer that takes longer than this part of the time-out counts as slow."""
OTHERS_TURN = timedelta(seconds=5)
"""Pause after which a subscriber of a feed that is not configured here is due again, for other workers."""
GONE = "there is no such feed here any more"


class HubReport(JobReport, frozen=True, kw_only=True):
    """The result of one job of a subscriber."""

    protocol: Protocol
    result: AttemptResult | VerificationResult
    duration_s: float = 0.0


class HubTurns:
    """Runs the jobs of claimed subscribers; each is settled, or its lease runs out."""

    def __init__(
        self,
        *,
        store: Store,
        publisher: Publisher,
        topics: Topics,
        egress: Egress,
        policy: HubPolicy,
        site: Site,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._topics = topics
        self._egress = egress
        self._policy = policy
        self._site = site
        self._clock = clock
        self._rng = rng

    async def attend(self, claimed: ClaimedSubscriber) -> HubReport | None:
        """Run the due job of a subscriber: verification first, then distribution."""
        known = claimed.subscriber
        name = "hub verification" if known is not None and known.asked is not None else "hub distribution"
        feed, subscriber = (known.topic, known.id) if known is not None else (None, None)
        with span(name, feed=feed, subscriber=subscriber) as current:
            report = await self._attend(claimed, known)
            if report is not None:
                current.note(result=report.result)
            return report

    async def _attend(self, claimed: ClaimedSubscriber, known: Subscriber | None) -> HubReport | None:
        if self._clock() + timedelta(seconds=self._policy.timeout_s) > claimed.until:
            return None  # too little of the lease is left: it runs out, and the subscriber is claimed again
        if known is None and claimed.changed_by:
            return None  # another version of this program may be able to read it
        if known is not None and known.asked is not None:
            return await self._ask_back(claimed, known, known.asked)
        topic = self._topics.get(known.topic) if known else None
        if known is None or not rules.is_active(known, self._clock()):
            now = self._clock()
            await self._settle(
                claimed, lambda found, _: SettledSubscriber(subscriber=_asking_only(found), due_at=now)
            )
            return None
        if topic is None:
            return await self._end(claimed, known)
        return await self._send(claimed, known, topic)

    async def _ask_back(
        self, claimed: ClaimedSubscriber, known: Subscriber, asked: PendingRequest
    ) -> HubReport | None:
        topic = self._topics.get(known.topic)
        if topic is None and asked.mode is Mode.SUBSCRIBE:
            if await self.is_anywhere(known.topic):
                await self._leave_to_others(claimed)
                return None
            return await self._deny(claimed, known, asked, GONE)
        standing = (await self._publisher.rendition(topic.feed, topic.form)).digest if topic else ""
        began, now = time.monotonic(), self._clock()
        outcome = await wire.verify(
            self._egress, known.callback, asked, timeout_s=self._policy.timeout_s, now=now
        )

        def change(found: Subscriber | None, announced: str) -> SettledSubscriber:
            after = rules.verified(found or known, asked, outcome, standing=standing)
            return SettledSubscriber(subscriber=after, due_at=self._next_attempt(after, asked, announced))

        is_slow = _is_slow(outcome, time.monotonic() - began, self._policy)
        await self._settle(claimed, change, digest=standing, is_slow=is_slow)
        result, reason = _verification(outcome)
        return self._report(known, result, f"hub_{asked.mode.value}_{result}", began, reason=reason)

    def _next_attempt(
        self, after: Subscriber | None, asked: PendingRequest, announced: str
    ) -> datetime | None:
        """Return when a subscriber is due again after its verification; None: at the next announcement."""
        if after is None:
            return None
        now = self._clock()
        if after.asked is None:
            return now if after.sent != announced else None
        tries = after.asked.tries
        is_same = tries and after.asked.at == asked.at
        return now + timedelta(seconds=rules.VERIFICATION_RETRIES_S[tries - 1]) if is_same else now

    async def _deny(
        self, claimed: ClaimedSubscriber, known: Subscriber, asked: PendingRequest, why: str
    ) -> HubReport:
        began = time.monotonic()
        await wire.deny(self._egress, known.callback, asked.topic_url, why, timeout_s=self._policy.timeout_s)

        def change(found: Subscriber | None, _announced: str) -> SettledSubscriber:
            if found is not None and found.asked != asked:
                return SettledSubscriber(subscriber=found, due_at=self._clock())
            return SettledSubscriber(subscriber=rules.denied(found or known))

        await self._settle(claimed, change)
        return self._report(known, VerificationResult.DENIED, "hub_subscription_denied", began, reason=why)

    async def _end(self, claimed: ClaimedSubscriber, known: Subscriber) -> HubReport | None:
        """End a subscription whose feed is in no configuration; postpone it where others may know it."""
        began = time.monotonic()
        if await self.is_anywhere(known.topic):
            await self._leave_to_others(claimed)
            return None
        timeout_s = self._policy.timeout_s
        if known.protocol is Protocol.WEBSUB and known.lease:
            await wire.deny(self._egress, known.callback, known.lease.topic_url, GONE, timeout_s=timeout_s)
        await self._settle(claimed, lambda _found, _announced: SettledSubscriber(subscriber=None))
        return self._report(known, VerificationResult.DENIED, "hub_subscription_denied", began, reason=GONE)

    async def _leave_to_others(self, claimed: ClaimedSubscriber) -> None:
        due_at = self._clock() + OTHERS_TURN
        await self._settle(claimed, lambda found, _: SettledSubscriber(subscriber=found, due_at=due_at))

    async def is_anywhere(self, topic: TopicName) -> bool:
        """Return whether some process has, or had until minutes ago, the public feed of a topic."""
        if self._topics.is_closed(topic):
            return False
        return await self._store.configured.has_feed(FeedId(topic.rpartition(".")[0]), self._clock())

    async def _send(self, claimed: ClaimedSubscriber, known: Subscriber, topic: Topic) -> HubReport | None:
        rendition = await self._publisher.rendition(topic.feed, topic.form)
        began = time.monotonic()
        outcome = await self._distribute(known, topic, rendition)
        is_slow = _is_slow(outcome, time.monotonic() - began, self._policy)

        def change(found: Subscriber | None, announced: str) -> SettledSubscriber:
            if found is None:
                return SettledSubscriber(subscriber=None)
            now = self._clock()
            if isinstance(outcome, Failed) and outcome.reason == Reason.BUSY:  # of our own making
                return SettledSubscriber(subscriber=found, due_at=now + AFTER_BUSY)
            after = rules.distributed(found, outcome, retries=len(self._policy.retries_s), now=now)
            if after is None:
                return SettledSubscriber(subscriber=None)
            pause_s = rules.retry_after_s(self._policy, after.attempts, self._rng.uniform(-1, 1))
            if pause_s is not None and after.asked is None:
                return SettledSubscriber(subscriber=after, due_at=now + timedelta(seconds=pause_s))
            again = announced != claimed.announced or after.asked is not None
            return SettledSubscriber(subscriber=after, due_at=now if again else None)

        await self._settle(claimed, change, is_slow=is_slow)
        return self._reported(known, outcome, began)

    async def _distribute(self, known: Subscriber, topic: Topic, rendition: Rendition) -> DistributionOutcome:
        if known.sent == rendition.digest:
            return Unneeded()
        timeout_s = self._policy.timeout_s
        try:
            match known.protocol:
                case Protocol.WEBSUB:
                    answer = await wire.distribute(
                        self._egress,
                        known,
                        secret=self._store.hub.secret_of(known),
                        method=self._policy.signature,
                        body=rendition.body,
                        headers=wire.topic_headers(
                            content_type=CONTENT_TYPES[topic.form], url=topic.url, hubs=self._site.hubs
                        ),
                        timeout_s=timeout_s,
                    )
                case Protocol.RSSCLOUD:
                    answer = await wire.notify(self._egress, known, topic.url, timeout_s=timeout_s)
                case Protocol.PING:
                    answer = await wire.ping(self._egress, known, topic.url, timeout_s=timeout_s)
        except EgressError as error:
            return Failed(reason=str(error.reason))
        except SealError:
            return Failed(reason="secret")
        return wire.judge(answer, rendition.digest)

    async def _settle(
        self,
        claimed: ClaimedSubscriber,
        change: Callable[[Subscriber | None, str], SettledSubscriber],
        *,
        digest: str = "",
        is_slow: bool | None = None,
    ) -> None:
        await retry_until_available(
            lambda: self._store.hub.settle(
                claimed, change, now=self._clock(), topic_digest=digest, is_slow=is_slow
            )
        )

    def _reported(self, known: Subscriber, outcome: DistributionOutcome, began: float) -> HubReport | None:
        match outcome:
            case Unneeded():
                return None
            case Sent():
                return self._report(known, AttemptResult.DELIVERED, "hub_update_delivered", began)
            case Failed(reason=reason) if known.attempts < len(self._policy.retries_s):
                return self._report(known, AttemptResult.RETRY, "hub_update_retrying", began, reason=reason)
            case Failed(reason=reason):
                return self._report(known, AttemptResult.DEAD, "hub_update_dead", began, reason=reason)
            case _:
                return self._report(known, VerificationResult.GONE, "hub_subscriber_gone", began)

    def _report(
        self,
        known: Subscriber,
        result: AttemptResult | VerificationResult,
        event: str,
        began: float,
        *,
        reason: str = "",
    ) -> HubReport:
        fields: list[tuple[str, str | int | float]] = [
            ("subscriber", known.id), ("host", known.host), ("feed", known.topic),
        ]  # fmt: skip
        if reason:
            fields.append(("reason", reason))
        return HubReport(
            step=STEP,
            event=event,
            fields=tuple(fields),
            quiet=True,
            protocol=known.protocol,
            result=result,
            duration_s=time.monotonic() - began,
        )


def _verification(outcome: VerificationOutcome) -> tuple[VerificationResult, str]:
    """Return what came of asking a subscriber back, and why."""
    match outcome:
        case Confirmed():
            return VerificationResult.VERIFIED, ""
        case Refused(reason=reason):
            return VerificationResult.REFUSED, reason
        case Unreached(reason=reason):
            return VerificationResult.UNREACHED, reason


def _asking_only(found: Subscriber | None) -> Subscriber | None:
    """Return a subscriber whose lease is over: with its pending request only, None without one."""
    return replace(found, lease=None, sent="") if found and found.asked else None


def _is_slow(
    outcome: DistributionOutcome | VerificationOutcome, took_s: float, policy: HubPolicy
) -> bool | None:
    """Return whether an answer was slow; None where there was no answer and no wait for one.

    The end of the body counts: a slow body occupies a slot as long as a slow status.
    """
    match outcome:
        case Unneeded():
            return None
        case Failed(reason=reason) | Unreached(reason=reason) | Refused(reason=reason):
            is_answer = reason.startswith("http_") or reason == wire.WRONG_CHALLENGE
            if not is_answer:
                return reason == Reason.TIMEOUT or None
        case _:
            pass
    return took_s >= policy.timeout_s * IN_TIME
