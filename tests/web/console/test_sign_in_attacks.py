"""What strangers try at the sign-in: forged forms, cookies of theirs, addresses that lead away."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.cookies import Morsel, SimpleCookie
from ipaddress import ip_network
from urllib.parse import quote, urlencode

import pytest
from msgspec.structs import replace
from selectolax.lexbor import LexborHTMLParser
from support import ManualClock
from web.web_world import OPS_TOKEN, SITE, Answer, Client, World, client_of

from syndicator.model.ids import TokenId
from syndicator.model.token import Token, TokenScope
from syndicator.pipeline.ops.api_tokens import new_token
from syndicator.store.store import Store
from syndicator.web.access.sign_in import AreaAccess
from syndicator.web.access.sign_in_links import operators_access, sign_in_path
from syndicator.web.app import SignedInPages, create_app, create_ops_app
from syndicator.web.http.auth import Gate
from syndicator.web.http.options import OpsOptions, WebOptions

ENGLISH = {"Accept": "text/html", "Accept-Language": "en"}
PLAIN = {"Content-Type": "application/x-www-form-urlencoded"} | ENGLISH
FORM = {"Sec-Fetch-Site": "same-origin"} | PLAIN
PUBLIC = SITE.public_url.removesuffix("/news")
LOCAL = (ip_network("127.0.0.0/8"),)


@asynccontextmanager
async def public_console(world: World, *, is_trusted: bool = False) -> AsyncIterator[Client]:
    """Serve the console on the public listener, to a proxy that is trusted or not."""
    gate = Gate(world.access, world.clock)
    access = AreaAccess(gate=gate, sessions=world.store.sessions, trusted=LOCAL if is_trusted else ())
    console = SignedInPages(cases=world.cases, console=access)
    async with client_of(create_app(world.reading, WebOptions(), signed_in=console)) as opened:
        yield opened


@pytest.fixture
async def public(world: World) -> AsyncIterator[Client]:
    async with public_console(world) as opened:
        yield opened


@pytest.fixture
def plain(store: Store, clock: ManualClock) -> World:
    """A site whose public address is without TLS."""
    return World(store, clock, site=replace(SITE, public_url="http://feeds.example/news"))


async def admin_token(world: World, name: str = "night") -> str:
    new = new_token(Token(id=TokenId(name), scopes=(TokenScope.ADMIN,)), world.clock())
    await world.access.keep(new)
    return new.value


async def sign_in(client: Client, token: str, headers: dict[str, str] | None = None, to: str = "") -> Answer:
    body = urlencode({"token": token, "next": to}).encode()
    return await client.send("POST", "/admin/sign-in", FORM | (headers or {}), body)


def morsel_of(answer: Answer) -> Morsel[str]:
    (line,) = answer.headers.getall("Set-Cookie")
    (morsel,) = SimpleCookie(line).values()
    return morsel


def cookie_of(answer: Answer) -> dict[str, str]:
    morsel = morsel_of(answer)
    return {"Cookie": f"{morsel.key}={morsel.value}"}


@pytest.mark.parametrize(
    "origin", ["http://[", "https://feeds.example:99999", "null", "", "//feeds.example", "\xff", "https://"]
)
async def test_an_origin_that_is_none_is_refused(public: Client, world: World, origin: str) -> None:
    cookie = cookie_of(await sign_in(public, await admin_token(world)))
    refused = await public.send("POST", "/admin/sign-out", PLAIN | cookie | {"Origin": origin})
    assert refused.status == 403
    assert (await public.get("/admin/", ENGLISH | cookie)).status == 200


@pytest.mark.parametrize(
    ("host", "origin", "proto", "status"),
    [
        ("feeds.example", "https://feeds.example", None, 303),
        ("FEEDS.example", "https://feeds.example", None, 303),
        ("127.0.0.1:8080", "https://feeds.example", None, 303),
        ("feeds.example", "http://feeds.example", None, 403),
        ("feeds.example", "http://feeds.example", "http", 403),
        ("feeds.example:8443", "https://feeds.example:8443", "https", 303),
        ("feeds.example:8443", "https://feeds.example:8443", "http, https", 303),
        ("feeds.example:8443", "http://feeds.example:8443", "https", 403),
        ("feeds.example:8443", "https://feeds.example:8443", "https, http", 403),
        ("feeds.example:8443", "http://feeds.example:8443", None, 303),
        ("feeds.example:8443", "http://feeds.example:8443", "gopher", 303),
        ("feeds.example:8443", "https://feeds.example:8443", None, 403),
        ("feeds.example:8443", "https://feeds.example:9443", "https", 403),
        ("[", "http://[", "https", 403),
    ],
)
async def test_an_origin_is_scheme_host_and_port(
    world: World, host: str, origin: str, proto: str | None, status: int
) -> None:
    """A page that somebody on the line sent without TLS is none of ours."""
    headers = PLAIN | {"Host": host, "Origin": origin} | ({"X-Forwarded-Proto": proto} if proto else {})
    async with public_console(world, is_trusted=True) as public:
        assert (await public.send("POST", "/admin/sign-out", headers)).status == status


async def test_a_stranger_does_not_say_that_it_came_over_tls(world: World) -> None:
    asked = PLAIN | {"Host": "feeds.example:8443", "X-Forwarded-Proto": "https"}
    async with public_console(world) as public:
        for origin, status in (("https://feeds.example:8443", 403), ("http://feeds.example:8443", 303)):
            answer = await public.send("POST", "/admin/sign-out", asked | {"Origin": origin})
            assert answer.status == status, origin


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "This form was not sent from our pages"), ("id", "Formulir ini tidak dikirim dari halaman kami")],
)
async def test_a_forged_form_is_refused_by_a_page(world: World, language: str, said: str) -> None:
    asked = {"Accept": "text/html", "Accept-Language": language, "Sec-Fetch-Site": "cross-site"}
    async with public_console(world) as public:
        cookie = cookie_of(await sign_in(public, await admin_token(world)))
        for path in ("/admin/tokens", "/admin/sign-in", "/admin/sign-out"):
            answer = await public.send("POST", path, PLAIN | cookie | asked, b"id=stolen&scope=admin")
            page = LexborHTMLParser(answer.body)
            assert (answer.status, answer.headers["Content-Type"]) == (403, "text/html; charset=utf-8"), path
            assert page.css("h1")[0].text() == said
            assert page.css("main a")[0].attributes["href"] == "/news/admin/"
            assert "no-store" in answer.headers["Cache-Control"]
            program = await public.send("POST", path, PLAIN | cookie | asked | {"Accept": "*/*"})
            assert program.json["type"].endswith("/problems/forbidden"), "programs get JSON"
    assert [one.id for one in await world.access.tokens()] == ["night"]


async def test_a_form_with_a_fault_of_its_own_is_refused_by_a_page(world: World) -> None:
    asked = {"Accept": "text/html", "Accept-Language": "id", "Sec-Fetch-Site": "same-origin"}
    async with public_console(world) as public:
        cookie = cookie_of(await sign_in(public, await admin_token(world)))
        for path, body, status in (
            ("/admin/configuration/source/none/remove", b"", 404),
            ("/admin/add", b"url=" + b"x" * 3000, 400),
        ):
            answer = await public.send("POST", path, PLAIN | cookie | asked, body)
            assert answer.status == status
            assert LexborHTMLParser(answer.body).css("[role=alert] [lang=en]")
            program = await public.send("POST", path, PLAIN | cookie | asked | {"Accept": "*/*"}, body)
            assert (program.status, program.json["status"]) == (status, status)


async def test_public_pages_do_nothing_at_the_operators_listener(world: World) -> None:
    async with client_of(world.ops_app()) as ops:
        for origin, status in ((PUBLIC, 403), (ops.base, 303)):
            answer = await ops.send("POST", "/admin/sign-out", PLAIN | {"Origin": origin})
            assert answer.status == status, origin


@pytest.mark.parametrize(
    "wanted",
    [
        "/news/admin/\r\nX: y", "/news/admin/\nSet-Cookie: a=b", "/news/admin/\t/x", "/news/admin/\x00",
        "/news/admin/ x", "/news/admin/\x7f", "/news/admin/é", "/news/admin/\ud83d\ude00", "/news/admin/\u2028",
        "/news/admin/\\evil.example", "//evil.example/news/admin/", "///evil.example", "\\\\evil.example",
        "/\t/evil.example", "https:evil.example", "javascript:alert(1)", "/news/admin/../../feeds",
        "/news/admin/..", "/news/admin/%2e%2E/feeds", "/news/admin/.%2e/x", "/news/adminx", "/news/admin" + "/a" * 2000,
    ],
)  # fmt: skip
async def test_what_is_no_page_of_the_console_leads_to_its_first(
    public: Client, world: World, wanted: str
) -> None:
    wanted = wanted.encode("utf-16", "surrogatepass").decode("utf-16")
    opened = await sign_in(public, await admin_token(world), to=wanted)
    assert (opened.status, opened.headers["Location"]) == (303, "/news/admin/")
    assert "X" not in opened.headers
    again = await public.get(f"/admin/sign-in?next={quote(wanted)}", ENGLISH | cookie_of(opened))
    assert (again.status, again.headers["Location"]) == (303, "/news/admin/")


@pytest.mark.parametrize(
    "wanted",
    [
        "/news/admin", "/news/admin?reload=30", "/news/admin/sources?q=a%20b&from=new.kota",
        "/news/admin/log?word=%0d%0a", "/news/admin/articles?q=https://kota.example/../x",
    ],
)  # fmt: skip
async def test_a_page_of_the_console_is_led_to(public: Client, world: World, wanted: str) -> None:
    opened = await sign_in(public, await admin_token(world), to=wanted)
    assert opened.headers["Location"] == wanted


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"token=\xff\xfe"),
        ("application/x-www-form-urlencoded; charset=nothing", b"token=a"),
        ("application/x-www-form-urlencoded; charset=utf-16", b"a"),
        ("multipart/form-data", b"token=a"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Type: text/plain\r\n\r\na\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b"nothing"),
    ],
)
async def test_a_form_that_is_none_is_refused(
    public: Client, world: World, content_type: str, body: bytes
) -> None:
    headers = FORM | {"Content-Type": content_type}
    assert (await public.send("POST", "/admin/sign-in", headers, body)).status == 400
    headers |= cookie_of(await sign_in(public, await admin_token(world)))
    for path in ("/admin/tokens", "/admin/add", "/admin/sources/kota/pause"):
        assert (await public.send("POST", path, headers, body)).status == 400, path


async def test_a_cookie_over_tls_is_bound_to_its_host(public: Client, world: World) -> None:
    """Else another host of the domain, or somebody on a line without TLS, could put another in its place."""
    value = await admin_token(world)
    morsel = morsel_of(await sign_in(public, value))
    assert morsel.key.startswith("__Host-syndicator-")
    assert (morsel["secure"], morsel["httponly"], morsel["samesite"]) == (True, True, "Lax")
    assert (morsel["path"], morsel["domain"]) == ("/", "")
    planted = {"Cookie": f"{morsel.key.removeprefix('__Host-')}={morsel.value}"}
    assert (await public.get("/admin/", ENGLISH | planted)).status == 401
    cookie = {"Cookie": f"{morsel.key}={morsel.value}"}
    gone = morsel_of(await public.send("POST", "/admin/sign-out", FORM | cookie))
    assert (gone.key, gone.value, gone["max-age"]) == (morsel.key, "", "0")
    assert (gone["path"], gone["secure"]) == ("/", True), "browsers do not take another one for it"


async def test_a_trusted_proxy_says_whether_the_cookie_is_for_tls(plain: World) -> None:
    value = await admin_token(plain)
    over_tls = {"Host": "ops.example", "X-Forwarded-Proto": "https"}
    for is_trusted in (True, False):
        async with public_console(plain, is_trusted=is_trusted) as public:
            morsel = morsel_of(await sign_in(public, value, over_tls))
            assert bool(morsel["secure"]) is is_trusted
            assert morsel.key.startswith("__Host-") is is_trusted
            assert morsel_of(await sign_in(public, value))["path"] == "/news/admin"


async def test_at_the_operators_listener_a_proxy_may_bring_tls(world: World, clock: ManualClock) -> None:
    access = operators_access(
        OPS_TOKEN, world.access, world.store.sessions, world.store.used_links, clock, trusted=LOCAL
    )
    app = create_ops_app(world.cases, OpsOptions(metrics=bytes, hosts=("ops.example",)), world.table, access)
    over_tls = {"Host": "ops.example", "X-Forwarded-Proto": "https"}
    async with client_of(app) as ops:
        opened = await ops.get(sign_in_path(OPS_TOKEN, clock()), ENGLISH | over_tls)
        assert morsel_of(opened).key.startswith("__Host-")
        assert not morsel_of(await ops.get(sign_in_path(OPS_TOKEN, clock()), ENGLISH))["secure"]
        own = PLAIN | over_tls | {"Origin": "https://ops.example"}
        assert (await ops.send("POST", "/admin/sign-out", own | cookie_of(opened))).status == 303


async def test_a_session_that_a_browser_had_ends_when_it_signs_in_anew(public: Client, world: World) -> None:
    value = await admin_token(world)
    planted = await sign_in(public, value)
    opened = await sign_in(public, value, cookie_of(planted))
    assert morsel_of(opened).value != morsel_of(planted).value
    assert (await public.get("/admin/", ENGLISH | cookie_of(planted))).status == 401
    assert (await public.get("/admin/", ENGLISH | cookie_of(opened))).status == 200


async def test_a_person_reads_why_a_form_was_not_taken(public: Client, world: World) -> None:
    late = await public.send("POST", "/admin/sources/kota/run", FORM)
    assert late.status == 401
    assert LexborHTMLParser(late.body).css("form[method=post] input[name=token]")
    for _ in range(30):
        answer = await sign_in(public, "synd_guessed")
    assert answer.status == 429
    assert "Too many wrong tokens" in LexborHTMLParser(answer.body).css("[role=alert]")[0].text()
    program = {name: value for name, value in FORM.items() if name != "Accept"}
    told = await public.send("POST", "/admin/sign-in", program, b"token=synd_guessed")
    assert (told.status, told.headers["Retry-After"]) == (429, "6")


@pytest.mark.parametrize("query", ["x=%0D%0ASet-Cookie:%20a=b", "x=%00", "x=%FF&y=a+b%26", "x=%C3%A9"])
async def test_former_addresses_keep_their_query_as_it_was_sent(world: World, query: str) -> None:
    async with client_of(world.ops_app()) as ops:
        answer = await ops.get(f"/status?{query}", ENGLISH)
        assert answer.status == 308
        assert answer.headers["Location"] == f"/admin/?{query}"
