"""The HTTP client of rounds: it checks robots.txt and takes a request slot before each request.

Request slots belong to a politeness scope and are shared by all workers, so that a thousand feeds on one host
do not overload it. A source with `scope = "url"` and no `per_minute` needs no slot: only the worker that
holds the source's lease requests its URL. Each step of a redirect is checked like the first request. Where
sources of one scope differ in `max_in_flight`, each compares its own limit with all requests of the scope.
"""

import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from urllib.parse import urlsplit

from msgspec import Struct

from syndicator.egress.client import Egress
from syndicator.egress.redirect_chain import NO_VALIDATORS, Validators, same_origin, without_userinfo
from syndicator.egress.request_hooks import Gate, open_gate
from syndicator.gather.gatherer import Gatherer
from syndicator.gather.robots import product_token
from syndicator.model.clock import Clock
from syndicator.model.fetch import Fetched, FetchFailed, FetchResult, Reason
from syndicator.model.ids import SourceId
from syndicator.model.source import Politeness, Source, SourceScope, SourceState
from syndicator.pipeline.sources.request_slots import MAX_WAIT_S, NoSlot, Pause, RequestSlots, pause
from syndicator.pipeline.sources.robots_policy import RobotsPolicy
from syndicator.rules.least_recent import LeastRecent
from syndicator.rules.politeness_scope import scope_key
from syndicator.store.sources.request_slots import Pace, SlotAnswer, Why
from syndicator.store.store import Store

MAX_HOLD_OFF_S = 3600.0
"""Longest pause of a whole scope after `Retry-After`. The source that received the header itself waits for
the full time (`rules.sources.cadence`); the other sources of the scope do not."""

TOO_OFTEN_HOLD_OFF_S = 90.0
"""The pause after 429 without `Retry-After`. Longer than MAX_WAIT_S, so that waiting rounds end."""

_REMEMBERED = 1000


class _Unavailable(Struct, frozen=True, kw_only=True):
    """One URL of a scope that answered 503, and when its `Retry-After` ends."""

    url: str
    until: datetime


@dataclass(slots=True, kw_only=True)
class _RequestChain:
    """The state of one request of a source across its redirects."""

    source: Source
    page: bool = False
    patient: bool = True
    url: str | None = None
    """The address of the last step."""
    scope: str | None = None
    """The scope whose slot the last step holds; None without a slot."""
    scopes: set[str] = field(default_factory=set)
    """The scopes of all steps."""


