"""Reports of partner sites about their readers: read item by item, bounded, counted once."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from syndicator.errors import SyndicatorError
from syndicator.model.clock import Clock
from syndicator.model.ids import ArticleId, is_article_id
from syndicator.model.signal import Reporter, Signal, SignalKind
from syndicator.rules.identity.identity import url_key
from syndicator.store.popularity.partner_reports import key_digest
from syndicator.store.store import Store

MOST_ITEMS = 10_000
MOST_FAULTS = 1000
"""A batch with more wrong items is refused as a whole."""
LARGEST_COUNT = 10_000
OLDEST = timedelta(days=7)
_AHEAD = timedelta(minutes=5)

_AT_ONCE = 500
"""Items read, and addresses looked up, before other tasks run: some milliseconds."""
_LED_AT_ONCE = 20

Kind = Literal["reads", "clicks"]
_Url = Annotated[str, Meta(max_length=2000)]
_Instant = Annotated[datetime, Meta(tz=True)]
_Visitor = Annotated[str, Meta(pattern="^[!-~]{8,64}$")]


class ReportItem(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody's readers did with one article."""

    kind: Annotated[Kind, Meta(description="They read it there, or followed a link to its portal.")]
    article: Annotated[str | None, Meta(description="Its id; or else `url`.")] = None
    url: Annotated[_Url | None, Meta(description="Its address at the portal.")] = None
    count: Annotated[int, Meta(ge=1, le=LARGEST_COUNT, description="How many; with `visitor` it is 1.")] = 1
    at: Annotated[_Instant | None, Meta(description="Within the last 7 days; left out: now.")] = None
    visitor: Annotated[
        _Visitor | None, Meta(description="A keyed hash of a reader: counts once per article and day.")
    ] = None


