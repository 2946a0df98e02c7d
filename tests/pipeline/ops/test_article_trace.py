"""One article from the request that found it to feeds and partners."""

import json

from msgspec.structs import replace
from pipeline.conftest import OpenService, Portal
from pipeline.feeds.test_publisher import admit
from pipeline.hub_world import open_hub
from pipeline.rounds.test_feed_round import config as feed_config
from pipeline.rounds.test_feed_round import gather, rss
from pipeline.stories.test_copies_and_stories import FIRE, telling, text
from pipeline.webhooks.test_delivery import Partner, config, deliver, partner
from pipeline.webhooks.test_endpoints_api import api_over, headers_of
from pipeline.websub.test_pushed_rounds import ask_hubs, feed, reachable
from support import ManualClock, candidate, grouping_admitter

from bench.stories import grouped
from syndicator.model.article import Candidate, WithdrawnBy
from syndicator.model.clock import system_clock
from syndicator.model.ids import ArticleId, FeedId
from syndicator.model.token import TokenScope
from syndicator.pipeline.articles.admission import Admitter
from syndicator.pipeline.ops.article_trace import ArticleTrace
from syndicator.service import Service

__all__ = ["partner"]  # a fixture

URL = "https://city.example/read/1/berita"
FEEDS = """
[feed.latest]
title = "Terbaru"
per = "article"
[feed.sport]
title = "Olahraga"
filter = { section = ["olahraga"] }
[feed.one]
title = "Satu"
size = 1
[feed.popular]
title = "Terpopuler"
order = "popular"
[feed.stories]
title = "Peristiwa"
per = "story"
"""


async def traced(service: Service, name: str = URL) -> ArticleTrace:
    found = await service.article_tracer.trace(name)
    assert found is not None
    return found


async def test_the_round_that_found_it_is_named(portal: Portal) -> None:
    portal.documents["/rss?kunci=rahasia"] = rss(1, 2)
    async with portal.service_of(feed_config(portal, "/rss?kunci=rahasia")) as service:
        await gather(service)
        found = await traced(service, "https://city.example/1")
        by = found.found_by
        assert (by.source, by.source_title, by.pushed, by.status) == ("city", "Kota", False, 200)
        assert by.requested_url == f"{portal.url}/rss?[hidden]", "as everywhere, without what may be a secret"
        assert by.round is not None
        assert (by.round.span, by.round.new) == ("round", 2)
        (new,) = found.admission
        assert (new.verdict, new.source, new.revision) == ("new", "city", 1)
        assert [(one.kind, one.value) for one in found.identities] == [
            ("link", "https://city.example/1"),
            ("guid", "g1"),
        ]
        portal.clock.advance(40 * 24 * 3600)
        assert (await traced(service, found.id)).found_by.round is None, "rounds are kept for 30 days"


async def test_a_push_of_its_hub_is_named(service_of: OpenService, portal: Portal) -> None:
    async with open_hub() as hub, reachable(service_of, portal) as service:
        portal.documents["/rss"] = feed(hub, portal, 1)
        await gather(service)
        await ask_hubs(service)
        await hub.verify()
        portal.clock.advance(10)
        await hub.push(rss(2, 1).encode())
        await gather(service)
        requested = await traced(service, "https://city.example/1")
        pushed = await traced(service, "https://city.example/2")
        assert [one.found_by.pushed for one in (requested, pushed)] == [False, True]
        assert pushed.found_by.round is not None
        assert pushed.found_by.round.new == 1


async def test_how_it_was_admitted_changed_and_carried(service_of: OpenService, clock: ManualClock) -> None:
    async with service_of("") as service:
        admitter = Admitter(service.store.articles, (), clock)
        for title in (None, "Diralat"):
            await admitter.admit([candidate(1, source="city", title=title)])
            clock.advance(60)
        idle = candidate(1, source="idle", url=candidate(1).url)
        await admitter.admit([idle])
        clock.advance(60)
        found = await traced(service)
        assert [(step.verdict, step.source, step.revision) for step in found.admission] == [
            ("new", "city", 1),
            ("changed", "city", 2),
            ("duplicate", "idle", None),
        ]
        assert found.admission[1].detail == "major: title"
        await service.withdrawer.withdraw(found.id, WithdrawnBy.OPERATOR, "atas permintaan")
        withdrawn = await traced(service)
        assert (withdrawn.standing, withdrawn.revision) == ("withdrawn", 3)
        assert withdrawn.admission[-1].detail == "operator: atas permintaan"
        assert [event.type for event in withdrawn.events] == [
            "article.created",
            "article.updated",
            "article.withdrawn",
        ]
        clock.advance(60)
        await service.withdrawer.restore(found.id)
        restored = await traced(service)
        assert restored.admission[-1].verdict == "restored"
        assert (await service.article_tracer.trace("https://city.example/read/99/berita")) is None


