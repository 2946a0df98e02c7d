"""The one door through which rounds request anything from a source: robots.txt, a turn, the request.

Shared by all workers, by the scope that the source's politeness names, so that a thousand feeds on one host
are no attack. A source with `scope = "url"` and no `per_minute` asks nobody: its URL is requested by the one
worker that holds the source's lease anyway. All of it holds for each step of a redirect: whom it leads to is
asked as if the source had named it. Where sources of one scope differ in `max_in_flight`, each keeps to its
own number of all that are under way.
"""

import random
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from urllib.parse import urlsplit

from msgspec import Struct

from syndicator.egress.redirect_chain import without_userinfo
from syndicator.gather.gatherer import Gatherer
from syndicator.gather.robots import product_token
from syndicator.model.clock import Clock
from syndicator.model.fetch import FetchFailed, FetchResult, Reason
from syndicator.model.source import Politeness, Source, SourceScope, SourceState
from syndicator.pipeline.sources.request_slots import MAX_WAIT_S, NoSlot, Pause, RequestSlots, pause
from syndicator.pipeline.sources.robots_policy import RobotsPolicy
from syndicator.rules.politeness_scope import scope_key
from syndicator.store.sources.request_slots import Pace, SlotAnswer, Why
from syndicator.store.store import Store

MAX_HOLD_OFF_S = 3600.0
"""A scope is left alone at most so long at a time, for the sake of those who share it with the one that was
told to wait; that source itself waits as long as it was told (`rules.sources.cadence`)."""

TOO_OFTEN_HOLD_OFF_S = 90.0
"""So long where 429 names no time: longer than a turn is waited for, so that the rounds that meet it end."""

_REMEMBERED = 1000


class _Unavailable(Struct, frozen=True, kw_only=True):
    """One URL of a scope that answered 503, until it wants to be asked again."""

    url: str
    until: datetime


@dataclass(slots=True, kw_only=True)
class _Way:
    """One request of a source, on its way through redirects."""

    source: Source
    page: bool = False
    patient: bool = True
    url: str | None = None
    """What was asked last."""
    scope: str | None = None
    """In whose turn; None where none was needed, or had."""
    scopes: set[str] = field(default_factory=set)
    """Of all steps."""


