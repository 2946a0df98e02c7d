"""Articles that portals rename: known again, told once, with a log; over a real Redis."""

import asyncio
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace
from store.articles.test_admit import LATEST, admitter
from support import NOON, ManualClock, candidate

from syndicator.model.article import Candidate
from syndicator.model.feed import Window
from syndicator.model.ids import ArticleId, FeedId, SourceId
from syndicator.model.signal import Signal, SignalKind
from syndicator.pipeline.articles.admission import Admitted, Admitter, tally
from syndicator.rules.articles.admission import AdmissionVerdict
from syndicator.rules.identity.identity import identify, url_key
from syndicator.store.articles.identities import bucket_of
from syndicator.store.store import Store

ADDRESS = "https://city.example/read/{}/berita"


async def admit(store: Store, clock: ManualClock, *candidates: Candidate) -> list[Admitted]:
    clock.advance(60)
    return await admitter(store, clock).admit(candidates)


async def told(store: Store) -> int:
    return len(await store.outbox.after("", 100))


async def names(store: Store, article: ArticleId) -> list[tuple[str, str, str]]:
    return [(one.kind, one.value, one.known_by) for one in await store.articles.aliases(article)]


async def test_guids_that_change_make_no_new_articles_and_are_logged(
    store: Store, clock: ManualClock
) -> None:
    (first,) = await admit(store, clock, candidate(1, guid="a"))
    for guid in ("b", "c"):
        (again,) = await admit(store, clock, candidate(1, guid=guid))
        assert (again.verdict, again.article_id) == (AdmissionVerdict.UNCHANGED, first.article_id)
        assert again.recognised is not None
        assert again.recognised.guid_is_new
    assert await names(store, first.article_id) == [("guid", "b", "address"), ("guid", "c", "address")]
    # The old names go on to count, also where the address is new.
    (moved,) = await admit(store, clock, candidate(1, guid="b", url="https://city.example/baru"))
    assert moved.article_id == first.article_id
    assert await told(store) == 1


async def test_a_retitled_article_under_a_new_address_is_known_by_its_guid(
    store: Store, clock: ManualClock
) -> None:
    (first,) = await admit(store, clock, candidate(1, guid="g", url="https://city.example/banjir-surut"))
    url = "https://city.example/warga-pulang-ke-rumah"
    (again,) = await admit(store, clock, candidate(1, guid="g", url=url, title="Warga pulang ke rumah"))
    assert (again.verdict, again.article_id) == (AdmissionVerdict.CHANGED, first.article_id)
    assert await names(store, first.article_id) == [("link", url, "guid")]
    (by_link,) = await admit(store, clock, candidate(1, url=url, title="Warga pulang ke rumah"))
    assert (by_link.verdict, by_link.article_id) == (AdmissionVerdict.UNCHANGED, first.article_id)


async def test_a_guid_that_is_used_again_hides_no_article(store: Store, clock: ManualClock) -> None:
    (first,) = await admit(store, clock, candidate(1, guid="1", title="Banjir surut di utara"))
    later = NOON + timedelta(hours=1)
    other = candidate(2, guid="1", title="Harga emas naik", published_at=later, body_html="<p>Emas.</p>")
    (second,) = await admit(store, clock, other)
    assert (second.verdict, second.article_id != first.article_id) == (AdmissionVerdict.NEW, True)
    assert second.recognised is not None
    assert second.recognised.guid_is_anothers
    (again,) = await admit(store, clock, other)
    assert (again.verdict, again.article_id) == (AdmissionVerdict.UNCHANGED, second.article_id)
    assert await told(store) == 2


async def test_guids_that_are_places_in_the_list_never_mix_articles_up(
    store: Store, clock: ManualClock
) -> None:
    """The newest always has guid 1: each round moves all others down; there are no dates either."""
    ids: dict[str, str] = {}
    for round_ in range(1, 6):
        numbers = range(round_ + 3, round_, -1)
        batch = [
            replace(
                candidate(n, guid=str(place), title=f"Judul {'abcdefghij'[n]} saja", body_html=f"<p>{'klmnopqrst'[n]}</p>"),
                published_at=None, lead="",
            )
            for place, n in enumerate(numbers, 1)
        ]  # fmt: skip
        for one in await admit(store, clock, *batch[::-1]):
            assert ids.setdefault(one.candidate.url, one.article_id) == one.article_id
    assert len(set(ids.values())) == len(ids) == 7
    assert await told(store) == 7


