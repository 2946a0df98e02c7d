"""What happened before, sent to an endpoint once more: how far that is."""

from datetime import datetime

from msgspec import Struct

from syndicator.model.event import EventType
from syndicator.model.feed import Filter
from syndicator.model.ids import EndpointId, ReplayId
from syndicator.model.ops.states import ReplayStatus


class Replay(Struct, frozen=True, kw_only=True):
    """A walk through the log of events, at a pace, for one endpoint."""

    id: ReplayId
    endpoint: EndpointId
    owner: str
    """Who asked for it."""
    created_at: datetime
    since: datetime | None = None
    """Only what happened then or later."""
    filter: Filter = Filter()
    """Beside that of the endpoint."""
    events: tuple[EventType, ...] = ()
    """Empty: all that the endpoint asks for."""
    limit: int | None = None
    per_s: int
    """How many are queued in a second."""
    begin: str
    """Place in the log behind which it begins: `ms-n`."""
    end: str
    """The last place: what comes later is sent anyway."""
    place: str
    """How far it is."""
    step: int = 0
    """Raised by each write: what is written must be of the step that was read."""
    queued: int = 0
    waiting: int = 0
    """Was on its way already."""
    superseded: int = 0
    """There is an event of a newer revision, which is sent in its place."""
    gone: int = 0
    """Of articles that are withdrawn or not kept any more."""
    status: ReplayStatus = ReplayStatus.RUNNING
    reason: str | None = None
    """What a running one waits for, or why it was cancelled."""
    ended_at: datetime | None = None

    @property
    def progress(self) -> float:
        """Return the part of its span that was looked through, 0 to 1."""
        if self.status is ReplayStatus.DONE:
            return 1.0
        begin, end, at = (int(place.partition("-")[0]) for place in (self.begin, self.end, self.place))
        return round(min(max((at - begin) / max(end - begin, 1), 0.0), 1.0), 3)
