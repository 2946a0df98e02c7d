"""The store as its users see it: one object per topic over one connection."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

from msgspec import Struct

from syndicator.errors import StoreError, StoreUnavailable
from syndicator.model.delivery import Secret
from syndicator.model.ops.configuration import ProcessNote
from syndicator.store.access.portal_links import PortalLinks
from syndicator.store.access.secret_encryption import Sealer
from syndicator.store.access.sessions import Sessions
from syndicator.store.access.tokens import Tokens
from syndicator.store.access.used_links import UsedLinks
from syndicator.store.articles.articles import Articles
from syndicator.store.articles.change_log import Changes
from syndicator.store.articles.embargo import Embargoed
from syndicator.store.articles.page_retry import Unreadable
from syndicator.store.articles.pictures import Pictures
from syndicator.store.articles.withdrawals import Withdrawals
from syndicator.store.cold.cold_texts import ColdTexts
from syndicator.store.cold.objects import IN_DATA_DIR, ColdObjects, opened
from syndicator.store.cold.offloading import Offloading
from syndicator.store.connection import USUAL_TIMEOUT_S, Connection, connect
from syndicator.store.data_mark import DataMarks
from syndicator.store.embedded import embedded_server
from syndicator.store.feeds.audience import Audiences
from syndicator.store.feeds.feeds import Feeds
from syndicator.store.files.data_folder import make_private
from syndicator.store.hub.subscribers import HubSubscribers
from syndicator.store.hub.topics import HubTopics
from syndicator.store.keys.partitions import ONE_SLOT, Spread
from syndicator.store.keys.table import Keys
from syndicator.store.layout import Layout
from syndicator.store.migrations.runner import Migrator
from syndicator.store.ops.audit import AuditLog
from syndicator.store.ops.configuration_versions import ConfigurationVersions
from syndicator.store.ops.configured_names import Configured
from syndicator.store.ops.delivery_repair import Mending
from syndicator.store.ops.hub_repair import HubMending
from syndicator.store.ops.listeners import Listeners
from syndicator.store.ops.source_renaming import Renaming
from syndicator.store.outbox import Outbox
from syndicator.store.paging import Lists
from syndicator.store.partitions.reach import Reach
from syndicator.store.popularity.clicks import Clicks
from syndicator.store.popularity.crossings import Crossings
from syndicator.store.popularity.partner_reports import Reports
from syndicator.store.popularity.portal_counters import Popularity
from syndicator.store.popularity.signals import Signals
from syndicator.store.server_check import Risk, check_server, fields, risks_of
from syndicator.store.shared_clock import SharedClock, redis_clock, redis_time
from syndicator.store.sources.admitted_entries import Entries
from syndicator.store.sources.article_delays import ArticleDelays
from syndicator.store.sources.backfills import Backfills
from syndicator.store.sources.origins import Origins
from syndicator.store.sources.request_slots import SharedRequestSlots
from syndicator.store.sources.robots import RobotsFiles
from syndicator.store.sources.round_history import RoundHistories
from syndicator.store.sources.source_queue import SourceQueue
from syndicator.store.stories.assignments import Assignments
from syndicator.store.stories.stories import Stories
from syndicator.store.watch import Watch
from syndicator.store.webhooks.attempts import Attempts
from syndicator.store.webhooks.backlog import Backlog
from syndicator.store.webhooks.deliveries import Deliveries
from syndicator.store.webhooks.digests import Digests
from syndicator.store.webhooks.endpoints import Endpoints
from syndicator.store.webhooks.event_log import EventArticles, Events
from syndicator.store.webhooks.handover import Handover
from syndicator.store.webhooks.overflows import Overflows
from syndicator.store.webhooks.queuing import Queuing
from syndicator.store.webhooks.redelivery import Requeuing
from syndicator.store.webhooks.replays import Replays
from syndicator.store.websub.subscriptions import Subscriptions

_PROBE_MS = 60_000
_HANDOVER_S = 10.0
"""So long a start waits for the embedded server to be taken over."""
_AGAIN_S = 0.1


class StoreOptions(Struct, frozen=True, kw_only=True):
    """Where the state is kept."""

    url: str | None = None
    """None: an embedded server over `data_dir`."""
    engine: str | None = None
    """The server to embed, by name or path; None: the bundled one."""
    namespace: str = "main"
    data_dir: Path
    seal_keys: tuple[Secret, ...] = ()
    """By which secrets are sealed: the first seals, every one opens. None: one of the data folder's own."""
    kept_articles: timedelta = timedelta(days=30)
    """How long stories are kept after the last article joined, so that they outlive their articles."""
    kept_revisions: int = 5
    """How many earlier revisions of an article are kept."""
    kept_identities: timedelta = timedelta(days=180)
    """How long an identity is kept after it was last seen."""
    hot: timedelta | None = None
    """How long texts stay in Redis; None: until they end."""
    cold: str | None = None
    """Where texts go then: `cold.objects.IN_DATA_DIR`, or a URL. None: the former where `url` is None."""
    kept_pictures: timedelta = timedelta(days=100)
    """How long the address of a picture that we serve is kept, after it was last asked for."""
    kept_attempts: timedelta = timedelta(days=30)
    """How long attempts to deliver are kept."""
    partitions: Spread = ONE_SLOT
    """Over how many slots the keys of each kind are spread; only `restore` and `repartition` change it."""

    @property
    def keys(self) -> Keys:
        return Keys(self.namespace, self.partitions)

    @property
    def cold_place(self) -> str | None:
        """Where texts go; None: nowhere."""
        return self.cold or (IN_DATA_DIR if self.url is None else None)


