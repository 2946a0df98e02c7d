"""The table of a source, `[source.ID]`, and how it becomes a value."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from syndicator.model.ids import SourceId
from syndicator.model.schedule import Calendar
from syndicator.model.source import (
    FetchLimits,
    ImagePolicy,
    ListRule,
    PopularRule,
    Source,
    SourceKind,
)
from syndicator.settings.form import Cookies, Form, Headers
from syndicator.settings.secret_files import TextFile
from syndicator.settings.tables.auth import AuthForm
from syndicator.settings.tables.calendars import (
    MOST_TIMES,
    Active,
    BlackoutForm,
    BurstForm,
    HolidaysForm,
    Moment,
    Tags,
    calendar,
)
from syndicator.settings.tables.completeness import CompletenessForm
from syndicator.settings.tables.identities import Domain, IdentityChoice, Parameter, policy
from syndicator.settings.tables.politeness import PolitenessForm
from syndicator.settings.tables.rights import RightsForm
from syndicator.settings.tables.schedules import ScheduleForm
from syndicator.settings.tables.sections import EgressSection
from syndicator.settings.tables.selectors import ArticleForm, ListForm, PopularForm
from syndicator.settings.value_texts import (
    Count,
    Duration,
    FormerIds,
    Language,
    Line,
    PositiveDuration,
    ProxyUrl,
    Size,
    Url,
    Zone,
    proxy_url,
    refuse_beside,
    wrong,
)

NOT_INHERITED = frozenset({"title", "url", "home_url", "former_ids", "group"})
"""What is a source's own and has no place in `[defaults]`."""


