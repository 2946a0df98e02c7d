"""Who may use the operators' listener: it is on loopback, where everything of this machine comes from."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from egress.raw_server import egress_on
from msgspec.structs import replace
from selectolax.lexbor import LexborHTMLParser as HTMLParser
from support import ManualClock
from web.web_world import OPS, OPS_TOKEN, Answer, Client, World, client_of, source, story

from syndicator.errors import StoreError
from syndicator.model.article import WithdrawnBy
from syndicator.model.fetch import FetchFailed
from syndicator.model.ids import TokenId
from syndicator.model.token import Token, TokenScope
from syndicator.observe.metrics import open_metrics
from syndicator.pipeline.articles.withdrawals import Withdrawer
from syndicator.pipeline.ops.api_tokens import new_token
from syndicator.pipeline.stories.coverage import count_coverage
from syndicator.pipeline.webhooks.endpoint_views import Asker
from syndicator.rules.access.signed_tickets import is_valid, ticket
from syndicator.store.access.operators_token import TOKEN_FILE, operators_token
from syndicator.store.keys.table import Keys
from syndicator.store.store import Store
from syndicator.web.access.sign_in import SIGNED_IN, AreaAccess
from syndicator.web.access.sign_in_links import LINK_LIFE, sign_in_path
from syndicator.web.api.json_api import PublicApi
from syndicator.web.app import SignedInPages, create_app
from syndicator.web.http.auth import Gate
from syndicator.web.http.options import WebOptions

HTML = {"Accept": "text/html", "Accept-Language": "en"}
AS_JSON = {"Content-Type": "application/json"}
PAGES = [
    "/admin", "/admin/", "/admin/deliveries", "/admin/schedule", "/admin/tokens", "/admin/add-endpoint", "/admin/groups", "/admin/groups/regional", "/admin/configuration", "/admin/configuration/source/desa", "/admin/add", "/admin/articles", "/admin/sources", "/admin/sources/kota", "/admin/feeds", "/admin/stories", "/admin/boards", "/admin/changes",
    "/admin/log",
]  # fmt: skip
OPEN = ["/healthz", "/readyz", "/metrics", "/static/style.css", "/favicon.ico"]


@pytest.fixture
def world(store: Store, clock: ManualClock) -> World:
    """A site with a source of a group."""
    return World(store, clock, sources=(replace(source("kota", "Kota"), group="regional"),))


@pytest.fixture
async def anybody(world: World) -> AsyncIterator[Client]:
    """A process of another user of this machine."""
    async with client_of(world.ops_app(b"syndicator_articles 1\n")) as opened:
        yield opened


async def test_another_user_of_the_machine_makes_no_token(anybody: Client, world: World) -> None:
    body = b'{"id": "x", "scopes": ["admin"]}'
    for headers in (AS_JSON, AS_JSON | {"Authorization": "Bearer synd_guessed"}):
        assert (await anybody.send("POST", "/api/v1/tokens", headers, body)).status == 401
    assert await world.access.tokens() == []
    assert (await anybody.send("POST", "/api/v1/tokens", {**AS_JSON, **OPS}, body)).status == 201


async def test_no_route_of_the_api_answers_without_a_token(anybody: Client, world: World) -> None:
    for route in world.table:
        path = route.plain_path.replace("{revision}", "1").replace("{", "").replace("}", "")
        answer = await anybody.send(route.method, path, AS_JSON, b"{}")
        assert answer.status == 401, path
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


async def test_tokens_of_the_api_are_good_for_their_scopes(anybody: Client, world: World) -> None:
    new = new_token(Token(id=TokenId("r"), scopes=(TokenScope.READ,)), world.clock())
    await world.access.keep(new)
    reads = {"Authorization": f"Bearer {new.value}"}
    assert (await anybody.get("/api/v1/sources", reads)).status == 200
    assert (await anybody.get("/api/v1/tokens", reads)).status == 403
    assert (await anybody.get("/admin/", reads)).status == 403


async def test_wrong_tokens_of_others_do_not_shut_operators_out(anybody: Client) -> None:
    wrong = {"Authorization": "Bearer synd_wrong"}
    answers = [(await anybody.get("/api/v1/sources", wrong)).status for _ in range(50)]
    assert answers[-1] == 429
    assert (await anybody.get("/api/v1/sources", dict(OPS))).status == 200


@pytest.mark.parametrize("path", OPEN)
async def test_probes_and_metrics_want_no_token(anybody: Client, path: str) -> None:
    assert (await anybody.get(path)).status == 200


@pytest.mark.parametrize("path", PAGES)
async def test_pages_say_how_to_sign_in(anybody: Client, path: str) -> None:
    page = await anybody.get(path, HTML)
    assert page.status == 401
    assert "run “syndicator status” on this machine" in page.text
    assert HTMLParser(page.text).css("form[method=post] input[name=token]")
    told = (await anybody.get(path)).json
    assert told["type"].endswith("/problems/sign-in")
    assert "operators.token" in told["detail"]


async def test_pages_of_operators_lead_to_pages_of_operators(anybody: Client) -> None:
    """There is no front page and no list of feeds at this port: links named so would lead to the sign-in."""
    for path in ("/admin/", "/nothing-here"):
        page = HTMLParser((await anybody.get(path, HTML)).text)
        assert page.css("header nav, header a") == [], path
        assert "Home" not in [one.text() for one in page.css("a")]
    page = HTMLParser((await anybody.get("/nothing-here", HTML)).text)
    assert [(one.text(), one.attributes["href"]) for one in page.css("main a")] == [("Service status", "/")]
    page = HTMLParser((await anybody.get("/admin/deliveries", HTML | dict(OPS))).text)
    places = [(one.text(), one.attributes["href"]) for one in page.css("nav a")]
    assert ("Overview", "/admin/") in places
    assert ("Deliveries", "/admin/deliveries") in places


async def test_former_addresses_lead_to_the_console(anybody: Client) -> None:
    for path, now in (
        ("/", "/admin/"), ("/status?reload=30", "/admin/?reload=30"),
        ("/deliveries?endpoint=a", "/admin/deliveries?endpoint=a"), ("/schedule", "/admin/schedule"),
    ):  # fmt: skip
        answer = await anybody.get(path, HTML)
        assert (answer.status, answer.headers["Location"]) == (308, now)


def cookie_of(answer: Answer) -> tuple[dict[str, str], str]:
    (line,) = answer.headers.getall("Set-Cookie")
    (morsel,) = SimpleCookie(line).values()
    return {"Cookie": f"{morsel.key}={morsel.value}"}, line


async def test_a_link_signs_one_browser_in(anybody: Client, world: World, clock: ManualClock) -> None:
    await world.cases.editing.put({"source": {"desa": {"title": "Desa"}}})
    link = sign_in_path(OPS_TOKEN, clock())
    assert (await anybody.send("HEAD", link)).status == 405, "a preview does not use it up"
    first = await anybody.get(link, HTML)
    assert (first.status, first.headers["Location"]) == (303, "/admin/")
    assert first.headers["Cache-Control"] == "no-store"
    cookie, line = cookie_of(first)
    assert "HttpOnly" in line
    assert "SameSite=Lax" in line
    for path in PAGES:
        assert (await anybody.get(path, HTML | cookie)).status == 200
    assert (await anybody.get(link, HTML)).status == 401, "it works once"
    assert (await anybody.get(link, HTML | cookie)).status == 303, "but who is signed in just goes on"
    assert (await anybody.get("/api/v1/sources", cookie)).status == 401, "a cookie opens pages alone"
    second = sign_in_path(OPS_TOKEN, clock())
    assert (await anybody.get(second, HTML | cookie)).status == 303
    assert (await anybody.get(second, HTML)).status == 401, "who is signed in uses it up, too"


async def test_a_link_works_once_whichever_process_it_is_opened_at(world: World, clock: ManualClock) -> None:
    link = sign_in_path(OPS_TOKEN, clock())
    async with client_of(world.ops_app()) as first, client_of(world.ops_app()) as second:
        answers = await asyncio.gather(*(one.get(link, HTML) for one in (first, second) * 5))
    assert sorted(one.status for one in answers) == [303] + [401] * 9
    async with client_of(world.ops_app()) as restarted:
        assert (await restarted.get(link, HTML)).status == 401


async def test_a_used_link_is_noted_longer_than_it_works_and_not_for_ever(
    anybody: Client, world: World, clock: ManualClock
) -> None:
    link = sign_in_path(OPS_TOKEN, clock())
    redis, keys = world.store.connection, Keys(world.store.again.namespace)
    for junk in (link[:-1], "/admin/sign-in/junk"):
        assert (await anybody.get(junk)).status == 401
    assert await redis.call("KEYS", keys.used_link("*")) == [], "what was not made here is not noted"
    assert (await anybody.get(link)).status == 303
    (noted,) = await redis.call("KEYS", keys.used_link("*"))
    assert link.rpartition("/")[2].encode() not in noted, "its digest alone"
    left_s = await redis.call("TTL", noted)
    assert LINK_LIFE.total_seconds() < left_s <= LINK_LIFE.total_seconds() + 3600


async def test_links_and_sign_ins_end(anybody: Client, world: World, clock: ManualClock) -> None:
    late, early = sign_in_path(OPS_TOKEN, clock()), sign_in_path(OPS_TOKEN, clock())
    cookie, _ = cookie_of(await anybody.get(early))
    clock.advance(LINK_LIFE.total_seconds())
    assert (await anybody.get(late)).status == 401
    assert (await anybody.get("/admin/", HTML | cookie)).status == 200
    redis, keys = world.store.connection, Keys(world.store.again.namespace)
    (session,) = await redis.call("KEYS", keys.session("*"))
    left_s = await redis.call("TTL", session)
    assert SIGNED_IN.total_seconds() - 60 < left_s <= SIGNED_IN.total_seconds()
    await redis.call("PEXPIRE", session, 1)
    await asyncio.sleep(0.01)
    assert (await anybody.get("/admin/", HTML | cookie)).status == 401


async def test_what_was_made_by_another_token_or_for_another_purpose_is_refused(
    anybody: Client, clock: ManualClock
) -> None:
    ends = clock() + timedelta(hours=1)
    for text in (
        ticket("synd_other", "link", ends, b"12345678"),
        ticket(OPS_TOKEN, "cookie", ends, b"12345678"),
        ticket(OPS_TOKEN, "link", ends, b"12345678")[:-1],
        "9" * 5000,
        "..",
    ):
        assert (await anybody.get(f"/admin/sign-in/{text}")).status == 401
    assert is_valid(OPS_TOKEN, "link", ticket(OPS_TOKEN, "link", ends, b"12345678"), clock())


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:8089", "127.0.0.1.evil.example", "localhost.evil.example", "", "[",
        "8.8.8.8",
    ],
)  # fmt: skip
async def test_a_name_that_was_made_to_lead_here_is_refused(anybody: Client, host: str) -> None:
    for path in ["/admin/", "/metrics", "/healthz", "/api/v1/tokens"]:
        answer = await anybody.get(path, {"Host": host, **OPS})
        assert answer.status == 421, path
        assert "ops_hosts" in answer.json["detail"]


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:9000", "127.0.0.1", "127.0.0.1:1", "[::1]:8089", "127.0.0.2", "localhost."],
)
async def test_it_is_asked_by_the_names_of_loopback(anybody: Client, host: str) -> None:
    assert (await anybody.get("/admin/", {"Host": host, **OPS})).status == 200


async def test_it_is_asked_by_configured_names(world: World) -> None:
    async with client_of(world.ops_app(hosts=("Ops.example",)), OPS) as client:
        assert (await client.get("/admin/", {"Host": "ops.example:8443"})).status == 200
        assert (await client.get("/admin/", {"Host": "news.example"})).status == 421


async def test_an_endpoint_of_a_partner_restores_no_article(
    world: World, store: Store, clock: ManualClock
) -> None:
    """A challenge is a POST of JSON from this machine: without a token it is nobody's."""
    (article,) = await world.admit(story(1))
    clock.advance(60)
    withdrawer = Withdrawer(store, world.specs, open_metrics(), clock, count_coverage)
    await withdrawer.withdraw(article, WithdrawnBy.OPERATOR, "court order")
    async with egress_on(callbacks=["127.0.0.0/8"]) as egress, client_of(world.ops_app()) as ops:
        world.egress = egress
        clock.advance(60)
        added = await world.registration.add(
            Asker(owner="partner-x"),
            {"url": f"{ops.base}/api/v1/articles/{article}/restore", "events": ["article.*"]},
        )
        assert added.verified is not None
    assert await store.articles.get(article) is None


