"""The table `[feed.ID]`: what is published, and how it becomes a value."""

from contextlib import suppress
from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator

from syndicator.model.feed import FeedSpec, Filter, Order, Per, Window
from syndicator.model.ids import FeedId
from syndicator.model.rights import Content
from syndicator.rules.filter_language import span_fault
from syndicator.rules.search.query import QueryError, parse_query
from syndicator.settings.form import Form
from syndicator.settings.tables.popularity import AnnounceForm
from syndicator.settings.tables.rights import HowMuch
from syndicator.settings.value_texts import FormerIds, Language, Languages, Line, Words, in_calendar, wrong


def _instant(value: object) -> datetime:
    remedy = "write date, time and offset, as in 2026-11-01T00:00:00+07:00"
    if isinstance(value, str):  # of JSON, which has no instants of its own
        with suppress(ValueError):
            value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        raise wrong("is not a date and time", remedy)
    if value.tzinfo is None:
        raise wrong("names no offset, so it is not clear when it is", remedy)
    return in_calendar(value)


def _query(value: object) -> object:
    if isinstance(value, str):
        try:
            parse_query(value)
        except QueryError as error:
            raise wrong(str(error), error.remedy) from error
    return value


SearchQuery = Annotated[str, BeforeValidator(_query)]
Instant = Annotated[
    datetime, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})
]
EntryFor = Annotated[Per, WithJsonSchema({"type": "string", "enum": [per.value for per in Per]})]


class FilterForm(Form):
    """`filter`: values of one key are alternatives, different keys must all agree; empty takes all."""

    source: Words = Field(default=(), description="Ids of sources.")
    section: Words = Field(default=(), description="Sections, as the portals name them.")
    tag: Words = Field(default=(), description="Tags.")
    language: Languages = Field(default=(), description="Languages (BCP 47).")
    author: Words = Field(default=(), description="Names of reporters.")
    query: SearchQuery | None = Field(
        default=None, description="Words to be found in the article: see [search.md](search.md)."
    )
    since: Instant | None = Field(default=None, description="Published then or later.")
    until: Instant | None = Field(default=None, description="Published before then.")

    @field_validator("until")
    @classmethod
    def _after_since(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        if (fault := span_fault(info.data.get("since"), value)) is not None:
            raise wrong(*fault)
        return value

    def value(self) -> Filter:
        return Filter(**self.model_dump())


class FeedForm(Form):
    """`[feed.ID]`: a feed, published as /feeds/ID.rss, .atom and .json."""

    title: Line = Field(description="Title of the feed.")
    description: str = Field(default="", description="What it is about, in a sentence.")
    filter: FilterForm = Field(default=FilterForm(), description="Which articles.")
    order: Annotated[Order, WithJsonSchema({"type": "string", "enum": [order.value for order in Order]})] = (
        Field(Order.LATEST, description="`latest` or `popular`.")
    )
    window: Annotated[
        Window, WithJsonSchema({"type": "string", "enum": [window.value for window in Window]})
    ] = Field(default=Window.DAY, description="For `popular`: the time over which it is counted.")
    size: Annotated[int, Field(strict=True, ge=1, le=5000)] = Field(
        default=50, description="How many articles at most."
    )
    language: Language | None = Field(default=None, description="Left out: the language of the site.")
    per: EntryFor | None = Field(
        default=None,
        description="`article`, or `story`: one entry for all that tell the same, with links to all."
        " Left out: `story` for several sources, in the order `latest`.",
    )
    announce: AnnounceForm | None = Field(
        default=None,
        description="For `popular`: when [`popularity.crossed`](events.md#told-once) is told of an article.",
    )

    @field_validator("announce")
    @classmethod
    def _of_a_ranking(cls, value: AnnounceForm | None, info: ValidationInfo) -> AnnounceForm | None:
        if value is None:
            return value
        if info.data.get("order") is Order.LATEST:
            raise wrong("is there without a ranking", 'write order = "popular", or remove the key')
        size = info.data.get("size")
        if value.top is not None and size is not None and value.top > size:
            raise wrong(f"has a top of {value.top}, and the feed holds {size}", "raise size, or lower top")
        return value

    content: HowMuch = Field(
        default=Content.FULL,
        description="`full`, `summary` or `headline`: how much of each article; never more than the `rights` "
        "of its source allow.",
    )
    count_clicks: bool = Field(
        default=False,
        strict=True,
        description="Whether entries lead to their portals by way of `/r/…`, which counts who follows them.",
    )
    private: bool = Field(
        default=False,
        strict=True,
        description="Only for who has a token that opens it (`syndicator tokens add --feed`); named nowhere.",
    )

    former_ids: FormerIds = Field(
        default=(),
        description="Earlier ids, and those of feeds that were merged into this one: their URLs lead here.",
    )
    retired: bool = Field(
        default=False,
        strict=True,
        description="Not published any more: readers are told so (410) and stop asking.",
    )

    def value(self, feed: FeedId) -> FeedSpec:
        several = len(self.filter.source) != 1 and self.order is Order.LATEST
        return FeedSpec(
            id=feed,
            title=self.title,
            description=self.description,
            filter=self.filter.value(),
            order=self.order,
            window=self.window,
            size=self.size,
            per=self.per or (Per.STORY if several else Per.ARTICLE),
            content=self.content,
            count_clicks=self.count_clicks,
            announce=self.announce.value() if self.announce else None,
            language=self.language,
            private=self.private,
            former_ids=tuple(map(FeedId, self.former_ids)),
        )