class Report(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A batch."""

    signals: Annotated[list[ReportItem], Meta(min_length=1, max_length=MOST_ITEMS)]


class _Batch(Struct, forbid_unknown_fields=True):
    """A batch whose items are read one by one."""

    signals: Annotated[list[Raw], Meta(min_length=1, max_length=MOST_ITEMS)]


class ItemFault(Struct, frozen=True, kw_only=True):
    """An item that was left out, and why."""

    index: int
    """Its place in the batch, from 0."""
    key: str
    reason: str
    remedy: str


class Reported(Struct, frozen=True, kw_only=True):
    """The result of a batch."""

    ok: bool
    """Whether every item was taken."""
    taken: int
    """Items that were valid and belong to a stored article."""
    counted: int
    """The sum of their counts, without what exceeded the bounds."""
    uncounted: int
    """What exceeded the bound of a day, or came from visitors who were counted before."""
    errors: tuple[ItemFault, ...] = ()


class ReportRefused(SyndicatorError):
    """A batch was refused as a whole; nothing of it was counted."""

    def __init__(self, reason: str, errors: Sequence[ItemFault] = ()) -> None:
        super().__init__(reason)
        self.errors = tuple(errors)


class KeyReused(SyndicatorError):
    """The idempotency key was sent before with another batch."""


_decode_batch = msgspec.json.Decoder(_Batch).decode
_decode_item = msgspec.json.Decoder(ReportItem).decode
_encode = msgspec.json.Encoder().encode

_WHERE = re.compile(r" - at `\$\.?(\w*+)[^`]*+`$")
_FIELD = re.compile(r"field `(\w+)`")
_REMEDIES = {
    "": 'write {"kind": "reads", "article": "ID", "count": 1}',
    "kind": "write reads or clicks",
    "article": "write the id of an article, or its address as url",
    "url": "write the address of an article as feeds give it",
    "count": f"write a whole number from 1 to {LARGEST_COUNT}",
    "at": "write an instant with its offset, as in 2026-11-05T12:00:00Z, or leave it out",
    "visitor": "write 8 to 64 visible characters, the same for the same reader, or leave it out",
}


class PartnerReports:
    """Takes batches of signals from partners.

    parse each item → find articles by address → count, bounded per partner, article and day
    """

    def __init__(self, store: Store, most: int, clock: Clock) -> None:
        self._store = store
        self._most = most
        self._clock = clock

    async def take(self, owner: str, key: str, body: bytes) -> Reported:
        """Count a JSON batch once; the same key again returns the same result.

        Raises:
            KeyReused: the key came with another body within the last day.
            ReportRefused: the body is no batch, or has more than MOST_FAULTS wrong items.

        """
        mine, answer = await self._store.reports.begin(owner, key, body)
        if not mine:
            raise KeyReused("the key came with another batch before")
        if answer is not None:
            return msgspec.json.decode(answer, type=Reported)
        try:
            result = await self._count(Reporter(name=owner, most=self._most), key, _items(body))
        except ReportRefused:
            await self._store.reports.forget(owner, key)  # a corrected batch may use the key again
            raise
        if len(result.errors) <= MOST_FAULTS:  # a larger result is not stored: counting is idempotent anyway
            await self._store.reports.end(owner, key, body, _encode(result))
        return result

    async def _count(self, reporter: Reporter, key: str, items: Sequence[Raw]) -> Reported:
        now = self._clock()
        read = await _read_all(items, now)
        faults = [item for item in read if isinstance(item, ItemFault)]
        if len(faults) > MOST_FAULTS:
            raise ReportRefused(f"{len(faults):,} of {len(items):,} items are wrong", faults[:MOST_FAULTS])
        named = {place: item for place, item in enumerate(read) if isinstance(item, ReportItem)}
        ids = await self._ids(named)
        signals = {place: _signal(named[place], article, now) for place, article in ids.items()}
        name = f"{reporter.name}:{key_digest(key)}"
        unknown, uncounted = await self._add(signals, now, name, reporter)
        if unknown:  # the article may have been merged into another one
            leaders = await self._leaders({place: signals[place].article_id for place in unknown})
            signals |= {place: _signal(named[place], article, now) for place, article in leaders.items()}
            again = {place: signals[place] for place in leaders}
            lost, more = await self._add(again, now, f"{name}:led", reporter)
            unknown, uncounted = unknown - leaders.keys() | lost, uncounted + more
        faults += [_unknown(place, named[place]) for place in named.keys() - ids.keys() | unknown]
        counted = sum(signal.count for place, signal in signals.items() if place not in unknown) - uncounted
        return Reported(
            ok=not faults,
            taken=len(items) - len(faults),
            counted=round(counted),
            uncounted=round(uncounted),
            errors=tuple(sorted(faults, key=lambda fault: fault.index)),
        )

    async def _add(
        self, signals: Mapping[int, Signal], now: datetime, name: str, reporter: Reporter
    ) -> tuple[set[int], float]:
        """Count signals; return the positions of those without an article, and how much was not counted."""
        places = list(signals)
        added = await self._store.signals.add(list(signals.values()), now, key=name, reporter=reporter)
        return {places[at] for at in added.refused}, added.uncounted

    async def _ids(self, items: Mapping[int, ReportItem]) -> dict[int, ArticleId]:
        """Return the article of each item by position; items with an unknown address are left out."""
        ids = {place: ArticleId(item.article) for place, item in items.items() if item.article is not None}
        keys = {place: url_key(item.url) for place, item in items.items() if item.url is not None}
        wanted = list(dict.fromkeys(keys.values()))
        known: dict[str, ArticleId] = {}
        for start in range(0, len(wanted), _AT_ONCE):
            part = wanted[start : start + _AT_ONCE]
            owners = await self._store.articles.resolve(part)
            known |= {key: owner.article_id for key, owner in zip(part, owners, strict=True) if owner}
        return ids | {place: known[key] for place, key in keys.items() if key in known}

    async def _leaders(self, ids: Mapping[int, ArticleId]) -> dict[int, ArticleId]:
        """Return the articles into which the given ones were merged, by position."""
        unique = list(dict.fromkeys(ids.values()))
        leaders: dict[ArticleId, ArticleId | None] = {}
        for start in range(0, len(unique), _LED_AT_ONCE):
            part = unique[start : start + _LED_AT_ONCE]
            found = await asyncio.gather(*(self._store.articles.led_by(article) for article in part))
            leaders |= zip(part, found, strict=True)
        return {place: leader for place, article in ids.items() if (leader := leaders[article])}


def _items(body: bytes) -> list[Raw]:
    try:
        return _decode_batch(body).signals
    except msgspec.MsgspecError as error:
        raise ReportRefused(f"the body is not understood: {error}") from None


async def _read_all(items: Sequence[Raw], now: datetime) -> list[ReportItem | ItemFault]:
    read: list[ReportItem | ItemFault] = []
    for start in range(0, len(items), _AT_ONCE):
        read += [_read(start + at, raw, now) for at, raw in enumerate(items[start : start + _AT_ONCE])]
        await asyncio.sleep(0)
    return read


def _read(index: int, raw: Raw, now: datetime) -> ReportItem | ItemFault:
    """Return one item, or its fault."""
    try:
        item = _decode_item(raw)
    except msgspec.MsgspecError as error:
        return _misread(index, str(error), raw)
    if (item.article is None) is (item.url is None):
        return _fault(index, "article", "must be given, or else url, and not both")
    if item.article is not None and not is_article_id(item.article):
        return _fault(index, "article", "is not the id of an article")
    if item.visitor is not None and item.count != 1:
        return _fault(index, "count", "must be 1 beside visitor: one visitor counts once")
    if item.at is not None and not now - OLDEST <= item.at <= now + _AHEAD:
        return _fault(index, "at", "is not within the last 7 days")
    return item


def _misread(index: int, text: str, raw: Raw) -> ItemFault:
    where, field = _WHERE.search(text), _FIELD.search(text)
    key = where[1] if where else field[1] if field else ""
    reason = _WHERE.sub("", text)
    if key == "kind" and b'"impressions"' in bytes(raw):
        reason = "impressions are no signal: they show where a headline stood, not that somebody read it"
    return _fault(index, key, reason)


def _unknown(index: int, item: ReportItem) -> ItemFault:
    key = "url" if item.article is None else "article"
    return _fault(index, key, "no article that is kept here is known by it")


def _fault(index: int, key: str, reason: str) -> ItemFault:
    return ItemFault(index=index, key=key, reason=reason, remedy=_REMEDIES.get(key, _REMEDIES[""]))


def _signal(item: ReportItem, article: ArticleId, now: datetime) -> Signal:
    return Signal(
        article_id=article,
        kind=SignalKind(item.kind),
        at=min(item.at or now, now),
        count=item.count,
        visitor=item.visitor or "",
    )