class SourceForm(Form):
    """`[source.ID]`: one portal, or one part of it. `[group.NAME]` and `[defaults]` hold what many share."""

    title: Line = Field(description="Name of the portal, shown beside its articles.")
    kind: SourceKind = Field(
        description="`feed` (RSS, Atom or JSON Feed, told apart by itself), `sitemap` (plain, of news, or "
        "an index) or `page` (HTML, by selectors)."
    )
    url: Url = Field(description="The feed, the sitemap, or the first list page.")
    schedule: ScheduleForm = Field(description="When it is gathered.")
    group: Line | None = Field(default=None, description="The `[group.NAME]` whose keys it inherits.")
    tags: Tags = Field(
        default=(),
        description="Names to choose sources by. Those of `[defaults]`, its group and its own add up.",
    )
    active: Active = Field(
        default=(),
        description="Hours in which it is gathered, local in its `timezone`: `05:00-23:30`, or a list "
        "as `mon-fri 05:00-23:30`, `sat,sun 22:00-02:00`. Left out: always.",
    )
    holidays: HolidaysForm | None = Field(default=None, description="Days with hours of their own, below.")
    blackouts: Annotated[tuple[BlackoutForm, ...], Field(max_length=MOST_TIMES)] = Field(
        default=(), description="Times in which it is never gathered, below."
    )
    bursts: Annotated[tuple[BurstForm, ...], Field(max_length=MOST_TIMES)] = Field(
        default=(), description="Times in which it is gathered more often, below."
    )
    runs: Annotated[tuple[Moment, ...], Field(max_length=MOST_TIMES)] = Field(
        default=(), description="One-off runs: dates with times, local ones unless they have an offset."
    )
    hints: bool | None = Field(
        default=None,
        strict=True,
        description="Whether `ttl`, `sy:updatePeriod`, `skipHours`, `skipDays` of the feed and the freshness "
        "of its answers (`max-age`, `Expires`) delay it. Left out: with `adaptive` only.",
    )
    owner: Line | None = Field(
        default=None,
        description="Who publishes it. Sources of one owner count as one publisher of a story, though "
        "their domains differ. Left out: its registrable domain.",
    )
    home_url: Url | None = Field(
        default=None, description="The portal's page for people. Left out: the origin of `url`."
    )
    language: Language | None = Field(
        default=None, description="Language of articles that name none (BCP 47)."
    )
    section: Line | None = Field(default=None, description="Section of articles that name none.")
    timezone: Zone | None = Field(
        default=None, description="Zone of dates that carry none. Left out: that of `[site]`."
    )
    headers: Headers = Field(
        default={}, description="Headers of each request; `Name_file` takes a value from a file."
    )
    cookies: Cookies = Field(
        default={}, description="Cookies of each request; `Name_file` takes a value from a file."
    )
    auth: AuthForm | None = Field(default=None, description="How to sign in, below.")
    proxy: ProxyUrl | None = Field(default=None, repr=False, description="As in `[egress]`, for this source.")
    proxy_file: TextFile = Field(
        default=None, repr=False, description="File that holds `proxy`, where it has a password."
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
    full_text: bool | None = Field(
        default=None,
        strict=True,
        description="Whether each article's page is read too. Left out: yes, but not for a feed.",
    )
    future_dates: bool = Field(
        default=False,
        strict=True,
        description="Whether dates ahead of now are meant, as those of events are.",
    )
    announce_age: Duration = Field(
        default=timedelta(hours=48),
        description="Of the first round, and of the first after a pause of 7 days, what is older is stored "
        "and in feeds, but not sent to endpoints.",
    )
    fresh_within: PositiveDuration | None = Field(
        default=None,
        description="Freshness objective: 95 of 100 articles are to be shown so soon after publication. "
        "It is measured over 30 days; an event is sent when the source is behind, and when it has caught up.",
    )
    completeness: CompletenessForm | None = Field(
        default=None, description="For `feed`: compares it daily with a sitemap, below."
    )
    identity: IdentityChoice = Field(
        default="auto",
        description="By what its articles are known again: `guid`, `link` (the address), `path` (the address "
        "without its host), `content` (headline and lead), or what the one group of a regular expression "
        'finds in the address: `{ link = "/read/([0-9]+)/" }`. `auto` is guid and address, and the address '
        "alone once guids prove to be no names.",
    )
    domains: tuple[Domain, ...] = Field(
        default=(),
        description="Other domains of the same portal: its pages may name addresses there as their own, and "
        "it takes articles there over from sources of other portals that listed them first.",
    )
    tracking: tuple[Parameter, ...] = Field(
        default=(),
        description="Parameters of its addresses that only track, besides the known ones; `*` at the end "
        "stands for any. They are left out, and two addresses that differ by them are one.",
    )
    images: ImagePolicy = Field(
        default=ImagePolicy.LINK,
        description="`link` (they stay at the portal, checked), `none` (left out) or `cache` (served by us).",
    )
    rights: RightsForm = Field(
        default=RightsForm(), description="What the portal lets us show of its articles, below."
    )
    politeness: PolitenessForm = Field(default=PolitenessForm(), description="Below.")
    websub: bool = Field(
        default=True,
        strict=True,
        description="Whether the hub that a feed names is asked to push; it needs `[site] public_url`.",
    )
    list: ListForm | None = Field(
        default=None, validate_default=True, description="For `page`: the list page."
    )
    article: ArticleForm | None = Field(default=None, description="The article page, where it is read.")
    popular: PopularForm | None = Field(
        default=None,
        description="The box of popular articles; beside a feed or sitemap it needs a `url`.",
    )
    former_ids: FormerIds = Field(
        default=(), description="Ids that it had before: all that is kept of them goes on under this one."
    )

    @field_validator("proxy_file")
    @classmethod
    def _one_proxy(cls, value: str | None, info: ValidationInfo) -> str | None:
        refuse_beside(info, "proxy", value)
        return None if value is None else proxy_url(value)

    @field_validator("full_text")
    @classmethod
    def _pages_are_read(cls, value: bool | None, info: ValidationInfo) -> bool | None:
        if value is False and info.data.get("kind") is SourceKind.PAGE:
            raise wrong("cannot be false: a page source reads nothing but article pages", "remove it")
        return value

    @field_validator("cookies")
    @classmethod
    def _one_cookie_header(cls, value: Mapping[str, str], info: ValidationInfo) -> Mapping[str, str]:
        if value and any(name.lower() == "cookie" for name in info.data.get("headers", {})):
            raise wrong("conflict with the header Cookie in headers", "keep one of them")
        return value

    @field_validator("auth")
    @classmethod
    def _one_authorization(cls, value: AuthForm | None, info: ValidationInfo) -> AuthForm | None:
        if value and any(name.lower() == "authorization" for name in info.data.get("headers", {})):
            raise wrong("conflicts with the header Authorization in headers", "keep one of them")
        return value

    @field_validator("completeness")
    @classmethod
    def _feeds_are_compared(
        cls, value: CompletenessForm | None, info: ValidationInfo
    ) -> CompletenessForm | None:
        kind = info.data.get("kind")
        if value is not None and kind and kind is not SourceKind.FEED:
            raise wrong(f"has no use in a {kind}", "remove it: only a feed is compared with a sitemap")
        return value

    @field_validator("list")
    @classmethod
    def _lists_are_pages(cls, value: ListForm | None, info: ValidationInfo) -> ListForm | None:
        kind = info.data.get("kind")
        if kind is SourceKind.PAGE and value is None:
            remedy = (
                'add list = { item = "article" }, with your selector; syndicator preview URL proposes one'
            )
            raise wrong("is missing: a page is read by its selectors", remedy, absent=True)
        if kind and kind is not SourceKind.PAGE and value is not None:
            raise wrong(f"has no use in a {kind}", 'remove it, or set kind = "page"')
        return value

    @field_validator("article")
    @classmethod
    def _article_pages_are_read(cls, value: ArticleForm | None, info: ValidationInfo) -> ArticleForm | None:
        kind = info.data.get("kind")
        if value is not None and kind and not _reads_pages(kind, info.data.get("full_text")):
            raise wrong("has no use: the article pages are not read", "set full_text = true, or remove it")
        return value

    @field_validator("popular")
    @classmethod
    def _box_has_a_page(cls, value: PopularForm | None, info: ValidationInfo) -> PopularForm | None:
        kind = info.data.get("kind")
        if value is not None and value.url is None and kind and kind is not SourceKind.PAGE:
            raise wrong(
                f"needs a url of its own: a {kind} is not an HTML page", "name the page that holds the box"
            )
        return value

    def value(self, source: SourceId, egress: EgressSection, site_timezone: str) -> Source:
        """Return the source; limits that it does not set are those of `[egress]`, its zone is the site's."""
        timezone = self.timezone or site_timezone
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
            schedule=self.schedule.value(timezone),
            calendar=self._calendar(timezone),
            group=self.group,
            tags=self.tags,
            owner=self.owner,
            home_url=self.home_url,
            language=self.language,
            section=self.section,
            timezone=timezone,
            headers=self._all_headers(),
            limits=limits,
            max_pages=self.max_pages,
            max_articles=self.max_articles,
            full_text=_reads_pages(self.kind, self.full_text),
            future_dates=self.future_dates,
            announce_age_s=self.announce_age.total_seconds(),
            fresh_within_s=self.fresh_within.total_seconds() if self.fresh_within else None,
            completeness=self.completeness.value() if self.completeness else None,
            identity=policy(self.identity),
            domains=self.domains,
            tracking=self.tracking,
            images=self.images,
            rights=self.rights.value(),
            politeness=self.politeness.value(),
            proxy=self.proxy or self.proxy_file or egress.proxy or egress.proxy_file,
            websub=self.websub,
            list=ListRule(**self.list.model_dump()) if self.list else None,
            article=self.article.value() if self.article else None,
            popular=PopularRule(**self.popular.model_dump()) if self.popular else None,
            former_ids=tuple(map(SourceId, self.former_ids)),
        )

    def _calendar(self, timezone: str) -> Calendar:
        return calendar(
            timezone,
            active=self.active,
            holidays=self.holidays,
            blackouts=self.blackouts,
            bursts=self.bursts,
            runs=self.runs,
            hints=self.hints,
            catch_up=self.schedule.catch_up,
        )

    def _all_headers(self) -> dict[str, str]:
        headers = dict(self.headers)
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if self.auth:
            headers["Authorization"] = self.auth.header
        return headers