async def test_a_portal_that_redirects_there_reads_nothing(world: World) -> None:
    async with egress_on("127.0.0.0/8") as egress, client_of(world.ops_app()) as ops:
        for path in ("/api/v1/sources", "/admin/", "/api/v1/tokens"):
            result = await egress.fetch(ops.base + path)
            assert isinstance(result, FetchFailed)
            assert result.status == 401


def test_the_token_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with pytest.raises(StoreError, match="the first start of the service makes it"):
        operators_token(folder, making=False)
    value = operators_token(folder, making=True)
    assert (folder / TOKEN_FILE).stat().st_mode & 0o777 == 0o600
    assert operators_token(folder, making=True) == operators_token(folder, making=False) == value
    assert value.startswith("synd_")
    assert [one.name for one in folder.iterdir()] == [TOKEN_FILE]


def test_a_relative_data_folder_is_named_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match=f"there is no {tmp_path}/data/operators.token: "):
        operators_token(Path("data"), making=False)


def test_a_token_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    operators_token(tmp_path, making=True)
    (tmp_path / TOKEN_FILE).chmod(0o604)
    with pytest.raises(StoreError, match="open to other users") as raised:
        operators_token(tmp_path, making=True)
    assert "remove it" in str(raised.value)


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_a_token_that_somebody_else_put_there_is_not_used(tmp_path: Path) -> None:
    operators_token(tmp_path, making=True)
    os.chown(tmp_path / TOKEN_FILE, 12345, -1)
    with pytest.raises(StoreError, match="open to other users"):
        operators_token(tmp_path, making=True)


