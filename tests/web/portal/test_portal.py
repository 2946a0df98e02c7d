"""The portal, as a partner uses it: signs in, adds an endpoint, proves it, and sees what came of each event."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from egress.raw_server import egress_on
from selectolax.lexbor import LexborHTMLParser
from support import ManualClock
from web.web_world import Answer, Client, World, client_of, story

from syndicator.model.feed import FeedSpec
from syndicator.model.ids import EndpointId, FeedId, TokenId
from syndicator.model.token import Token, TokenScope
from syndicator.pipeline.ops.api_tokens import new_token
from syndicator.pipeline.webhooks.endpoint_views import Asker
from syndicator.store.store import Store
from syndicator.web.access.sign_in import AreaAccess
from syndicator.web.access.sign_in_links import PartnerLinks
from syndicator.web.app import SignedInPages, create_app
from syndicator.web.http.auth import Gate
from syndicator.web.http.options import WebOptions
from syndicator.web.portal.endpoint_form_pages import EVENTS
from syndicator.web.texts.texts import TEXTS

ENGLISH = {"Accept": "text/html", "Accept-Language": "en"}
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"} | ENGLISH
FOREIGN = FORM | {"Sec-Fetch-Site": "cross-site"}
KORAN, MAJALAH = TokenId("koran-key"), TokenId("majalah-key")


@pytest.fixture
def world(store: Store, clock: ManualClock) -> World:
    return World(store, clock)


async def token_of(world: World, name: TokenId, *scopes: TokenScope, feeds: tuple[str, ...] = ()) -> str:
    owner, _, _ = name.partition("-")
    wanted = Token(
        id=name, scopes=scopes or (TokenScope.PARTNER,), owner=owner, feeds=tuple(map(FeedId, feeds))
    )
    made = new_token(wanted, world.clock())
    await world.access.keep(made)
    return made.value


@pytest.fixture
async def visitor(world: World) -> AsyncIterator[Client]:
    """A browser that is not signed in."""
    access = AreaAccess(
        gate=Gate(world.access, world.clock),
        sessions=world.store.sessions,
        links=PartnerLinks(world.store.portal_links),
    )
    pages = SignedInPages(cases=world.cases, portal=access)
    async with client_of(create_app(world.reading, WebOptions(), signed_in=pages)) as opened:
        yield opened


async def signed_in(visitor: Client, token: str) -> dict[str, str]:
    """Sign in by the form; return the headers of what the browser asks for next."""
    answer = await visitor.send(
        "POST", "/partners/sign-in", FORM, urlencode({"token": token, "next": ""}).encode()
    )
    assert (answer.status, answer.headers["Location"].endswith("/partners/")) == (303, True)
    return ENGLISH | {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}


async def send(visitor: Client, who: dict[str, str], path: str, **fields: object) -> Answer:
    return await visitor.send("POST", path, FORM | who, urlencode(fields, doseq=True).encode())


def words(answer: Answer) -> str:
    body = LexborHTMLParser(answer.body).body
    return " ".join(body.text(separator=" ").split()) if body else ""


def links(answer: Answer) -> list[str]:
    return [one.attributes["href"] or "" for one in LexborHTMLParser(answer.body).css("main a")]


async def test_a_partner_signs_in_by_a_token_with_the_scope(world: World, visitor: Client) -> None:
    asked = await visitor.get("/partners/", ENGLISH)
    assert (asked.status, "The partners' portal" in words(asked)) == (401, True)
    reader = await token_of(world, TokenId("reader-key"), TokenScope.READ)
    fields = urlencode({"token": reader}).encode()
    refused = await visitor.send("POST", "/partners/sign-in", FORM, fields)
    assert refused.status == 403
    assert "This token does not have the scope partner." in words(refused)
    who = await signed_in(visitor, await token_of(world, KORAN))
    assert "There is no endpoint yet." in words(await visitor.get("/partners/", who))
    out = await visitor.send("POST", "/partners/sign-out", FORM | who)
    assert out.status == 303
    assert (await visitor.get("/partners/", who)).status == 401


async def test_a_link_of_an_operator_signs_in_once_and_only_by_a_click(
    world: World, visitor: Client, clock: ManualClock
) -> None:
    await token_of(world, KORAN)
    path = f"/partners/sign-in/{await world.access.portal_link(KORAN)}"
    for _ in range(2):
        looked = await visitor.get(path, ENGLISH)
        assert (looked.status, "works once" in words(looked)) == (200, True), "programs look at links"
    assert (await visitor.send("POST", path, FOREIGN)).status == 403
    opened = await visitor.send("POST", path, FORM)
    assert opened.status == 303
    who = ENGLISH | {"Cookie": opened.headers["Set-Cookie"].partition(";")[0]}
    assert "koran" in words(await visitor.get("/partners/", who))
    assert (await visitor.send("POST", path, FORM)).status == 401, "it was used"
    assert await world.access.portal_link(TokenId("nobody")) is None
    entries, _ = await world.store.audit.list(0)
    assert [(one.what, one.name) for one in entries if one.what == "token.linked"] == [
        ("token.linked", KORAN)
    ]


async def test_one_cookie_opens_neither_the_api_nor_the_pages_of_others(
    world: World, visitor: Client
) -> None:
    theirs = await others_endpoint(world)
    who = await signed_in(visitor, await token_of(world, KORAN))
    for page in ("", "/change", "/deliveries/evt_1"):
        assert (await visitor.get(f"/partners/endpoints/{theirs}{page}", who)).status == 404, page
    for act in ("pause", "resume", "verify", "ping", "rotate-secret", "resend-dead", "remove", "change"):
        sent = {"overlap_hours": 1, "url": "https://koran.example/hook", "events": ["article.created"]}
        answer = await send(visitor, who, f"/partners/endpoints/{theirs}/{act}", **sent)
        assert answer.status == 404, act
    assert theirs not in words(await visitor.get("/partners/", who))
    shown = await world.registration.show(Asker(owner="majalah"), theirs)
    assert shown.settings["url"] == "https://majalah.example/hook"


async def others_endpoint(world: World) -> EndpointId:
    made = await world.registration.add(
        Asker(owner="majalah"), {"url": "https://majalah.example/hook"}, is_trusted=True
    )
    return made.endpoint.id


async def test_a_form_of_a_stranger_changes_nothing(world: World, visitor: Client) -> None:
    who = await signed_in(visitor, await token_of(world, KORAN))
    fields = urlencode({"url": "https://koran.example/hook", "events": "article.created"}).encode()
    answer = await visitor.send("POST", "/partners/add-endpoint", FOREIGN | who, fields)
    assert answer.status == 403
    assert await world.registration.seen(Asker(owner="koran")) == []


async def test_a_first_endpoint_is_added_proven_and_tried(world: World, visitor: Client) -> None:
    received: list[dict[str, object]] = []

    async def hook(request: web.Request) -> web.Response:
        event = json.loads(await request.read())
        received.append(event)
        return web.json_response({"challenge": event["data"].get("challenge")})

    app = web.Application()
    app.router.add_post("/hook", hook)
    who = await signed_in(visitor, await token_of(world, KORAN))
    async with TestServer(app) as partner, egress_on(callbacks=["127.0.0.0/8"]) as egress:
        world.egress = egress
        access = AreaAccess(gate=Gate(world.access, world.clock), sessions=world.store.sessions)
        pages = SignedInPages(cases=world.cases, portal=access)
        async with client_of(create_app(world.reading, WebOptions(), signed_in=pages)) as browser:
            url = str(partner.make_url("/hook"))
            chosen = {"url": url, "events": ["article.created", "story.grown"], "section": "Kota, Politik"}
            added = await send(browser, who, "/partners/add-endpoint", **chosen, payload="summary")
            assert "whsec_" in words(added)
            assert "Put the secret above into your receiver" in words(added)
            (mine,) = await world.registration.shown(Asker(owner="koran"))
            assert mine.settings["filter"] == {"section": ["Kota", "Politik"]}
            assert mine.settings["payload"] == "summary"
            assert mine.verified_at is not None
            base = f"/partners/endpoints/{mine.id}"
            pinged = await send(browser, who, f"{base}/ping")
            assert pinged.headers["Location"].startswith(f"/news{base}?probe=ok"), "it stays in the portal"
            assert [one["type"] for one in received] == ["endpoint.verify", "endpoint.ping"]
            shown = await browser.get(base, who)
            assert "whsec_" not in shown.text, "a secret is shown once"
            assert "/admin" not in shown.text
            assert "Change its settings" in words(shown)
            assert str(mine.id) in words(await browser.get("/partners/", who))


async def test_a_change_keeps_what_the_form_does_not_show(world: World, visitor: Client) -> None:
    who = await signed_in(visitor, await token_of(world, KORAN))
    made = await world.registration.add(
        Asker(owner="koran"),
        {
            "url": "https://koran.example/hook",
            "rate": "10/s",
            "headers": {"X-Key": "hidden-value"},
            "filter": {"tag": ["banjir"], "since": "2026-11-01T00:00:00Z"},
        },
        is_trusted=True,
    )
    base = f"/partners/endpoints/{made.endpoint.id}"
    form = LexborHTMLParser((await visitor.get(f"{base}/change", who)).body)
    (tag,) = form.css('input[name="tag"]')
    assert tag.attributes["value"] == "banjir"
    changed = {
        "url": "https://koran.example/hook",
        "events": ["article.*", "article.created"],
        "query": "banjir",
    }
    answer = await send(visitor, who, f"{base}/change", **changed, payload="thin")
    assert answer.status == 303
    settings = (await world.registration.show(Asker(owner="koran"), made.endpoint.id)).settings
    assert settings["events"] == ["article.created"]
    assert settings["rate"] == "10/s"
    assert settings["headers"] == {"X-Key": "[hidden]"}
    assert settings["filter"] == {"query": "banjir", "since": "2026-11-01T00:00:00+00:00"}


async def test_what_is_wrong_stands_beside_its_field(world: World, visitor: Client) -> None:
    who = await signed_in(visitor, await token_of(world, KORAN))
    typed = {"url": "ftp://koran.example", "events": ["article.created"], "source": "nowhere"}
    answer = await send(visitor, who, "/partners/add-endpoint", **typed)
    assert answer.status == 422
    page = LexborHTMLParser(answer.body)
    for name in ("url", "source"):
        (field,) = page.css(f'input[name="{name}"]')
        assert (field.attributes["aria-invalid"], field.attributes["value"]) == ("true", typed[name])
        assert page.css(f"#fault-{name}")
    assert await world.registration.seen(Asker(owner="koran")) == []
    assert (await send(visitor, who, "/partners/add-endpoint", url="x" * 2_001)).status == 400


async def test_a_preview_shows_what_the_last_day_would_have_brought(
    world: World, visitor: Client, clock: ManualClock
) -> None:
    await world.admit(story(1), story(2), story(3))
    await world.fan_out.run()
    clock.advance(timedelta(hours=2).total_seconds())
    who = await signed_in(visitor, await token_of(world, KORAN))
    everything = await send(visitor, who, "/partners/add-endpoint", events=["article.created"], preview=1)
    assert everything.status == 200
    assert "3 events since" in words(everything)
    assert all(story(number).title in words(everything) for number in (1, 2, 3))
    nothing = await send(
        visitor, who, "/partners/add-endpoint", events=["article.created"], tag="unheard-of", preview=1
    )
    assert "0 events since" in words(nothing)
    assert "None. Choose less narrowly above." in words(nothing)
    clock.advance(timedelta(days=1).total_seconds())
    later = await send(visitor, who, "/partners/add-endpoint", events=["article.created"], preview=1)
    assert "0 events since" in words(later), "a day ago, not more"
    assert await world.registration.seen(Asker(owner="koran")) == [], "nothing was added"


async def test_previews_of_one_partner_are_slowed_down(world: World, visitor: Client) -> None:
    who = await signed_in(visitor, await token_of(world, KORAN))
    answers = [
        (await send(visitor, who, "/partners/add-endpoint", events=["article.created"], preview=1)).status
        for _ in range(12)
    ]
    assert (answers[:10], answers[-1]) == ([200] * 10, 429)


async def test_private_feeds_of_the_token_are_listed(world: World, visitor: Client) -> None:
    secret = FeedSpec(id=FeedId("rahasia"), title="Khusus Koran", private=True)
    world.publisher.specs = {**world.publisher.specs, secret.id: secret}
    who = await signed_in(visitor, await token_of(world, KORAN, feeds=("rahasia",)))
    shown = words(await visitor.get("/partners/", who))
    assert "Khusus Koran" in shown
    assert "/feeds/rahasia.rss" in shown
    other = await signed_in(visitor, await token_of(world, MAJALAH))
    assert "Khusus Koran" not in words(await visitor.get("/partners/", other))


def test_what_partners_may_ask_for_has_words() -> None:
    said = {key for key in TEXTS if key.startswith("event_kind.")}
    assert {f"event_kind.{kind}" for kind in EVENTS} == said
