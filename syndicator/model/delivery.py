"""Where events are pushed to, and how one push stands."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import final

from msgspec import Struct

from syndicator.model.event import ARTICLE_EVENTS, Event, EventType
from syndicator.model.feed import Filter
from syndicator.model.ids import EndpointId, FeedId


@final
class Secret:
    """A text that never shows itself in logs, errors or pages: only `reveal()` gives it."""

    __slots__ = ("_text", "until")

    def __init__(self, text: str, *, until: datetime | None = None) -> None:
        self._text = text
        self.until = until
        """When it ends, where another one takes its place."""

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and (self._text, self.until) == (other._text, other.until)

    def __hash__(self) -> int:
        return hash(self._text)


class Rate(Struct, frozen=True, kw_only=True):
    """How many requests in which time: spread evenly, but for a second's worth at once."""

    count: int
    per_s: float

    @property
    def gap_ms(self) -> float:
        """From one request to the next."""
        return 1000 * self.per_s / self.count

    @property
    def text(self) -> str:
        """Write it as people do: `10/s`, `300/m`."""
        return f"{self.count}/{ {1.0: 's', 60.0: 'm'}.get(self.per_s, 'h') }"

    @property
    def burst(self) -> int:
        """How many may go at once after a rest."""
        return max(1, int(self.count / self.per_s))


class RetryPolicy(Struct, frozen=True, kw_only=True):
    """When a failed delivery is tried again."""

    delays_s: tuple[float, ...] = (5, 30, 120, 600, 1800, 7200, 18000, 36000)
    jitter: float = 0.2
    """Part of the delay by which it is moved either way."""
    max_age_s: float = 3 * 24 * 3600
    """Counted from the event: news that old is not worth sending."""


class Payload(StrEnum):
    """How much of an article an event carries."""

    FULL = "full"
    SUMMARY = "summary"
    """Without its text."""
    THIN = "thin"
    """What identifies the article."""


class Digest(Struct, frozen=True, kw_only=True):
    """Several events in one push."""

    items: int
    """So many go at once, without waiting any longer."""
    every_s: float
    """So long an event waits at most."""


class Alerting(Struct, frozen=True, kw_only=True):
    """How people are told, where an endpoint is a mailbox or a chat."""

    repeat_after_s: float
    """The same event of the same subject comes again no sooner."""


class Endpoint(Struct, frozen=True, kw_only=True):
    """A partner's address that receives webhooks; or with `alert`, a mailbox or chat of operators."""

    id: EndpointId
    url: str
    secrets: tuple[Secret, ...]
    """`whsec_…`; every one signs, so that a secret can be changed with an overlap. With `alert`: its URL."""
    description: str = ""
    """A note for people."""
    events: tuple[EventType, ...] = ARTICLE_EVENTS
    filter: Filter = Filter()
    """Which articles; a story where one of its articles passes."""
    feeds: tuple[FeedId, ...] = ()
    """Feeds that it gets events of; empty: of all."""
    payload: Payload = Payload.FULL
    digest: Digest | None = None
    """None: each event for itself."""
    headers: Mapping[str, str] = {}
    max_in_flight: int = 4
    rate: Rate | None = None
    """None: as fast as it answers."""
    timeout_s: float = 10.0
    connect_timeout_s: float = 5.0
    retry: RetryPolicy = RetryPolicy()
    alert: Alerting | None = None
    """None: it gets signed webhooks. Else messages, and `url` is without its secrets."""

    @property
    def table(self) -> str:
        """Return the name of its table where it is configured: `endpoint.ID` or `alert.ID`."""
        return f"{'endpoint' if self.alert is None else 'alert'}.{self.id}"


RESENT = "resend"
"""In place of the id of a replay where one delivery alone is sent again."""


class Replayed(Struct, frozen=True, kw_only=True):
    """A delivery that is sent again on request."""

    id: str
    """Of the replay, or `RESENT`."""
    at: datetime
    """When it was queued again."""


class Delivery(Struct, frozen=True, kw_only=True):
    """One event on its way to one endpoint."""

    endpoint: EndpointId
    event: Event
    attempts: int = 0
    """Made so far."""
    last_reason: str | None = None
    replayed: Replayed | None = None
    """None: it goes for the first time, as far as is known."""

    @property
    def counts_from(self) -> datetime:
        """Return the time from which its age is counted.

        What is wanted again is not too old by that alone.
        """
        return self.event.at if self.replayed is None else max(self.replayed.at, self.event.at)


class Delivered(Struct, frozen=True, kw_only=True):
    """The partner answered 2xx."""

    status: int
    duration_ms: int
    answer: str = ""
    """The beginning of what the receiver answered."""
    disable: bool = False
    """The receiver asks for no more events."""


class RetryAt(Struct, frozen=True, kw_only=True):
    """It failed and will be tried again."""

    at: datetime
    reason: str
    duration_ms: int
    answer: str = ""
    """The beginning of what the receiver answered."""
    retry_after_s: float | None = None
    """What the receiver asked for, for all that goes to it."""
    disable: bool = False


class Dead(Struct, frozen=True, kw_only=True):
    """It failed for good: kept, with its reason, until it is replayed or retention removes it."""

    reason: str
    duration_ms: int
    answer: str = ""
    """The beginning of what the receiver answered."""
    retry_after_s: float | None = None
    disable: bool = False
    was_tried: bool = True
    """False where there was nothing to send, or nothing worth sending any more."""


DeliveryOutcome = Delivered | RetryAt | Dead
