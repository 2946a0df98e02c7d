"""The tables of what goes out: `[feed.ID]` and `[endpoint.ID]`, and how they become values."""

from datetime import datetime, timedelta
from typing import Annotated, ClassVar, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator

from syndicator.model.delivery import Endpoint, Payload, RetryPolicy, Secret
from syndicator.model.event import EventType
from syndicator.model.feed import FeedSpec, Filter, Order, Per, Window
from syndicator.model.ids import EndpointId, FeedId
from syndicator.model.rights import Content
from syndicator.rules.filters import span_fault
from syndicator.rules.query import QueryError, parse_query
from syndicator.rules.wanting import event_types
from syndicator.settings.form import Form, Headers
from syndicator.settings.popularity import AnnounceForm
from syndicator.settings.rights import HowMuch
from syndicator.settings.secret_files import SigningSecretsFile
from syndicator.settings.texts import (
    Language,
    Languages,
    Line,
    PositiveDuration,
    SigningSecrets,
    Url,
    Words,
    wrong,
)

T = TypeVar("T")

_EVENTS = ["*", *dict.fromkeys(f"{kind.family}.*" for kind in EventType), *(kind.value for kind in EventType)]


def _event(value: str) -> str:
    if value not in _EVENTS:
        raise wrong(f"names {value!r}, which is no event", f"use {', '.join(_EVENTS)}")
    return value


def _some(values: tuple[T, ...]) -> tuple[T, ...]:
    if not values:
        raise wrong("is empty", "name at least one, or remove the key")
    return values


def _instant(value: object) -> datetime:
    remedy = "write date, time and offset without quotes, as in 2026-11-01T00:00:00+07:00"
    if not isinstance(value, datetime):
        raise wrong("is no instant", remedy)
    if value.tzinfo is None:
        raise wrong("names no offset, so it is not clear when it is", remedy)
    return value


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
EventName = Annotated[str, AfterValidator(_event), WithJsonSchema({"type": "string", "enum": _EVENTS})]
PayloadName = Annotated[
    Payload, WithJsonSchema({"type": "string", "enum": [payload.value for payload in Payload]})
]


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
    size: Annotated[int, Field(strict=True, ge=1, le=1000)] = Field(
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
        )


class RetryForm(Form):
    """`retry`: when a failed delivery is tried again."""

    delays: Annotated[tuple[PositiveDuration, ...], AfterValidator(_some)] = Field(
        default=tuple(timedelta(seconds=delay_s) for delay_s in RetryPolicy().delays_s),
        description="Pauses before the second attempt, the third, and so on.",
    )
    jitter: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.2, description="Part of the pause by which it is moved either way, by chance."
    )


class EndpointForm(Form):
    """`[endpoint.ID]`: a partner's address that receives webhooks."""

    planned: ClassVar[frozenset[str]] = frozenset({"rate", "digest"})

    url: Url = Field(description="Where events are sent.")
    secret: SigningSecrets | None = Field(
        default=None,
        repr=False,
        description="`whsec_…`, or a list: every one signs, so that one can be changed with an overlap.",
    )
    secret_file: SigningSecretsFile = Field(
        default=None,
        repr=False,
        validate_default=True,
        description="File that holds the secret, or one a line.",
    )
    events: Annotated[tuple[EventName, ...], AfterValidator(_some)] = Field(
        default=("article.*",), description="Which [events](events.md), by name, `article.*` or `*`."
    )
    filter: FilterForm = Field(default=FilterForm(), description="Which articles.")
    feeds: Words = Field(
        default=(), description="Of which feeds `feed.updated` and `popularity.crossed` are told; empty: all."
    )
    headers: Headers = Field(
        default={}, description="Headers of each request; `Name_file` takes a value from a file."
    )
    max_in_flight: Annotated[int, Field(strict=True, ge=1, le=1000)] = Field(
        default=4, description="How many deliveries are on their way at once."
    )
    timeout: PositiveDuration = Field(
        default=timedelta(seconds=10), description="Longest time of one attempt."
    )
    connect_timeout: PositiveDuration = Field(
        default=timedelta(seconds=5), description="Longest time to connect."
    )
    max_age: PositiveDuration = Field(
        default=timedelta(days=3), description="Older events are no longer tried."
    )
    retry: RetryForm = Field(default=RetryForm(), description="When a failed delivery is tried again.")
    payload: PayloadName = Field(
        default=Payload.FULL,
        description="`full`: the whole article; `summary`: without its text; `thin`: what tells which it is.",
    )

    @field_validator("secret_file")
    @classmethod
    def _one_secret(cls, value: tuple[Secret, ...] | None, info: ValidationInfo) -> tuple[Secret, ...] | None:
        given = info.data.get("secret")
        if value is not None and given is not None:
            raise wrong("is given beside secret", "keep one of them")
        if value is None and given is None and "secret" in info.data:
            raise wrong("is missing", 'write secret = "whsec_…", or secret_file = "…"', key="secret")
        return value

    def value(self, endpoint: EndpointId) -> Endpoint:
        return Endpoint(
            id=endpoint,
            url=self.url,
            secrets=self.secret or self.secret_file or (),
            events=event_types(self.events),
            filter=self.filter.value(),
            feeds=tuple(map(FeedId, self.feeds)),
            payload=self.payload,
            headers=self.headers,
            max_in_flight=self.max_in_flight,
            timeout_s=self.timeout.total_seconds(),
            connect_timeout_s=self.connect_timeout.total_seconds(),
            retry=RetryPolicy(
                delays_s=tuple(delay.total_seconds() for delay in self.retry.delays),
                jitter=self.retry.jitter,
                max_age_s=self.max_age.total_seconds(),
            ),
        )
