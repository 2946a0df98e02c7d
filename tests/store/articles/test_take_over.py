"""An address that another source listed first is taken over by a source of its own domain; over a real Redis."""

import asyncio
from collections.abc import Sequence

import pytest
from msgspec.structs import replace
from pipeline.stories.test_assignment import stopping
from pipeline.stories.test_copies_and_stories import BY_ARTICLE, BY_STORY
from support import ManualClock, assigner_of, candidate, grouping_admitter

from syndicator.model.article import Article, Candidate
from syndicator.model.event import EventType
from syndicator.model.ids import ArticleId, SourceId
from syndicator.model.schedule import Every
from syndicator.model.source import Source, SourceKind
from syndicator.pipeline.articles.admission import Admitted, Admitter
from syndicator.pipeline.articles.explanation import explain
from syndicator.rules.articles.admission import AdmissionVerdict
from syndicator.rules.articles.configured_values import as_configured
from syndicator.rules.identity.identity import url_key
from syndicator.store.store import Store

SPECS = [BY_STORY, BY_ARTICLE]
URL = "https://www.bank.example/2026/11/bank-b-baik-baik-saja-123456"
FALSE, TRUE = "Bank B bangkrut", "Bank B baik-baik saja"
THIRD_PARTY, FIRST_PARTY, SECTION = "evil", "bank", "bank-economy"


def source(name: str) -> Source:
    url = "https://evil.example/rss" if name == THIRD_PARTY else f"https://rss.bank.example/{name}.xml"
    return Source(
        id=SourceId(name), title=name, kind=SourceKind.FEED, url=url, schedule=Every(interval_s=300)
    )


def told_by(name: str, title: str | None = None) -> Candidate:
    """What a source says of the one address."""
    title = title or (FALSE if name == THIRD_PARTY else TRUE)
    body = f"<p>{title}, kata {'orang' if title == FALSE else 'bank'} itu pada hari Senin.</p>"
    one = candidate(1, source=name, url=URL, guid=f"{name}-123456", title=title, body_html=body)
    return as_configured(source(name), one)


async def admit(admitter: Admitter, clock: ManualClock, *candidates: Candidate) -> list[Admitted]:
    clock.advance(60)
    return await admitter.admit(candidates)


async def only_article(store: Store) -> Article:
    listed, _ = await store.articles.timeline(["all"], 10)
    (article,) = await store.articles.get_many([one.article_id for one in listed])
    assert article is not None
    return article


async def listed_of(store: Store, name: str) -> list[ArticleId]:
    listed, _ = await store.articles.timeline([f"source:{name}"], 10)
    return [one.article_id for one in listed]


async def events(store: Store) -> list[EventType]:
    return [one.event.type for one in await store.outbox.after("", 100)]


async def assert_taken_over(store: Store, article: Article) -> None:
    assert (article.source, article.title, article.url) == (FIRST_PARTY, TRUE, URL)
    assert "kata bank" in article.body_html
    (note,) = [one for one in article.provenance.changes if one.field == "source"]
    assert note.received == THIRD_PARTY
    assert article.provenance.source == FIRST_PARTY
    assert await listed_of(store, FIRST_PARTY) == [article.id]
    assert await listed_of(store, THIRD_PARTY) == []
    carriers = [SourceId(THIRD_PARTY), SourceId(FIRST_PARTY)]
    assert set(await store.articles.carriers(article.id, carriers)) == set(carriers)


async def test_a_portal_takes_its_address_over_from_who_listed_it_first(
    store: Store, clock: ManualClock
) -> None:
    admitter = grouping_admitter(store, SPECS, clock)
    (first,) = await admit(admitter, clock, told_by(THIRD_PARTY))
    version = (await store.feeds.version(BY_ARTICLE.id)).version
    (own,) = await admit(admitter, clock, told_by(FIRST_PARTY))
    assert (own.verdict, own.article_id) == (AdmissionVerdict.CHANGED, first.article_id)
    article = await only_article(store)
    assert article.revision == 2
    await assert_taken_over(store, article)
    before = await store.articles.revision(article.id, 1)
    assert before is not None
    assert (before.source, before.title) == (THIRD_PARTY, FALSE)
    assert await events(store) == [EventType.ARTICLE_CREATED, EventType.ARTICLE_UPDATED]
    assert (await store.feeds.version(BY_ARTICLE.id)).version > version
    told = await explain(store, article.id, [SourceId(FIRST_PARTY), SourceId(THIRD_PARTY)])
    assert told is not None
    assert [source for source, _ in told.carried.items()] == [THIRD_PARTY, FIRST_PARTY]
    assert told.carried[SourceId(FIRST_PARTY)] > article.first_seen_at
    assert [(one.kind, one.value) for one in told.aliases] == [("guid", "bank-123456")]


async def test_nobody_takes_an_article_from_the_portal_or_a_second_time(
    store: Store, clock: ManualClock
) -> None:
    admitter = grouping_admitter(store, SPECS, clock)
    await admit(admitter, clock, told_by(THIRD_PARTY))
    await admit(admitter, clock, told_by(FIRST_PARTY))
    for later in (
        told_by(THIRD_PARTY),
        told_by(THIRD_PARTY, "Bank B bangkrut lagi"),
        told_by(SECTION, "Bank B sehat"),
    ):
        (again,) = await admit(admitter, clock, later)
        assert again.verdict is AdmissionVerdict.DUPLICATE
    article = await only_article(store)
    assert (article.revision, article.source, article.title) == (2, FIRST_PARTY, TRUE)
    assert len(await events(store)) == 2