class Store:
    """Everything that Redis keeps for us, in one namespace."""

    def __init__(
        self,
        connection: Connection,
        keys: Keys,
        options: StoreOptions,
        url: str,
        *,
        marks: DataMarks | None = None,
        cold: ColdObjects | None = None,
        texts: ColdTexts | None = None,
    ) -> None:
        self.connection = connection
        self.cold_texts = texts or ColdTexts(
            connection, keys, cold, living=self.living, is_own=options.url is None
        )
        self.again = StoreOptions(
            url=url,
            namespace=options.namespace,
            data_dir=options.data_dir,
            kept_articles=options.kept_articles,
            kept_revisions=options.kept_revisions,
            cold=options.cold_place,
            partitions=options.partitions,
        )
        """By which another process of this service opens it: without secrets but that of the URL."""
        self._keys = keys
        self._probe = keys.probe()
        self._clock = keys.clock()
        self.layout = Layout(connection, keys)
        self.marks = marks or DataMarks(connection, keys)
        self._open_articles(connection, keys, options)
        self._open_sources(connection, keys)
        self._open_webhooks(connection, keys, options)
        self._open_operation(connection, keys, options)
        self.watch = Watch(url, keys.feeds_version())
        """Of the versions of feeds."""

    def _open_articles(self, connection: Connection, keys: Keys, options: StoreOptions) -> None:
        self.offloading = Offloading(connection, keys, self.cold_texts, options.kept_revisions)
        self.stories = Stories(connection, keys, options.kept_articles, self.cold_texts)
        self.articles = Articles(
            connection, keys, options.kept_revisions, options.kept_identities,
            marks=self.marks, cold=self.cold_texts,
        )  # fmt: skip
        self.assignments = Assignments(connection, keys, self.stories.kept)
        self.changes = Changes(connection, keys)
        self.feeds = Feeds(connection, keys)
        self.audiences = Audiences(connection, keys)
        self.held = Embargoed(connection, keys)
        self.lists = Lists(connection, keys)
        self.outbox = Outbox(connection, keys)
        self.pictures = Pictures(connection, keys, options.kept_pictures)
        self.withdrawals = Withdrawals(connection, keys, self.articles, self.cold_texts)
        self.clicks = Clicks(connection, keys)
        self.crossings = Crossings(connection, keys)
        self.signals = Signals(connection, keys)
        self.popularity = Popularity(connection, keys, self.signals)
        self.reports = Reports(connection, keys)

    def _open_sources(self, connection: Connection, keys: Keys) -> None:
        self.article_delays = ArticleDelays(connection, keys)
        self.backfills = Backfills(connection, keys)
        self.entries = Entries(connection, keys)
        self.origins = Origins(connection, keys)
        self.request_slots = SharedRequestSlots(connection, keys)
        self.robots = RobotsFiles(connection, keys)
        self.round_histories = RoundHistories(connection, keys)
        self.sources = SourceQueue(connection, keys)
        self.subscriptions = Subscriptions(connection, keys)
        self.unreadable = Unreadable(connection, keys)

    def _open_webhooks(self, connection: Connection, keys: Keys, options: StoreOptions) -> None:
        self.attempts = Attempts(connection, keys, options.kept_attempts)
        self.backlog = Backlog(connection, keys)
        self.handover = Handover(connection, keys)
        self.reach = Reach(connection, keys.partitions)
        self.deliveries = Deliveries(connection, keys, self.handover, self.reach)
        self.digests = Digests(connection, keys)
        self.endpoints = Endpoints(
            connection, keys, Sealer(options.seal_keys, options.data_dir), self.handover, self.reach
        )
        self.event_articles = EventArticles(connection, keys, self.cold_texts)
        self.events = Events(connection, keys)
        self.queuing = Queuing(connection, keys, self.handover, self.reach)
        self.replays = Replays(connection, keys)
        self.overflows = Overflows(connection, keys, self.reach)
        self.requeuing = Requeuing(connection, keys)
        hub_reach = Reach(connection, keys.hub_partitions)
        self.hub = HubSubscribers(connection, keys, Sealer(options.seal_keys, options.data_dir), hub_reach)
        self.hub_topics = HubTopics(connection, keys, hub_reach)

    def _open_operation(self, connection: Connection, keys: Keys, options: StoreOptions) -> None:
        sealer = Sealer(options.seal_keys, options.data_dir)
        self.audit = AuditLog(connection, keys)
        self.configuration = ConfigurationVersions(connection, keys, sealer)
        self.configured = Configured(connection, keys)
        self.hub_mending = HubMending(connection, keys, self.hub)
        self.listeners = Listeners(connection, keys)
        self.mending = Mending(connection, keys)
        self.renaming = Renaming(connection, keys, self.held, self.cold_texts)
        self.tokens = Tokens(connection, keys)
        self.portal_links = PortalLinks(connection, keys)
        self.used_links = UsedLinks(connection, keys)
        self.sessions = Sessions(connection, keys)

    async def living(self) -> Sequence[ProcessNote]:
        """Return what each process that lives says of itself."""
        return await self.configuration.notes(await redis_time(self.connection))

    async def ping(self) -> None:
        """Raise StoreUnavailable unless Redis answers."""
        # PING is refused where the disk is full, though reads are not.
        await self.connection.call("ECHO", "x")

    async def risks(self) -> list[Risk]:
        """Return which settings of Redis may lose data."""
        return await risks_of(self.connection, self.again.url or "")

    def with_options(self, options: StoreOptions) -> "Store":
        """Return the store over the same connection, with other retention."""
        url = self.again.url or ""
        return Store(self.connection, self._keys, options, url, marks=self.marks, texts=self.cold_texts)

    def clock(self) -> AbstractAsyncContextManager[SharedClock]:
        """Return the clock that all processes share.

        It follows the time of Redis while the context is open.
        """
        return redis_clock(self.connection, self._clock)

    async def memory_bytes(self) -> tuple[int, int]:
        """Return how much memory Redis uses, and its limit (`maxmemory`); 0: it has none."""
        about = fields(await self.connection.call("INFO", "memory"))
        return int(about.get("used_memory", 0)), int(about.get("maxmemory", 0))

    async def try_writing(self) -> None:
        """Raise StoreError unless Redis takes writes."""
        await self.connection.call("SET", self._probe, time.time_ns() // 10**6, "PX", _PROBE_MS)


@asynccontextmanager
async def open_store(options: StoreOptions, *, migrates: bool = False) -> AsyncIterator[Store]:
    """Open the store; start or attach to the embedded server where no URL is given.

    `migrates`: brings data of an older layout to that of this release, and waits for other processes where
    that is needed; else such data is refused. Newer data is refused always. Raises StoreError.
    """
    async with open_server(options) as (connection, url), open_cold(options) as cold:
        store = Store(connection, options.keys, options, url, cold=cold)
        migrator = Migrator(connection, options.keys, store.living)
        await store.layout.check_partitions()
        await (migrator.migrate() if migrates else migrator.check())
        await store.marks.begin(await redis_time(connection))
        await store.layout.check_partitions()  # where two began at once
        await store.cold_texts.begin(writes=options.hot is not None)
        yield store


@asynccontextmanager
async def open_cold(options: StoreOptions) -> AsyncIterator[ColdObjects | None]:
    """Open the cold store; None where there is none."""
    if (place := options.cold_place) is None:
        yield None
        return
    objects = opened(place, options.namespace, options.data_dir)
    try:
        yield objects
    finally:
        await objects.close()


@asynccontextmanager
async def open_server(
    options: StoreOptions, *, timeout_s: float = USUAL_TIMEOUT_S
) -> AsyncIterator[tuple[Connection, str]]:
    """Open a connection and return it with its URL, without a look at what the namespace holds.

    Starts the embedded server, or attaches to it, where no URL is given.
    """
    make_private(options.data_dir)
    async with AsyncExitStack() as stack:
        url = options.url
        if url is None:
            url = await stack.enter_async_context(embedded_server(options.data_dir, options.engine))
        connection = await _connected(stack, url, options.keys, timeout_s, is_embedded=options.url is None)
        yield connection, url


async def _connected(
    stack: AsyncExitStack, url: str, keys: Keys, timeout_s: float, *, is_embedded: bool
) -> Connection:
    """Connect; to the embedded server again and again for `_HANDOVER_S`, longer than a call is repeated.

    It ends with the process that owns it, perhaps a command of a moment; then one that is attached to it
    takes over.
    """
    until_s = time.monotonic() + (_HANDOVER_S if is_embedded else 0)
    while True:
        try:
            async with AsyncExitStack() as trial:
                connection = await trial.enter_async_context(
                    connect(
                        url,
                        anchor=keys.meta(),
                        others=keys.other_slots,
                        timeout_s=timeout_s,
                        is_handed_over=is_embedded,
                    )
                )
                await check_server(connection, url)
                stack.push_async_exit(trial.pop_all())
                return connection
        except StoreUnavailable:
            if time.monotonic() >= until_s:
                raise
            await asyncio.sleep(_AGAIN_S)


@asynccontextmanager
async def open_again(options: StoreOptions) -> AsyncIterator[Store]:
    """Open a store that is open in another process of this service: nothing is started or checked."""
    if options.url is None:
        raise StoreError("a store is opened again by its URL")
    keys = options.keys
    async with (
        connect(options.url, anchor=keys.meta(), others=keys.other_slots) as connection,
        open_cold(options) as cold,
    ):
        yield Store(connection, keys, options, options.url, cold=cold)
