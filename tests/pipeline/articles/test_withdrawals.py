"""Articles that are withdrawn: gone at once everywhere, told ahead of all else, and never back by themselves."""

import asyncio
import json
from typing import Any

from pipeline.conftest import OpenService
from pipeline.feeds.test_publisher import admit
from pipeline.stories.test_copies_and_stories import BY_ARTICLE, BY_STORY, FIRE, shown, telling, text
from pipeline.stories.test_copies_and_stories import admit as admit_told
from pipeline.webhooks.test_delivery import Partner, config, counts, deliver, partner
from support import NOON, ManualClock, candidate

from syndicator.model.article import WithdrawnBy
from syndicator.model.event import EventType
from syndicator.model.feed import Format, Per
from syndicator.model.ids import ArticleId, FeedId
from syndicator.model.ops.status import QueueCounts
from syndicator.observe.metrics import open_metrics
from syndicator.pipeline.articles.admission import Admitter
from syndicator.pipeline.articles.withdrawals import Withdrawer
from syndicator.pipeline.stories.coverage import count_coverage
from syndicator.rules.articles.admission import AdmissionVerdict
from syndicator.service import Service
from syndicator.store.store import Store

__all__ = ["partner"]

FEEDS = (
    '[feed.latest]\ntitle = "Terbaru"\n[feed.popular]\ntitle = "Terpopuler"\norder = "popular"\n'
    '[feed.sport]\ntitle = "Olahraga"\nper = "article"\nfilter = { section = ["olahraga"] }\n'
)
LATEST = FeedId("latest")


async def only_article(service: Service) -> ArticleId:
    (entry,) = (await service.publisher.snapshot(LATEST)).entries
    return entry.article.id


async def withdraw(service: Service, article: ArticleId, reason: str = "atas permintaan portal") -> None:
    assert await service.withdrawer.withdraw(article, WithdrawnBy.OPERATOR, reason)


def told(partner: Partner) -> list[dict[str, Any]]:
    return [json.loads(body) for _, body in partner.received]


async def test_it_leaves_every_feed_at_once(service_of: OpenService) -> None:
    async with service_of(FEEDS) as service:
        await admit(service, 1)
        article = await only_article(service)
        before = await service.store.feeds.versions([LATEST, FeedId("popular"), FeedId("sport")])
        body = (await service.publisher.rendition(LATEST, Format.ATOM)).body.decode()
        assert "Berita nomor 1" in body
        await withdraw(service, article)
        assert (await service.publisher.snapshot(LATEST)).entries == ()
        body = (await service.publisher.rendition(LATEST, Format.ATOM)).body.decode()
        assert "Berita nomor 1" not in body
        assert "deleted-entry" in body
        assert "atas permintaan portal" in body
        after = await service.store.feeds.versions([LATEST, FeedId("popular"), FeedId("sport")])
        raised = [feed for feed, version in after.items() if version.version > before[feed].version]
        assert raised == [LATEST, FeedId("popular")]
        assert await service.store.articles.get(article) is None
        assert await service.store.articles.count() == 0


async def test_no_identity_brings_it_back(service_of: OpenService, clock: ManualClock) -> None:
    async with service_of(FEEDS) as service:
        admitter = Admitter(service.store.articles, service.publisher.specs.values(), clock)
        (one,) = await admitter.admit([candidate(1, guid="g1")])
        await withdraw(service, one.article_id)
        clock.advance(3600)
        for again in (
            candidate(1),
            candidate(1, title="Judul baru", body_html="<p>Isi baru.</p>"),
            candidate(1, guid="g1", url="https://city.example/pindah/1"),
            candidate(1, source="lain"),
            candidate(1, guid="lain", url="https://city.example/pindah/1"),
        ):
            (admitted,) = await admitter.admit([again])
            assert (admitted.article_id, admitted.verdict) == (one.article_id, AdmissionVerdict.UNCHANGED)
        assert (await service.publisher.snapshot(LATEST)).entries == ()
        assert len(await service.store.outbox.after("", 10)) == 2