async def test_an_aggregator_that_comes_later_is_only_a_carrier(store: Store, clock: ManualClock) -> None:
    admitter = grouping_admitter(store, SPECS, clock)
    await admit(admitter, clock, told_by(FIRST_PARTY))
    (second,) = await admit(admitter, clock, told_by(THIRD_PARTY))
    assert second.verdict is AdmissionVerdict.DUPLICATE
    article = await only_article(store)
    assert (article.revision, article.source) == (1, FIRST_PARTY)
    assert await events(store) == [EventType.ARTICLE_CREATED]


async def test_of_sources_of_no_own_domain_the_first_stays_the_owner(
    store: Store, clock: ManualClock
) -> None:
    admitter = grouping_admitter(store, SPECS, clock)
    await admit(admitter, clock, told_by(THIRD_PARTY))
    other = replace(source(THIRD_PARTY), id=SourceId("planet"), url="https://planet.example/rss")
    one = replace(told_by(THIRD_PARTY, "Lain"), source=other.id, guid="planet-1")
    (second,) = await admit(admitter, clock, as_configured(other, one))
    assert second.verdict is AdmissionVerdict.DUPLICATE
    assert (await only_article(store)).source == THIRD_PARTY


async def test_the_portal_takes_over_also_where_the_text_is_the_same(
    store: Store, clock: ManualClock
) -> None:
    admitter = grouping_admitter(store, SPECS, clock)
    await admit(admitter, clock, told_by(THIRD_PARTY, TRUE))
    await admit(admitter, clock, told_by(FIRST_PARTY))
    article = await only_article(store)
    assert article.revision == 2
    await assert_taken_over(store, article)


@pytest.mark.parametrize("title", [FALSE, TRUE])
async def test_the_portal_takes_over_what_nobody_has_seen_yet(
    store: Store, clock: ManualClock, title: str
) -> None:
    await admit(stopping(store, clock), clock, told_by(THIRD_PARTY, title))
    assert await store.articles.count() == 0
    await admit(stopping(store, clock), clock, told_by(FIRST_PARTY))
    assert await store.articles.count() == 0
    for later in (told_by(THIRD_PARTY, title), told_by(SECTION)):  # nor is it taken from the portal then
        (again,) = await admit(stopping(store, clock), clock, later)
        assert again.verdict is AdmissionVerdict.DUPLICATE
    await assigner_of(store, SPECS, clock).assign()
    article = await only_article(store)
    assert article.revision == 1
    await assert_taken_over(store, article)
    assert await events(store) == [EventType.ARTICLE_CREATED]


async def test_what_waited_too_long_is_shown_as_the_portals(store: Store, clock: ManualClock) -> None:
    """Though the entry of the queue that the other source made has the same text."""
    await admit(stopping(store, clock), clock, told_by(THIRD_PARTY, TRUE))
    await admit(stopping(store, clock), clock, told_by(FIRST_PARTY))
    await store.assignments.show_overdue(clock(), clock() - clock())
    await assert_taken_over(store, await only_article(store))


@pytest.mark.parametrize(
    "order",
    [[THIRD_PARTY, FIRST_PARTY], [FIRST_PARTY, THIRD_PARTY], [SECTION, THIRD_PARTY, FIRST_PARTY]],
)
@pytest.mark.parametrize("title", [FALSE, TRUE])
@pytest.mark.parametrize("is_known", [False, True])
async def test_in_the_same_moment_the_portal_gets_it_in_any_order(
    store: Store, clock: ManualClock, order: Sequence[str], title: str, *, is_known: bool
) -> None:
    if is_known:
        await admit(stopping(store, clock), clock, told_by(THIRD_PARTY, title))
    admitters = [grouping_admitter(store, SPECS, clock) for _ in order]
    said = [told_by(name, title if name == THIRD_PARTY else None) for name in order]
    await asyncio.gather(*(admitter.admit([one]) for admitter, one in zip(admitters, said, strict=True)))
    article = await only_article(store)
    assert article.source in {FIRST_PARTY, SECTION}
    assert article.title == TRUE
    taken = [one for one in await events(store) if one is EventType.ARTICLE_UPDATED]
    assert len(taken) == article.revision - 1 <= 1


async def test_an_address_on_a_list_of_its_portal_is_read_though_another_source_listed_it(
    store: Store, clock: ManualClock
) -> None:
    admitter = grouping_admitter(store, SPECS, clock)
    await admit(admitter, clock, told_by(THIRD_PARTY))
    keys, urls = [url_key(URL)], [URL]
    evil, bank = source(THIRD_PARTY), source(FIRST_PARTY)
    assert await store.articles.are_known(keys, urls, evil, clock()) == [True]
    for _ in range(2):  # until its page was read
        assert await store.articles.are_known(keys, urls, bank, clock()) == [False]
    await admit(admitter, clock, told_by(FIRST_PARTY))
    for listing in (bank, source(SECTION), evil):
        assert await store.articles.are_known(keys, urls, listing, clock()) == [True]
