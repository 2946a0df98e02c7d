"""The API of a service."""

from syndicator.service import Service
from syndicator.settings.endpoint_registration import registration_schema
from syndicator.web.api.api_table import api_table
from syndicator.web.api.json_api import ApiRoute


def api_of(service: Service) -> tuple[ApiRoute, ...]:
    """Return all routes, over a service."""
    return api_table(
        reading=service.reading,
        listing=service.listing,
        story_editing=service.gathering.story_editing,
        withdrawer=service.gathering.withdrawer,
        access=service.access,
        reporting=service.publishing.reporting,
        registering=service.pushing.registering,
        inspecting=service.pushing.inspecting,
        resending=service.pushing.resending,
        replaying=service.pushing.replaying,
        endpoint_schema=registration_schema(),
        clock=service.clock,
    )