class PoliteClient:
    """Sends requests within the limits of politeness and robots.txt.

    Share one among all tasks of an event loop; open it with `open_polite_client`. Failures are returned as
    values; StoreUnavailable is raised.
    """

    def __init__(
        self,
        egress: Egress,
        gatherer: Gatherer,
        store: Store,
        clock: Clock,
        rng: random.Random,
        *,
        user_agent: str,
        pause: Pause = pause,
    ) -> None:
        self._egress = egress
        self._clock = clock
        self._received = Counter[SourceId]()
        self._unavailable = LeastRecent[str, _Unavailable](_REMEMBERED)
        self._slots = RequestSlots(store.request_slots, clock, rng, pause)
        agent = product_token(user_agent)
        self._robots_policy = RobotsPolicy(gatherer, store.robots, clock, agent, self._document)

    async def fetch(
        self,
        source: Source,
        url: str,
        state: SourceState | None = None,
        *,
        page: bool = False,
        patient: bool = True,
    ) -> FetchResult:
        """Request a document of a source, with the validators of `state` where it is the source's own URL.

        A `page` (a list page, an article) is requested only if robots.txt allows it, and no faster than its
        crawl delay. Returns FetchFailed(ROBOTS) where it is disallowed, the failure of robots.txt where that
        cannot be read, and FetchFailed(BUSY) where no slot is free within about a minute. With
        `patient=False` it waits for MOMENT_S only and raises NoSlot, so that the worker can go on with other
        sources.
        """
        chain = _RequestChain(source=source, page=page, patient=patient)
        result = await fetch_for(self._egress, source, url, state, gate=partial(self._pass, chain))
        self._heed(chain, result)
        if isinstance(result, Fetched):
            self._received[source.id] += len(result.body)
        return result

    async def sitemaps(self, source: Source) -> tuple[str, ...]:
        """Return the configured sitemap of a source, else those that the robots.txt of its server names."""
        if source.completeness is not None and source.completeness.sitemap is not None:
            return (source.completeness.sitemap,)
        return await self._robots_policy.sitemaps(source)

    def take_received(self, source: SourceId) -> int:
        """Return how many bytes were received for a source, unpacked, since this was last asked."""
        return self._received.pop(source, 0)

    async def head(self, source: Source, url: str) -> FetchResult:
        """Send a HEAD request for a picture of a source; failures are returned as values.

        It carries none of the source's own headers, because readers could not see a picture that needs them.
        """
        chain = _RequestChain(source=source)
        result = await self._egress.head(
            url,
            headers={"accept": "image/*"},
            limits=source.limits,
            proxy=source.proxy,
            gate=partial(self._pass, chain),
        )
        self._heed(chain, result)
        return result

    async def close(self) -> None:
        await self._slots.close()

    async def _document(self, source: Source, url: str, patient: bool) -> FetchResult:
        return await self.fetch(source, url, patient=patient)

    @asynccontextmanager
    async def _pass(self, chain: _RequestChain, url: str) -> AsyncIterator[FetchFailed | None]:
        """Hold a slot during one step of a request; yield the failure where there is none.

        No other slot is held while waiting: a request that waits for one host does not block another host.
        """
        # A redirect has already cost a request: wait for its slot rather than repeat the first step later.
        patient = chain.patient or chain.url is not None
        chain.url, chain.scope = url, None
        politeness, crawl_delay_s = chain.source.politeness, None
        if chain.page and politeness.robots:
            permit = await self._robots_policy.ask(chain.source, url, patient=patient)
            if isinstance(permit, FetchFailed):
                yield permit
                return
            crawl_delay_s = permit.crawl_delay_s
        paces = _paces(politeness, crawl_delay_s)
        if politeness.scope is SourceScope.URL and not paces:
            yield None
            return
        scope = scope_key(politeness.scope, url)
        if scope in chain.scopes:
            paces = ()  # to the server all steps are one document: its interval was kept at the first step
        slot = await self._slots.take(scope, politeness.max_in_flight, paces, patient=patient)
        if isinstance(slot, SlotAnswer):
            if patient or (slot.why is Why.HELD_OFF and slot.wait_s > MAX_WAIT_S):
                yield self._no_slot(url, slot)
                return
            raise NoSlot(scope)
        chain.scope = scope
        chain.scopes.add(scope)
        try:
            yield None
        finally:
            self._slots.release(slot)

    def _heed(self, chain: _RequestChain, result: FetchResult) -> None:
        """Pause the scope of the server that answered last, where it asked for a pause."""
        if chain.scope is None or chain.url is None:
            return
        if not isinstance(result, FetchFailed):
            return
        too_often = result.status == HTTPStatus.TOO_MANY_REQUESTS
        asked_s = result.retry_after_s or (TOO_OFTEN_HOLD_OFF_S if too_often else 0.0)
        if asked_s:
            hold_off_s = min(asked_s, MAX_HOLD_OFF_S)
            if self._concerns_scope(chain.scope, chain.url, result, hold_off_s):
                self._slots.hold_off(chain.scope, hold_off_s)

    def _concerns_scope(self, scope: str, url: str, refusal: FetchFailed, hold_off_s: float) -> bool:
        """Return whether a refusal concerns more than one URL.

        429 always does; 503 does where another URL of the scope answers 503 too.
        """
        if refusal.status != HTTPStatus.SERVICE_UNAVAILABLE:
            return refusal.status == HTTPStatus.TOO_MANY_REQUESTS
        now, earlier = self._clock(), self._unavailable.peek(scope)
        if earlier is not None and earlier.url != url and now < earlier.until:
            return True
        self._unavailable.put(scope, _Unavailable(url=url, until=now + timedelta(seconds=hold_off_s)))
        return False

    def _no_slot(self, url: str, refusal: SlotAnswer) -> FetchFailed:
        held_off, host = refusal.why is Why.HELD_OFF, urlsplit(url).hostname
        detail = (
            f"{host} asked to be left alone for another {refusal.wait_s:.0f} s."
            if held_off
            else f"Too many requests of our own to {host}: no free slot within {MAX_WAIT_S:.0f} s."
        )
        return FetchFailed(
            requested_url=without_userinfo(url),
            reason=Reason.BUSY,
            detail=detail,
            fetched_at=self._clock(),
            retry_after_s=refusal.wait_s if held_off else None,
        )


async def fetch_for(
    egress: Egress, source: Source, url: str, state: SourceState | None = None, *, gate: Gate = open_gate
) -> FetchResult:
    """Request a document for a source; failures are returned as values.

    The headers of the configuration may be secrets: they are sent to the origin of the source's URL only.
    `state` holds the validators of the document. `gate` is entered before each step of the request.
    """
    is_own = url == source.url or same_origin(url, source.url)
    return await egress.fetch(
        url,
        headers=source.headers if is_own else {},
        validators=NO_VALIDATORS if state is None else _validators(state),
        limits=source.limits,
        proxy=source.proxy,
        gate=gate,
    )


def _validators(state: SourceState) -> Validators:
    headers = {}
    if state.etag:
        headers["if-none-match"] = state.etag
    if state.last_modified:
        headers["if-modified-since"] = state.last_modified
    return Validators(headers=headers, of=state.validators_of)


def _paces(politeness: Politeness, crawl_delay_s: float | None) -> tuple[Pace, ...]:
    """Return the intervals between requests: one for all documents of a scope, one for its pages."""
    paces = []
    if politeness.per_minute:
        paces.append(Pace(name="minute", interval_s=60 / politeness.per_minute))
    if crawl_delay_s:
        paces.append(Pace(name="crawl", interval_s=crawl_delay_s))
    return tuple(paces)


@asynccontextmanager
async def open_polite_client(
    egress: Egress, gatherer: Gatherer, store: Store, clock: Clock, rng: random.Random, *, user_agent: str
) -> AsyncIterator[PoliteClient]:
    """Open a polite client; return its slots at the end."""
    polite_client = PoliteClient(egress, gatherer, store, clock, rng, user_agent=user_agent)
    try:
        yield polite_client
    finally:
        await polite_client.close()
