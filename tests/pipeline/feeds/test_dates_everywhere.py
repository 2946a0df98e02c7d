"""Dates of whatever is published, as readers see them: they fetch, things happen, they fetch again."""

import json
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import pytest
from lxml import etree
from msgspec.structs import replace
from pipeline.conftest import OpenService
from pipeline.stories.test_copies_and_stories import FIRE, telling, text
from support import NOON, ManualClock, grouping_admitter
from web.web_world import Answer, Client, client_of

from syndicator.model.article import WithdrawnBy
from syndicator.model.clock import to_ms
from syndicator.model.feed import Format
from syndicator.model.ids import ArticleId
from syndicator.pipeline.feeds import any_filter_feeds
from syndicator.pipeline.stories.editing import StoryRefused
from syndicator.service import Service
from syndicator.web.app import create_app
from syndicator.web.http.options import WebOptions

SOURCES = ("wire", "city", "port", "hill")
CONFIG = "".join(
    f'[source.{name}]\ntitle = "{name}"\nkind = "feed"\nurl = "http://127.0.0.1:9/{name}"\n'
    'schedule = { every = "30d" }\n'
    for name in SOURCES
) + (
    '[site]\ncontact = "redaksi@news.example"\n'
    '[feed.latest]\ntitle = "Terbaru"\nper = "story"\nsize = 6\n'
    '[feed.economy]\ntitle = "Ekonomi"\nper = "story"\nfilter = { section = ["ekonomi"] }\n'
)
HEADLINES = (FIRE, "Persebaya Taklukkan Arema di Kanjuruhan", "Gubernur Resmikan Jembatan Musi Baru")
PLACES = (
    "/feeds/latest",
    "/feeds/economy",
    "/articles?per=story",
    "/articles?section=ekonomi",
    "/articles?q=tambora&per=story",
    "/articles?source=wire&source=city&per=story&limit=2",
    "/articles?sort=popular&per=story",
    "/search?q=tambora",
    f"/feeds/latest/before/{to_ms(NOON + timedelta(days=1))}-{'a' * 16}",
    "/feeds/latest/archive/2026-W44",
)
ATOM = "{http://www.w3.org/2005/Atom}"
NOT_COMPARED = (
    f"{ATOM}updated",
    "{http://purl.org/dc/terms/}modified",
    "{http://purl.org/rss/1.0/modules/slash/}",
    "{http://purl.org/syndication/thread/1.0}",
)


class Entry(NamedTuple):
    updated: datetime
    rest: str
    """Everything else that is said of it, but for how popular it is."""


class Seen(NamedTuple):
    """What a reader sees of one document."""

    dates: tuple[datetime, ...]
    """Of the document: what it says itself, and the header."""
    entries: dict[str, Entry]


def seen(answer: Answer, form: Format) -> Seen:
    own, entries = {Format.JSON: of_json, Format.NINJS: of_ninjs}.get(form, of_xml)(answer.body)
    modified = parsedate_to_datetime(answer.headers["Last-Modified"])
    return Seen((*own, modified), entries)


def of_json(body: bytes) -> tuple[Sequence[datetime], dict[str, Entry]]:
    items: list[dict[str, Any]] = json.loads(body)["items"]
    for item in items:
        item["_syndicator"].pop("popularity", None)
    return (), {one["id"]: Entry(when(one.pop("date_modified")), json.dumps(one)) for one in items}


def of_ninjs(body: bytes) -> tuple[Sequence[datetime], dict[str, Entry]]:
    told = json.loads(body)
    items = [one for one in told.get("associations", ()) if one["pubStatus"] == "usable"]
    entries = {one["uri"]: Entry(when(one.pop("versionCreated")), json.dumps(one)) for one in items}
    return (when(told["versionCreated"]),), entries


def of_xml(body: bytes) -> tuple[Sequence[datetime], dict[str, Entry]]:
    root = etree.fromstring(body)
    built = [parsedate_to_datetime(one.text or "") for one in root.iter("lastBuildDate")]
    own = built or [when(one.text) for one in root.iterfind(f"{ATOM}updated")]
    entries = {}
    for item in [*root.iter("item"), *root.iter(f"{ATOM}entry")]:
        dates = [when(one.text) for one in item.iter(f"{ATOM}updated")]
        dates += [parsedate_to_datetime(one.text or "") for one in item.iter("pubDate") if not dates]
        for one in [one for one in item.iter() if str(one.tag).startswith(NOT_COMPARED)]:
            item.remove(one) if one.getparent() is item else one.clear()
        name = item.findtext("guid") or item.findtext(f"{ATOM}id") or ""
        entries[name] = Entry(max(dates), etree.tostring(item, method="c14n", exclusive=True).decode())
    return own, entries


