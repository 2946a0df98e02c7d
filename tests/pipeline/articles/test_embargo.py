"""What is under embargo is nowhere to be seen, and everywhere at the second when it ends."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace
from pipeline.conftest import Portal
from pipeline.rounds.test_feed_round import config, gather
from support import NOON, ManualClock
from web.web_world import CITY, SPECS, World, client_of, story

from syndicator.errors import StoreUnavailable
from syndicator.model.article import Article, Candidate
from syndicator.model.event import EventType
from syndicator.model.feed import Format
from syndicator.model.ids import ArticleId, FeedId
from syndicator.pipeline import store_retry
from syndicator.pipeline.articles.admission import Admitted, Admitter
from syndicator.pipeline.articles.embargo import EmbargoGate
from syndicator.pipeline.articles.embargo_release import LEASE, ReleaseStep
from syndicator.pipeline.steps import JobReport
from syndicator.rules.articles.admission import AdmissionVerdict
from syndicator.rules.articles.embargo import LONGEST
from syndicator.rules.identity.identity import identify
from syndicator.rules.sources.announcement import ALL_ANNOUNCED, Announcing
from syndicator.schedule.runner import Runner
from syndicator.store.store import Store
from syndicator.web.app import create_app
from syndicator.web.http.options import WebOptions

END = NOON + timedelta(minutes=30)


class Guarded(Admitter):
    """An admitter before which nothing passes that is under embargo."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        super().__init__(store.articles, SPECS, clock)
        self._held, self._now = EmbargoGate(store.held), clock

    async def admit(
        self,
        candidates: Sequence[Candidate],
        *,
        backfill: bool = False,
        rechecked: bool = False,
        archive_before: datetime | None = None,
        announcing: Announcing = ALL_ANNOUNCED,
    ) -> list[Admitted]:
        passed = await self._held.hold_embargoed(candidates, self._now())
        return await super().admit(
            passed,
            backfill=backfill,
            rechecked=rechecked,
            archive_before=archive_before,
            announcing=announcing,
        )