def test_a_file_that_holds_no_token_is_told(tmp_path: Path) -> None:
    path = tmp_path / TOKEN_FILE
    path.touch(0o600)
    with pytest.raises(StoreError, match="holds no token"):
        operators_token(tmp_path, making=True)


async def test_off_loopback_metrics_ask_for_a_token_and_addresses_lead_here(world: World) -> None:
    new = new_token(Token(id=TokenId("prometheus"), scopes=(TokenScope.READ,)), world.clock())
    await world.access.keep(new)
    reads = {"Authorization": f"Bearer {new.value}", "Host": "10.1.2.3:8089"}
    async with client_of(world.ops_app(b"x 1\n", is_local=False)) as client:
        for path in ("/metrics", "/metrics/targets"):
            assert (await client.get(path, {"Host": "10.1.2.3"})).status == 401
            assert (await client.get(path, reads)).status == 200
        assert (await client.get("/healthz", {"Host": "10.1.2.3"})).status == 200
        assert (await client.get("/healthz", {"Host": "evil.example"})).status == 421


FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"} | HTML


async def admin_token(world: World, name: str = "night") -> str:
    new = new_token(Token(id=TokenId(name), scopes=(TokenScope.ADMIN,)), world.clock())
    await world.access.keep(new)
    return new.value


