"""The one door through which rounds request anything from a source: robots.txt, a turn, the request.

Shared by all workers, by the scope that the source's politeness names, so that a thousand feeds on one host
are no attack. A source with `scope = "url"` and no `per_minute` asks nobody: its URL is requested by the one
worker that holds the source's lease anyway. Redirects to other hosts are not charged to those: only the
client's own limit per host and process holds there. Where sources of one scope differ in `max_in_flight`,
each keeps to its own number of all that are under way.
"""

import random
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus

from msgspec import Struct

from syndicator.egress.trip import without_userinfo
from syndicator.gather.gatherer import Gatherer
from syndicator.gather.robots import product_token
from syndicator.model.clock import Clock
from syndicator.model.fetch import FetchFailed, FetchResult, Reason
from syndicator.model.source import Politeness, Scope, Source, SourceState
from syndicator.pipeline.permission import Permission
from syndicator.pipeline.turns import MAX_WAIT_S, NoTurn, Pause, Turns, pause
from syndicator.rules.politeness import scope_key
from syndicator.store.politeness import Answer, Pace, Why
from syndicator.store.store import Store

MAX_HOLD_OFF_S = 3600.0
"""A scope is left alone at most so long at a time, for the sake of those who share it with the one that was
told to wait; that source itself waits as long as it was told (`rules.cadence`)."""

_REMEMBERED = 1000


class _Unavailable(Struct, frozen=True, kw_only=True):
    """One URL of a scope that answered 503, until it wants to be asked again."""

    url: str
    until: datetime


class Visitor:
    """Requests politely. Share one by all tasks of an event loop; open it with `open_visitor`.

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
        self._turns = Turns(store.turns, clock, rng, pause)
        agent = product_token(user_agent)
        self._permission = Permission(gatherer, store.robots, clock, agent, self._document)

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
        where no turn comes within a minute or so. The impatient wait for a moment and raise NoTurn: others
        may go on meanwhile.
        """
        crawl_delay_s = None
        if page and source.politeness.robots:
            permit = await self._permission.ask(source, url, patient=patient)
            if isinstance(permit, FetchFailed):
                return permit
            crawl_delay_s = permit.crawl_delay_s
        return await self._in_turn(
            source, url, partial(self._gatherer.fetch, source, url, state), crawl_delay_s, patient=patient
        )

    async def head(self, source: Source, url: str) -> FetchResult:
        """Look at a picture without reading it; failure is a value."""
        return await self._in_turn(source, url, partial(self._gatherer.head, source, url))

    async def close(self) -> None:
        await self._turns.close()

    async def _document(self, source: Source, url: str, patient: bool) -> FetchResult:
        request = partial(self._gatherer.fetch, source, url)
        return await self._in_turn(source, url, request, patient=patient)

    async def _in_turn(
        self,
        source: Source,
        url: str,
        request: Callable[[], Awaitable[FetchResult]],
        crawl_delay_s: float | None = None,
        *,
        patient: bool = True,
    ) -> FetchResult:
        politeness = source.politeness
        paces = _paces(politeness, crawl_delay_s)
        if politeness.scope is Scope.URL and not paces:
            return await request()
        scope = scope_key(politeness.scope, url)
        turn = await self._turns.take(scope, politeness.max_in_flight, paces, patient=patient)
        if isinstance(turn, Answer):
            if patient or (turn.why is Why.HELD_OFF and turn.wait_s > MAX_WAIT_S):
                return self._no_turn(url, turn)
            raise NoTurn(scope)
        try:
            result = await request()
        finally:
            self._turns.give_back(turn)
        if isinstance(result, FetchFailed) and result.retry_after_s:
            hold_off_s = min(result.retry_after_s, MAX_HOLD_OFF_S)
            if self._is_said_of_all(scope, url, result, hold_off_s):
                self._turns.hold_off(scope, hold_off_s)
        return result

    def _is_said_of_all(self, scope: str, url: str, refusal: FetchFailed, hold_off_s: float) -> bool:
        """Tell whether a refusal concerns more than one URL: 429 does, 503 where another one says it too."""
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

    def _no_turn(self, url: str, refusal: Answer) -> FetchFailed:
        held_off = refusal.why is Why.HELD_OFF
        detail = (
            f"The server asked to be left alone for another {refusal.wait_s:.0f} s."
            if held_off
            else f"Too many requests of our own to that server: no turn within {MAX_WAIT_S:.0f} s."
        )
        return FetchFailed(
            requested_url=without_userinfo(url),
            reason=Reason.BUSY,
            detail=detail,
            fetched_at=self._clock(),
            retry_after_s=refusal.wait_s if held_off else None,
        )


def _paces(politeness: Politeness, crawl_delay_s: float | None) -> tuple[Pace, ...]:
    """Give the intervals to keep: one among all documents of a scope, one among its pages."""
    paces = []
    if politeness.per_minute:
        paces.append(Pace(name="minute", interval_s=60 / politeness.per_minute))
    if crawl_delay_s:
        paces.append(Pace(name="crawl", interval_s=crawl_delay_s))
    return tuple(paces)


@asynccontextmanager
async def open_visitor(
    gatherer: Gatherer, store: Store, clock: Clock, rng: random.Random, user_agent: str
) -> AsyncIterator[Visitor]:
    """Open the door; turns that are held at the end are given back."""
    visitor = Visitor(gatherer, store, clock, rng, user_agent)
    try:
        yield visitor
    finally:
        await visitor.close()
