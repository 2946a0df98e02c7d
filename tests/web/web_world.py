"""A site with articles in a real store, and a client that sees the bytes as they are sent."""

import json
import random
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import aiohttp
from aiohttp import web
from multidict import CIMultiDictProxy
from support import NOON, ManualClock, grouping_admitter

from syndicator.gather.gatherer import Gatherer
from syndicator.live_configuration import LiveConfiguration
from syndicator.model.article import Candidate, Photo, Provenance, RelatedLink
from syndicator.model.delivery import Endpoint
from syndicator.model.feed import FeedSpec, Filter, Order, Origin, Site
from syndicator.model.ids import ArticleId, FeedId, SourceId
from syndicator.model.ops.configuration import AddedTable, WrittenTable
from syndicator.model.schedule import Every
from syndicator.model.source import Source, SourceKind
from syndicator.observe.metrics import open_metrics
from syndicator.pipeline.articles.withdrawals import Withdrawer
from syndicator.pipeline.configuration.configuration_editing import ConfigurationEditing
from syndicator.pipeline.configuration.configuration_tables import ConfigurationTables
from syndicator.pipeline.endpoint_directory import Directory
from syndicator.pipeline.feeds.audience import Audience
from syndicator.pipeline.feeds.history import History
from syndicator.pipeline.feeds.pagination import Paginator
from syndicator.pipeline.feeds.publisher import Publisher
from syndicator.pipeline.ops.api_tokens import Access
from syndicator.pipeline.ops.article_trace import ArticleTracer
from syndicator.pipeline.ops.schedule_preview import SchedulePreview
from syndicator.pipeline.popularity.partner_reports import PartnerReports
from syndicator.pipeline.popularity.scoring import Scoring
from syndicator.pipeline.preview.trials import SourceTrials
from syndicator.pipeline.queries import Queries
from syndicator.pipeline.sources.backfill_control import BackfillControl
from syndicator.pipeline.sources.source_control import SourceControl
from syndicator.pipeline.stories.coverage import count_coverage
from syndicator.pipeline.stories.editing import StoryEditing
from syndicator.pipeline.webhooks.delivery_trace import DeliveryTracer
from syndicator.pipeline.webhooks.event_preview import EventPreviews
from syndicator.pipeline.webhooks.fan_out import EventFanOut
from syndicator.pipeline.webhooks.inspection import DeliveryInspection
from syndicator.pipeline.webhooks.payloads import Payloads
from syndicator.pipeline.webhooks.registration import EndpointRegistration
from syndicator.pipeline.webhooks.replays import ReplayControl
from syndicator.pipeline.webhooks.resend import Redelivery
from syndicator.pipeline.websub.subscriptions import WebsubSubscriptions
from syndicator.rules.popularity.popularity_score import PopularityPolicy
from syndicator.rules.stories.clustering import StoriesPolicy
from syndicator.settings.endpoint_registration import Registrations, registration_schema, written
from syndicator.store.feeds.feeds import Ranked
from syndicator.store.store import Store
from syndicator.web.access.sign_in import AreaAccess
from syndicator.web.access.sign_in_links import operators_access
from syndicator.web.api.api_table import api_table
from syndicator.web.api.json_api import ApiRoute
from syndicator.web.app import create_ops_app
from syndicator.web.http.options import OpsOptions
from syndicator.web.http.server import open_socket, port_of, serving
from syndicator.web.use_cases import UseCases

OPS_TOKEN = "synd_of-the-operators"
OPS: Mapping[str, str] = MappingProxyType({"Authorization": f"Bearer {OPS_TOKEN}"})
"""What operators send."""

CITY, HARBOUR = SourceId("kota"), SourceId("pelabuhan")
SITE = Site(
    title="Warta Nusantara",
    public_url="https://feeds.example/news",
    language="id",
    timezone="Asia/Jakarta",
    contact="redaksi@feeds.example",
)
SPECS = (
    FeedSpec(id=FeedId("latest"), title="Terbaru", description="Semua artikel dari semua portal."),
    FeedSpec(id=FeedId("popular"), title="Terpopuler hari ini", order=Order.POPULAR),
    FeedSpec(id=FeedId("kota"), title="Berita Kota", filter=Filter(source=("kota",))),
)
ORIGINS = {
    CITY: Origin(
        id=CITY,
        title="Berita Kota",
        home_url="https://kota.example/",
        feed_url="https://kota.example/rss",
    ),
    HARBOUR: Origin(id=HARBOUR, title="Kabar Pelabuhan", home_url="https://pelabuhan.example/"),
}


