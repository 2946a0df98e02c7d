"""Look up, judge, admit: over a real Redis."""

import asyncio
from collections.abc import Collection
from datetime import timedelta

import pytest
from msgspec.structs import replace
from support import NOON, ManualClock, candidate

from syndicator.model.article import Identity
from syndicator.model.clock import to_ms
from syndicator.model.event import EventType
from syndicator.model.feed import FeedSpec, Filter, Order, Window
from syndicator.model.ids import ArticleId, FeedId, SourceId
from syndicator.model.signal import SignalKind
from syndicator.pipeline.articles.admission import Admitter, tally
from syndicator.rules.articles.admission import Admission, AdmissionVerdict
from syndicator.rules.identity.identity import identify
from syndicator.store.popularity.portal_counters import CounterReading
from syndicator.store.store import Store

LATEST = FeedSpec(id=FeedId("latest"), title="Latest")
TRANSPORT = FeedSpec(id=FeedId("transport"), title="Transport", filter=Filter(section=("transportasi",)))
POPULAR = FeedSpec(id=FeedId("popular"), title="Popular", order=Order.POPULAR)


def admitter(store: Store, clock: ManualClock, specs: Collection[FeedSpec] = (LATEST,)) -> Admitter:
    return Admitter(store.articles, specs, clock, signals=store.signals)


async def test_a_new_article_is_stored_indexed_and_told(store: Store, clock: ManualClock) -> None:
    (admitted,) = await admitter(store, clock).admit([candidate(1, tags=("MRT", "Jalan"))])
    assert admitted.verdict is AdmissionVerdict.NEW
    article = await store.articles.get(admitted.article_id)
    assert article is not None
    assert article.title == "Berita nomor 1"
    assert article.body_html == "<p>Isi berita nomor 1.</p>"
    assert article.first_seen_at == NOON
    for facet in ("all", "source:city", "section:transportasi", "tag:mrt", "language:id"):
        listed, whole = await store.articles.timeline([facet], 10)
        assert [place.article_id for place in listed] == [article.id], facet
        assert whole
    (entry,) = await store.outbox.after("", 10)
    assert entry.event.type is EventType.ARTICLE_CREATED
    assert entry.event.article == article.id
    assert (await store.feeds.version(FeedId("latest"))).version == 1


async def test_what_is_known_and_unchanged_is_told_to_nobody(store: Store, clock: ManualClock) -> None:
    first = await admitter(store, clock).admit([candidate(1)])
    clock.advance(60)
    again = await admitter(store, clock).admit([candidate(1)])
    assert [one.verdict for one in (*first, *again)] == [AdmissionVerdict.NEW, AdmissionVerdict.UNCHANGED]
    assert len(await store.outbox.after("", 10)) == 1
    assert (await store.feeds.version(FeedId("latest"))).version == 1


async def test_tracking_parameters_make_no_new_article(store: Store, clock: ManualClock) -> None:
    url = "https://city.example/read/1/berita"
    await admitter(store, clock).admit([candidate(1, url=url)])
    (again,) = await admitter(store, clock).admit([candidate(1, url=f"{url}?utm_source=rss&fbclid=x#top")])
    assert again.verdict is AdmissionVerdict.UNCHANGED


async def test_a_changed_article_keeps_its_dates_and_its_earlier_revision(
    store: Store, clock: ManualClock
) -> None:
    (first,) = await admitter(store, clock).admit([candidate(1)])
    clock.advance(3600)
    (second,) = await admitter(store, clock).admit([candidate(1, title="Berita nomor 1 (lengkap)")])
    assert second.verdict is AdmissionVerdict.CHANGED
    assert second.article_id == first.article_id
    article = await store.articles.get(first.article_id)
    assert article is not None
    assert (article.revision, article.title) == (2, "Berita nomor 1 (lengkap)")
    assert article.published_at == NOON - timedelta(minutes=5)
    assert article.first_seen_at == NOON
    assert article.updated_at == clock.now
    before = await store.articles.revision(first.article_id, 1)
    assert before is not None
    assert (before.title, before.body_html) == ("Berita nomor 1", "<p>Isi berita nomor 1.</p>")
    created, updated = await store.outbox.after("", 10)
    assert (created.event.revision, updated.event.revision) == (1, 2)
    assert updated.event.type is EventType.ARTICLE_UPDATED
    assert created.event.id != updated.event.id


