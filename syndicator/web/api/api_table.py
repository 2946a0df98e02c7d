"""All routes of the API, in the order in which they are described."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

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
from syndicator.web.use_cases import UseCases


def api_table(cases: UseCases) -> tuple[ApiRoute, ...]:
    """Return the table of a service."""
    return (
        *ReadingRoutes(cases.reading, cases.listing).table(),
        *ScheduleRoutes(cases.schedule_preview, cases.reading).table(),
        *SourceRoutes(cases.source_control, cases.backfill_control, cases.reading).table(),
        *OperatingRoutes(cases.withdrawer, cases.article_tracer).table(),
        *StoryRoutes(cases.story_editing, cases.listing).table(),
        *EndpointRoutes(cases.registration, cases.endpoint_schema, cases.clock).table(),
        *DeliveryRoutes(cases.inspection, cases.redelivery, cases.clock).table(),
        *ReplayRoutes(cases.replay_control, cases.clock).table(),
        *EventRoutes().table(),
        *SignalRoutes(cases.partner_reports, cases.clock).table(),
        *TokenRoutes(cases.access, cases.reading).table(),
        *ConfigurationRoutes(cases.editing, cases.reload).table(),
        *AuditRoutes(cases.audit).table(),
    )


def described_table(endpoint_schema: Mapping[str, Any]) -> tuple[ApiRoute, ...]:
    """Return the table for being described alone: nothing in it can be called."""
    nothing: dict[str, Any] = dict.fromkeys(field.name for field in fields(UseCases))
    return api_table(UseCases(**nothing | {"endpoint_schema": endpoint_schema}))
