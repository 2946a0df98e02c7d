"""The pages of one endpoint and one delivery, and what their forms do."""

from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from egress.mail_server import Mailbox, mail_server
from egress.raw_server import egress_on
from selectolax.lexbor import LexborHTMLParser
from support import NOON, ManualClock
from web.trouble import open_troubled_world
from web.web_world import OPS, Answer, Client, World, client_of, story

from syndicator.model.delivery import Alerting, Dead, Endpoint, Secret
from syndicator.model.endpoint import OPERATORS, Registration
from syndicator.model.ids import EndpointId
from syndicator.model.ops.states import EndpointStanding
from syndicator.pipeline.webhooks.endpoint_views import OPERATOR, Asker
from syndicator.push.alerts.targets import parse_target
from syndicator.store.store import Store

ENGLISH = {"Accept": "text/html", "Accept-Language": "en"}
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"} | ENGLISH
STUCK = EndpointId("stuck")


@pytest.fixture
async def world(store: Store, clock: ManualClock) -> World:
    return await open_troubled_world(store, clock)


@pytest.fixture
async def operator(world: World) -> AsyncIterator[Client]:
    async with client_of(world.ops_app(), OPS) as opened:
        yield opened


async def send(operator: Client, path: str, **fields: object) -> Answer:
    return await operator.send("POST", path, FORM, urlencode(fields).encode())


async def text(operator: Client, path: str) -> str:
    answer = await operator.get(path, ENGLISH)
    assert answer.status == 200
    assert "token=hidden" not in answer.text, "paths and queries of webhooks are often secrets"
    body = LexborHTMLParser(answer.body).body
    return " ".join(body.text(separator=" ").split()) if body else ""


async def outcome(operator: Client, done: Answer) -> str:
    """Follow what a form leads to, as a browser does: once."""
    cookie = done.headers["Set-Cookie"].partition(";")[0]
    led = await operator.get(done.headers["Location"], ENGLISH | {"Cookie": cookie})
    assert "Max-Age=0" in led.headers["Set-Cookie"], "what was done is not said again"
    body = LexborHTMLParser(led.body).body
    return " ".join(body.text(separator=" ").split()) if body else ""


async def test_an_endpoint_shows_why_it_is_in_trouble(operator: Client) -> None:
    shown = await text(operator, "/admin/endpoints/stuck")
    assert "stuck.example" in shown
    assert "Last failure: It answered with status 410" in shown
    assert "Send 1 dead again" in shown
    assert shown.count(f"{story(1).title} article.created evt_1") == 2, "as it waits, and as it was tried"
    listed = LexborHTMLParser((await operator.get("/admin/deliveries", ENGLISH)).body)
    assert "/admin/endpoints/stuck" in [one.attributes["href"] for one in listed.css("th a")]
    assert (await operator.get("/admin/endpoints/none", ENGLISH)).status == 404


async def test_a_delivery_shows_each_attempt_and_why_it_failed(operator: Client) -> None:
    shown = await text(operator, "/admin/endpoints/stuck/deliveries/evt_1")
    assert "Attempt 1: Dead" in shown
    assert f"{story(1).title} article.created evt_1" in shown
    assert "It answered with status 410 http_410" in shown
    assert (await operator.get("/admin/endpoints/stuck/deliveries/evt_9", ENGLISH)).status == 404


async def test_what_was_dead_is_sent_again_and_its_answer_is_shown(
    world: World, operator: Client, clock: ManualClock
) -> None:
    done = await send(operator, "/admin/endpoints/stuck/deliveries/evt_1/resend")
    assert (done.status, done.headers["Location"]) == (
        303, "/admin/endpoints/stuck/deliveries/evt_1?note=resent",
    )  # fmt: skip
    (leased,) = (await world.store.deliveries.claim(clock(), timedelta(minutes=1), 1)).leased
    refused = Dead(reason="http_404", duration_ms=7, answer="<b>no such hook</b>")
    await world.store.deliveries.settle(leased, refused, clock())
    page = await operator.get("/admin/endpoints/stuck/deliveries/evt_1?note=resent", ENGLISH)
    assert "&lt;b&gt;no such hook&lt;/b&gt;" in page.text
    assert "The event is sent again now." not in page.text
    assert "The event is sent again now." in await outcome(operator, done)