def story(number: int, **changes: Any) -> Candidate:
    """Give a story as a source claims it; the higher its number, the older it is."""
    url = f"https://kota.example/read/{number}/kabar"
    values: dict[str, Any] = {
        "source": CITY,
        "url": url,
        "title": f"Kabar <nomor> {number} & lainnya",
        "lead": f"Pembuka kabar nomor {number}.",
        "body_html": f"<p>Isi kabar <em>nomor</em> {number}.</p>",
        "quote": "Kami menunggu sejak pagi.",
        "authors": ("Sari Dewi", "Budi Santoso"),
        "photos": (
            Photo(url=f"https://img.kota.example/{number}.jpg", caption="Jalan utama", credit="Rina"),
        ),
        "section": "Metropolitan",
        "tags": ("banjir", "jalan"),
        "language": "id",
        "related": (RelatedLink(url="https://kota.example/lama", title="Kabar lama"),),
        "published_at": NOON - timedelta(minutes=10 * number),
        "provenance": Provenance(source=CITY, requested_url=url, fetched_at=NOON),
    }
    return Candidate(**(values | changes))


def source(name: str, title: str) -> Source:
    return Source(
        id=SourceId(name),
        title=title,
        kind=SourceKind.FEED,
        url=f"https://{name}.example/rss",
        schedule=Every(interval_s=300),
    )


async def _no_files(added: Sequence[AddedTable]) -> Mapping[str, Collection[str]]:
    """Find everything in order: the tables that are added here are not read."""
    del added
    return {}


async def _no_names() -> Mapping[str, Collection[str]]:
    return {}


async def _in_no_file(kind: str, name: str) -> WrittenTable | None:
    del kind, name
    return None


