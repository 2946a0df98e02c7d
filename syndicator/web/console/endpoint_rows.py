"""Rows of endpoints on pages of the console."""

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlsplit

from msgspec import Struct

from syndicator.model.ops.status import EndpointStatus
from syndicator.rules.webhooks.endpoint_health import EndpointHealth, endpoint_health
from syndicator.web.console.shown_failures import ShownFailure, shown_failure


class EndpointRow(Struct, frozen=True, kw_only=True):
    status: EndpointStatus
    host: str
    """Only the host: paths and queries of webhooks are often secrets."""
    health: EndpointHealth
    last_failure: ShownFailure | None


def endpoint_rows(statuses: Iterable[EndpointStatus], now: datetime) -> list[EndpointRow]:
    """Judge each endpoint, in their order."""
    return [
        EndpointRow(
            status=one,
            host=urlsplit(one.endpoint.url).hostname or "",
            health=endpoint_health(one, now),
            last_failure=shown_failure(one.last_failure.rpartition(":")[2]) if one.last_failure else None,
        )
        for one in statuses
    ]


def worst_first(rows: Iterable[EndpointRow]) -> list[EndpointRow]:
    """Order endpoints by their trouble, else as they were."""
    return sorted(rows, key=lambda row: row.health.kind.rank)