async def test_two_articles_that_turn_out_to_be_one_become_the_older(
    store: Store, clock: ManualClock
) -> None:
    title = "Banjir di Jakarta surut setelah dua hari"
    (older,) = await admit(store, clock, candidate(1, guid="a", title=title))
    moved = candidate(9, guid="b", title=title, url="https://baru.example/x")
    (younger,) = await admit(store, clock, moved)
    assert younger.verdict is AdmissionVerdict.NEW
    assert await store.articles.count() == 2
    version = (await store.feeds.version(FeedId("latest"))).version
    clicks = Signal(article_id=younger.article_id, kind=SignalKind.CLICKS, at=clock(), count=3)
    await store.signals.add([clicks], clock())
    (one,) = await admit(store, clock, replace(moved, guid="a"))
    assert await store.signals.top(SignalKind.CLICKS, Window.DAY, 5) == [older.article_id]
    assert one.article_id == older.article_id
    assert await store.articles.count() == 1
    assert await store.articles.get(younger.article_id) is None
    assert await store.articles.led_by(younger.article_id) == older.article_id
    assert await names(store, older.article_id) == [
        ("article", f"{younger.article_id} ({title})", "guid and address")
    ]
    assert (await store.feeds.version(FeedId("latest"))).version > version
    assert await store.articles.carried_by(SourceId("city")) == [older.article_id]
    # Every name of either leads to the older, and nobody hears of it again.
    before = await told(store)
    for name in (replace(moved, url=""), moved, replace(moved, guid=None), candidate(1, title=title)):
        (again,) = await admit(store, clock, name)
        assert again.article_id == older.article_id
        assert again.verdict is not AdmissionVerdict.NEW
    assert await told(store) <= before + 1
    clock.advance(91 * 86400)
    await store.articles.sweep(clock(), timedelta(days=90), 100)
    assert await store.articles.led_by(younger.article_id) is None
    assert (await admit(store, clock, moved))[0].verdict is AdmissionVerdict.UNCHANGED


async def test_nobody_merges_another_sources_articles(store: Store, clock: ManualClock) -> None:
    """A source that gives its old article the address of another's must not take that one's place."""
    title = "Banjir di Jakarta surut"
    (bait,) = await admit(store, clock, candidate(1, source="evil", guid="g", title=title))
    (real,) = await admit(store, clock, candidate(2, source="city", title=title))
    (again,) = await admit(store, clock, candidate(2, source="evil", guid="g", title=title))
    assert again.verdict is AdmissionVerdict.DUPLICATE
    assert await store.articles.get(real.article_id) is not None
    assert await store.articles.get(bait.article_id) is not None


async def test_a_template_that_gives_all_pages_one_canonical_address(
    store: Store, clock: ManualClock
) -> None:
    template = "https://city.example/read/0/contoh"
    titles = ("Banjir surut", "Harga emas", "Laga usai")

    def page(number: int) -> Candidate:
        return replace(
            candidate(number, title=titles[number], body_html=f"<p>{titles[number]}.</p>"),
            canonical_url=template,
            lead="",
            published_at=NOON - timedelta(hours=number),
        )

    (first,) = await admit(store, clock, page(0))
    (second,) = await admit(store, clock, page(1))
    (third,) = await admit(store, clock, page(2))
    assert [one.verdict for one in (first, second, third)] == [AdmissionVerdict.NEW] * 3
    assert len({one.article_id for one in (first, second, third)}) == 3
    article = await store.articles.get(third.article_id)
    assert article is not None
    assert article.url == ADDRESS.format(2)
    assert third.recognised is not None
    assert third.recognised.name_is_anothers
    assert [one.verdict for one in await admit(store, clock, page(1), page(2))] == [
        AdmissionVerdict.UNCHANGED
    ] * 2


async def test_workers_that_race_over_renamed_articles_admit_each_once(
    store: Store, clock: ManualClock
) -> None:
    def batch(shift: int) -> list[Candidate]:
        found = [
            candidate(number, guid=f"{number}-{shift}", title=f"Berita {number} " * 3) for number in range(60)
        ]
        return found[shift * 7 :] + found[: shift * 7]

    rounds = await asyncio.gather(
        *(Admitter(store.articles, (LATEST,), clock).admit(batch(n)) for n in range(6))
    )
    assert sum(tally(one).new for one in rounds) == 60
    assert await store.articles.count() == 60
    assert len(await store.outbox.after("", 500)) == 60
    # Each keeps all its guids: none was lost in the race.
    for shift in range(6):
        alone = [replace(one, url="") for one in batch(shift)]
        assert tally(await Admitter(store.articles, (LATEST,), clock).admit(alone)).new == 0


