"""The whole configuration as one form: every table that may stand in a file."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, ValidationInfo

from syndicator.settings.fault_messages import faults_of
from syndicator.settings.form import Form
from syndicator.settings.tables.alerts import AlertForm
from syndicator.settings.tables.endpoints import EndpointForm
from syndicator.settings.tables.feeds import FeedForm
from syndicator.settings.tables.hub import HubSection
from syndicator.settings.tables.popularity import PopularitySection
from syndicator.settings.tables.sections import (
    EgressSection,
    RetentionSection,
    SampleSection,
    ServerSection,
    SiteSection,
    StoreSection,
    WorkSection,
)
from syndicator.settings.tables.sources import NOT_INHERITED, SourceForm
from syndicator.settings.tables.stories import StorySection
from syndicator.settings.tables.tokens import TokenForm
from syndicator.settings.value_texts import SLUG, wrong, wrong_inside


def _id(value: str) -> str:
    """Ids stand in URLs and in keys of the store, so they are plain."""
    if not SLUG.fullmatch(value):
        plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in value.lower()).strip("-")[:64]
        remedy = f'use lower-case letters, digits and dashes, 64 at most, as in "{plain or "my-id"}"'
        raise wrong("is not an id", remedy)
    return value


def _defaults(value: object, info: ValidationInfo) -> dict[str, Any]:
    """Check what sources inherit as a source is checked, only that nothing must be there."""
    if not isinstance(value, dict):
        where = f"[{info.field_name}]" if info.field_name == "defaults" else "[group.NAME]"
        raise wrong("must be a table", f"write {where} and its keys below it")
    own: list[tuple[tuple[str | int, ...], str, str]] = [
        ((key,), "belongs to one source alone", "move it into its [source.…]")
        for key in sorted(NOT_INHERITED & value.keys())
    ]
    rest = {key: inner for key, inner in value.items() if key not in NOT_INHERITED}
    try:
        SourceForm.model_validate(rest, context=info.context)
    except ValidationError as error:
        own += [
            (fault.path, fault.reason, fault.remedy)
            for fault in faults_of(SourceForm, error)
            if not fault.absent
        ]
    if own:
        raise wrong_inside(own)
    return value


Id = Annotated[str, AfterValidator(_id)]
Inherited = Annotated[dict[str, Any], BeforeValidator(_defaults)]


class Configuration(Form):
    """All tables. What stands once has a default for each key; sources, feeds, endpoints and tokens by id."""

    site: SiteSection = Field(default=SiteSection(), description="Who publishes.")
    server: ServerSection = Field(default=ServerSection(), description="The web server.")
    work: WorkSection = Field(default=WorkSection(), description="The workers.")
    store: StoreSection = Field(default=StoreSection(), description="Where everything is kept.")
    egress: EgressSection = Field(default=EgressSection(), description="Everything that goes out.")
    retention: RetentionSection = Field(default=RetentionSection(), description="How long things are kept.")
    story: StorySection = Field(default=StorySection(), description="When two articles tell the same.")
    popularity: PopularitySection = Field(default=PopularitySection(), description="What makes popular.")
    hub: HubSection = Field(default=HubSection(), description="Our own WebSub hub, and rssCloud.")
    sample: SampleSection = Field(default=SampleSection(), description="The sample portals.")
    defaults: Inherited = Field(
        default={}, description="What every source inherits, key by key; its own keys win."
    )
    group: dict[Id, Inherited] = Field(
        default={},
        description="What the sources of a group inherit; it wins over `[defaults]`.",
    )
    source: dict[Id, SourceForm] = Field(description="What is gathered.", min_length=1)
    feed: dict[Id, FeedForm] = Field(default={}, description="What is published.")
    endpoint: dict[Id, EndpointForm] = Field(default={}, description="Who gets webhooks.")
    alert: dict[Id, AlertForm] = Field(default={}, description="Who is told of troubles, by mail or chat.")
    token: dict[Id, TokenForm] = Field(default={}, description="Who may use the API.")


class Trial(Configuration):
    """The configuration of one who has no source yet, and tries an address."""

    source: dict[Id, SourceForm] = Field(default={}, description="What is gathered.")
