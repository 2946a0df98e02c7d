"""Who receives webhooks: where an endpoint comes from, and how it stands."""

from datetime import datetime

from msgspec import Struct, field

from syndicator.model.delivery import Endpoint
from syndicator.model.ops.states import EndpointStanding

OPERATORS = "operators"
"""Owner of what those add who run the service."""


class Registration(Struct, frozen=True, kw_only=True):
    """An endpoint that a partner added while the service runs."""

    endpoint: Endpoint
    owner: str
    """Owner of the token that added it: only he and operators see and change it."""
    created_at: datetime
    verified_at: datetime | None = None
    """When the partner answered a challenge there. Until then no event is sent."""
    has_moved: bool = False
    """Its address was verified, and another took its place that is not yet: its events wait."""
    version: int = 0
    """Raised by each change: what is written must be of the version that was read."""


class Overflow(Struct, frozen=True, kw_only=True):
    """What waits in the log of events, because the queue of an endpoint is full."""

    position: str
    """Place in the log behind which it waits: `ms-n`."""
    since: datetime
    """When the first of it happened."""
    events: int = 0
    """About how many: so many passed the filter when they happened, and were not queued since."""


class EndpointState(Struct, frozen=True, kw_only=True):
    """How an endpoint stands, over all workers."""

    standing: EndpointStanding = EndpointStanding.ACTIVE
    """As it is kept: `active`, `paused` or `disabled`. Where it is shown: as it was judged, any word."""
    reason: str | None = None
    """Why it is paused or disabled."""
    since: datetime | None = None
    """When it was paused or disabled."""
    last_success_at: datetime | None = None
    failing_since: datetime | None = None
    """The first failure since the last success."""
    failures: int = 0
    """In a row, since the last success."""
    openings: int = 0
    """How often the circuit opened since the last success."""
    held_until: datetime | None = None
    """Nothing is sent before: the circuit is open, or the receiver asked for rest."""
    rest_until: datetime | None = None
    """The receiver asked for rest until then (`Retry-After`): what succeeds meanwhile does not end that."""
    dropped: int = field(default=0, name="fell_off")
    """Deliveries that were dropped because they waited for too long, since it was last resumed."""
    overflow: Overflow | None = None
    """What waits in the log of events; None where all that waits is queued."""


class EndpointListed(Struct, frozen=True, kw_only=True):
    """An endpoint as the directory knows it."""

    endpoint: Endpoint
    """Without secrets and headers where this process has them neither configured nor readable."""
    owner: str | None = None
    """None: it stands in the configuration."""
    created_at: datetime | None = None
    """When it was registered, or a process first had it configured; None where older versions noted none."""
    verified_at: datetime | None = None
    has_moved: bool = False
    """It was verified, and is to be verified again at another address."""
    unreadable: str | None = None
    """Why its record or its secrets cannot be read by this process, and what to do."""

    @property
    def is_trusted(self) -> bool:
        """Return whether events may be sent there."""
        return self.owner is None or self.verified_at is not None

    @property
    def gets_events(self) -> bool:
        """Return whether its events are queued: also while it is to be verified again."""
        return self.is_trusted or self.has_moved