def _reads_pages(kind: SourceKind, full_text: bool | None) -> bool:
    return kind in {SourceKind.PAGE, SourceKind.SITEMAP} if full_text is None else full_text


Table = Mapping[str, object]


def inherit(own: Table, defaults: Table) -> dict[str, object]:
    """Lay a source's own table over `[defaults]`, or its group's, key by key, also inside nested tables.

    What belongs to another kind of source or of schedule is not inherited. Tags add up.
    """
    left_out = NOT_INHERITED | _useless(own, defaults)
    merged = {key: value for key, value in defaults.items() if key not in left_out}
    for key, value in own.items():
        below = merged.get(key)
        if key == "schedule" and isinstance(value, Mapping) and isinstance(below, Mapping):
            merged[key] = _inherit_schedule(value, below)
        elif key == "tags" and below is not None:
            merged[key] = [*_listed(below), *_listed(value)]
        elif isinstance(value, Mapping) and isinstance(below, Mapping):
            merged[key] = {**below, **value}
        else:
            merged[key] = value
    return merged


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _useless(own: Table, defaults: Table) -> set[str]:
    """Return what a source of another kind has no use for."""
    kind = own.get("kind", defaults.get("kind"))
    if kind == SourceKind.PAGE.value:
        return {"completeness"}
    full_text = own.get("full_text", defaults.get("full_text"))
    reads_pages = full_text if isinstance(full_text, bool) else kind == SourceKind.SITEMAP.value
    of_feeds = set() if kind == SourceKind.FEED.value else {"completeness"}
    return {"list", "popular"} | of_feeds | (set() if reads_pages else {"article"})


def _inherit_schedule(own: Table, defaults: Table) -> Table:
    if not {"every", "cron", "adaptive"} & own.keys():
        return {**defaults, **own}
    kept = (
        {"jitter", "catch_up"}
        | ({"timezone"} if "cron" in own else set())
        | ({"min", "max"} if "adaptive" in own else set())
    )
    return {**{key: value for key, value in defaults.items() if key in kept}, **own}