async def test_it_rests_and_works_again(world: World, operator: Client) -> None:
    assert (await send(operator, "/admin/endpoints/stuck/pause")).status == 303
    assert (await world.store.endpoints.state(STUCK)).standing is EndpointStanding.PAUSED
    refused = await send(operator, "/admin/endpoints/stuck/resend-dead")
    assert refused.status == 409
    assert "It is paused or disabled: resume it first." in refused.text
    assert (await send(operator, "/admin/endpoints/stuck/resume")).status == 303
    assert (await send(operator, "/admin/endpoints/stuck/resend-dead")).status == 303
    entries, _ = await world.store.audit.list(0)
    assert {entry.who for entry in entries} == {"operators"}


async def test_a_replay_is_begun_and_cancelled(world: World, operator: Client) -> None:
    assert (await send(operator, "/admin/endpoints/stuck/replay", hours=24)).status == 303
    (replay,) = await world.store.replays.all()
    assert "Running" in await text(operator, "/admin/endpoints/stuck")
    done = await send(operator, "/admin/endpoints/stuck/cancel-replay", replay=replay.id)
    assert done.status == 303
    assert "Cancelled" in await text(operator, "/admin/endpoints/stuck")
    for wrong in ("", "-1", "nan", "1e9", "soon"):
        assert (await send(operator, "/admin/endpoints/stuck/replay", hours=wrong)).status == 400, wrong


async def test_an_added_endpoint_is_proven_rotated_and_removed(world: World) -> None:
    sent: list[str] = []

    async def echo(request: web.Request) -> web.Response:
        event = await request.json()
        sent.append(event["type"])
        return web.json_response({"challenge": event["data"].get("challenge")})

    app = web.Application()
    app.router.add_post("/hook", echo)
    async with TestServer(app) as partner, egress_on(callbacks=["127.0.0.0/8"]) as egress:
        world.egress = egress
        values = {"url": str(partner.make_url("/hook")), "events": ["article.*"]}
        added = await world.registration.add(Asker(owner="koran"), values)
        base = f"/admin/endpoints/{added.endpoint.id}"
        async with client_of(world.ops_app(), OPS) as operator:
            pinged = await send(operator, f"{base}/ping")
            assert pinged.status == 303, "a page that is loaded anew sends nothing again"
            location = pinged.headers["Location"]
            assert "It answered 200 in" in await outcome(operator, pinged)
            assert sent.count("endpoint.ping") == 1
            assert "It answered" not in await text(operator, location), "nor does a link make results up"
            rotated = await send(operator, f"{base}/rotate-secret", overlap_hours=1)
            assert "whsec_" in rotated.text
            assert rotated.headers["Cache-Control"] == "no-store"
            assert "whsec_" not in (await operator.get(base, ENGLISH)).text
            done = await send(operator, f"{base}/remove")
            assert done.headers["Location"] == "/admin/deliveries?note=endpoint_removed"
    assert await world.registration.seen(OPERATOR) != []
    assert added.endpoint.id not in [one.endpoint.id for one in await world.registration.seen(OPERATOR)]