async def test_a_restored_article_stands_where_it_stood(service_of: OpenService, clock: ManualClock) -> None:
    async with service_of(FEEDS) as service:
        await admit(service, 1)
        await admit(service, 2)
        before = (await service.publisher.snapshot(LATEST)).entries
        article = before[-1].article
        clock.advance(600)
        await withdraw(service, article.id)
        clock.advance(600)
        restored = await service.withdrawer.restore(article.id)
        assert restored is not None
        after = (await service.publisher.snapshot(LATEST)).entries
        assert [entry.article.id for entry in after] == [entry.article.id for entry in before]
        found = await service.store.articles.get(article.id)
        assert found is not None
        assert (found.revision, found.title) == (3, article.title)
        assert found.body_html == f"<p>Isi {article.title.lower()}.</p>"
        assert found.published_at == article.published_at
        assert found.updated_at == found.restored_at == clock.now
        assert b"deleted-entry" not in (await service.publisher.rendition(LATEST, Format.ATOM)).body
        assert [one.event.type for one in await service.store.outbox.after("", 10)][2:] == [
            EventType.ARTICLE_WITHDRAWN,
            EventType.ARTICLE_RESTORED,
        ]
        # From then on it changes as ever.
        await admit(service, int(article.title[-1]), title="Judul baru")
        changed = await service.store.articles.get(article.id)
        assert changed is not None
        assert (changed.revision, changed.title) == (4, "Judul baru")


async def test_what_an_operator_restored_only_an_operator_withdraws(service_of: OpenService) -> None:
    async with service_of(FEEDS) as service:
        await admit(service, 1)
        article = await only_article(service)
        assert await service.withdrawer.withdraw(article, WithdrawnBy.PAGE, "404")
        assert await service.withdrawer.withdraw(article, WithdrawnBy.OPERATOR, "x") is None
        assert await service.withdrawer.restore(article)
        assert await service.withdrawer.restore(article) is None
        assert await service.withdrawer.withdraw(article, WithdrawnBy.PAGE, "404") is None
        await withdraw(service, article)
        events = [one.event for one in await service.store.outbox.after("", 10)]
        assert [event.revision for event in events] == [1, 2, 3, 4]
        assert len({event.id for event in events}) == 4


async def test_receiver_down_publish_kill_up_only_the_kill_arrives(partner: Partner) -> None:
    partner.statuses = [503, 503]
    async with partner.service_of(FEEDS + config(partner)) as service:
        await admit(service, 1)
        article = await only_article(service)
        await deliver(service)
        await admit(service, 1, title="Judul baru")
        await deliver(service)
        assert await counts(service) == QueueCounts(delayed=1)
        partner.received.clear()
        await withdraw(service, article)
        await deliver(service)
        partner.clock.advance(100_000)
        await deliver(service)
        assert await counts(service) == QueueCounts(delivered=1)
    (only,) = told(partner)
    assert only["type"] == "article.withdrawn"
    assert only["data"]["reason"] == "atas permintaan portal"
    assert only["data"]["revision"] == 3
    assert only["data"]["article"]["id"] == article
    assert "Judul baru" not in json.dumps(only)
    assert only["data"]["article"]["content_html"] is None


async def test_a_withdrawal_goes_ahead_of_what_waits(partner: Partner) -> None:
    async with partner.service_of(FEEDS + config(partner, more="max_in_flight = 1")) as service:
        await admit(service, 1)
        article = await only_article(service)
        await deliver(service)
        await admit(service, *range(2, 12))
        await service.deliver_step.event_fan_out.run()
        partner.clock.advance(5)
        await withdraw(service, article)
        partner.received.clear()
        await deliver(service)
    kinds = [event["type"] for event in told(partner)]
    assert kinds == ["article.withdrawn"] + ["article.created"] * 10


