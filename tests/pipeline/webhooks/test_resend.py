"""Deliveries that somebody looks at, and wants again: over the API, with a real receiver."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from pipeline.conftest import OpenService
from pipeline.feeds.test_publisher import admit
from pipeline.webhooks.test_delivery import deliver
from pipeline.webhooks.test_endpoints_api import Api, Receiver, api_over, receiver
from standardwebhooks import Webhook
from support import ManualClock

from syndicator.model.article import WithdrawnBy
from syndicator.model.clock import system_clock
from syndicator.model.ids import ArticleId

__all__ = ["receiver"]


@pytest.fixture
async def api(service_of: OpenService, clock: ManualClock) -> AsyncIterator[Api]:
    clock.now = system_clock()
    async with service_of("") as service, api_over(service) as opened:
        yield opened


async def get(api: Api, path: str) -> Any:
    answer = await api.client.get(f"/api/v1/{path}", api.headers)
    return answer.json if answer.status == 200 else answer.status


async def resend(api: Api, name: str, event: str) -> Any:
    return await api.ask("POST", f"/{name}/deliveries/{event}/resend")


async def test_what_was_delivered_is_sent_again_under_its_id(api: Api, receiver: Receiver) -> None:
    added = (await api.add(receiver)).json
    name = added["endpoint"]["id"]
    await admit(api.service, 1)
    await deliver(api.service)
    event = receiver.received[-1][0]["webhook-id"]
    assert (await resend(api, name, event)).json["queued"] == 1
    (waiting,) = (await get(api, "deliveries"))["items"]
    assert (waiting["event"], waiting["status"], waiting["replay"]) == (event, "ready", "resend")
    await deliver(api.service)
    (first, first_body), (again, again_body) = receiver.received[1:]
    assert first["webhook-id"] == again["webhook-id"] == event
    assert "webhook-replay" not in first
    assert again["webhook-replay"] == "resend"
    told = Webhook(added["secret"]).verify(again_body, again)
    assert told == {**json.loads(first_body), "replay": "resend"}
    assert (await get(api, "deliveries"))["items"] == []


async def test_a_dead_one_has_all_its_attempts_again_however_old_it_is(
    api: Api, receiver: Receiver, clock: ManualClock
) -> None:
    more = {"retry": {"delays": ["5s"], "jitter": 0}, "max_age": "1h"}
    name = (await api.add(receiver, **more)).json["endpoint"]["id"]
    receiver.status = 500
    await admit(api.service, 1)
    await deliver(api.service)
    clock.advance(10)
    await deliver(api.service)
    (dead,) = (await get(api, "deliveries?status=dead"))["items"]
    assert dead["reason"] == "exhausted:http_500"
    clock.advance(timedelta(days=2).total_seconds())
    assert (await resend(api, name, dead["event"])).status == 200
    assert (await get(api, "deliveries?status=dead"))["items"] == []
    await deliver(api.service)
    (waiting,) = (await get(api, "deliveries"))["items"]
    assert (waiting["status"], waiting["attempts"], waiting["replay"]) == ("delayed", 1, "resend")
    receiver.status = 200
    clock.advance(10)
    await deliver(api.service)
    assert receiver.received[-1][0]["webhook-replay"] == "resend"
    shown = await get(api, f"endpoints/{name}/deliveries/{dead['event']}")
    assert shown["delivery"]["status"] == "delivered"
    assert [one["result"] for one in shown["attempts"]] == ["delivered", "retry", "dead", "retry"]


async def test_one_that_waits_goes_now_and_one_that_is_on_its_way_is_left(
    api: Api, receiver: Receiver, clock: ManualClock
) -> None:
    name = (await api.add(receiver)).json["endpoint"]["id"]
    receiver.status = 500
    await admit(api.service, 1)
    await deliver(api.service)
    (waiting,) = (await get(api, "deliveries?status=delayed"))["items"]
    (leased,) = (await _claimed(api, clock.advance(60))).leased
    assert (await resend(api, name, waiting["event"])).status == 409
    await api.service.store.deliveries.release(leased, clock())
    receiver.status = 200
    assert (await resend(api, name, waiting["event"])).status == 200
    await deliver(api.service)
    assert (await get(api, f"deliveries?status=delivered&event={waiting['event']}"))["items"]


async def _claimed(api: Api, now: Any) -> Any:
    return await api.service.store.deliveries.claim(now, timedelta(seconds=15), 5)


async def test_only_what_is_theirs_and_still_there_is_sent_again(api: Api, receiver: Receiver) -> None:
    name = (await api.add(receiver, events=["article.created"])).json["endpoint"]["id"]
    await admit(api.service, 1)
    await deliver(api.service)
    headers, body = receiver.received[-1]
    event = headers["webhook-id"]
    other = await api.other("lain")
    theirs = (await other.add(receiver, filter={"section": "olahraga"})).json["endpoint"]["id"]
    assert (await resend(other, name, event)).status == 404
    assert (await resend(other, theirs, event)).status == 409
    assert (await resend(api, name, "evt_unknown")).status == 409
    await api.ask("POST", f"/{name}/pause", {})
    assert (await resend(api, name, event)).status == 409
    await api.ask("POST", f"/{name}/resume")
    article = ArticleId(json.loads(body)["data"]["article"]["id"])
    assert await api.service.withdrawer.withdraw(article, WithdrawnBy.OPERATOR, "test")
    refused = await resend(api, name, event)
    assert (refused.status, "withdrawn" in refused.json["detail"]) == (409, True)


async def test_deliveries_are_found_by_event_article_status_and_time(
    api: Api, receiver: Receiver, clock: ManualClock
) -> None:
    name = (await api.add(receiver)).json["endpoint"]["id"]
    await admit(api.service, 1, 2)
    await deliver(api.service)
    clock.advance(3600)
    receiver.status = 500
    await admit(api.service, 3, 4, 5)
    await deliver(api.service)
    delivered = (await get(api, "deliveries?status=delivered"))["items"]
    assert [one["reason"] for one in delivered] == ["200", "200"]
    first = await get(api, "deliveries?status=delivered&limit=1")
    second = await get(api, f"deliveries?status=delivered&limit=1&cursor={first['next']}")
    assert [*first["items"], *second["items"]] == delivered
    assert second["next"] is None
    waiting = (await get(api, "deliveries"))["items"]
    assert len(waiting) == 3
    one = waiting[0]
    for asked in (
        f"event={one['event']}",
        f"article={one['article']}",
        f"endpoint={name}&event={one['event']}",
    ):
        assert (await get(api, f"deliveries?{asked}"))["items"] == [one]
    (found,) = (await get(api, f"deliveries?status=delivered&article={delivered[1]['article']}"))["items"]
    assert found == delivered[1]
    between = (clock() - timedelta(minutes=30)).isoformat().replace("+00:00", "Z")
    assert (await get(api, f"deliveries?until={between}"))["items"] == []
    assert (await get(api, f"deliveries?since={between}"))["items"] == waiting
    assert (await get(api, f"deliveries?status=delivered&since={between}"))["items"] == []
    assert await get(api, f"endpoints/{name}/deliveries/evt_x") == 404
    other = await api.other("lain")
    assert await get(other, f"endpoints/{name}/deliveries/{one['event']}") == 404
    for wrong in ("status=eaten", "since=soon", "status=delivered&cursor=x", "status=delivered&cursor=a:0-0"):
        assert await get(api, f"deliveries?{wrong}") == 400
    assert await get(api, f"endpoints/{name}/attempts?cursor=0-0") == 400
    long_ago = "1066-10-14T09:00:00Z"
    assert len((await get(api, f"endpoints/{name}/attempts?since={long_ago}"))["items"]) == 5
    assert (await get(api, f"endpoints/{name}/attempts?until={long_ago}"))["items"] == []


async def test_asking_to_resend_is_bounded(api: Api, receiver: Receiver) -> None:
    name = (await api.add(receiver)).json["endpoint"]["id"]
    await admit(api.service, 1)
    await deliver(api.service)
    event = receiver.received[-1][0]["webhook-id"]
    statuses = await asyncio.gather(*(resend(api, name, event) for _ in range(12)))
    assert sorted(one.status for one in statuses) == [200] * 10 + [429] * 2
