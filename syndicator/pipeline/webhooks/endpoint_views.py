"""Views of endpoints for their owners and for operators."""

from datetime import datetime
from typing import Any

from msgspec import Struct, field

from syndicator.model.endpoint import OPERATORS, EndpointState
from syndicator.model.ids import EndpointId
from syndicator.model.ops.status import QueueCounts
from syndicator.push.probes import Probed
from syndicator.rules.webhooks.endpoint_health import EndpointHealth


class Asker(Struct, frozen=True, kw_only=True):
    """The person or program that sends a request about an endpoint."""

    owner: str
    is_operator: bool = False
    """Whether it may see and change all endpoints."""


OPERATOR = Asker(owner=OPERATORS, is_operator=True)
"""An operator of this service."""


class ReplayOffer(Struct, frozen=True, kw_only=True):
    """What an endpoint lost while it rested, and may have by a replay."""

    dropped: int = field(name="fell_off")
    """Deliveries that waited for too long, or were too many."""
    since: datetime
    """A replay since then brings them: when it last took something, or began to rest."""


class EndpointShown(Struct, frozen=True, kw_only=True):
    """An endpoint and how it stands, without its secrets."""

    id: EndpointId
    owner: str | None
    """None: it stands in a configuration, and is changed there."""
    settings: dict[str, Any]
    """As it is described, in the keys by which it may be changed; values of headers are hidden."""
    created_at: datetime | None
    """When it was registered, or a process first had it configured."""
    verified_at: datetime | None
    """None for one that was added and is unverified: nothing is sent there."""
    health: EndpointHealth
    state: EndpointState
    deliveries: QueueCounts
    last_failure: str | None
    """Why the newest failed attempt failed."""
    unreadable: str | None = None
    """Why its record or its secrets cannot be read by this process, and what to do."""
    feed: str | None = None
    """JSON Feed with the articles of its events; None where it has no events of articles."""
    replay_offered: ReplayOffer | None = None
    """Set when it was just resumed and deliveries were dropped meanwhile."""


class EndpointSecret(Struct, frozen=True, kw_only=True):
    """An endpoint with a secret that was made just now: the only time that it is shown."""

    endpoint: EndpointShown
    secret: str | None = None
    """`whsec_…`, of Standard Webhooks (`v1`)."""
    public_key: str | None = None
    """`whpk_…`, by which signatures are verified (`v1a`); the other half stays here."""
    verified: Probed | None = None
    """What came of the first challenge."""
