"""All routes of the API, in the order in which they are described."""

from collections.abc import Callable, Mapping
from typing import Any

from syndicator.model.clock import Clock
from syndicator.pipeline.articles.withdrawals import Withdrawer
from syndicator.pipeline.feeds.pagination import Paginator
from syndicator.pipeline.ops.api_tokens import Access
from syndicator.pipeline.ops.configuration_editing import ConfigurationEditing
from syndicator.pipeline.ops.schedule_preview import SchedulePreview
from syndicator.pipeline.popularity.partner_reports import PartnerReports
from syndicator.pipeline.queries import Queries
from syndicator.pipeline.sources.backfill_control import BackfillControl
from syndicator.pipeline.sources.source_control import SourceControl
from syndicator.pipeline.stories.editing import StoryEditing
from syndicator.pipeline.webhooks.inspection import DeliveryInspection
from syndicator.pipeline.webhooks.registration import EndpointRegistration
from syndicator.pipeline.webhooks.replays import ReplayControl
from syndicator.pipeline.webhooks.resend import Redelivery
from syndicator.store.ops.audit import AuditLog
from syndicator.web.api.audit_routes import AuditRoutes
from syndicator.web.api.configuration_routes import ConfigurationRoutes
from syndicator.web.api.delivery_routes import DeliveryRoutes
from syndicator.web.api.endpoint_routes import EndpointRoutes
from syndicator.web.api.event_routes import EventRoutes
from syndicator.web.api.json_api import ApiRoute
from syndicator.web.api.reading_routes import OperatingRoutes, ReadingRoutes
from syndicator.web.api.replay_routes import ReplayRoutes
from syndicator.web.api.schedule_routes import ScheduleRoutes
from syndicator.web.api.signal_routes import SignalRoutes
from syndicator.web.api.source_routes import SourceRoutes
from syndicator.web.api.story_routes import StoryRoutes
from syndicator.web.api.token_routes import TokenRoutes


def api_table(
    *,
    reading: Queries,
    listing: Paginator,
    story_editing: StoryEditing,
    withdrawer: Withdrawer,
    access: Access,
    partner_reports: PartnerReports,
    registration: EndpointRegistration,
    inspection: DeliveryInspection,
    redelivery: Redelivery,
    replay_control: ReplayControl,
    audit: AuditLog,
    editing: ConfigurationEditing,
    reload: Callable[[], None],
    source_control: SourceControl,
    backfill_control: BackfillControl,
    schedule_preview: SchedulePreview,
    endpoint_schema: Mapping[str, Any],
    clock: Clock,
) -> tuple[ApiRoute, ...]:
    """Return the table of a service; `endpoint_schema` is what `[endpoint.ID]` takes, as JSON Schema."""
    return (
        *ReadingRoutes(reading, listing).table(),
        *ScheduleRoutes(schedule_preview, reading).table(),
        *SourceRoutes(source_control, backfill_control, reading).table(),
        *OperatingRoutes(withdrawer).table(),
        *StoryRoutes(story_editing, listing).table(),
        *EndpointRoutes(registration, endpoint_schema, clock).table(),
        *DeliveryRoutes(inspection, redelivery, clock).table(),
        *ReplayRoutes(replay_control, clock).table(),
        *EventRoutes().table(),
        *SignalRoutes(partner_reports, clock).table(),
        *TokenRoutes(access, reading).table(),
        *ConfigurationRoutes(editing, reload).table(),
        *AuditRoutes(audit).table(),
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
        partner_reports=nobody,
        registration=nobody,
        inspection=nobody,
        redelivery=nobody,
        replay_control=nobody,
        audit=nobody,
        editing=nobody,
        reload=nobody,
        source_control=nobody,
        backfill_control=nobody,
        schedule_preview=nobody,
        endpoint_schema=endpoint_schema,
        clock=nobody,
    )