async def test_feeds_that_show_it_and_why_others_do_not(service_of: OpenService, clock: ManualClock) -> None:
    async with service_of(FEEDS) as service:
        await admit(service, 1)
        shown_at = clock()
        clock.advance(600)
        newer = candidate(2, published_at=clock())
        await Admitter(service.store.articles, service.specs, clock).admit([newer])
        found = {one.feed: one for one in (await traced(service)).feeds}
        latest = found[FeedId("latest")]
        assert (latest.shown, latest.since, latest.reason) == (True, shown_at, "")
        assert {name: one.reason for name, one in found.items() if not one.shown} == {
            "sport": "filter.section",
            "one": "size",
            "popular": "rank",
        }
        assert found[FeedId("sport")].why == (
            "Its filter.section takes olahraga, the article has Transportasi."
        )
        await admit(service, 1, section="Olahraga")
        moved = {one.feed: one for one in (await traced(service)).feeds}
        assert (moved[FeedId("sport")].shown, moved[FeedId("sport")].since) == (True, clock())
        assert moved[FeedId("latest")].since == shown_at
        await service.withdrawer.withdraw((await traced(service)).id, WithdrawnBy.OPERATOR, "atas permintaan")
        gone = (await traced(service)).feeds
        assert {one.reason for one in gone} == {"withdrawn"}


async def test_a_feed_shows_its_story_or_its_text_by_another_article(
    service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(FEEDS) as service:
        admitter = grouping_admitter(service.store, service.specs, clock)

        async def told(one: Candidate) -> ArticleId:
            (admitted,) = await admitter.admit([one])
            clock.advance(600)
            return admitted.article_id

        first = await told(telling(1, "wire", FIRE, text(1)))
        copy = await told(telling(2, "city", FIRE, text(1)))
        trace = await traced(service, copy)
        found = {one.feed: one for one in trace.feeds}
        assert (found[FeedId("latest")].shown, found[FeedId("latest")].reason) == (False, "copy")
        assert (found[FeedId("stories")].shown, found[FeedId("stories")].shown_as) == (True, first)
        assert trace.story.why == f"It is a copy of {first}: 100% of the shorter text is in the longer."


async def test_what_waits_for_its_story_is_not_shown_yet(partner: Partner) -> None:
    async with partner.service_of(FEEDS + config(partner)) as service:
        clock = partner.clock
        grouping = grouped.grouping_of(service.store, clock, service.specs)
        elsewhere = Admitter(
            service.store.articles, service.specs, clock, replace(grouping, assigner=AnotherProcess())
        )
        await elsewhere.admit([candidate(1)])
        found = await traced(service)
        assert (found.standing, found.events) == ("unassigned", ())
        assert {one.reason for one in found.feeds} == {"filter.section", "unassigned"}
        (endpoint,) = found.endpoints
        assert (endpoint.status, endpoint.reason) == ("not_announced", "unassigned")
        await service.assigner.assign()
        assert (await traced(service)).standing == "shown"


class AnotherProcess:
    """Stands for the process that has the right to assign, and has not come to it yet."""

    async def assign(self) -> None:
        """Leave what waits to that process."""


async def test_the_page_of_an_article_names_it(service_of: OpenService) -> None:
    async with service_of('[site]\npublic_url = "https://news.example/kabar"\n') as service:
        await admit(service, 1)
        found = await traced(service)
        again = await traced(service, f"https://news.example/kabar/articles/{found.id}")
        assert again == found


async def test_admins_ask_over_the_api(partner: Partner) -> None:
    partner.clock.now = system_clock()
    async with partner.service_of(config(partner)) as service, api_over(service) as api:
        await admit(service, 1)
        await deliver(service)
        name = (await traced(service)).id
        path = f"/api/v1/articles/{name}/trace"
        admin = await headers_of(service, "ops", TokenScope.ADMIN)
        answer = await api.client.send("GET", path, admin)
        (endpoint,) = answer.json["endpoints"]
        assert (endpoint["endpoint"], endpoint["status"], endpoint["reason"]) == ("a", "delivered", "204")
        assert json.loads(partner.received[0][1])["data"]["event_id"] == answer.json["events"][0]["id"]
        reader = await headers_of(service, "baca", TokenScope.READ)
        assert (await api.client.send("GET", path, reader)).status == 403
        assert (await api.client.send("GET", "/api/v1/articles/aaaaaaaaaaaaaaaa/trace", admin)).status == 404


async def test_a_merged_article_leads_to_the_one_that_it_is(
    service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of("") as service:
        admitter = Admitter(service.store.articles, (), clock)
        one = candidate(1, guid="a")
        other = replace(candidate(2, guid="b"), title=one.title)
        first, second = [(await admitter.admit([each]))[0].article_id for each in (one, other)]
        await admitter.admit([replace(one, guid="b")])
        assert (await traced(service, second)).id == first
