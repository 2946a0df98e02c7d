"""The table of a source, `[source.ID]`, and how it becomes a value."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator

from syndicator.model.ids import SourceId
from syndicator.model.source import (
    ArticleRule,
    Cron,
    Every,
    FetchLimits,
    ListRule,
    PopularRule,
    Schedule,
    Source,
    SourceKind,
)
from syndicator.settings.form import Form, Headers
from syndicator.settings.sections import EgressSection
from syndicator.settings.texts import (
    NOT_YET,
    Count,
    CronText,
    Duration,
    Element,
    Language,
    Line,
    PositiveDuration,
    Selector,
    Size,
    Url,
    Zone,
    wrong,
)

PAGE_ONLY = ("list", "article", "popular")
NOT_INHERITED = frozenset({"title", "url", "home_url"})
"""What is a source's own and has no place in `[defaults]`."""

_KINDS = [kind.value for kind in SourceKind]


def _kind(value: object) -> object:
    if value == "sitemap":
        raise wrong(f'kind "sitemap" {NOT_YET}', f"use one of {', '.join(_KINDS)}")
    return value


class ScheduleForm(Form):
    """`schedule`: when a source is gathered; either `every` or `cron`."""

    planned: ClassVar[frozenset[str]] = frozenset({"adaptive", "min", "max"})

    every: PositiveDuration | None = Field(
        default=None, description="Time from the beginning of one round to the next."
    )
    cron: CronText | None = Field(
        default=None,
        validate_default=True,
        description="Five fields: minute, hour, day, month, weekday (names, or 0 to 7 from Sunday on).",
    )
    timezone: Zone | None = Field(default=None, description="Zone of `cron`. Left out: the source's zone.")
    jitter: Duration = Field(
        default=timedelta(0), description="How far a round may be moved either way, by chance."
    )

    @field_validator("cron", mode="wrap")
    @classmethod
    def _one_of_two(cls, value: object, handler: object, info: ValidationInfo) -> object:
        every_stands = info.data.get("every") is not None
        if value is None:
            if "every" in info.data and not every_stands:
                remedy = 'write { every = "5m" } or { cron = "*/10 6-22 * * mon-fri" }'
                raise wrong("says neither every nor cron", remedy, key="", absent=True)
            return None
        if every_stands:
            raise wrong("is given beside every", "keep one of them")
        return handler(value)  # type: ignore[operator]  # pydantic hands a callable

    @field_validator("jitter")
    @classmethod
    def _less_than_every(cls, value: timedelta, info: ValidationInfo) -> timedelta:
        every = info.data.get("every")
        if every is not None and value >= every:
            raise wrong("is not shorter than every", "a tenth of it is a good choice")
        return value

    def value(self, timezone: str) -> Schedule:
        """Give the schedule; a cron expression without a zone is read in the source's."""
        jitter_s = self.jitter.total_seconds()
        if self.every is not None:
            return Every(interval_s=self.every.total_seconds(), jitter_s=jitter_s)
        return Cron(expression=self.cron or "", timezone=self.timezone or timezone, jitter_s=jitter_s)


class ListForm(Form):
    """`list`: where a list page keeps its articles."""

    item: Element = Field(
        description="One article of the list; all keys below but `next` are looked up inside it."
    )
    url: Selector = Field(default="a", description="The link to the article page.")
    title: Selector | None = Field(default=None, description="Its title.")
    date: Selector | None = Field(default=None, description="Its date.")
    section: Selector | None = Field(default=None, description="Its section.")
    image: Selector | None = Field(default=None, description="Its picture.")
    next: Selector | None = Field(default=None, description="The link to the next list page.")


class ArticleForm(Form):
    """`article`: where an article page keeps its parts."""

    title: Selector = Field(description="The title.")
    body: Selector = Field(description="The full text.")
    date: Selector | None = Field(default=None, description="The date.")
    authors: Selector | None = Field(default=None, description="The names of its reporters.")
    lead: Selector | None = Field(default=None, description="The lead.")
    quote: Selector | None = Field(default=None, description="A quotation set apart.")
    photo: Selector | None = Field(default=None, description="The photograph.")
    caption: Selector | None = Field(default=None, description="Its caption.")
    credit: Selector | None = Field(default=None, description="Who took it.")
    section: Selector | None = Field(default=None, description="The section.")
    tags: Selector | None = Field(default=None, description="The tags.")
    related: Selector | None = Field(
        default=None,
        description="Links to related articles: those inside `body` are inline, the others boxed.",
    )
    views: Selector | None = Field(default=None, description="The portal's own counter of views.")
    remove: Selector | None = Field(default=None, description="What is cut out before anything is read.")


class PopularForm(Form):
    """`popular`: where a page keeps its box of popular articles; rank is the order of the items."""

    item: Element = Field(
        description="One line of the box; all keys below but `url` are looked up inside it."
    )
    url: Url | None = Field(default=None, description="The page that holds the box. Left out: the list page.")
    title: Selector | None = Field(default=None, description="The title.")
    link: Selector = Field(default="a", description="The link to the article.")
    date: Selector | None = Field(default=None, description="The date.")
    views: Selector | None = Field(default=None, description="The number of views.")
    author: Selector | None = Field(default=None, description="The reporter.")