def when(value: str | None) -> datetime:
    return datetime.fromisoformat(value or "")


class Reader:
    """Fetches everything again and again, from any of several processes, and compares with what it has."""

    def __init__(self) -> None:
        self._had: dict[tuple[str, Format], Seen] = {}
        self.changes = 0

    async def fetch(self, client: Client, places: Sequence[str]) -> None:
        for place in places:
            for form in Format:
                path, _, asked = place.partition("?")
                answer = await client.get(f"{path}.{form.value}?{asked}")
                assert answer.status in {200, 404}, answer.text
                # What says its age was not looked at anew: the machine is busy.
                if answer.status == 200 and "Age" not in answer.headers:
                    self._compare(place, form, seen(answer, form))

    def _compare(self, place: str, form: Format, now: Seen) -> None:
        had = self._had.get((place, form), Seen((), {}))
        for name, entry in now.entries.items():
            before = had.entries.get(name, entry)
            assert entry.updated >= before.updated, (place, form)
            assert entry.rest == before.rest or entry.updated > before.updated, (place, form, before, entry)
            self.changes += entry.rest != before.rest
        for before_at, at in zip(had.dates, now.dates, strict=bool(had.dates)):
            assert at >= before_at, (place, form)
        self._had[place, form] = Seen(now.dates, had.entries | now.entries)


class Events:
    """What sources and operators do, by chance."""

    def __init__(self, service: Service, clock: ManualClock, seed: int) -> None:
        self._service = service
        self._clock = clock
        self._rng = random.Random(seed)
        self.ids: list[ArticleId] = []

    async def begin(self) -> None:
        for number in range(9):
            await self._bring(number, is_first_round=True)

    async def happen(self) -> None:
        for _ in range(self._rng.choice([1, 1, 2])):
            await self._rng.choice([self._grow, self._correct, self._withdraw, self._restore, self._edit])()
        self._clock.advance(self._rng.choice([0, 1, 60, 3000]))

    async def _grow(self) -> None:
        await self._bring(self._rng.randrange(9, 40), is_first_round=self._rng.random() < 0.5)

    async def _correct(self) -> None:
        await self._bring(self._rng.randrange(9), is_first_round=False)

    async def _bring(self, number: int, *, is_first_round: bool) -> None:
        headline = HEADLINES[number % 3]
        one = telling(number, SOURCES[number % 4], headline, f"{headline} {text(self._rng.randrange(9), 60)}")
        one = replace(
            one,
            section=self._rng.choice(["Ekonomi", "Ekonomi", "Politik"]),
            published_at=NOON - timedelta(days=9) if number % 2 else NOON - timedelta(minutes=number),
        )
        admitting = grouping_admitter(
            self._service.store, self._service.publisher.specs.values(), self._clock
        )
        done = await admitting.admit([one], backfill=is_first_round)
        self.ids = list(dict.fromkeys((*self.ids, *(admitted.article_id for admitted in done))))

    async def _withdraw(self) -> None:
        one = self._rng.choice(self.ids)
        await self._service.withdrawer.withdraw(one, WithdrawnBy.OPERATOR, "x")

    async def _restore(self) -> None:
        for one in self._rng.sample(self.ids, 4):
            await self._service.withdrawer.restore(one)

    async def _edit(self) -> None:
        one, other = self._rng.sample(self.ids, 2)
        with suppress(StoryRefused):
            if self._rng.random() < 0.5:
                await self._service.story_editor.split(one)
            else:
                await self._service.story_editor.join(one, other)


@asynccontextmanager
async def serving(service: Service) -> AsyncIterator[Client]:
    app = create_app(
        service.queries,
        WebOptions(),
        article_search=service.search,
        any_filter_feeds=service.any_filter_feeds,
    )
    async with service.search.keeping_up(), client_of(app) as client:
        yield client


@pytest.mark.parametrize("seed", range(4))
async def test_no_date_goes_back_and_each_change_moves_it(
    service_of: OpenService, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(any_filter_feeds, "BURST_PER_CLIENT", 10_000)
    reader, rng = Reader(), random.Random(seed)
    async with (
        service_of(CONFIG) as one,
        service_of(CONFIG) as another,
        serving(one) as client,
        serving(another) as other_client,
    ):
        events = Events(one, clock, seed)
        await events.begin()
        places = (*PLACES, f"/articles/{events.ids[0]}/related")
        for _ in range(12):
            await reader.fetch(rng.choice([client, other_client]), places)
            await events.happen()
    assert reader.changes > 20