@dataclass
class World:
    """Everything that a test of the web needs."""

    store: Store
    clock: ManualClock
    site: Site = SITE
    sources: Sequence[Source] = (source("kota", "Berita Kota"), source("pelabuhan", "Kabar Pelabuhan"))
    endpoints: Sequence[Endpoint] = ()
    origins: Mapping[SourceId, Origin] = field(default_factory=lambda: ORIGINS)
    specs: Sequence[FeedSpec] = SPECS
    retired: Sequence[FeedSpec] = ()
    egress: Any = None
    pool: Any = None
    search: Any = None
    live: LiveConfiguration | None = None
    """Whose files are those of the configuration; None: there are none."""
    publisher: Publisher = field(init=False)
    reading: Queries = field(init=False)
    story_editing: StoryEditing = field(init=False)

    def __post_init__(self) -> None:
        self.publisher = Publisher(
            store=self.store,
            site=self.site,
            specs=self.specs,
            retired=self.retired,
            origins=self.origins,
            metrics=open_metrics(),
            clock=self.clock,
        )
        self.story_editing = StoryEditing(self.store, self.specs, StoriesPolicy(), self.clock)
        self.reading = Queries(
            scoring=Scoring(self.store, PopularityPolicy()),
            store=self.store,
            publisher=self.publisher,
            history=History(self.store, self.publisher, self.clock),
            sources=self.sources,
            directory=self.directory,
            clock=self.clock,
            websub_subscriptions=WebsubSubscriptions(
                self.store,
                {source.id: source for source in self.sources},
                self.clock,
                public_url=SITE.public_url,
                reachable=True,
            ),
        )

    @property
    def registration(self) -> EndpointRegistration:
        """Endpoints of partners; only a test that sends something needs an `egress`."""
        return EndpointRegistration(
            store=self.store,
            directory=self.directory,
            egress=self.egress,
            read=Registrations([one.id for one in self.sources], {spec.id: spec for spec in SPECS}).read,
            write=written,
            site=self.site,
            clock=self.clock,
        )

    @property
    def access(self) -> Access:
        """Tokens, none of them configured."""
        return Access(self.store, {}, self.clock)

    @property
    def cases(self) -> UseCases:
        """What the API and the console call."""
        return UseCases(
            reading=self.reading,
            listing=Paginator(self.store, self.publisher, self.story_editing),
            search=self.search,
            story_editing=self.story_editing,
            withdrawer=Withdrawer(self.store, self.specs, open_metrics(), self.clock, count_coverage),
            article_tracer=self.article_tracer,
            access=self.access,
            partner_reports=PartnerReports(self.store, 1000, self.clock),
            registration=self.registration,
            inspection=DeliveryInspection(
                self.store, self.registration, Payloads(self.store, self.site, {}), self.clock
            ),
            event_previews=EventPreviews(self.store, self.directory, self.clock, random.Random(1)),
            redelivery=Redelivery(self.store, self.registration, self.clock),
            replay_control=ReplayControl(self.store, self.registration, self.clock),
            audience=Audience(self.store.audiences, self.clock),
            audit=self.store.audit,
            editing=ConfigurationEditing(
                self.store,
                self.live.check if self.live else _no_files,
                self.live.names if self.live else _no_names,
                self.clock,
            ),
            tables=ConfigurationTables(self.store, self.live.written if self.live else _in_no_file),
            reload=lambda: None,
            schedule_preview=self.schedule_preview,
            backfill_control=BackfillControl(
                self.store, {source.id: source for source in self.sources}, self.clock
            ),
            trials=SourceTrials(
                store=self.store,
                egress=self.egress,
                gatherer=Gatherer(self.pool),
                pool=self.pool,
                sources={source.id: source for source in self.sources},
                feeds=[spec.id for spec in self.specs],
                user_agent="syndicator-test/1",
                timezone=self.site.timezone,
                clock=self.clock,
            ),
            source_control=SourceControl(
                self.store, {source.id: source for source in self.sources}, self.clock
            ),
            endpoint_schema=registration_schema(),
            clock=self.clock,
        )

    @property
    def table(self) -> tuple[ApiRoute, ...]:
        """All routes of the API."""
        return api_table(self.cases)

    @property
    def article_tracer(self) -> ArticleTracer:
        """Follows articles, also to `endpoints`."""
        directory = self.directory
        fan_out = EventFanOut(self.store, directory, self.clock, random.Random(1))
        deliveries = DeliveryTracer(self.store, directory, fan_out, self.clock)
        by_id = {source.id: source for source in self.sources}
        return ArticleTracer(self.store, self.publisher, by_id, deliveries, self.clock)

    @property
    def fan_out(self) -> EventFanOut:
        """Decides who gets an event."""
        return EventFanOut(self.store, self.directory, self.clock, random.Random(1))

    @property
    def directory(self) -> Directory:
        """Which endpoints there are."""
        return Directory(self.store.endpoints, {one.id: one for one in self.endpoints})

    @property
    def schedule_preview(self) -> SchedulePreview:
        """Simulates the schedules of `sources`."""
        by_id = {source.id: source for source in self.sources}
        return SchedulePreview(self.store, by_id, self.clock, self.site.timezone)

    @property
    def operators(self) -> AreaAccess:
        """Who may ask the operators' listener: `OPS_TOKEN` is theirs."""
        return operators_access(
            OPS_TOKEN, self.access, self.store.sessions, self.store.used_links, self.clock
        )

    def ops_app(
        self, metrics: bytes = b"", hosts: tuple[str, ...] = (), *, is_local: bool = True
    ) -> web.Application:
        """Build what operators ask."""
        options = OpsOptions(metrics=lambda: metrics, hosts=hosts, is_local=is_local)
        return create_ops_app(self.cases, options, self.table, self.operators)

    async def admit(self, *candidates: Candidate) -> list[ArticleId]:
        admitted = await grouping_admitter(self.store, self.specs, self.clock).admit(candidates)
        return [one.article_id for one in admitted]

    async def rank(self, *ids: ArticleId) -> None:
        places = [Ranked(article_id=one, score=9.0 / at, views=1200 * at) for at, one in enumerate(ids, 1)]
        await self.store.feeds.put_ranking(FeedId("popular"), places, self.clock())


@dataclass(frozen=True)
class Answer:
    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Sends one request at a time, adds nothing of its own but what it was opened with, decodes nothing."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self._session = session
        self.base = base

    async def get(self, path: str, headers: dict[str, str] | None = None, method: str = "GET") -> Answer:
        return await self.send(method, path, headers)

    async def send(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        async with self._session.request(
            method, self.base + path, headers=headers or {}, data=body, allow_redirects=False
        ) as response:
            return Answer(response.status, response.headers, await response.read())

    async def post(self, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        async with self._session.post(self.base + path, data=body, headers=headers) as response:
            return Answer(response.status, response.headers, await response.read())


@asynccontextmanager
async def client_of(
    app: web.Application, headers: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[Client]:
    """Serve an app on a free port of this machine, and give a client of it, which always sends `headers`."""
    opened = open_socket("127.0.0.1", 0)
    base = f"http://127.0.0.1:{port_of(opened)}"
    skipped = ("Accept", "Accept-Encoding", "User-Agent")
    async with (
        serving(app, opened, shutdown_timeout_s=1.0),
        aiohttp.ClientSession(
            auto_decompress=False,
            skip_auto_headers=skipped,
            headers=headers,
            cookie_jar=aiohttp.DummyCookieJar(),
        ) as session,
    ):
        yield Client(session, base)
