"""Endpoints that partners add over the API, with a real receiver and the published verifier."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pipeline.conftest import OpenService, routes_of
from pipeline.feeds.test_publisher import admit
from pipeline.webhooks.test_delivery import deliver
from standardwebhooks import Webhook
from support import ManualClock
from web.web_world import Answer, Client, client_of

from syndicator.model.clock import system_clock
from syndicator.model.ids import EndpointId, EventId, TokenId
from syndicator.model.token import Token, TokenScope
from syndicator.pipeline.ops.api_tokens import new_token
from syndicator.pipeline.webhooks.endpoint_views import OPERATOR
from syndicator.service import Service
from syndicator.web.api.json_api import PublicApi
from syndicator.web.app import create_app
from syndicator.web.http.auth import Gate
from syndicator.web.http.options import WebOptions

PATH = "/api/v1/endpoints"


class Receiver:
    """A partner's site: gives challenges back where it is told to, and keeps what it gets."""

    def __init__(self) -> None:
        self.gives_back = True
        self.status = 200
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.url = ""

    async def hook(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.received.append(({name.lower(): value for name, value in request.headers.items()}, body))
        data = json.loads(body)["data"]
        told = {"challenge": data["challenge"]} if "challenge" in data and self.gives_back else {}
        return web.json_response(told, status=self.status)

    @property
    def types(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.received]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    played = Receiver()
    app = web.Application()
    app.router.add_post("/hook", played.hook)
    async with TestServer(app) as server:
        played.url = str(server.make_url("/hook"))
        yield played


class Api:
    """The API of a service, as one partner asks it."""

    def __init__(self, service: Service, client: Client, headers: dict[str, str]) -> None:
        self.service = service
        self.client = client
        self.headers = headers

    async def ask(self, method: str, path: str = "", body: Any = None) -> Answer:
        sent = None if body is None else json.dumps(body).encode()
        return await self.client.send(method, PATH + path, self.headers, sent)

    async def other(self, name: str, scope: TokenScope = TokenScope.PARTNER) -> "Api":
        return Api(self.service, self.client, await headers_of(self.service, name, scope))

    async def add(self, receiver: Receiver, **more: Any) -> Answer:
        return await self.ask("POST", "", {"url": receiver.url} | more)


async def headers_of(service: Service, name: str, scope: TokenScope) -> dict[str, str]:
    new = new_token(Token(id=TokenId(name), scopes=(scope,)), service.clock())
    await service.access.keep(new)
    return {"Authorization": f"Bearer {new.value}", "Content-Type": "application/json"}


@asynccontextmanager
async def api_over(service: Service, headers: dict[str, str] | None = None) -> AsyncIterator[Api]:
    gate = Gate(service.access, service.clock)
    app = create_app(service.queries, WebOptions(), api=PublicApi(table=routes_of(service), gate=gate))
    async with client_of(app) as client:
        yield Api(service, client, headers or await headers_of(service, "koran", TokenScope.PARTNER))


@pytest.fixture
async def api(service_of: OpenService, clock: ManualClock) -> AsyncIterator[Api]:
    clock.now = system_clock()  # the published verifier looks at the real clock
    async with service_of("") as service, api_over(service) as opened:
        yield opened


async def test_every_change_of_an_endpoint_stands_in_the_audit_log(api: Api, receiver: Receiver) -> None:
    added = await api.add(receiver, url=f"{receiver.url}?token=geheim", headers={"X-Key": "geheim"})
    name = added.json["endpoint"]["id"]
    await api.ask("PATCH", f"/{name}", {"payload": "thin", "max_in_flight": 2})
    await api.ask("POST", f"/{name}/rotate-secret", {})
    await api.ask("POST", f"/{name}/pause", {"reason": "moving"})
    await api.ask("POST", f"/{name}/resume", None)
    await api.ask("DELETE", f"/{name}", None)
    entries, _ = await api.service.store.audit.list(0)
    by_token = [entry for entry in reversed(entries) if entry.who == "koran"]
    assert {entry.name for entry in by_token} == {name}
    assert [entry.what for entry in by_token] == [
        "endpoint.added", "endpoint.verified", "endpoint.changed", "endpoint.rotated", "endpoint.paused",
        "endpoint.resumed", "endpoint.removed",
    ]  # fmt: skip
    changed, paused = by_token[2], by_token[4]
    assert changed.before == {"payload": "full", "max_in_flight": 4}
    assert changed.after == {"payload": "thin", "max_in_flight": 2}
    assert paused.after == {"reason": "moving"}
    assert "geheim" not in str(entries)


async def test_an_endpoint_is_verified_and_receives(api: Api, receiver: Receiver) -> None:
    added = (await api.add(receiver, headers={"X-Key": "qqq-zzz"}, payload="thin")).json
    name, secret = added["endpoint"]["id"], added["secret"]
    assert name.startswith("koran-")
    assert added["verified"]["ok"] is True
    await admit(api.service, 1)
    await deliver(api.service)
    assert receiver.types == ["endpoint.verify", "article.created"]
    for headers, body in receiver.received:
        assert Webhook(secret).verify(body, headers)["type"]
        assert headers["x-key"] == "qqq-zzz"
    shown = await api.ask("GET", f"/{name}")
    assert shown.json["deliveries"]["delivered"] == 1
    assert shown.json["settings"]["headers"] == {"X-Key": "[hidden]"}
    assert secret not in shown.text
    assert "qqq-zzz" not in shown.text
    raw = b"".join(
        await api.service.store.connection.call("HGETALL", api.service.store.endpoints._keys.endpoints())
    )
    assert secret.encode() not in raw


async def test_nothing_is_sent_before_the_challenge_came_back(api: Api, receiver: Receiver) -> None:
    receiver.gives_back = False
    added = (await api.add(receiver)).json
    path = f"/{added['endpoint']['id']}"
    assert added["verified"] == {
        "ok": False,
        "status": 200,
        "reason": "challenge",
        "duration_ms": added["verified"]["duration_ms"],
        "answer": None,
    }
    assert added["endpoint"]["verified_at"] is None
    await admit(api.service, 1)
    await deliver(api.service)
    assert receiver.types == ["endpoint.verify"]
    assert (await api.ask("POST", f"{path}/ping")).status == 409
    assert (await api.ask("POST", f"{path}/backfill", {"articles": 1})).status == 409
    receiver.gives_back, receiver.status = True, 500
    assert (await api.ask("POST", f"{path}/verify")).json["reason"] == "http_500"
    receiver.status = 200
    assert (await api.ask("POST", f"{path}/verify")).json["ok"] is True
    await admit(api.service, 2)
    await deliver(api.service)
    assert receiver.types[-1] == "article.created"
    assert json.loads(receiver.received[-1][1])["data"]["article"]["title"] == "Berita nomor 2"


async def test_another_address_must_be_verified_anew(api: Api, receiver: Receiver) -> None:
    path = f"/{(await api.add(receiver)).json['endpoint']['id']}"
    changed = (await api.ask("PATCH", path, {"events": ["article.withdrawn"], "description": "Redaksi"})).json
    assert changed["settings"]["events"] == ["article.withdrawn"]
    assert changed["settings"]["description"] == "Redaksi"
    assert changed["verified_at"] is not None
    changed = (await api.ask("PATCH", path, {"url": f"{receiver.url}?a=1", "description": None})).json
    assert changed["settings"]["description"] is None
    assert changed["verified_at"] is None
    await admit(api.service, 1)
    await deliver(api.service)
    assert receiver.types == ["endpoint.verify"]


async def test_events_wait_for_one_that_moved_until_it_is_verified_again(
    api: Api, receiver: Receiver
) -> None:
    name = (await api.add(receiver)).json["endpoint"]["id"]
    receiver.status = 503
    await admit(api.service, 1)
    await deliver(api.service)
    receiver.status, receiver.gives_back = 200, False
    for query in ("a=1", "a=2"):
        assert (await api.ask("PATCH", f"/{name}", {"url": f"{receiver.url}?{query}"})).status == 200
    await admit(api.service, 2)
    await api.service.deliver_step.event_fan_out.run()
    assert (await api.service.deliver_step.take(16)).jobs == ()
    assert not (await api.ask("POST", f"/{name}/verify")).json["ok"]
    assert (await api.ask("GET", f"/{name}")).json["deliveries"]["in_flight"] == 0
    receiver.gives_back = True
    assert (await api.ask("POST", f"/{name}/verify")).json["ok"]
    await deliver(api.service)
    assert receiver.types[-1] == "article.created"
    assert json.loads(receiver.received[-1][1])["data"]["article"]["title"] == "Berita nomor 2"


async def test_partners_see_and_change_their_own_alone(api: Api, receiver: Receiver) -> None:
    name = (await api.add(receiver)).json["endpoint"]["id"]
    other = await api.other("lain")
    assert (await other.ask("GET")).json["items"] == []
    asked: list[tuple[str, str, Any]] = [
        ("GET", "", None), ("PATCH", "", {"payload": "thin"}), ("DELETE", "", None),
        ("POST", "/verify", None), ("POST", "/ping", None), ("POST", "/resume", None),
        ("POST", "/pause", {}), ("POST", "/rotate-secret", {}), ("POST", "/backfill", {"articles": 1}),
    ]  # fmt: skip
    for method, more, body in asked:
        answer = await other.ask(method, f"/{name}{more}", body)
        nobodys = await other.ask(method, f"/nobodys{more}", body)
        assert (answer.status, nobodys.status) == (404, 404), more
        assert answer.json["detail"].replace(name, "nobodys") == nobodys.json["detail"]
    admin = await api.other("admin", TokenScope.ADMIN)
    (seen,) = (await admin.ask("GET")).json["items"]
    assert (seen["id"], seen["owner"]) == (name, "koran")
    assert (await admin.ask("DELETE", f"/{name}")).json == {"ok": True, "id": name}
    assert (await api.ask("GET", f"/{name}")).status == 404
    reader = await api.other("reader", TokenScope.READ)
    assert (await reader.ask("GET")).status == 403


async def test_all_tokens_of_an_owner_share_its_endpoints(api: Api, receiver: Receiver) -> None:
    name = (await api.add(receiver)).json["endpoint"]["id"]
    wanted = Token(id=TokenId("koran-2027"), scopes=(TokenScope.PARTNER,), owner="koran")
    new = new_token(wanted, api.service.clock())
    await api.service.access.keep(new)
    headers = api.headers | {"Authorization": f"Bearer {new.value}"}
    assert (await Api(api.service, api.client, headers).ask("GET", f"/{name}")).status == 200


async def test_a_secret_is_changed_with_an_overlap(api: Api, receiver: Receiver, clock: ManualClock) -> None:
    added = (await api.add(receiver)).json
    name = added["endpoint"]["id"]
    rotated = (await api.ask("POST", f"/{name}/rotate-secret", {"overlap_hours": 1})).json
    assert rotated["secret"] != added["secret"]
    assert (await api.ask("POST", f"/{name}/ping")).json["ok"] is True
    headers, body = receiver.received[-1]
    for secret in (added["secret"], rotated["secret"]):
        assert Webhook(secret).verify(body, headers)["type"] == "endpoint.ping"
    clock.advance(3601)
    assert (await api.ask("POST", f"/{name}/ping")).json["ok"] is True
    assert receiver.received[-1][0]["webhook-signature"].count("v1,") == 1
    asymmetric = (
        await api.ask("POST", f"/{name}/rotate-secret", {"overlap_hours": 0, "signature": "v1a"})
    ).json
    assert asymmetric["secret"] is None
    assert asymmetric["public_key"].startswith("whpk_")
    assert (await api.ask("POST", f"/{name}/ping")).json["ok"] is True
    assert receiver.received[-1][0]["webhook-signature"].startswith("v1a,")
    assert " " not in receiver.received[-1][0]["webhook-signature"]


async def test_two_changes_at_once_both_stand(api: Api, receiver: Receiver) -> None:
    name = (await api.add(receiver)).json["endpoint"]["id"]
    await asyncio.gather(
        api.ask("PATCH", f"/{name}", {"payload": "summary"}),
        api.ask("PATCH", f"/{name}", {"max_in_flight": 7}),
    )
    shown = (await api.ask("GET", f"/{name}")).json["settings"]
    assert (shown["payload"], shown["max_in_flight"]) == ("summary", 7)


async def test_what_waits_for_one_that_is_paused_goes_out_when_it_is_resumed(
    api: Api, receiver: Receiver
) -> None:
    name = (await api.add(receiver)).json["endpoint"]["id"]
    paused = (await api.ask("POST", f"/{name}/pause", {"reason": "pindah"})).json
    assert (paused["state"]["standing"], paused["state"]["reason"]) == ("paused", "pindah")
    await admit(api.service, 1)
    await deliver(api.service)
    assert receiver.types == ["endpoint.verify"]
    assert (await api.ask("POST", f"/{name}/backfill", {"articles": 1})).status == 409
    assert (await api.ask("POST", f"/{name}/resume")).json["state"]["standing"] == "active"
    await deliver(api.service)
    assert receiver.types == ["endpoint.verify", "article.created"]


@pytest.mark.parametrize(("wanted", "titles"), [({"articles": 2}, [2, 1]), ({"hours": 700}, [3, 2, 1])])
async def test_what_was_published_before_is_sent_by_choice(
    api: Api, receiver: Receiver, wanted: dict[str, int], titles: list[int], clock: ManualClock
) -> None:
    for number in (3, 2, 1):
        await admit(api.service, number)
        clock.advance(1)
    await deliver(api.service)
    name = (await api.add(receiver, max_in_flight=1)).json["endpoint"]["id"]
    clock.advance(timedelta(days=5).total_seconds() if "articles" in wanted else 0)
    answer = await api.ask("POST", f"/{name}/backfill", wanted)
    assert answer.json == {"ok": True, "queued": len(titles)}
    assert (await api.ask("POST", f"/{name}/backfill", wanted)).json["queued"] == 0
    await deliver(api.service)
    sent = [json.loads(body)["data"] for _, body in receiver.received[1:]]
    assert {one["article"]["title"] for one in sent} == {f"Berita nomor {number}" for number in titles}
    assert {one["revision"] for one in sent} == {1}


@pytest.mark.parametrize("wanted", [{"articles": 0}, {"articles": 1001}, {"hours": 0}, {"hours": 721}])
async def test_no_number_asks_for_more_than_it_says(
    api: Api, receiver: Receiver, wanted: dict[str, int]
) -> None:
    await admit(api.service, 1)
    await deliver(api.service)
    name = (await api.add(receiver)).json["endpoint"]["id"]
    assert (await api.ask("POST", f"/{name}/backfill", wanted)).status == 400
    await deliver(api.service)
    assert receiver.types == ["endpoint.verify"]


async def test_everything_that_is_wrong_is_told_at_once(api: Api, receiver: Receiver) -> None:
    answer = await api.add(
        receiver, url="x", events=["source.*"], filter={"source": "none"}, secret="whsec_x"
    )
    assert answer.status == 422
    assert [one["key"] for one in answer.json["errors"]] == ["url", "events", "secret", "filter.source"]
    assert all(one["reason"] for one in answer.json["errors"])
    bodies: list[Any] = [[], "x", 3]
    for body in bodies:
        assert (await api.ask("POST", "", body)).status == 400
    assert receiver.received == []


async def test_private_addresses_are_refused_as_a_class_alone(
    service_of: OpenService, receiver: Receiver
) -> None:
    async with service_of("") as service, api_over(service) as api:
        for url in (
            "http://169.254.169.254/latest",
            "http://[::ffff:10.0.0.1]/",
            "http://no-such-host.invalid/",
        ):
            added = (await api.add(receiver, url=url)).json
            assert added["verified"]["ok"] is False
            assert added["verified"]["reason"] in {"blocked", "dns"}
            assert added["verified"]["status"] is None


async def test_an_owner_has_so_many_endpoints_and_asks_so_often(
    api: Api, receiver: Receiver, clock: ManualClock
) -> None:
    statuses = []
    for _ in range(21):
        statuses.append((await api.add(receiver)).status)
        clock.advance(10)
    assert statuses == [201] * 20 + [409]
    name = (await api.ask("GET")).json["items"][0]["id"]
    clock.advance(600)
    pings = [(await api.ask("POST", f"/{name}/ping")).status for _ in range(11)]
    assert pings == [200] * 10 + [429]


async def test_configured_endpoints_are_seen_by_operators_and_changed_in_their_file(
    service_of: OpenService, receiver: Receiver
) -> None:
    secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    config = f'[endpoint.mitra]\nurl = "{receiver.url}"\nsecret = "{secret}"\n'
    async with service_of(config) as service, api_over(service) as api:
        assert (await api.ask("GET")).json["items"] == []
        admin = await api.other("admin", TokenScope.ADMIN)
        (seen,) = (await admin.ask("GET")).json["items"]
        assert (seen["id"], seen["owner"]) == ("mitra", None)
        assert (await admin.ask("POST", "/mitra/ping")).json["ok"] is True
        refused = await admin.ask("PATCH", "/mitra", {"payload": "thin"})
        assert (refused.status, "[endpoint.mitra]" in refused.json["detail"]) == (409, True)


async def test_every_event_is_described_with_a_sample(api: Api) -> None:
    listed = await api.client.get("/api/v1/events", api.headers)
    names = [one["type"] for one in listed.json["items"]]
    one = (await api.client.get("/api/v1/events/article.created", api.headers)).json
    assert "article.created" in names
    assert one["sample"]["type"] == one["schema"]["title"] == "article.created"
    assert (await api.client.get("/api/v1/events/article.eaten", api.headers)).status == 404


async def test_what_waits_and_what_was_tried_is_listed(
    api: Api, receiver: Receiver, clock: ManualClock
) -> None:
    name = (await api.add(receiver)).json["endpoint"]["id"]
    receiver.status = 500
    await admit(api.service, 1, 2, 3)
    await deliver(api.service)

    async def listed(path: str, owner: Api = api) -> Any:
        answer = await owner.client.get(f"/api/v1/{path}", owner.headers)
        return answer.json["items"] if answer.status == 200 else answer.status

    first = (await api.client.get("/api/v1/deliveries?limit=2", api.headers)).json
    second = await listed(f"deliveries?limit=2&cursor={first['next']}")
    waiting = [*first["items"], *second]
    assert {one["status"] for one in waiting} == {"delayed"}
    assert {one["reason"] for one in waiting} == {"http_500"}
    assert len({one["event"] for one in waiting}) == 3
    assert await listed(f"deliveries?endpoint={name}&status=dead") == []
    tried = await listed(f"endpoints/{name}/attempts?result=retry")
    assert len(tried) == 3
    assert {one["reason"] for one in tried} == {"http_500"}
    page = (await api.client.get(f"/api/v1/endpoints/{name}/attempts?limit=2", api.headers)).json
    rest = await listed(f"endpoints/{name}/attempts?limit=2&cursor={page['next']}")
    assert [one["position"] for one in (*page["items"], *rest)] == [one["position"] for one in tried]
    (one,) = await listed(f"endpoints/{name}/attempts?event={tried[0]['event']}")
    assert one["subject"] == tried[0]["subject"]
    later = (clock() + timedelta(minutes=1)).isoformat().replace("+", "%2B")
    assert await listed(f"endpoints/{name}/attempts?since={later}") == []
    other = await api.other("lain")
    assert await listed("deliveries", other) == []
    assert await listed(f"deliveries?endpoint={name}", other) == 404
    assert await listed(f"endpoints/{name}/attempts", other) == 404
    for wrong in ("deliveries?status=x", "deliveries?cursor=x", f"endpoints/{name}/attempts?since=soon"):
        assert await listed(wrong) == 400


async def test_what_was_sent_is_sent_again_under_its_id(
    api: Api, receiver: Receiver, clock: ManualClock
) -> None:
    name = (await api.add(receiver, retry={"delays": ["1s"]}, max_age="1d")).json["endpoint"]["id"]
    await admit(api.service, 1)
    await deliver(api.service)
    event = json.loads(receiver.received[-1][1])["data"]["event_id"]
    path = f"/{name}/deliveries/{event}/resend"
    assert (await api.ask("POST", path)).json == {"ok": True, "queued": 1, "gone": 0}
    await deliver(api.service)
    assert [headers["webhook-id"] for headers, _ in receiver.received[1:]] == [event, event]
    receiver.status = 500
    await admit(api.service, 2)
    for _ in range(2):
        await deliver(api.service)
        clock.advance(5)
    assert (await api.ask("GET", f"/{name}")).json["deliveries"]["dead"] == 1
    receiver.status = 200
    assert (await api.ask("POST", f"/{name}/resend-dead")).json["queued"] == 1
    await deliver(api.service)
    shown = (await api.ask("GET", f"/{name}")).json["deliveries"]
    assert (shown["dead"], shown["delivered"]) == (0, 3)
    clock.advance(2 * 86400)
    assert (await api.ask("POST", path)).json == {"ok": True, "queued": 1, "gone": 0}


async def test_no_event_is_sent_again_that_was_for_others(api: Api, receiver: Receiver) -> None:
    first = (await api.add(receiver)).json["endpoint"]["id"]
    await admit(api.service, 1)
    await deliver(api.service)
    event = json.loads(receiver.received[-1][1])["data"]["event_id"]
    second = (await api.add(receiver, filter={"section": "lain"})).json["endpoint"]["id"]
    assert (await api.ask("POST", f"/{second}/deliveries/{event}/resend")).status == 409
    assert (await api.ask("POST", f"/{first}/deliveries/evt_none/resend")).status == 409
    other = await api.other("lain")
    assert (await other.ask("POST", f"/{first}/deliveries/{event}/resend")).status == 404
    await api.ask("POST", f"/{first}/pause", {})
    assert (await api.ask("POST", f"/{first}/deliveries/{event}/resend")).status == 409


async def test_an_endpoint_whose_seal_was_lost_is_served_again_by_a_new_secret(
    service_of: OpenService, receiver: Receiver, tmp_path: Path, clock: ManualClock
) -> None:
    clock.now = system_clock()
    async with service_of("") as service, api_over(service) as api:
        name = (await api.add(receiver, headers={"X-Key": "abc"})).json["endpoint"]["id"]
    (tmp_path / "seal.key").unlink()
    async with service_of("") as service, api_over(service, api.headers) as again:
        shown = (await again.ask("GET", f"/{name}")).json
        assert "rotate" in shown["unreadable"]
        assert str(tmp_path) not in shown["unreadable"]
        refusals: list[tuple[str, str, Any]] = [("POST", "/ping", None), ("PATCH", "", {"payload": "thin"})]
        for method, more, sent in refusals:
            refused = await again.ask(method, f"/{name}{more}", sent)
            assert (refused.status, str(tmp_path) in refused.text) == (409, False)
        secret = (await again.ask("POST", f"/{name}/rotate-secret", {})).json["secret"]
        assert (await again.ask("POST", f"/{name}/ping")).json["ok"] is True
    headers, body = receiver.received[-1]
    assert Webhook(secret).verify(body, headers)["type"] == "endpoint.ping"


async def test_what_an_endpoint_is_sent_can_be_looked_at(api: Api, receiver: Receiver) -> None:
    added = (await api.add(receiver, headers={"X-Key": "qqq-zzz"})).json
    name = EndpointId(added["endpoint"]["id"])
    await admit(api.service, 1)
    await deliver(api.service)
    headers, body = receiver.received[-1]
    shown = await api.service.inspection.request(OPERATOR, name, EventId(headers["webhook-id"]))
    assert shown is not None
    assert json.loads(shown.body) == json.loads(body)
    told = dict(shown.headers)
    assert told["webhook-id"] == headers["webhook-id"]
    assert told["X-Key"] == "[hidden]"
    assert told["webhook-signature"] == "v1,[hidden]"
