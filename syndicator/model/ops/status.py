"""How the service stands: what operators see at a glance."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from syndicator.model.delivery import Endpoint
from syndicator.model.endpoint import EndpointListed, EndpointState
from syndicator.model.hub import HubCounts
from syndicator.model.ops.states import UNDELIVERED
from syndicator.model.source import Source, SourceState


class SourceStatus(Struct, frozen=True, kw_only=True):
    source: Source
    state: SourceState


class QueueCounts(Struct, frozen=True, kw_only=True):
    """How many deliveries of one endpoint stand how: as in `DeliveryStatus`, and what is to be queued yet."""

    ready: int = 0
    """Due now."""
    delayed: int = 0
    """Waiting for their next attempt."""
    in_flight: int = 0
    """Leased to a worker."""
    dead: int = 0
    """Failed for good; kept for inspection."""
    delivered: int = 0
    """Since the beginning."""
    in_log: int = 0
    """Waiting in the log of events while the queue is full. An estimate: so many passed the filter when they
    happened, and were not queued since."""

    @property
    def undelivered(self) -> Mapping[str, int]:
        """Return the numbers of `UNDELIVERED`, and before them what waits in the log."""
        counts = (self.ready, self.delayed, self.in_flight, self.dead)
        return {"in_log": self.in_log, **dict(zip(UNDELIVERED, counts, strict=True))}

    @property
    def waiting(self) -> int:
        """Return how many wait that no worker has."""
        return self.ready + self.delayed + self.in_log

    def __add__(self, other: "QueueCounts") -> "QueueCounts":
        return QueueCounts(
            ready=self.ready + other.ready,
            delayed=self.delayed + other.delayed,
            in_flight=self.in_flight + other.in_flight,
            dead=self.dead + other.dead,
            delivered=self.delivered + other.delivered,
            in_log=self.in_log + other.in_log,
        )


class EndpointStatus(Struct, frozen=True, kw_only=True):
    endpoint: Endpoint
    counts: QueueCounts
    last_failure: str | None = None
    """Why the newest failed attempt failed."""
    listed: EndpointListed
    state: EndpointState = EndpointState()
    has_left: bool = False
    """It was configured, and no running process has it configured any more."""


class Recovery(Struct, frozen=True, kw_only=True):
    """How far the service is after Redis lost its data."""

    there_until: datetime
    """When the data was last known to be there."""
    waiting: int
    """Sources that were not gathered since."""


class Status(Struct, frozen=True, kw_only=True):
    at: datetime
    sources: tuple[SourceStatus, ...]
    endpoints: tuple[EndpointStatus, ...]
    articles: int
    last_hour: int
    """Articles that were admitted in the last hour."""
    newest_at: datetime | None
    """When an article was admitted last; None where there is none."""
    outbox: int
    """Events that are not yet fanned out to the endpoints."""
    feeds: int
    held: int = 0
    """Articles under embargo, held back until their time."""
    hub: HubCounts = HubCounts()
    """Subscribers of our own hub."""
    layout: int = 0
    """The version of the stored layout."""
    redis: str = ""
    """The server that has the data now, without user and password: host and port, or the path of a socket."""

    @property
    def has_server_of_its_own(self) -> bool:
        """Return whether the data is in a server that is reached over the network."""
        return not self.redis.startswith("/")
