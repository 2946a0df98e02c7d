"""Our own hub: who gets what we publish, by which protocol, until when. See `model.subscription` for the
other side, where hubs of others push to us.
"""

from datetime import datetime
from enum import StrEnum
from typing import NewType

from msgspec import Struct

from syndicator.model.feed import Format
from syndicator.model.ids import FeedId
from syndicator.model.ops.states import SubscriberState

SubscriberId = NewType("SubscriberId", str)
"""32 hex digits, made from protocol, topic and callback: who asks again is the same subscriber."""

TopicName = NewType("TopicName", str)
"""What a topic is called in Redis: its public URL after `/feeds/`, as `latest.rss`."""


class Topic(Struct, frozen=True, kw_only=True):
    """One feed in one format: what can be subscribed to."""

    name: TopicName
    url: str
    """As its `rel=self` says."""
    feed: FeedId
    form: Format


class Protocol(StrEnum):
    """How a subscriber is notified of news."""

    WEBSUB = "websub"
    """It is sent the topic itself."""
    RSSCLOUD = "rsscloud"
    """It is sent the topic's URL, and fetches it."""
    PING = "ping"
    """Another hub of ours (`[hub] external`): sent the topic's URL by `hub.mode=publish`."""


class Mode(StrEnum):
    """What a subscriber asks for."""

    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"


class Lease(Struct, frozen=True, kw_only=True):
    """A verified subscription: what it was agreed upon."""

    topic_url: str
    """As the subscriber spelled it."""
    sealed: bytes = b""
    """Its secret, sealed; empty: deliveries are not signed."""
    verified_at: datetime
    ends_at: datetime


class PendingRequest(Struct, frozen=True, kw_only=True):
    """What a subscriber asked for last, and has not confirmed yet."""

    mode: Mode
    topic_url: str
    sealed: bytes = b""
    """The secret that it gave, sealed."""
    lease_s: int
    """As we granted it: within the configured bounds."""
    at: datetime
    tries: int = 0
    """How often it could not be reached to be asked back."""


class Subscriber(Struct, frozen=True, kw_only=True):
    """One callback of one topic."""

    id: SubscriberId
    protocol: Protocol
    topic: TopicName
    callback: str
    host: str
    """Of the callback, as `rules.hub.subscribers.host_of` spells it: what is bounded is bounded for each of
    these."""
    lease: Lease | None = None
    """None: not verified yet."""
    asked: PendingRequest | None = None
    sent: str = ""
    """Digest of the bytes that it has: what was delivered last, or stood there when it subscribed."""
    attempts: int = 0
    """In vain, for what is to be delivered now."""
    failures: int = 0
    """In a row, since the last success."""
    reason: str | None = None
    """Why the last attempt failed."""
    delivered: int = 0
    delivered_at: datetime | None = None
    failed_at: datetime | None = None

    @property
    def state(self) -> SubscriberState:
        if self.lease is None:
            return SubscriberState.REQUESTED
        return SubscriberState.FAILING if self.failures else SubscriberState.VERIFIED

    def __repr__(self) -> str:
        """Show no callback: it is a capability."""
        return f"Subscriber(id={self.id!r}, protocol={self.protocol!r}, topic={self.topic!r})"


class Signature(StrEnum):
    """How deliveries are signed (WebSub, 7.1.1)."""

    SHA1 = "sha1"
    """For subscribers that know nothing else."""
    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"


class HubPolicy(Struct, frozen=True, kw_only=True):
    """How the hub works: `[hub]` of the configuration, where it is on."""

    rsscloud: bool = True
    external: tuple[str, ...] = ()
    """Hubs of others that are notified of news, too."""
    min_lease_s: int = 300
    default_lease_s: int = 10 * 86_400
    max_lease_s: int = 30 * 86_400
    retries_s: tuple[float, ...] = (5, 30, 120, 600, 1800, 7200)
    jitter: float = 0.2
    """Part of a pause by which it is moved either way."""
    timeout_s: float = 10.0
    signature: Signature = Signature.SHA256
    max_in_flight: int = 16
    """Requests to one host at once; a quarter as many more may ask back those that have not confirmed."""
    max_subscriptions: int = 100_000
    max_per_host: int = 10_000
    spacing_s: float = 5.0
    """A topic's subscribers are sent what is new no more often than that."""


class Sent(Struct, frozen=True, kw_only=True):
    """The subscriber has the bytes of this digest."""

    digest: str


class Failed(Struct, frozen=True, kw_only=True):
    """The request to it failed."""

    reason: str
    """One word: those of `model.fetch.Reason`, `http_503` and the like."""


class Left(Struct, frozen=True, kw_only=True):
    """It said that it is gone (410)."""


class Unneeded(Struct, frozen=True, kw_only=True):
    """There is nothing that it does not have."""


DistributionOutcome = Sent | Failed | Left | Unneeded


class Confirmed(Struct, frozen=True, kw_only=True):
    """It means what it asked for."""

    at: datetime
    """When it was asked back: the lease counts from there."""


class Refused(Struct, frozen=True, kw_only=True):
    """It does not, or must not."""

    reason: str


class Unreached(Struct, frozen=True, kw_only=True):
    """Nothing is known: no answer came."""

    reason: str


VerificationOutcome = Confirmed | Refused | Unreached


class HubCounts(Struct, frozen=True, kw_only=True):
    """How the hub stands."""

    subscriptions: int = 0
    pending: int = 0
    """Subscribers that something is to be said to, now or later."""
    oldest_due_at: datetime | None = None
    """Since when the longest waiting one waits that has confirmed; None where nothing is late."""