async def test_what_is_restored_before_it_was_told_is_told_as_restored(partner: Partner) -> None:
    partner.statuses = [503, 503]
    async with partner.service_of(FEEDS + config(partner)) as service:
        await admit(service, 1)
        article = await only_article(service)
        await deliver(service)
        await withdraw(service, article)
        await deliver(service)
        assert await service.withdrawer.restore(article)
        partner.received.clear()
        await deliver(service)
        partner.clock.advance(100_000)
        await deliver(service)
        assert (await counts(service)).delayed == 0
    (only,) = told(partner)
    assert (only["type"], only["data"]["article"]["title"]) == ("article.restored", "Berita nomor 1")


async def test_changes_that_race_with_a_withdrawal_never_undo_it(
    service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(FEEDS) as service:
        await admit(service, 1)
        article = await only_article(service)
        admitter = Admitter(service.store.articles, service.publisher.specs.values(), clock)
        await asyncio.gather(
            *(admitter.admit([candidate(1, title=f"Judul ke-{number}")]) for number in range(10)),
            withdraw(service, article),
            *(admitter.admit([candidate(1, title=f"Judul ke-{number}")]) for number in range(10, 20)),
        )
        assert await service.store.articles.get(article) is None
        assert (await service.publisher.snapshot(LATEST)).entries == ()
        events = [one.event for one in await service.store.outbox.after("", 50)]
        assert events[-1].type is EventType.ARTICLE_WITHDRAWN
        assert [event.revision for event in events] == list(range(1, len(events) + 1))


async def test_withdrawals_leave_by_retention_and_stay_known(
    service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(FEEDS) as service:
        await admit(service, 1)
        article = await only_article(service)
        await withdraw(service, article)
        clock.advance(91 * 86400)
        await admit(service, 1)
        (job,) = (await service.sweep_step.take(1)).jobs
        await job()
        assert await service.store.withdrawals.newest(0) == []
        assert await service.store.withdrawals.get(article) is None
        await admit(service, 1)
        assert (await service.publisher.snapshot(LATEST)).entries == ()
        assert clock.now > NOON


async def test_a_story_is_told_by_another_of_its_articles(store: Store, clock: ManualClock) -> None:
    specs = [BY_STORY, BY_ARTICLE]
    withdrawer = Withdrawer(store, specs, open_metrics(), clock, count_coverage)
    (original,) = await admit_told(store, clock, telling(1, "wire", FIRE, text(1)))
    clock.advance(60)
    await admit_told(store, clock, telling(2, "city", FIRE, text(1)))
    assert await shown(store, Per.STORY) == [("wire", ["city"])]
    before = await store.feeds.versions([BY_STORY.id])
    assert await withdrawer.withdraw(original, WithdrawnBy.OPERATOR, "x")
    # What was left out as its copy is now the only one that tells it.
    assert await shown(store, Per.STORY) == await shown(store, Per.ARTICLE) == [("city", [])]
    after = await store.feeds.versions([BY_STORY.id])
    assert after[BY_STORY.id].version > before[BY_STORY.id].version
    assert await withdrawer.restore(original)
    assert await shown(store, Per.STORY) == [("wire", ["city"])]
    assert await shown(store, Per.ARTICLE) == [("wire", [])]


async def test_a_copy_of_what_is_withdrawn_is_an_article_of_its_own(store: Store, clock: ManualClock) -> None:
    withdrawer = Withdrawer(store, [BY_STORY, BY_ARTICLE], open_metrics(), clock, count_coverage)
    (original,) = await admit_told(store, clock, telling(1, "wire", FIRE, text(1)))
    assert await withdrawer.withdraw(original, WithdrawnBy.OPERATOR, "x")
    clock.advance(60)
    await admit_told(store, clock, telling(2, "city", FIRE, text(1)))
    assert await shown(store, Per.STORY) == [("city", [])]