@pytest.fixture
async def public(world: World) -> AsyncIterator[Client]:
    """The public server: it knows no token of the operators."""
    access = AreaAccess(gate=Gate(world.access, world.clock), sessions=world.store.sessions)
    app = create_app(
        world.reading,
        WebOptions(),
        api=PublicApi(table=world.table, gate=access.gate),
        signed_in=SignedInPages(cases=world.cases, console=access),
    )
    async with client_of(app) as opened:
        yield opened


async def test_a_token_signs_a_browser_in_at_the_public_server(public: Client, world: World) -> None:
    page = await public.get("/admin/deliveries", HTML)
    assert page.status == 401
    assert HTMLParser(page.text).css("input[name=next]")[0].attributes["value"] == "/news/admin/deliveries"
    body = f"token={await admin_token(world)}&next=/news/admin/deliveries".encode()
    opened = await public.send("POST", "/admin/sign-in", FORM, body)
    assert (opened.status, opened.headers["Location"]) == (303, "/news/admin/deliveries")
    cookie, line = cookie_of(opened)
    assert "Path=/;" in line
    assert "Secure" in line
    for path in ("/admin/deliveries", "/news/admin/deliveries"):
        assert (await public.get(path, HTML | cookie)).status == 200, "a proxy may strip the beginning"
    assert (await public.get("/api/v1/tokens", cookie)).status == 401, "a cookie opens the console alone"
    kept = await world.store.connection.call("KEYS", "*sessions:*")
    assert all(cookie["Cookie"].partition("=")[2].encode() not in key for key in kept), "its digest alone"


