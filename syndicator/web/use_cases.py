"""What the API and the console let people do: the use cases of one service."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from syndicator.model.clock import Clock
from syndicator.pipeline.articles.withdrawals import Withdrawer
from syndicator.pipeline.configuration.configuration_editing import ConfigurationEditing
from syndicator.pipeline.configuration.configuration_tables import ConfigurationTables
from syndicator.pipeline.feeds.audience import Audience
from syndicator.pipeline.feeds.pagination import Paginator
from syndicator.pipeline.ops.api_tokens import Access
from syndicator.pipeline.ops.article_trace import ArticleTracer
from syndicator.pipeline.ops.schedule_preview import SchedulePreview
from syndicator.pipeline.popularity.partner_reports import PartnerReports
from syndicator.pipeline.preview.trials import SourceTrials
from syndicator.pipeline.queries import Queries
from syndicator.pipeline.search.article_search import ArticleSearch
from syndicator.pipeline.sources.backfill_control import BackfillControl
from syndicator.pipeline.sources.source_control import SourceControl
from syndicator.pipeline.stories.editing import StoryEditing
from syndicator.pipeline.webhooks.event_preview import EventPreviews
from syndicator.pipeline.webhooks.inspection import DeliveryInspection
from syndicator.pipeline.webhooks.registration import EndpointRegistration
from syndicator.pipeline.webhooks.replays import ReplayControl
from syndicator.pipeline.webhooks.resend import Redelivery
from syndicator.store.ops.audit import AuditLog


@dataclass(frozen=True, kw_only=True)
class UseCases:
    """All that routes call."""

    reading: Queries
    listing: Paginator
    search: ArticleSearch
    story_editing: StoryEditing
    withdrawer: Withdrawer
    article_tracer: ArticleTracer
    access: Access
    partner_reports: PartnerReports
    registration: EndpointRegistration
    inspection: DeliveryInspection
    event_previews: EventPreviews
    redelivery: Redelivery
    replay_control: ReplayControl
    audience: Audience
    audit: AuditLog
    editing: ConfigurationEditing
    tables: ConfigurationTables
    reload: Callable[[], None]
    """Has this process read its files again."""
    source_control: SourceControl
    trials: SourceTrials
    backfill_control: BackfillControl
    schedule_preview: SchedulePreview
    endpoint_schema: Mapping[str, Any]
    """What `[endpoint.ID]` takes, as JSON Schema."""
    clock: Clock
