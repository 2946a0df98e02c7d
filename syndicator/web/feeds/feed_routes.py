"""Feeds as readers fetch them. Nothing is rendered here: ready bytes, chosen and sent."""

import asyncio
import re
import time
from collections.abc import Callable, Mapping

from aiohttp import hdrs, web
from multidict import istr

from syndicator.errors import StoreUnavailable
from syndicator.model.feed import FORMS, FeedSnapshot, Format, Rendition
from syndicator.model.ids import ArticleId, FeedId, is_article_id
from syndicator.pipeline.concurrency_limits import Places, TooMany
from syndicator.pipeline.feeds.deltas import Delta, Deltas
from syndicator.pipeline.feeds.publisher import KEPT_BYTES
from syndicator.pipeline.feeds.stale_cache import StaleCache
from syndicator.pipeline.fresh_reads import PATIENCE_S
from syndicator.pipeline.queries import Queries
from syndicator.render.opml import CONTENT_TYPE as OPML_TYPE
from syndicator.rules.least_recent import LeastRecent
from syndicator.web.feeds.feed_headers import FeedHeaders, preflight
from syndicator.web.feeds.moved_feeds import moved
from syndicator.web.feeds.private_feeds import PrivateFeeds, private_headers
from syndicator.web.http.answer_counts import count_answer
from syndicator.web.http.client_limits import Clients, ThingLimit
from syndicator.web.http.conditional_requests import entity_tag, http_date
from syndicator.web.http.negotiation import choose_coding, joined, weights
from syndicator.web.http.options import WebOptions
from syndicator.web.http.prebuilt_responses import ReadyFeed, bytes_in, is_plain
from syndicator.web.http.problems import ProblemRaised, not_found, unavailable
from syndicator.web.http.responses import StaticDocument, respond

RELATED_FOR_ONE = 60
"""Feeds of related articles that one client may have made in one go, and two a second from then on."""
TOO_MANY = "Many feeds are being made right now. Try again in a moment."
_FEED = "/feeds/{feed}.{form}"
"""The route of feeds, as it is counted."""