async def test_a_token_that_is_revoked_signs_its_browsers_out(public: Client, world: World) -> None:
    value = await admin_token(world)
    cookie, _ = cookie_of(await public.send("POST", "/admin/sign-in", FORM, f"token={value}".encode()))
    assert (await public.get("/admin/", HTML | cookie)).status == 200
    await world.access.revoke(TokenId("night"))
    assert (await public.get("/admin/", HTML | cookie)).status == 401


async def test_who_signs_out_is_out_everywhere(public: Client, world: World) -> None:
    value = await admin_token(world)
    cookie, _ = cookie_of(await public.send("POST", "/admin/sign-in", FORM, f"token={value}".encode()))
    answer = await public.send("POST", "/admin/sign-out", FORM | cookie)
    assert (answer.status, answer.headers["Location"].endswith("/admin/sign-in")) == (303, True)
    assert (await public.get("/admin/", HTML | cookie)).status == 401, "also where the cookie was copied"


@pytest.mark.parametrize("scopes", [(), (TokenScope.READ,), (TokenScope.PARTNER,)])
async def test_other_tokens_sign_nobody_in(
    public: Client, world: World, scopes: tuple[TokenScope, ...]
) -> None:
    value = "synd_guessed"
    if scopes:
        new = new_token(Token(id=TokenId("r"), scopes=scopes), world.clock())
        await world.access.keep(new)
        value = new.value
    answer = await public.send("POST", "/admin/sign-in", FORM, f"token={value}".encode())
    assert answer.status == 403
    assert "Set-Cookie" not in answer.headers
    assert value not in answer.text
    assert HTMLParser(answer.text).css("[role=alert]")[0].text()
    assert (await public.send("POST", "/admin/sign-in", FORM, f"token={OPS_TOKEN}".encode())).status == 403


async def test_guessing_tokens_is_slowed_down(public: Client) -> None:
    answers = [
        (await public.send("POST", "/admin/sign-in", FORM, f"token=synd_{at:032}".encode())).status
        for at in range(30)
    ]
    assert answers[-1] == 429


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-site"), ("Origin", "https://evil.example"),
        ("Origin", "null"), ("Referer", "http://127.0.0.1/admin/"),
    ],
)  # fmt: skip
async def test_no_other_site_acts_for_who_is_signed_in(
    public: Client, world: World, header: str, value: str
) -> None:
    token = await admin_token(world)
    cookie, _ = cookie_of(await public.send("POST", "/admin/sign-in", FORM, f"token={token}".encode()))
    forged = {"Content-Type": FORM["Content-Type"], header: value} | cookie
    assert (await public.send("POST", "/admin/sign-out", forged)).status == 403
    assert (await public.send("POST", "/admin/sign-in", forged, f"token={token}".encode())).status == 403
    assert (await public.get("/admin/", HTML | cookie)).status == 200, "it is still signed in"


async def test_a_sign_in_leads_nowhere_else(public: Client, world: World) -> None:
    token = await admin_token(world)
    for wanted in (
        "https://evil.example",
        "//evil.example",
        "/admin\\@evil.example",
        "/news/adminx",
        "/feeds",
    ):
        body = f"token={token}&next={wanted}".encode()
        answer = await public.send("POST", "/admin/sign-in", FORM, body)
        assert answer.headers["Location"].endswith("/admin/"), wanted
