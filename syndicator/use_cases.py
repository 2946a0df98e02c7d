"""What the API and the console reach of a service."""

from syndicator.live_configuration import LiveConfiguration
from syndicator.pipeline.configuration.configuration_editing import ConfigurationEditing
from syndicator.pipeline.configuration.configuration_tables import ConfigurationTables
from syndicator.service import Service
from syndicator.settings.endpoint_registration import registration_schema
from syndicator.web.use_cases import UseCases


def use_cases_of(service: Service, live: LiveConfiguration) -> UseCases:
    """Return the use cases of a service; `live` follows the configuration of this process."""
    return UseCases(
        reading=service.queries,
        listing=service.paginator,
        search=service.search,
        story_editing=service.story_editor,
        withdrawer=service.withdrawer,
        article_tracer=service.article_tracer,
        access=service.access,
        partner_reports=service.partner_reports,
        registration=service.registration,
        inspection=service.inspection,
        event_previews=service.event_previews,
        redelivery=service.resend,
        replay_control=service.replays,
        audience=service.audience,
        audit=service.store.audit,
        editing=ConfigurationEditing(service.store, live.check, live.names, service.clock),
        tables=ConfigurationTables(service.store, live.written),
        reload=live.reload,
        trials=service.trials,
        source_control=service.source_control,
        backfill_control=service.backfill_control,
        schedule_preview=service.schedule_preview,
        endpoint_schema=registration_schema(),
        clock=service.clock,
    )