async def test_a_target_of_alerts_is_tried_and_shows_what_its_server_said(world: World, store: Store) -> None:
    async with mail_server(Mailbox()) as mailbox, egress_on(callbacks=["127.0.0.0/8"]) as egress:
        world.egress = egress
        url = f"mailto://127.0.0.1:{mailbox.port}/?to=ops@news.example&from=kabar@news.example"
        target = Endpoint(
            id=EndpointId("desk"),
            url=parse_target(url).shown,
            secrets=(Secret(url),),
            alert=Alerting(repeat_after_s=3600),
        )
        await store.endpoints.register(
            Registration(endpoint=target, owner=OPERATORS, created_at=NOON, verified_at=NOON)
        )
        async with client_of(world.ops_app(), OPS) as operator:
            pinged = await send(operator, "/admin/endpoints/desk/ping")
            assert "2.0.0 OK: queued as 1" in await outcome(operator, pinged)
            mailbox.refuses = {"ops@news.example": "550 5.1.1 no such user"}
            refused = await send(operator, "/admin/endpoints/desk/ping")
            shown = await outcome(operator, refused)
            assert "smtp_550" in shown
            assert "no such user" in shown
    assert [mail["Subject"] for mail in mailbox.mails] == ["Test of [alert.desk]"]


async def test_a_configured_endpoint_is_not_removed_here(operator: Client) -> None:
    answer = await send(operator, "/admin/endpoints/stuck/rotate-secret", overlap_hours=1)
    assert answer.status == 409
    assert "change [endpoint.stuck] in the configuration" in answer.text


async def test_an_endpoint_is_added_for_a_partner_and_changed(world: World) -> None:
    async def echo(request: web.Request) -> web.Response:
        return web.json_response({"challenge": (await request.json())["data"].get("challenge")})

    app = web.Application()
    app.router.add_post("/hook", echo)
    async with TestServer(app) as partner, egress_on(callbacks=["127.0.0.0/8"]) as egress:
        world.egress = egress
        settings = f'url = "{partner.make_url("/hook")}?token=hidden"\nevents = ["article.created"]\nheaders = {{ X-Key = "geheim" }}\n'
        async with client_of(world.ops_app(), OPS) as operator:
            made = await send(operator, "/admin/add-endpoint", owner="koran", settings=settings)
            assert made.status == 200
            assert "whsec_" in made.text
            assert "It answered 200 in" in made.text
            (name,) = [one.endpoint.id for one in await world.registration.seen(Asker(owner="koran"))]
            page = await operator.get(f"/admin/endpoints/{name}", ENGLISH)
            assert "geheim" not in page.text
            written = LexborHTMLParser(page.body).css("#written")[0].text()
            changed = written.replace("article.created", "article.updated") + 'description = "Koran"\n'
            done = await send(operator, f"/admin/endpoints/{name}/change", settings=changed)
            assert done.status == 303, LexborHTMLParser(done.body).css("#fault")[0].text() + changed
            assert done.headers["Location"] == f"/admin/endpoints/{name}?note=endpoint_changed"
            wrong = await send(operator, f"/admin/endpoints/{name}/change", settings="payload = 'fat'")
            assert wrong.status == 422
            assert "payload" in LexborHTMLParser(wrong.body).css("#fault")[0].text()
    (one,) = await world.registration.seen(Asker(owner="koran"))
    assert [kind.value for kind in one.endpoint.events] == ["article.updated"]
    assert one.endpoint.description == "Koran"
    assert dict(one.endpoint.headers) == {"X-Key": "geheim"}, "what was hidden stays"
    assert one.verified_at is not None


@pytest.mark.parametrize(
    ("owner", "settings", "told"),
    [
        ("", "url = 'https://x.example/'", "Small letters"), ("K<b>", "url = 'https://x.example/'", "Small letters"),
        ("koran", "", "url"), ("koran", "url = ", "Invalid value"), ("koran", "url = 'ftp://x.example/'", "url"),
        ("koran", "url = 'https://x.example/'\nsecret = 'whsec_x'", "secret"),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_an_endpoint_stands_beside_the_form(
    world: World, operator: Client, owner: str, settings: str, told: str
) -> None:
    answer = await send(operator, "/admin/add-endpoint", owner=owner, settings=settings)
    assert answer.status == 422
    assert told in LexborHTMLParser(answer.body).css("#fault")[0].text()
    assert await world.registration.seen(Asker(owner="koran")) == []