async def test_what_is_listed_unchanged_writes_once_a_day(store: Store, clock: ManualClock) -> None:
    batch = [candidate(number, guid=f"g{number}") for number in range(40)]
    await admitter(store, clock).admit(batch)

    async def written() -> int:
        told = (await store.connection.call("INFO", "commandstats")).decode()
        calls = [line for line in told.splitlines() if line.startswith("cmdstat_zadd:")]
        return int(calls[0].split("calls=")[1].split(",")[0]) if calls else 0

    before = await written()
    for _ in range(5):
        clock.advance(3600)
        assert tally(await admitter(store, clock).admit(batch)).unchanged == 40
    assert await written() == before
    clock.advance(86400)
    await admitter(store, clock).admit(batch)
    assert await written() > before
    clock.advance(179.5 * 86400)
    assert await store.articles.identities.sweep(clock(), timedelta(days=180)) == 0


@pytest.mark.parametrize("published", [None, NOON])
async def test_a_guid_that_is_used_again_needs_no_date_to_be_found_out(
    store: Store, clock: ManualClock, published: datetime | None
) -> None:
    """Neither where none is given, nor where all have that of the day."""
    first = replace(candidate(1, guid="utama", title="Banjir surut di utara"), published_at=published)
    other = replace(
        candidate(2, guid="utama", title="Harga emas naik", body_html="<p>Emas.</p>"),
        published_at=published,
        lead="",
    )
    (one,) = await admit(store, clock, first)
    (two,) = await admit(store, clock, other)
    assert (two.verdict, two.article_id != one.article_id) == (AdmissionVerdict.NEW, True)


async def test_a_new_headline_under_a_new_address_is_known_by_the_text(
    store: Store, clock: ManualClock
) -> None:
    text = "<p>Warga pulang ke rumah masing-masing setelah air surut pada hari Kamis pagi.</p>"
    first = candidate(1, guid="g", url="https://city.example/banjir", title="Banjir surut", body_html=text)
    other = candidate(
        1, guid="g", url="https://city.example/pulang", title="Warga pulang", body_html=text + "<p>Lagi.</p>"
    )
    (one,) = await admit(store, clock, replace(first, published_at=None))
    (two,) = await admit(store, clock, replace(other, published_at=None))
    assert (two.verdict, two.article_id) == (AdmissionVerdict.CHANGED, one.article_id)


async def test_a_portal_that_moves_with_all_its_names(store: Store, clock: ManualClock) -> None:
    """Where there is no guid, or it is the address; and only for what has the same headline or instant."""
    first = candidate(1, url="https://kota.example/read/1-judul", title="Banjir surut di utara")
    (one,) = await admit(store, clock, first)
    (two,) = await admit(store, clock, replace(first, url="https://baru.example/read/1-judul"))
    assert (two.verdict, two.article_id) == (AdmissionVerdict.UNCHANGED, one.article_id)
    url = "https://baru.example/read/1-judul"
    assert await names(store, one.article_id) == [("link", url, "path")]
    other = candidate(
        1,
        url="https://olahraga.example/read/1-judul",
        title="Laga usai",
        published_at=NOON - timedelta(hours=3),
    )
    (three,) = await admit(store, clock, other)
    assert three.verdict is AdmissionVerdict.NEW
    (again,) = await admit(store, clock, other)
    assert (again.verdict, again.article_id) == (AdmissionVerdict.UNCHANGED, three.article_id)
    elsewhere = replace(first, url="https://lain.example/read/1-judul", source=SourceId("metro"))
    assert (await admit(store, clock, elsewhere))[0].verdict is AdmissionVerdict.NEW


async def test_an_article_known_by_the_former_form_of_its_address_alone_comes_once(
    store: Store, clock: ManualClock
) -> None:
    given = candidate(1, url="https://amp.kompas.com/nasional/read/2024/05/01/12000001/kota-banjir")
    (first,) = await admit(store, clock, given)
    key = url_key(given.url)
    others = [one for one in identify([given])[0].keys if one.startswith("s:")]
    keys = store.articles._keys
    gone = [("HDEL", keys.identities(bucket_of(one)), one) for one in (key, *others)]
    assert await store.connection.batch(gone) == [1, 1]
    (again,) = await admit(store, clock, given)
    assert (again.verdict, again.article_id) == (AdmissionVerdict.UNCHANGED, first.article_id)
    page = "https://nasional.kompas.com/read/2024/05/01/12000001/kota-banjir"
    (by_page,) = await admit(store, clock, candidate(1, url=page, source="other"))
    assert by_page.article_id == first.article_id
    assert await told(store) == 1
