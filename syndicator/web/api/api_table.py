"""All routes of the API, in the order in which they are described."""

from collections.abc import Mapping
from typing import Any

from syndicator.model.clock import Clock
from syndicator.pipeline.articles.withdrawals import Withdrawer
from syndicator.pipeline.feeds.pagination import Paginator
from syndicator.pipeline.ops.api_tokens import Access
from syndicator.pipeline.popularity.partner_reports import Reporting
from syndicator.pipeline.queries import Queries
from syndicator.pipeline.stories.editing import StoryEditing
from syndicator.pipeline.webhooks.inspection import Inspecting
from syndicator.pipeline.webhooks.registration import Registering
from syndicator.pipeline.webhooks.replays import Replaying
from syndicator.pipeline.webhooks.resend import Resending
from syndicator.web.api.delivery_routes import DeliveryRoutes
from syndicator.web.api.endpoint_routes import EndpointRoutes
from syndicator.web.api.event_routes import EventRoutes
from syndicator.web.api.json_api import ApiRoute
from syndicator.web.api.reading_routes import ReadingRoutes
from syndicator.web.api.replay_routes import ReplayRoutes
from syndicator.web.api.signal_routes import SignalRoutes
from syndicator.web.api.story_routes import StoryRoutes
from syndicator.web.api.token_routes import TokenRoutes
from syndicator.web.api.withdrawal_routes import OperatingRoutes


def api_table(
    *,
    reading: Queries,
    listing: Paginator,
    story_editing: StoryEditing,
    withdrawer: Withdrawer,
    access: Access,
    reporting: Reporting,
    registering: Registering,
    inspecting: Inspecting,
    resending: Resending,
    replaying: Replaying,
    endpoint_schema: Mapping[str, Any],
    clock: Clock,
) -> tuple[ApiRoute, ...]:
    """Return the table of a service; `endpoint_schema` is what `[endpoint.ID]` takes, as JSON Schema."""
    return (
        *ReadingRoutes(reading, listing).table(),
        *OperatingRoutes(withdrawer).table(),
        *StoryRoutes(story_editing, listing).table(),
        *EndpointRoutes(registering, endpoint_schema, clock).table(),
        *DeliveryRoutes(inspecting, resending, clock).table(),
        *ReplayRoutes(replaying, clock).table(),
        *EventRoutes().table(),
        *SignalRoutes(reporting, clock).table(),
        *TokenRoutes(access, reading).table(),
    )


def described_table(endpoint_schema: Mapping[str, Any]) -> tuple[ApiRoute, ...]:
    """Return the table for being described alone: nothing in it can be called."""
    nobody: Any = None
    return api_table(
        reading=nobody,
        listing=nobody,
        story_editing=nobody,
        withdrawer=nobody,
        access=nobody,
        reporting=nobody,
        registering=nobody,
        inspecting=nobody,
        resending=nobody,
        replaying=nobody,
        endpoint_schema=endpoint_schema,
        clock=nobody,
    )