@pytest.mark.parametrize("body_is_gone", [False, True])
async def test_another_way_of_looking_announces_nothing(
    store: Store, clock: ManualClock, *, body_is_gone: bool
) -> None:
    (one,) = await admitter(store, clock).admit([candidate(1)])
    article = await store.articles.get(one.article_id)
    assert article is not None
    admission = Admission(
        verdict=AdmissionVerdict.NEW,
        article_id=article.id,
        carried_by=article.source,
        identity=Identity(keys=("u:other",), article_id=article.id, content_hash="old"),
        known=None,
        article=replace(article, content_hash="old"),
    )
    assert await store.articles.admit([admission], clock()) == [True]
    if body_is_gone:
        clock.advance(31 * 86400)
        assert await store.articles.sweep_bodies(clock(), timedelta(days=30), 100) == 1
    (again,) = await admitter(store, clock).admit([candidate(1)])
    assert again.verdict is AdmissionVerdict.UNCHANGED
    (found,) = await store.articles.lookup(identify([candidate(1)]), clock())
    known = found.articles[0]
    assert known is not None
    assert known.content_hash == article.content_hash
    (changed,) = await admitter(store, clock).admit([candidate(1, title="Baru")])
    assert changed.verdict is AdmissionVerdict.CHANGED


async def test_a_correction_is_told_in_place_of_an_update(store: Store, clock: ManualClock) -> None:
    (one,) = await admitter(store, clock).admit([candidate(1)])
    noted = candidate(1, body_html="<p>Isi berita nomor 7.</p><p>Ralat: nomornya semula keliru.</p>")
    await admitter(store, clock).admit([noted])
    assert [entry.event.type for entry in await store.outbox.after("", 10)] == [
        EventType.ARTICLE_CREATED,
        EventType.ARTICLE_CORRECTED,
    ]
    article = await store.articles.get(one.article_id)
    assert article is not None
    assert article.correction == "Ralat: nomornya semula keliru."
    assert article.revised is not None
    assert article.revised.figures_changed


async def test_the_newest_revisions_are_kept_and_leave_with_the_texts(
    store: Store, clock: ManualClock
) -> None:
    (one,) = await admitter(store, clock).admit([candidate(1)])
    for number in range(2, 10):
        await admitter(store, clock).admit([candidate(1, title=f"Judul ke-{number}")])
    kept = await store.articles.kept_revisions(one.article_id)
    assert [revision.revision for revision in kept] == [8, 7, 6, 5, 4]
    clock.advance(31 * 86400)
    assert await store.articles.sweep_bodies(clock(), timedelta(days=30), 100) == 1
    assert await store.articles.kept_revisions(one.article_id) == []
    newest = await store.articles.revision(one.article_id, 9)
    assert newest is not None
    assert newest.title == "Judul ke-9"


async def test_of_a_very_long_revision_the_text_is_not_kept(store: Store, clock: ManualClock) -> None:
    long = candidate(1, body_html="<p>" + "panjang " * 20_000 + "</p>")
    (one,) = await admitter(store, clock).admit([long])
    await admitter(store, clock).admit([replace(long, title="Lain")])
    (kept,) = await store.articles.kept_revisions(one.article_id)
    assert (kept.title, kept.body_html) == (long.title, "")
    newest = await store.articles.get(one.article_id)
    assert newest is not None
    assert newest.body_html == long.body_html


async def test_a_moved_section_leaves_one_feed_and_enters_another(store: Store, clock: ManualClock) -> None:
    specs = (LATEST, TRANSPORT, POPULAR)
    (one,) = await admitter(store, clock, specs).admit([candidate(1, section="Transportasi")])
    assert (await store.feeds.version(FeedId("transport"))).version == 1
    assert (await store.feeds.version(FeedId("popular"))).version == 0
    await admitter(store, clock, specs).admit([candidate(1, section="Olahraga")])
    assert (await store.feeds.version(FeedId("transport"))).version == 2
    assert (await store.feeds.version(FeedId("popular"))).version == 1
    assert (await store.articles.timeline(["section:transportasi"], 10))[0] == []
    listed, _ = await store.articles.timeline(["section:olahraga"], 10)
    assert [place.article_id for place in listed] == [one.article_id]


async def test_the_same_page_from_a_second_source_is_a_duplicate(store: Store, clock: ManualClock) -> None:
    (own,) = await admitter(store, clock).admit([candidate(1, source="city")])
    (other,) = await admitter(store, clock).admit([candidate(1, source="rss", guid="x", title="Lain")])
    assert other.verdict is AdmissionVerdict.DUPLICATE
    assert await store.articles.carried_by(SourceId("rss")) == [own.article_id]
    article = await store.articles.get(own.article_id)
    assert article is not None
    assert (article.title, article.revision) == ("Berita nomor 1", 1)
    # Its guid is an alias from now on, also where the URL is another one.
    (moved,) = await admitter(store, clock).admit(
        [candidate(1, source="rss", guid="x", url="https://city.example/new/1")]
    )
    assert (moved.article_id, moved.verdict) == (own.article_id, AdmissionVerdict.DUPLICATE)


async def test_twins_in_one_batch_are_one_article(store: Store, clock: ManualClock) -> None:
    admitted = await admitter(store, clock).admit([candidate(1), candidate(1)])
    assert [one.verdict for one in admitted] == [AdmissionVerdict.NEW, AdmissionVerdict.UNCHANGED]
    assert await store.articles.count() == 1