class Newsroom:
    """A source's rounds, a worker that releases, and what readers see."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.store, self.clock = store, clock
        self.world = World(store, clock)
        self.admitter = Guarded(store, clock)
        self.step = ReleaseStep(store.held, self.admitter, clock, marks=store.marks)

    async def round(self, *candidates: Candidate) -> list[AdmissionVerdict]:
        return [one.verdict for one in await self.admitter.admit(candidates)]

    async def release(self, step: ReleaseStep | None = None) -> list[JobReport]:
        taken = await (step or self.step).take(10)
        reports = [await job() for job in taken.jobs]
        return [report for report in reports if report is not None]

    async def next_due_at(self) -> datetime | None:
        taken = await self.step.take(10)
        assert not taken.jobs
        return taken.next_due_at

    async def titles(self) -> list[str]:
        snapshot = await self.world.publisher.snapshot(FeedId("latest"))
        return [entry.article.title for entry in snapshot.entries]

    async def events(self) -> list[EventType]:
        return [entry.event.type for entry in await self.store.outbox.after("", 100)]


@pytest.fixture
async def newsroom(store: Store, clock: ManualClock) -> AsyncIterator[Newsroom]:
    opened = Newsroom(store, clock)
    yield opened
    opened.world.publisher.close()


def held(number: int = 1, until: datetime | None = END, **changes: object) -> Candidate:
    return story(number, **({"title": f"Rahasia {number}", "embargo_until": until} | changes))


async def test_nowhere_before_and_everywhere_at_the_second(newsroom: Newsroom, clock: ManualClock) -> None:
    given = held()
    article_id = identify([given])[0].article_id
    assert await newsroom.round(story(2, title="Biasa"), given) == [AdmissionVerdict.NEW]
    assert await newsroom.store.held.count() == 1
    clock.now = END - timedelta(milliseconds=1)
    assert await newsroom.next_due_at() == END
    assert await newsroom.titles() == ["Biasa"]
    assert await newsroom.events() == [EventType.ARTICLE_CREATED]
    async with client_of(create_app(newsroom.world.reading, WebOptions())) as client:
        for path in ("/", "/feeds/latest", *(f"/feeds/latest.{form.value}" for form in Format)):
            assert "Rahasia" not in (await client.get(path)).text
        assert (await client.get(f"/articles/{article_id}")).status == 404
        clock.now = END
        (report,) = await newsroom.release()
        for path in ("/", "/feeds/latest", *(f"/feeds/latest.{form.value}" for form in Format)):
            assert "Rahasia" in (await client.get(path)).text
        assert (await client.get(f"/articles/{article_id}")).status == 200
    assert (report.step, report.event, report.brought_news) == ("release", "embargo_released", True)
    assert await newsroom.titles() == ["Rahasia 1", "Biasa"]
    assert await newsroom.events() == [EventType.ARTICLE_CREATED] * 2
    assert await newsroom.store.held.count() == 0
    assert await newsroom.release() == []


@pytest.mark.parametrize(("lost_after_s", "is_announced"), [(-60, True), (60, False), (None, True)])
async def test_after_a_loss_of_data_only_what_ends_later_is_announced(
    newsroom: Newsroom, clock: ManualClock, lost_after_s: float | None, is_announced: bool
) -> None:
    await newsroom.round(held())
    if lost_after_s is not None:
        await newsroom.store.marks.begin(clock(), END + timedelta(seconds=lost_after_s))
    clock.now = END + timedelta(minutes=2)
    (report,) = await newsroom.release()
    assert report.event == "embargo_released"
    assert await newsroom.titles() == ["Rahasia 1"], "it is shown all the same"
    assert await newsroom.events() == [EventType.ARTICLE_CREATED] * is_announced


@pytest.mark.parametrize(
    ("claimed", "published"),
    [
        (NOON - timedelta(days=3), END),
        (None, END),
        (END, END),
        (END + timedelta(minutes=10), END),  # a little in the future counts as now
    ],
)
async def test_published_when_it_was_released(
    newsroom: Newsroom, clock: ManualClock, claimed: datetime | None, published: datetime
) -> None:
    await newsroom.round(held(published_at=claimed))
    await newsroom.round(*(story(number) for number in range(2, 9)))
    clock.now = END
    await newsroom.release()
    assert (await newsroom.titles())[0] == "Rahasia 1"
    (article,) = [one for one in await stored(newsroom) if one.title == "Rahasia 1"]
    assert (article.published_at, article.listed_at) == (published, published)
    assert (article.first_seen_at, article.released_at) == (NOON, END)
    assert (article.provenance.held_since, article.provenance.held_until) == (NOON, END)
    if claimed != published and (claimed is None or claimed < END):
        (change,) = article.provenance.changes
        assert change.field == "published_at"
        assert change.received == (claimed.isoformat() if claimed else "")


async def stored(newsroom: Newsroom) -> list[Article]:
    ids = await newsroom.store.articles.carried_by(CITY)
    return [one for one in await newsroom.store.articles.get_many(ids) if one is not None]


async def test_first_sight_outlasts_newer_words_and_the_lifting(
    newsroom: Newsroom, clock: ManualClock
) -> None:
    await newsroom.round(held(guid="g1"))
    clock.advance(60)
    await newsroom.round(held(guid="g1", until=END + timedelta(hours=3), title="Rahasia baru"))
    lifted = clock.advance(60)
    await newsroom.round(held(guid="g1", until=None, title="Rahasia dibuka"))
    (article,) = await stored(newsroom)
    assert (article.first_seen_at, article.published_at) == (NOON, lifted)
    assert (article.provenance.held_since, article.provenance.held_until) == (NOON, lifted)
    told = await newsroom.world.reading.explained(article.id)
    assert told is not None
    assert told.carried == {CITY: NOON}


async def test_what_was_never_held_is_released_when_it_is_first_seen(newsroom: Newsroom) -> None:
    await newsroom.round(story(1))
    (article,) = await stored(newsroom)
    assert (article.released_at, article.shown_since) == (None, article.first_seen_at)
    assert (article.provenance.held_since, article.provenance.held_until) == (None, None)


async def test_retention_counts_from_the_release(newsroom: Newsroom, clock: ManualClock) -> None:
    end = NOON + timedelta(days=100)
    await newsroom.round(held(until=end))
    clock.now = end
    await newsroom.release()
    month = timedelta(days=30)
    assert await newsroom.store.articles.sweep(clock(), month, 10) == []
    assert len(await newsroom.store.articles.sweep(clock() + month, month, 10)) == 1


async def test_who_asks_what_changed_since_is_told_of_a_late_release(
    newsroom: Newsroom, clock: ManualClock
) -> None:
    await newsroom.round(held())
    clock.now = END + timedelta(hours=2)
    await newsroom.round(story(2))
    async with client_of(create_app(newsroom.world.reading, WebOptions())) as client:
        before = await client.get("/feeds/latest.rss")
        clock.advance(60)
        await newsroom.release()
        after = await client.get("/feeds/latest.rss", {"If-Modified-Since": before.headers["Last-Modified"]})
    assert after.status == 200
    assert "Rahasia" in after.text


async def test_a_round_at_the_end_of_the_embargo_announces_once(
    newsroom: Newsroom, clock: ManualClock
) -> None:
    await newsroom.round(held())
    clock.now = END
    assert await newsroom.round(held()) == [AdmissionVerdict.NEW]
    assert await newsroom.release() == []
    assert await newsroom.events() == [EventType.ARTICLE_CREATED]
    assert await newsroom.store.held.count() == 0
    assert await newsroom.round(held()) == [AdmissionVerdict.UNCHANGED]


async def test_a_round_after_it_that_names_no_embargo_any_more(
    newsroom: Newsroom, clock: ManualClock
) -> None:
    await newsroom.round(held())
    clock.now = END + timedelta(seconds=5)
    assert await newsroom.round(held(until=None)) == [AdmissionVerdict.NEW]
    assert await newsroom.release() == []
    (article,) = await stored(newsroom)
    assert article.published_at == END


RSS = """<rss version="2.0" xmlns:dcterms="http://purl.org/dc/terms/"><channel><title>Kota</title>
<link>https://kota.example/</link><item><title>Rahasia</title><link>https://kota.example/1</link>
<dcterms:available>2026-11-05T12:30:00Z</dcterms:available><description>Isi.</description></item></channel></rss>"""


async def test_gathered_held_and_released_by_the_service(portal: Portal) -> None:
    portal.documents["/rss"] = RSS
    async with portal.service_of(config(portal)) as service:
        for _ in range(2):
            await gather(service)
            assert await service.store.held.count() == 1
            assert (await service.publisher.snapshot(FeedId("latest"))).entries == ()
            portal.clock.advance(400)
        portal.clock.now = END
        reports: list[JobReport] = []
        runner = Runner(service.release_step, capacity=2, clock=portal.clock, on_report=reports.append)
        await runner.run(until_empty=True)
        assert [report.event for report in reports] == ["embargo_released"]
        (entry,) = (await service.publisher.snapshot(FeedId("latest"))).entries
        assert (entry.article.title, entry.article.published_at) == ("Rahasia", END)


async def test_a_newer_one_takes_its_place(newsroom: Newsroom, clock: ManualClock) -> None:
    await newsroom.round(held(guid="g1"))
    later = END + timedelta(hours=1)
    await newsroom.round(
        held(guid="g1", title="Rahasia baru", until=later, url="https://kota.example/pindah")
    )
    clock.now = END
    assert await newsroom.next_due_at() == later
    clock.now = later
    await newsroom.release()
    assert await newsroom.titles() == ["Rahasia baru"]


async def test_a_lifted_embargo_shows_it_now_at_the_top(newsroom: Newsroom, clock: ManualClock) -> None:
    await newsroom.round(story(3, title="Biasa"), held(published_at=NOON - timedelta(days=2)))
    clock.advance(600)
    lifted = held(until=None, published_at=NOON - timedelta(days=2), title="Rahasia dibuka")
    assert await newsroom.round(lifted) == [AdmissionVerdict.NEW]
    assert await newsroom.titles() == ["Rahasia dibuka", "Biasa"]
    clock.advance(1)
    assert await newsroom.release() == [], "it is out already"
    assert await newsroom.store.held.count() == 0
    assert len(await newsroom.events()) == 2
    assert await newsroom.round(lifted) == [AdmissionVerdict.UNCHANGED]


async def test_lifted_and_the_worker_dies_before_it_is_admitted(
    newsroom: Newsroom, clock: ManualClock
) -> None:
    await newsroom.round(held())
    clock.advance(600)
    await EmbargoGate(newsroom.store.held).hold_embargoed([held(until=None)], clock())
    assert await newsroom.titles() == []
    clock.advance(1)
    await newsroom.release()
    assert await newsroom.titles() == ["Rahasia 1"]


async def test_of_a_known_article_the_old_revision_stays(newsroom: Newsroom, clock: ManualClock) -> None:
    await newsroom.round(story(1, title="Terbuka"))
    assert await newsroom.round(held()) == []
    assert await newsroom.titles() == ["Terbuka"]
    clock.now = END
    await newsroom.release()
    assert await newsroom.titles() == ["Rahasia 1"]
    (article,) = await stored(newsroom)
    assert (article.revision, article.published_at) == (2, NOON - timedelta(minutes=10))
    assert await newsroom.events() == [EventType.ARTICLE_CREATED, EventType.ARTICLE_UPDATED]


async def test_two_workers_release_once(newsroom: Newsroom, clock: ManualClock) -> None:
    await newsroom.round(*(held(number) for number in range(1, 9)))
    clock.now = END
    other = ReleaseStep(
        newsroom.store.held, Guarded(newsroom.store, clock), clock, marks=newsroom.store.marks
    )
    left, right = await asyncio.gather(newsroom.release(), newsroom.release(other))
    assert len(left) + len(right) == 8
    assert await newsroom.events() == [EventType.ARTICLE_CREATED] * 8
    assert await newsroom.store.held.count() == 0


async def test_a_crash_between_admitting_and_removing_changes_nothing(
    newsroom: Newsroom, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*words: object) -> bool:
        raise StoreUnavailable("gone")

    await newsroom.round(held())
    clock.now = END
    with monkeypatch.context() as during:
        during.setattr(newsroom.store.held, "settle", away)
        during.setattr(store_retry, "PATIENCE_S", 0.0)
        with pytest.raises(StoreUnavailable):
            await newsroom.release()
    assert await newsroom.titles() == ["Rahasia 1"]
    assert await newsroom.store.held.count() == 1
    assert await newsroom.next_due_at() == END + LEASE
    clock.now = END + LEASE
    assert await newsroom.release() == []
    assert await newsroom.store.held.count() == 0
    assert await newsroom.events() == [EventType.ARTICLE_CREATED]


async def test_a_crash_before_admitting_loses_nothing(newsroom: Newsroom, clock: ManualClock) -> None:
    await newsroom.round(held())
    clock.now = END
    await newsroom.step.take(10)
    clock.now = END + LEASE
    assert len(await newsroom.release()) == 1
    assert await newsroom.titles() == ["Rahasia 1"]


async def test_what_claims_to_be_held_for_ever_is_kept_back_and_not_stored(newsroom: Newsroom) -> None:
    await newsroom.round(held())
    assert await newsroom.round(held(until=NOON + LONGEST + timedelta(seconds=1))) == []
    assert await newsroom.store.held.count() == 0
    assert await newsroom.titles() == []


async def test_a_guid_that_its_document_shares_identifies_it_neither_then_nor_alone(
    newsroom: Newsroom, clock: ManualClock
) -> None:
    document = (story(1, guid="same", title="Satu"), held(2, guid="same"))
    assert await newsroom.round(*document) == [AdmissionVerdict.NEW]
    clock.now = END
    await newsroom.release()
    assert sorted(await newsroom.titles()) == ["Rahasia 2", "Satu"]
    assert await newsroom.round(*document) == [AdmissionVerdict.UNCHANGED] * 2


async def test_entries_of_one_page_wait_at_their_source(newsroom: Newsroom, clock: ManualClock) -> None:
    page = "https://kota.example/perubahan"
    document = (story(1, url=page, guid="a", title="Satu"), held(2, url=page, guid="b"))
    assert await newsroom.round(*document) == [AdmissionVerdict.NEW]
    assert await newsroom.store.held.count() == 0
    clock.now = END
    assert await newsroom.round(*document) == [AdmissionVerdict.UNCHANGED, AdmissionVerdict.NEW]
    assert sorted(await newsroom.titles()) == ["Rahasia 2", "Satu"]


async def test_an_embargo_that_was_over_when_it_was_first_seen(newsroom: Newsroom) -> None:
    ended = NOON - timedelta(minutes=20)
    assert await newsroom.round(held(until=ended, published_at=NOON - timedelta(days=1))) == [
        AdmissionVerdict.NEW
    ]
    (article,) = await stored(newsroom)
    assert article.published_at == ended


async def test_pages_that_are_held_are_read_again_each_hour(newsroom: Newsroom, clock: ManualClock) -> None:
    gate = EmbargoGate(newsroom.store.held)
    given = held(until=END + timedelta(hours=3))
    urls = [given.url, "https://kota.example/lain"]
    assert await gate.read_lately(CITY, urls, clock()) == frozenset()
    await newsroom.round(given)
    assert await gate.read_lately(CITY, urls, clock()) == {given.url}
    clock.advance(3600)
    assert await gate.read_lately(CITY, urls, clock()) == frozenset()
    await newsroom.round(replace(given, provenance=replace(given.provenance, fetched_at=clock())))
    assert await gate.read_lately(CITY, urls, clock()) == {given.url}


async def test_pages_of_young_articles_are_read_again_after_release(
    newsroom: Newsroom, clock: ManualClock
) -> None:
    step = ReleaseStep(
        newsroom.store.held, newsroom.admitter, clock, marks=newsroom.store.marks, rechecked=[CITY]
    )
    await newsroom.round(held())
    clock.now = END
    await newsroom.release(step)
    due = await newsroom.store.articles.due_for_recheck(CITY, END + timedelta(hours=1), 5)
    assert due == [ArticleId(identify([held()])[0].article_id)]
