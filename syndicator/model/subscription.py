"""Having a source's hub push to us (WebSub): the state of each subscription."""

from datetime import datetime

from msgspec import Struct

from syndicator.model.ops.states import SubscriptionState


class Grant(Struct, frozen=True, kw_only=True):
    """One subscription at one hub; a renewal is a new one, with a callback and a secret of its own."""

    callback_id: str
    """Random: the last part of the callback's address, a secret shared with the hub."""
    callback: str
    """The whole address, as the hub was given it."""
    hub: str
    topic: str
    secret: str
    requested_at: datetime
    verified_at: datetime | None = None
    lease_ends_at: datetime | None = None
    tries: int = 0
    """Failed attempts to unsubscribe at the hub."""

    def __repr__(self) -> str:
        """Show neither the secret nor the callback: both are capabilities."""
        return f"Grant(hub={self.hub!r}, topic={self.topic!r}, verified_at={self.verified_at!r})"


class PushedDocument(Struct, frozen=True, kw_only=True):
    """A pushed document that no round has read yet."""

    id: str
    """Digest of its body: a document that comes twice waits once."""
    size: int
    received_at: datetime
    takes: int = 0
    """How many rounds have begun to read it."""


class Subscription(Struct, frozen=True, kw_only=True):
    """How a source stands with its hubs. The empty one is what is known of a source that names none."""

    hubs: tuple[str, ...] = ()
    """As the source named them last, the ones to be preferred first."""
    topic: str | None = None
    active: Grant | None = None
    """Verified: by this one it pushes."""
    pending: Grant | None = None
    """Asked for; the hub has not asked back yet."""
    pending_until: datetime | None = None
    """How long the hub's answer, and then its asking back, are waited for."""
    leaving: tuple[Grant, ...] = ()
    """To be taken back from their hubs."""
    place: int = 0
    """Which of the hubs is asked."""
    failures: int = 0
    """In a row, at this hub."""
    requested_at: datetime | None = None
    """When a hub was last asked to subscribe us."""
    retry_at: datetime | None = None
    """No request to subscribe is sent before."""
    reason: str | None = None
    """Why the last request came to nothing."""
    attend_at: datetime | None = None
    """When there is something to do for it."""
    last_push_at: datetime | None = None
    brought_at: datetime | None = None
    """When a push last brought what a poll would have brought: an article that was new or changed."""
    missed_at: datetime | None = None
    """When asking last brought articles that no push had brought."""
    pushes: int = 0
    refused: int = 0
    """Pushes that were too large, or not signed with our secret."""
    articles_by_push: int = 0
    articles_by_poll: int = 0
    waiting: tuple[PushedDocument, ...] = ()


class Pushed(Struct, frozen=True, kw_only=True):
    """A document as a hub pushed it."""

    id: str
    topic: str
    content_type: str
    body: bytes
    received_at: datetime


class SubscriptionStatus(Struct, frozen=True, kw_only=True):
    """How a source stands with its hub, for people: no secret, no callback."""

    state: SubscriptionState
    delivers: bool
    """Whether pushes really arrive, so that it is polled rarely."""
    because: str
    """The sentence that says why, or why not."""
    hub: str | None = None
    """Without a query, which may hold a token."""
    requested_at: datetime | None = None
    verified_at: datetime | None = None
    lease_ends_at: datetime | None = None
    last_push_at: datetime | None = None
    next_request_at: datetime | None = None
    pushes: int = 0
    refused: int = 0
    articles_by_push: int = 0
    articles_by_poll: int = 0
    waiting: int = 0
    failures: int = 0
    reason: str | None = None
