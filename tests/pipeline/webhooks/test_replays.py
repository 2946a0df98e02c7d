"""Replays: what happened before, sent once more, at a pace, whoever is stopped; with a real receiver."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from pipeline.conftest import OpenService
from pipeline.feeds.test_publisher import admit
from pipeline.webhooks.test_delivery import deliver
from pipeline.webhooks.test_endpoints_api import Api, Receiver, api_over, receiver
from pipeline.webhooks.test_resend import get
from standardwebhooks import Webhook
from support import ManualClock

from syndicator.model.article import WithdrawnBy
from syndicator.model.clock import system_clock
from syndicator.model.ids import ArticleId
from syndicator.model.token import TokenScope
from syndicator.service import Service
from syndicator.store.webhooks.replays import KEPT_REPLAYS

__all__ = ["receiver"]


@pytest.fixture
async def api(service_of: OpenService, clock: ManualClock) -> AsyncIterator[Api]:
    clock.now = system_clock() - timedelta(minutes=5)
    async with service_of("") as service, api_over(service) as opened:
        yield opened


async def replay(api: Api, name: str, **wanted: Any) -> Any:
    body = json.dumps({"endpoint": name} | wanted).encode()
    return await api.client.send("POST", "/api/v1/replays", api.headers, body)


async def shown(api: Api, name: str) -> Any:
    return await get(api, f"replays/{name}")


async def go_on(service: Service, clock: ManualClock, seconds: int = 1) -> None:
    for _ in range(seconds):
        clock.advance(1.1)
        await deliver(service)


def text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def ids(receiver: Receiver) -> list[str]:
    return [headers["webhook-id"] for headers, _ in receiver.received if "webhook-replay" not in headers]


def again(receiver: Receiver) -> list[str]:
    return [headers["webhook-id"] for headers, _ in receiver.received if "webhook-replay" in headers]


async def test_what_happened_since_a_time_is_sent_again_marked_and_at_a_pace(
    api: Api, receiver: Receiver, clock: ManualClock
) -> None:
    added = (await api.add(receiver)).json
    name = added["endpoint"]["id"]
    await admit(api.service, 1)
    await deliver(api.service)
    since = clock.advance(60)
    await admit(api.service, *range(2, 9))
    await deliver(api.service)
    begun = (await replay(api, name, since=text(since), per_s=3)).json
    assert (begun["status"], begun["queued"], begun["per_s"]) == ("running", 0, 3)
    assert again(receiver) == []
    counts = []
    for _ in range(5):
        await go_on(api.service, clock)
        counts.append((await shown(api, begun["id"]))["queued"])
    assert counts == [3, 6, 7, 7, 7]
    told = await shown(api, begun["id"])
    assert (told["status"], told["progress"], told["ended_at"] is not None) == ("done", 1.0, True)
    assert sorted(again(receiver)) == sorted(ids(receiver)[2:]), "all but the challenge and the first"
    headers, body = receiver.received[-1]
    assert headers["webhook-replay"] == begun["id"]
    clock.now = system_clock()
    assert Webhook(added["secret"]).verify(body, headers)["replay"] == begun["id"]
    assert (await get(api, "replays"))["items"] == [told]


async def test_it_goes_on_after_another_process_took_over_and_nothing_is_twice(
    service_of: OpenService, receiver: Receiver, clock: ManualClock
) -> None:
    clock.now = system_clock() - timedelta(minutes=5)
    async with service_of("") as service, api_over(service) as api:
        name = (await api.add(receiver)).json["endpoint"]["id"]
        await admit(service, *range(1, 6))
        await deliver(service)
        begun = (await replay(api, name, events=["article.*"], per_s=2)).json["id"]
        await go_on(service, clock)
        assert len(again(receiver)) == 1, "the second is due half a second later"
    async with service_of("") as one, service_of("") as other, api_over(one, api.headers) as api:
        for _ in range(4):
            clock.advance(1.1)
            await asyncio.gather(deliver(one), deliver(other))
        told = await shown(api, begun)
        assert (told["status"], told["queued"]) == ("done", 5)
    assert sorted(again(receiver)) == sorted(ids(receiver)[1:])


async def test_since_an_event_and_by_filter_and_only_so_many(
    api: Api, receiver: Receiver, clock: ManualClock
) -> None:
    name = (await api.add(receiver)).json["endpoint"]["id"]
    for number in range(1, 6):
        await admit(api.service, number, section="Olahraga" if number == 4 else "Transportasi")
        await deliver(api.service)
    events = ids(receiver)[1:]
    begun = (await replay(api, name, since_event=events[2])).json
    await go_on(api.service, clock, 2)
    assert again(receiver) == events[3:]
    assert (await replay(api, name, filter={"section": "olahraga"})).status == 201
    await go_on(api.service, clock, 2)
    assert again(receiver) == [*events[3:], events[3]]
    assert (await replay(api, name, since="0001-01-01T00:00:00Z", limit=2)).status == 201
    await go_on(api.service, clock, 2)
    assert again(receiver)[3:] == events[:2]
    assert [one["queued"] for one in (await get(api, "replays"))["items"]] == [2, 1, 2]
    first = await get(api, "replays?limit=1")
    rest = await get(api, f"replays?cursor={first['next']}")
    assert rest["items"][-1]["id"] == begun["id"]


async def test_of_each_article_the_newest_event_is_sent_and_nothing_of_what_is_gone(
    api: Api, receiver: Receiver, clock: ManualClock
) -> None:
    name = (await api.add(receiver)).json["endpoint"]["id"]
    created = (await api.add(receiver, events=["article.created"])).json["endpoint"]["id"]
    await admit(api.service, 1, 2, 3)
    await deliver(api.service)
    clock.advance(10)
    await admit(api.service, 1, title="Diralat seluruhnya")
    (second,) = [
        place.article_id
        for place in (await api.service.store.articles.timeline(["all"], 9))[0]
        if (await api.service.store.articles.get(place.article_id)).title.endswith("2")  # type: ignore[union-attr]
    ]
    assert await api.service.withdrawer.withdraw(ArticleId(second), WithdrawnBy.OPERATOR, "test")
    await deliver(api.service)
    receiver.received.clear()
    begun = (await replay(api, name, since=text(clock.now - timedelta(hours=1)))).json["id"]
    await go_on(api.service, clock, 2)
    told = {json.loads(body)["data"]["article"]["id"]: json.loads(body) for _, body in receiver.received}
    assert sorted(one["type"] for one in told.values()) == [
        "article.created", "article.updated", "article.withdrawn",
    ]  # fmt: skip
    assert len(receiver.received) == 3
    assert told[second]["type"] == "article.withdrawn"
    assert told[second]["data"]["article"]["title"] == ""
    (one, other) = (await shown(api, begun), (await replay(api, created, events=["article.*"])).json)
    assert (one["queued"], one["superseded"], one["gone"]) == (3, 2, 0)
    await go_on(api.service, clock, 2)
    other = await shown(api, other["id"])
    assert (other["queued"], other["superseded"], other["gone"]) == (2, 0, 1)


async def test_one_that_is_cancelled_ends_and_one_that_rests_is_waited_for(
    api: Api, receiver: Receiver, clock: ManualClock
) -> None:
    name = (await api.add(receiver)).json["endpoint"]["id"]
    await admit(api.service, *range(1, 9))
    await deliver(api.service)
    wanted = {"since": text(clock.now - timedelta(hours=1)), "per_s": 1}
    begun = (await replay(api, name, **wanted)).json["id"]
    await go_on(api.service, clock, 2)
    await api.ask("POST", f"/{name}/pause", {})
    clock.advance(10)
    await go_on(api.service, clock, 2)
    told = await shown(api, begun)
    assert (told["status"], told["queued"], told["reason"]) == ("running", 2, "the endpoint is paused")
    await api.ask("POST", f"/{name}/resume")
    clock.advance(10)
    await go_on(api.service, clock)
    told = await shown(api, begun)
    assert (told["queued"], told["reason"]) == (3, None)
    path = f"/api/v1/replays/{begun}"
    ended = (await api.client.send("DELETE", path, api.headers)).json
    assert (ended["status"], ended["reason"]) == ("cancelled", "by its owner")
    await go_on(api.service, clock, 3)
    assert len(again(receiver)) == 3
    assert (await api.client.send("DELETE", path, api.headers)).json == ended
    begun = (await replay(api, name, **wanted)).json["id"]
    await api.ask("DELETE", f"/{name}")
    await go_on(api.service, clock)
    admin = await api.other("admin", TokenScope.ADMIN)
    assert (await shown(admin, begun))["reason"] == "the endpoint was removed"


async def test_news_does_not_stand_behind_a_replay(
    api: Api, receiver: Receiver, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syndicator.pipeline.webhooks.replay_worker.MOST_WAITING", 4)
    name = (await api.add(receiver)).json["endpoint"]["id"]
    await admit(api.service, *range(1, 13))
    await deliver(api.service)
    receiver.status = 500
    begun = (await replay(api, name, since=text(clock.now - timedelta(hours=1)), per_s=5)).json["id"]
    await go_on(api.service, clock, 4)
    told = await shown(api, begun)
    assert (told["queued"], told["reason"]) == (5, "much waits for the endpoint")


async def test_replays_are_bounded_private_and_clear_about_faults(
    api: Api, receiver: Receiver, clock: ManualClock
) -> None:
    name = (await api.add(receiver)).json["endpoint"]["id"]
    since = text(clock.now)
    wrong: list[tuple[dict[str, Any], int, str]] = [
        ({}, 409, "since when"),
        ({"since": since, "since_event": "evt_x"}, 409, "not both"),
        ({"since_event": "evt_x"}, 409, "not kept any more"),
        ({"events": ["article.eaten"]}, 409, "article.eaten"),
        ({"events": ["feed.updated"]}, 409, "none of these"),
        ({"since": "2026-11-05T00:00:00"}, 400, "since"),
        ({"since": since, "per_s": 1000}, 400, "per_s"),
        ({"since": since, "limit": 0}, 400, "limit"),
        ({"filter": {"colour": "red"}}, 400, "colour"),
        ({"filter": {"language": "!"}}, 400, "filter.language"),
        ({"x": 1}, 400, "x"),
    ]
    for values, status, word in wrong:
        clock.advance(10)
        answer = await replay(api, name, **values)
        assert (answer.status, word in answer.json["detail"]) == (status, True), (values, answer.text)
    clock.advance(600)
    statuses = [(await replay(api, name, since=since)).status for _ in range(6)]
    assert statuses == [201] * 5 + [409]
    other = await api.other("lain")
    assert (await replay(other, name, since=since)).status == 404
    one = (await get(api, "replays"))["items"][0]["id"]
    assert await get(other, f"replays/{one}") == 404
    assert (await get(other, "replays"))["items"] == []
    assert (await other.client.send("DELETE", f"/api/v1/replays/{one}", other.headers)).status == 404
    assert await get(api, "replays?cursor=x") == 400
    await go_on(api.service, clock)
    assert {found["status"] for found in (await get(api, "replays"))["items"]} == {"done"}
    assert await api.service.store.replays.sweep(clock() + KEPT_REPLAYS) == 5
    keys = api.service.store.replays._keys
    for key in (keys.replays(), keys.replays_steps(), keys.replays_due()):
        assert await api.service.store.connection.call("EXISTS", key) == 0