class PoliteClient:
    """Requests politely. Share one by all tasks of an event loop; open it with `open_polite_client`.

    Whether there is a document, none, or no turn: failure is a value. StoreUnavailable passes.
    """

    def __init__(
        self,
        gatherer: Gatherer,
        store: Store,
        clock: Clock,
        rng: random.Random,
        user_agent: str,
        *,
        pause: Pause = pause,
    ) -> None:
        self._gatherer = gatherer
        self._clock = clock
        self._unavailable: OrderedDict[str, _Unavailable] = OrderedDict()
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

        A `page` (a list page, an article) is requested only if robots.txt lets us, no faster than it asks.
        FetchFailed(ROBOTS) where it does not, the failure of robots.txt where that cannot be had, and (BUSY)
        where no turn comes within a minute or so. The impatient wait for a moment and raise NoSlot: others
        may go on meanwhile.
        """
        way = _Way(source=source, page=page, patient=patient)
        result = await self._gatherer.fetch(source, url, state, gate=partial(self._pass, way))
        self._heed(way, result)
        return result

    async def head(self, source: Source, url: str) -> FetchResult:
        """Look at a picture without reading it; failure is a value."""
        way = _Way(source=source)
        result = await self._gatherer.head(source, url, gate=partial(self._pass, way))
        self._heed(way, result)
        return result

    async def close(self) -> None:
        await self._slots.close()

    async def _document(self, source: Source, url: str, patient: bool) -> FetchResult:
        return await self.fetch(source, url, patient=patient)

    @asynccontextmanager
    async def _pass(self, way: _Way, url: str) -> AsyncIterator[FetchFailed | None]:
        """Hold the turn for one step of a way; give why there is none.

        Nothing is held on the way to a turn: who waits for one host keeps nobody from another.
        """
        # What has begun is not begun again and again for want of a turn later on.
        patient = way.patient or way.url is not None
        way.url, way.scope = url, None
        politeness, crawl_delay_s = way.source.politeness, None
        if way.page and politeness.robots:
            permit = await self._robots_policy.ask(way.source, url, patient=patient)
            if isinstance(permit, FetchFailed):
                yield permit
                return
            crawl_delay_s = permit.crawl_delay_s
        paces = _paces(politeness, crawl_delay_s)
        if politeness.scope is SourceScope.URL and not paces:
            yield None
            return
        scope = scope_key(politeness.scope, url)
        if scope in way.scopes:
            paces = ()  # it is one document for those who give it, by however many steps
        slot = await self._slots.take(scope, politeness.max_in_flight, paces, patient=patient)
        if isinstance(slot, SlotAnswer):
            if patient or (slot.why is Why.HELD_OFF and slot.wait_s > MAX_WAIT_S):
                yield self._no_slot(url, slot)
                return
            raise NoSlot(scope)
        way.scope = scope
        way.scopes.add(scope)
        try:
            yield None
        finally:
            self._slots.give_back(slot)

    def _heed(self, way: _Way, result: FetchResult) -> None:
        """Leave alone whoever asked for it: the server that answered last, not the one that led there."""
        if way.scope is None or way.url is None:
            return
        if not isinstance(result, FetchFailed):
            return
        too_often = result.status == HTTPStatus.TOO_MANY_REQUESTS
        asked_s = result.retry_after_s or (TOO_OFTEN_HOLD_OFF_S if too_often else 0.0)
        if asked_s:
            hold_off_s = min(asked_s, MAX_HOLD_OFF_S)
            if self._is_said_of_all(way.scope, way.url, result, hold_off_s):
                self._slots.hold_off(way.scope, hold_off_s)

    def _is_said_of_all(self, scope: str, url: str, refusal: FetchFailed, hold_off_s: float) -> bool:
        """Return whether a refusal concerns more than one URL.

        429 does, 503 where another one says it too.
        """
        if refusal.status != HTTPStatus.SERVICE_UNAVAILABLE:
            return refusal.status == HTTPStatus.TOO_MANY_REQUESTS
        now, earlier = self._clock(), self._unavailable.get(scope)
        if earlier is not None and earlier.url != url and now < earlier.until:
            return True
        self._unavailable[scope] = _Unavailable(url=url, until=now + timedelta(seconds=hold_off_s))
        self._unavailable.move_to_end(scope)
        if len(self._unavailable) > _REMEMBERED:
            self._unavailable.popitem(last=False)
        return False

    def _no_slot(self, url: str, refusal: SlotAnswer) -> FetchFailed:
        held_off, host = refusal.why is Why.HELD_OFF, urlsplit(url).hostname
        detail = (
            f"{host} asked to be left alone for another {refusal.wait_s:.0f} s."
            if held_off
            else f"Too many requests of our own to {host}: no turn within {MAX_WAIT_S:.0f} s."
        )
        return FetchFailed(
            requested_url=without_userinfo(url),
            reason=Reason.BUSY,
            detail=detail,
            fetched_at=self._clock(),
            retry_after_s=refusal.wait_s if held_off else None,
        )


def _paces(politeness: Politeness, crawl_delay_s: float | None) -> tuple[Pace, ...]:
    """Return the intervals to keep: one among all documents of a scope, one among its pages."""
    paces = []
    if politeness.per_minute:
        paces.append(Pace(name="minute", interval_s=60 / politeness.per_minute))
    if crawl_delay_s:
        paces.append(Pace(name="crawl", interval_s=crawl_delay_s))
    return tuple(paces)


@asynccontextmanager
async def open_polite_client(
    gatherer: Gatherer, store: Store, clock: Clock, rng: random.Random, user_agent: str
) -> AsyncIterator[PoliteClient]:
    """Open the door; turns that are held at the end are given back."""
    polite_client = PoliteClient(gatherer, store, clock, rng, user_agent)
    try:
        yield polite_client
    finally:
        await polite_client.close()
