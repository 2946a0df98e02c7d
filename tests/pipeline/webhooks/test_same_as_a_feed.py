"""What is pushed to an endpoint is what the feed shows that stands for it."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from pipeline.conftest import OpenService, routes_of
from pipeline.webhooks.test_delivery import deliver
from pipeline.webhooks.test_endpoints_api import Api, Receiver, headers_of, receiver
from support import ManualClock, candidate, grouping_admitter
from web.web_world import client_of

from syndicator.model.article import WithdrawnBy
from syndicator.model.clock import system_clock
from syndicator.model.ids import ArticleId
from syndicator.model.token import TokenScope
from syndicator.render.items import article_uri
from syndicator.service import Service
from syndicator.web.api.json_api import PublicApi
from syndicator.web.app import create_app
from syndicator.web.http.auth import Gate
from syndicator.web.http.options import WebOptions

__all__ = ["receiver"]

WORDS = [
    "banjir", "jalan", "pasar", "kereta", "sekolah", "taman", "pelabuhan", "hujan", "stasiun", "jembatan",
]  # fmt: skip
FILTERS: list[dict[str, Any]] = [
    {},
    {"section": ["Ekonomi"]},
    {"tag": ["jakarta", "banten"], "language": "id"},
    {"query": "banjir OR pasar"},
    {"section": "ekonomi", "query": "kereta"},
    {"source": ["idle"]},
]


@pytest.fixture
async def api(service_of: OpenService, clock: ManualClock) -> AsyncIterator[Api]:
    clock.now = system_clock()
    async with service_of("") as service:
        headers = await headers_of(service, "koran", TokenScope.PARTNER)
        shared = PublicApi(table=routes_of(service), gate=Gate(service.access, service.clock))
        app = create_app(service.queries, WebOptions(), any_filter_feeds=service.any_filter_feeds, api=shared)
        async with client_of(app) as client:
            yield Api(service, client, headers)


def told(number: int, text: str | None = None) -> Any:
    first, second = WORDS[number % 10], WORDS[(number * 7 + 3) % 10]
    return candidate(
        number,
        source="idle",
        title=f"Kabar {number} tentang {first} dan {second}",
        body_html=f"<p>{text or f'Warga nomor {number} menunggu {second} di {first} sejak pagi.'}</p>",
        section="Ekonomi" if number % 3 else "Olahraga",
        tags=("jakarta",) if number % 2 else ("bandung",),
        published_at=system_clock() - timedelta(minutes=number),
    )


async def admit(service: Service, *candidates: Any) -> list[ArticleId]:
    admitter = grouping_admitter(service.store, service.settings.feeds.values(), service.clock)
    return [one.article_id for one in await admitter.admit(candidates)]


def pushed(receiver: Receiver) -> set[str]:
    """Give the articles that stand after all that was received."""
    there: set[str] = set()
    for _, body in receiver.received:
        event = json.loads(body)
        if event["type"].startswith("article."):
            name = event["data"]["article"]["id"]
            (there.discard if event["type"] == "article.withdrawn" else there.add)(name)
    return there


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
async def test_what_is_pushed_is_what_the_feed_shows(
    api: Api, receiver: Receiver, clock: ManualClock, wanted: dict[str, Any]
) -> None:
    await admit(api.service, *(told(number) for number in range(100, 104)))
    await deliver(api.service)
    added = (await api.add(receiver, filter=wanted)).json["endpoint"]
    since = clock.advance(1)
    new = [told(number) for number in range(1, 25)]
    ids = await admit(api.service, *new)
    # The same text at another address is a copy, which neither tells.
    long = "<p>" + " ".join(f"{word} {number}" for number in range(9) for word in WORDS) + "</p>"
    await admit(api.service, candidate(50, source="idle", body_html=long, published_at=since))
    await admit(api.service, candidate(51, source="idle", body_html=long, published_at=since))
    await admit(api.service, told(2, "Diralat: banjir sudah surut."), told(6, "Tidak ada kereta lagi."))
    assert await api.service.withdrawer.withdraw(ids[4], WithdrawnBy.OPERATOR, "test")
    assert await api.service.withdrawer.withdraw(ids[7], WithdrawnBy.OPERATOR, "test")
    assert await api.service.withdrawer.restore(ids[7])
    await deliver(api.service)
    url = urlsplit(added["feed"])
    assert added["feed"].startswith(f"{api.service.settings.site.public_url}/articles.json?")
    shown = (await api.client.get(f"{url.path}?{url.query}")).json
    site = api.service.settings.site
    before = {article_uri(one, site) for one in await _ids_of(api.service, range(100, 104))}
    assert {one["id"] for one in shown["items"]} - before == {
        article_uri(ArticleId(name), site) for name in pushed(receiver)
    }
    assert pushed(receiver)


async def _ids_of(service: Service, numbers: range) -> list[ArticleId]:
    listed = (await service.store.articles.timeline(["all"], 99))[0]
    heads = await service.store.articles.get_many([one.article_id for one in listed], bodies=False)
    titles = tuple(f"Kabar {number} " for number in numbers)
    return [head.id for head in heads if head and head.title.startswith(titles)]


async def test_one_that_is_told_of_no_article_has_no_feed(api: Api, receiver: Receiver) -> None:
    assert (await api.add(receiver, events=["feed.updated"])).json["endpoint"]["feed"] is None


async def test_who_resumes_an_endpoint_is_offered_a_replay_of_what_fell_off(
    api: Api, receiver: Receiver, clock: ManualClock
) -> None:
    name = (await api.add(receiver, max_age="1h")).json["endpoint"]["id"]
    await api.ask("POST", f"/{name}/pause", {})
    await admit(api.service, *(told(number) for number in range(1, 4)))
    await deliver(api.service)
    clock.advance(3700)
    await admit(api.service, *(told(number) for number in range(4, 6)))
    await deliver(api.service)
    (swept,) = (await api.service.sweep_step.take(1)).jobs
    await swept()
    assert (await api.ask("GET", f"/{name}")).json["state"]["fell_off"] == 3
    resumed = (await api.ask("POST", f"/{name}/resume")).json
    offered = resumed["replay_offered"]
    assert offered["fell_off"] == 3
    body = json.dumps({"endpoint": name, "since": offered["since"]}).encode()
    assert (await api.client.send("POST", "/api/v1/replays", api.headers, body)).status == 201
    for _ in range(3):
        clock.advance(1.1)
        await deliver(api.service)
    assert len(pushed(receiver)) == 5
    assert (await api.ask("POST", f"/{name}/resume")).json["replay_offered"] is None