class SourceForm(Form):
    """`[source.ID]`: one portal, or one part of it. `[defaults]` may hold all but title, url and home_url."""

    planned: ClassVar[frozenset[str]] = frozenset(
        {
            "owner",
            "identity",
            "full_text",
            "sections",
            "rights",
            "images",
            "windows",
            "former_ids",
            "politeness",
        }
    )

    title: Line = Field(description="Name of the portal, shown beside its articles.")
    kind: Annotated[
        SourceKind, BeforeValidator(_kind), WithJsonSchema({"type": "string", "enum": _KINDS})
    ] = Field(
        description="`feed` (RSS, Atom or JSON Feed, told apart by itself) or `page` (HTML, by selectors)."
    )
    url: Url = Field(description="The feed, or the first list page.")
    schedule: ScheduleForm = Field(description="When it is gathered.")
    home_url: Url | None = Field(
        default=None, description="The portal's page for people. Left out: the origin of `url`."
    )
    language: Language | None = Field(
        default=None, description="Language of articles that name none (BCP 47)."
    )
    timezone: Zone = Field(default="UTC", description="Zone of dates that carry none.")
    headers: Headers = Field(
        default={}, description="Headers of each request; `Name_file` takes a value from a file."
    )
    timeout: PositiveDuration | None = Field(default=None, description="As in `[egress]`, for this source.")
    connect_timeout: PositiveDuration = Field(
        default=timedelta(seconds=10), description="Longest time to connect."
    )
    max_body: Size | None = Field(default=None, description="As in `[egress]`, for this source.")
    max_redirects: Annotated[int, Field(strict=True, ge=0, le=20)] = Field(
        default=5, description="How many are followed."
    )
    max_pages: Count = Field(
        default=10,
        description="How many list pages one round reads at most; it ends at the first with nothing new.",
    )
    max_articles: Count = Field(default=200, description="How many articles one round takes at most.")
    list: ListForm | None = Field(
        default=None, validate_default=True, description="For `page`: the list page."
    )
    article: ArticleForm | None = Field(
        default=None, validate_default=True, description="For `page`: the article page."
    )
    popular: PopularForm | None = Field(default=None, description="For `page`: the box of popular articles.")

    @field_validator("list", "article", "popular")
    @classmethod
    def _fits_the_kind(cls, value: Form | None, info: ValidationInfo) -> Form | None:
        kind = info.data.get("kind")
        if kind is SourceKind.PAGE and value is None and info.field_name != "popular":
            raise wrong("is missing: a page is read by its selectors", absent=True)
        if kind is SourceKind.FEED and value is not None:
            raise wrong("has no use in a feed", 'remove it, or set kind = "page"')
        return value

    def value(self, source: SourceId, egress: EgressSection) -> Source:
        """Give the source; limits that it does not set are those of `[egress]`."""
        limits = FetchLimits(
            timeout_s=(self.timeout or egress.timeout).total_seconds(),
            connect_timeout_s=self.connect_timeout.total_seconds(),
            max_body_bytes=self.max_body or egress.max_body,
            max_redirects=self.max_redirects,
        )
        return Source(
            id=source,
            title=self.title,
            kind=self.kind,
            url=self.url,
            schedule=self.schedule.value(self.timezone),
            home_url=self.home_url,
            language=self.language,
            timezone=self.timezone,
            headers=self.headers,
            limits=limits,
            max_pages=self.max_pages,
            max_articles=self.max_articles,
            list=ListRule(**self.list.model_dump()) if self.list else None,
            article=ArticleRule(**self.article.model_dump()) if self.article else None,
            popular=PopularRule(**self.popular.model_dump()) if self.popular else None,
        )


Table = Mapping[str, object]


def inherit(own: Table, defaults: Table) -> dict[str, object]:
    """Lay a source's own table over `[defaults]`, key by key, also inside nested tables.

    What belongs to another kind of source or of schedule is not inherited.
    """
    kind = own.get("kind", defaults.get("kind"))
    left_out = NOT_INHERITED | (set() if kind == SourceKind.PAGE.value else set(PAGE_ONLY))
    merged = {key: value for key, value in defaults.items() if key not in left_out}
    for key, value in own.items():
        below = merged.get(key)
        if key == "schedule" and isinstance(value, Mapping) and isinstance(below, Mapping):
            merged[key] = _inherit_schedule(value, below)
        elif isinstance(value, Mapping) and isinstance(below, Mapping):
            merged[key] = {**below, **value}
        else:
            merged[key] = value
    return merged


def _inherit_schedule(own: Table, defaults: Table) -> Table:
    if not {"every", "cron", "adaptive"} & own.keys():
        return {**defaults, **own}
    kept = {"jitter", "timezone"} if "cron" in own else {"jitter"}
    return {**{key: value for key, value in defaults.items() if key in kept}, **own}