async def test_a_guid_that_many_entries_share_identifies_none(store: Store, clock: ManualClock) -> None:
    batch = [candidate(number, guid="same") for number in (1, 2, 3)]
    assert tally(await admitter(store, clock).admit(batch)).new == 3


async def test_workers_that_race_over_one_batch_admit_each_article_once(
    store: Store, clock: ManualClock
) -> None:
    batch = [candidate(number) for number in range(1, 121)]
    rounds = await asyncio.gather(
        *(admitter(store, clock).admit(batch[shift:] + batch[:shift]) for shift in (0, 7, 50, 119))
    )
    assert sum(tally(admitted).new for admitted in rounds) == 120
    assert await store.articles.count() == 120
    entries = await store.outbox.after("", 500)
    assert len({entry.event.id for entry in entries}) == len(entries) == 120


async def test_an_edit_that_races_with_itself_makes_one_revision(store: Store, clock: ManualClock) -> None:
    (one,) = await admitter(store, clock).admit([candidate(1)])
    changed = candidate(1, title="Baru")
    await asyncio.gather(*(admitter(store, clock).admit([changed]) for _ in range(8)))
    article = await store.articles.get(one.article_id)
    assert article is not None
    assert article.revision == 2
    assert len(await store.outbox.after("", 10)) == 2


async def test_a_swept_article_that_is_still_listed_never_comes_back(
    store: Store, clock: ManualClock
) -> None:
    one, _ = await admitter(store, clock).admit([candidate(1), candidate(2)])
    reading = CounterReading(article_id=one.article_id, source=SourceId("city"), count=9, published_at=NOON)
    await store.popularity.record([reading], clock())
    clock.advance(91 * 86400)
    gone = await store.articles.sweep(clock(), timedelta(days=90), 100)
    assert len(gone) == 2
    assert await store.articles.count() == 0
    assert await store.signals.top(SignalKind.VIEWS, Window.ALL, 10) == []
    (again,) = await admitter(store, clock).admit([candidate(1)])
    assert again.verdict is AdmissionVerdict.UNCHANGED
    assert await store.articles.get(again.article_id) is None
    assert await store.articles.count() == 0
    clock.advance(100 * 86400)
    # 1 was listed again 100 days ago, 2 has not been seen for 191.
    names = len(identify([candidate(2)])[0].keys)
    assert await store.articles.identities.sweep(clock(), timedelta(days=180)) == names
    assert (await admitter(store, clock).admit([candidate(2)]))[0].verdict is AdmissionVerdict.NEW


async def test_bodies_leave_before_their_articles(store: Store, clock: ManualClock) -> None:
    (one,) = await admitter(store, clock).admit([candidate(1)])
    clock.advance(31 * 86400)
    assert await store.articles.sweep_bodies(clock(), timedelta(days=30), 100) == 1
    assert await store.articles.sweep_bodies(clock(), timedelta(days=30), 100) == 0
    article = await store.articles.get(one.article_id)
    assert article is not None
    assert (article.title, article.body_html) == ("Berita nomor 1", "")


async def test_bodies_of_many_articles_of_one_moment_are_each_swept_once(
    store: Store, clock: ManualClock
) -> None:
    keys, redis = store.articles._keys, store.connection
    ids = [ArticleId(f"a{number:04d}") for number in range(25)]
    await redis.batch([("ZADD", keys.admitted(), to_ms(NOON), one) for one in ids])
    await redis.batch([("HSET", keys.article(one), "text", "x") for one in ids])
    clock.advance(31 * 86400)
    keep = timedelta(days=30)
    assert [await store.articles.sweep_bodies(clock(), keep, 10) for _ in range(4)] == [10, 10, 5, 0]
    assert await redis.call("EXISTS", *(keys.article(one) for one in ids)) == 0
    later = [ArticleId(f"b{number}") for number in range(3)]
    await redis.batch([("ZADD", keys.admitted(), to_ms(NOON) + 1, one) for one in later])
    await redis.call("ZREM", keys.admitted(), ids[-1])  # the last that was swept leaves
    while await store.articles.sweep_bodies(clock(), keep, 10) == 10:
        assert len(ids) == 25
    assert await store.articles.sweep_bodies(clock(), keep, 10) == 0


@pytest.mark.parametrize("depth", [3, 7, 40])
async def test_merged_timelines_hide_nothing(store: Store, clock: ManualClock, depth: int) -> None:
    batch = [
        candidate(number, section=f"S{number % 3}", published_at=NOON - timedelta(minutes=number))
        for number in range(1, 31)
    ]
    await admitter(store, clock).admit(batch, backfill=True)
    everything, _ = await store.articles.timeline(["all"], 100)
    merged, _ = await store.articles.timeline(["section:s0", "section:s1", "section:s2"], depth)
    assert merged == everything[: len(merged)]
    assert len(merged) >= min(depth, 30)
