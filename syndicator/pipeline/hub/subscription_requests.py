"""What is asked of our hub: to subscribe and to unsubscribe, by WebSub and by rssCloud.

a form comes → it is noted, and answered → the step asks back (`hub_step`) → what is new is sent (there too)
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import ip_address

from msgspec.structs import replace

from syndicator.egress.client import Egress
from syndicator.errors import SyndicatorError
from syndicator.model.clock import Clock
from syndicator.model.hub import Confirmed, HubPolicy, Lease, Mode, Protocol, Subscriber, Topic
from syndicator.pipeline.feeds.publisher import Publisher
from syndicator.pipeline.hub.topics import Topics
from syndicator.push.hub import verify_rsscloud
from syndicator.rules.hub import subscribers as rules
from syndicator.rules.hub.rsscloud import CloudRegistration, read_registration
from syndicator.rules.hub.subscribers import HubRequest, NotUnderstood
from syndicator.store.hub.subscribers import NoRoom
from syndicator.store.store import Store

ASKED_AT_ONCE = 8
"""Registrations with rssCloud that are being asked about: who registers waits for it."""
ASKED_OF_HOST = 2
"""Of these for one host: one that hangs cannot keep out all others."""


class Overloaded(SyndicatorError):
    """There is no room for another subscription now; its text says why."""


class NotConfirmed(SyndicatorError):
    """A subscriber of rssCloud did not answer as it should; its text says how."""


class Hub:
    """Takes requests. Any process can: what it notes is in Redis."""

    def __init__(
        self,
        *,
        store: Store,
        publisher: Publisher,
        topics: Topics,
        egress: Egress,
        policy: HubPolicy,
        clock: Clock,
    ) -> None:
        self.policy = policy
        self._store = store
        self._publisher = publisher
        self._topics = topics
        self._egress = egress
        self._clock = clock
        self._asking: Counter[str] = Counter()

    async def request(self, form: Mapping[str, str]) -> None:
        """Note a request to subscribe or to unsubscribe; it is carried out once the subscriber confirms it.

        Raises NotUnderstood, Overloaded.
        """
        request = rules.read_request(form, self.policy)
        known = await self._subscriber(request)
        now, sealed = self._clock(), self._store.hub.seal(known, request.secret)
        with _overloaded():
            await self._store.hub.update(
                known,
                lambda found: rules.asked(found or known, request, sealed, now),
                now=now,
                policy=self.policy,
            )

    async def _subscriber(self, request: HubRequest) -> Subscriber:
        """Return whom a request is about; who subscribes can leave also where the topic has left (5.1.2)."""
        name = self._topics.name_of(request.topic_url)
        if request.mode is Mode.UNSUBSCRIBE and name is not None:
            known = rules.new_subscriber(Protocol.WEBSUB, name, request.callback)
            if await self._store.hub.get(known) is not None:
                return known
        topic = self._our_topic(request.topic_url)
        return rules.new_subscriber(Protocol.WEBSUB, topic.name, request.callback)

    async def publish(self, urls: Sequence[str]) -> None:
        """Hear that topics have news. We know that ourselves, and sooner; others' raise NotUnderstood."""
        if not any(urls):
            raise NotUnderstood("hub.url is missing")
        for url in filter(None, urls):
            self._our_topic(url)

    async def register(self, form: Mapping[str, str], caller: str) -> int:
        """Subscribe by rssCloud, once the subscriber answers; return the number of feeds.

        `caller` is the address that the request came from. Raises NotUnderstood, Overloaded, NotConfirmed.
        """
        registration = read_registration(form, _address(caller))
        topics = [self._our_topic(url) for url in registration.urls]
        if self._asking.total() >= ASKED_AT_ONCE or self._asking[registration.host] >= ASKED_OF_HOST:
            raise Overloaded("too many subscribers register at once: try again in a minute")
        self._asking[registration.host] += 1
        try:
            async with asyncio.timeout(3 * self.policy.timeout_s):
                for topic in topics:
                    await self._register(registration, topic)
        except TimeoutError:
            raise NotConfirmed("your notification handler takes too long: register fewer feeds") from None
        finally:
            self._asking[registration.host] -= 1
            self._asking += Counter()  # forgets hosts at nought
        return len(topics)

    async def _register(self, registration: CloudRegistration, topic: Topic) -> None:
        known = rules.new_subscriber(Protocol.RSSCLOUD, topic.name, registration.callback)
        if await self._store.hub.get(known) is None:
            with _overloaded():
                await self._store.hub.check_room(registration.host, self.policy)
        rendition = await self._publisher.rendition(topic.feed, topic.form)
        outcome = await verify_rsscloud(
            self._egress,
            registration.callback,
            topic.url,
            by_challenge=registration.by_challenge,
            timeout_s=self.policy.timeout_s,
            now=self._clock(),
        )
        if not isinstance(outcome, Confirmed):
            raise NotConfirmed(f"your notification handler did not answer as it should ({outcome.reason})")
        ends_at = outcome.at + timedelta(seconds=rules.RSSCLOUD_LEASE_S)
        lease = Lease(topic_url=topic.url, verified_at=outcome.at, ends_at=ends_at)

        def change(found: Subscriber | None) -> Subscriber:
            has = found.sent if found and rules.is_active(found, outcome.at) else rendition.digest
            return replace(found or known, lease=lease, sent=has, failures=0)

        with _overloaded():
            await self._store.hub.update(
                known, change, now=self._clock(), topic_digest=rendition.digest, policy=self.policy
            )

    def _our_topic(self, url: str) -> Topic:
        topic = self._topics.find(url)
        if topic is None:
            raise NotUnderstood("this hub serves its own feeds only: take the rel=self of one of them")
        return topic


@contextmanager
def _overloaded() -> Iterator[None]:
    """Yield in our words that there is no room; raises Overloaded."""
    try:
        yield
    except NoRoom as error:
        whose = " of this host" if error.of_host else ""
        raise Overloaded(f"there are too many subscriptions{whose}: try again later") from error


def _address(caller: str) -> str:
    """Write an address as it stands in a URL."""
    try:
        address = ip_address(caller)
    except ValueError:
        return ""
    return f"[{address}]" if address.version == 6 else str(address)  # noqa: PLR2004  IPv6