class FeedRoutes:
    """Handlers of `/feeds/{feed}.{form}` and `/feeds.opml`."""

    def __init__(
        self,
        reading: Queries,
        options: WebOptions,
        keys: PrivateFeeds | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._site = reading.site
        self._publisher = reading.publisher
        self._keys = keys
        self._deltas = Deltas(reading.publisher)
        self._count = options.count
        self._clients = Clients(options.trusted_proxies, options.unlimited)
        self._asked = options.asked
        self._limit_of_feeds = ThingLimit.a_minute(options.feeds_a_minute, monotonic)
        self._ready = LeastRecent[tuple[str, str], ReadyFeed](
            KEPT_BYTES, lambda one: 2 * one.rendition.size_bytes
        )
        """Answers of public feeds by their names and formats, as they are asked for."""
        self._headers = FeedHeaders(reading.site, options)
        self._making_related = Places(RELATED_FOR_ONE)
        self._opml = StaticDocument(self._publisher.opml())

    def routes(self) -> list[web.RouteDef]:
        feed = "/feeds/{feed}.{form:" + FORMS + "}"
        related = "/articles/{article}/related.{form:" + FORMS + "}"
        return [
            web.get(feed, self.feed),
            web.options(feed, preflight),
            web.get(related, self.related),
            web.options(related, preflight),
            web.get("/feeds.opml", self.opml),
            web.options("/feeds.opml", preflight),
        ]

    async def feed(self, request: web.Request) -> web.StreamResponse:
        """Send one feed in one format, also while the store is away."""
        asked = request.match_info["feed"], request.match_info["form"]
        ready = self._ready.get(asked)
        if ready is not None and is_plain(request) and not wants_delta(request) and self._is_newest(ready):
            return self._sent(request, ready)
        feed, form = FeedId(asked[0]), Format(asked[1])
        if feed not in self._publisher.public:
            return await self._not_public(request, feed, form)
        rendition, age_s = await self._rendition(feed, form)
        if age_s is None and wants_delta(request) and (delta := await self._delta(request, rendition)):
            self._limit_and_count(request, delta, feed)
            return delta
        if age_s is None and is_plain(request):
            return self._sent(request, self._ready_one(rendition))
        answer = send_rendition(request, rendition, self._headers.of(rendition), age_s)
        self._limit_and_count(request, answer, feed)
        return answer

    def _is_newest(self, ready: ReadyFeed) -> bool:
        if not self._publisher.is_newest(ready.rendition):
            return False
        self._publisher.stale_cache.confirm(ready.rendition)
        return True

    def _sent(self, request: web.Request, ready: ReadyFeed) -> web.StreamResponse:
        answer = ready.answer(request)
        self._limit_and_count(request, answer, ready.rendition.feed)
        count_answer(self._count, request, _FEED, answer.status)
        return answer

    async def _delta(self, request: web.Request, rendition: Rendition) -> web.StreamResponse | None:
        """Return what changed since the bytes that a client has; None: it gets all, or has all."""
        bases = bases_of(request)
        if rendition.digest in bases:
            return None
        try:
            async with asyncio.timeout(PATIENCE_S):
                delta = await self._deltas.since(rendition, bases)
        except (StoreUnavailable, TimeoutError):
            return None
        headers = self._headers.of(rendition)
        return respond_with_delta(request, rendition, delta, headers) if delta else None

    def _limit_and_count(self, request: web.Request, answer: web.StreamResponse, feed: FeedId) -> None:
        """Refuse to send a feed in full to a client that was sent it too often (a 429); else count it."""
        self._clients.check_answer(request, answer, self._limit_of_feeds, feed)
        self._asked(feed, answer.status, request.headers.get(hdrs.USER_AGENT, ""))

    def _ready_one(self, rendition: Rendition) -> ReadyFeed:
        key = (rendition.feed, rendition.form.value)
        ready = self._ready.get(key)
        if ready is None or ready.rendition is not rendition:
            ready = ReadyFeed(rendition, self._headers.of(rendition))
            self._ready.put(key, ready)
        return ready

    async def _not_public(self, request: web.Request, feed: FeedId, form: Format) -> web.Response:
        """Send a private feed to clients that may read it, or answer for a former name.

        Where there are private feeds, a name that is unknown is answered as theirs are: by a 401 for everyone
        whose token does not open it.
        """
        composer, ending = self._publisher, f".{form.value}"
        is_known = feed in composer.moved or feed in composer.retired
        if self._keys is None or not composer.private or (is_known and feed not in composer.private):
            return moved(request, composer, feed, ending)
        await self._keys.check(request, composer.private.get(feed, (feed,)))
        if feed not in composer.specs:
            return moved(request, composer, feed, ending, is_opened=True)
        rendition, age_s = await self._rendition(feed, form)
        answer = send_rendition(request, rendition, private_headers(form), age_s)
        self._limit_and_count(request, answer, feed)
        return answer

    async def related(self, request: web.Request) -> web.Response:
        """Send what is related to an article, in one format."""
        name, form = request.match_info["article"], Format(request.match_info["form"])
        try:
            async with self._making_related.place(self._clients.name(request)):
                snapshot = await self._publisher.related(ArticleId(name)) if is_article_id(name) else None
                if snapshot is None:
                    raise not_found("No article with this id is kept here.")
                rendition = await self._publisher.rendered(snapshot, form)
        except TooMany:
            raise ProblemRaised(unavailable(TOO_MANY)) from None
        return send_rendition(request, rendition, self.headers_of(snapshot, form), None)

    def headers_of(self, snapshot: FeedSnapshot, form: Format) -> dict[str, str]:
        """Return the headers of a feed that is made for one request."""
        return self._headers.named(snapshot.feed_url(form), snapshot.page_url, form, snapshot.hubs)

    async def opml(self, request: web.Request) -> web.Response:
        """Send the list of all public feeds."""
        listed = self._publisher.opml()
        if listed is not self._opml.body:  # once after the start, when Redis answered when the list changed
            self._opml = StaticDocument(listed)
        return self._opml.answer(request, {**self._headers.shared, hdrs.CONTENT_TYPE: OPML_TYPE})

    async def _rendition(self, feed: FeedId, form: Format) -> tuple[Rendition, int | None]:
        """Return the bytes, and their age in seconds where they could not be confirmed (RFC 9111, 5.1)."""
        try:
            return await self._publisher.rendition(feed, form, patiently=False), None
        except StoreUnavailable:
            return await kept_of(self._publisher.stale_cache, feed, form)


async def kept_of(stale_cache: StaleCache, feed: FeedId, form: Format) -> tuple[Rendition, int]:
    """Return the newest known bytes, and their age in seconds (RFC 9111, 5.1); raise a 503 for nothing."""
    kept = await stale_cache.get(feed, form)
    if kept is None:
        detail = "This feed cannot be read from the store right now, and was not read before."
        raise ProblemRaised(unavailable(detail))
    return kept


def send_rendition(
    request: web.Request,
    rendition: Rendition,
    headers: Mapping[str, str],
    age_s: int | None,
) -> web.Response:
    """Send bytes that are ready; with their age in seconds where they could not be confirmed."""
    return respond(
        request,
        digest=rendition.digest,
        body=lambda coding: bytes_in(rendition, coding),
        headers={**headers, hdrs.AGE: str(age_s)} if age_s is not None else headers,
        last_modified=rendition.last_modified,
    )


_A_IM, _IM, _DELTA_BASE = istr("A-IM"), "IM", "Delta-Base"
_TAG = re.compile(r'"([0-9a-f]+)(?:-[a-z]+)?"')


def wants_delta(request: web.Request) -> bool:
    """Return whether a client takes a feed with only what changed."""
    if _A_IM not in request.headers:
        return False
    return weights(",".join(request.headers.getall(_A_IM))).get("feed", 0.0) > 0


def bases_of(request: web.Request) -> list[str]:
    """Return the digests of what a client has, whatever coding it had them in."""
    return _TAG.findall(joined(request.headers.getall(hdrs.IF_NONE_MATCH, ())) or "")


def respond_with_delta(
    request: web.Request, rendition: Rendition, delta: Delta, headers: Mapping[str, str]
) -> web.Response:
    """Answer 226: the entity tag and the date are those of the whole, which the client has from now on.

    No cache may keep it: those that do not know 226 could take it for the whole.
    """
    coding = choose_coding(joined(request.headers.getall(hdrs.ACCEPT_ENCODING, ())))
    sent = {
        **headers,
        _IM: "feed",
        _DELTA_BASE: f'"{delta.base}"',
        hdrs.ETAG: entity_tag(rendition.digest, coding),
        hdrs.LAST_MODIFIED: http_date(rendition.last_modified),
        hdrs.CACHE_CONTROL: "no-store",
        hdrs.VARY: f"{hdrs.ACCEPT_ENCODING}, {_A_IM}, {hdrs.IF_NONE_MATCH}",
    }
    if coding.value != "identity":
        sent[hdrs.CONTENT_ENCODING] = coding.value
    return web.Response(status=226, body=bytes_in(delta.rendition, coding), headers=sent)
