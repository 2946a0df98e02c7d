import asyncio
from pathlib import Path

import pytest
from egress.certificates import own_certificate, trusting
from egress.raw_server import Asked, by_path, egress_on, reply, saying, serving

from syndicator.egress.redirect_chain import Trip
from syndicator.egress.slots import Budget
from syndicator.model.fetch import Fetched, FetchFailed, NotModified, Reason, Redirect
from syndicator.model.source import FetchLimits

PRIVATE = {
    "Authorization": "Bearer secret",
    "authorization": "Basic c2VjcmV0",
    "Cookie": "session=secret",
    "X-Api-Key": "secret",
    "If-None-Match": '"a"',
    "Accept": "text/html",
}
"""Authorization by two spellings: dropping the first of several is not enough."""


def to(location: str, status: int = 302) -> bytes:
    return reply(b"moved", status=status, headers=[("Location", location)])


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed(status: int) -> None:
    script = by_path({"/a/b": to("../c?d=é#part", status), "/c?d=%C3%A9": reply(b"here")})
    async with serving(script) as server, egress_on("127.0.0.1") as egress:
        result = await egress.fetch(server.url("/a/b"))
    assert isinstance(result, Fetched)
    assert result.body == b"here"
    assert result.requested_url == server.url("/a/b")
    assert result.url == server.url("/c?d=%C3%A9")


@pytest.mark.parametrize(("allowed", "arrives"), [(5, True), (4, False), (0, False)])
async def test_so_many_and_no_more(allowed: int, arrives: bool) -> None:
    steps = {f"/{number}": to(f"/{number + 1}") for number in range(5)}
    script = by_path(steps | {"/5": reply(b"here")})
    async with serving(script) as server, egress_on("127.0.0.1") as egress:
        result = await egress.fetch(server.url("/0"), limits=FetchLimits(max_redirects=allowed))
    assert isinstance(result, Fetched) is arrives
    assert len(server.asked) == allowed + 1
    if isinstance(result, FetchFailed):
        assert result.reason is Reason.REDIRECT


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (to("/a"), Reason.REDIRECT),
        (to("/a#other"), Reason.REDIRECT),
        (to(""), Reason.REDIRECT),
        (reply(status=302), Reason.REDIRECT),
        (to("http://[broken/"), Reason.REDIRECT),
        (to("http://x:99999/"), Reason.REDIRECT),
        (to("file:///etc/passwd"), Reason.SCHEME),
        (to("gopher://127.0.0.1/"), Reason.SCHEME),
        (to("http://2130706433/"), Reason.BLOCKED),
    ],
)
async def test_redirects_to_nowhere(answer: bytes, reason: Reason) -> None:
    async with serving(saying(answer)) as server, egress_on("127.0.0.1") as egress:
        result = await egress.fetch(server.url("/a"))
    assert isinstance(result, FetchFailed)
    assert result.reason is reason
    assert len(server.asked) == 1


async def test_a_circle_over_several_pages() -> None:
    script = by_path({"/a": to("/b"), "/b": to("/c"), "/c": to("/a")})
    async with serving(script) as server, egress_on("127.0.0.1") as egress:
        result = await egress.fetch(server.url("/a"))
    assert isinstance(result, FetchFailed)
    assert result.detail == "127.0.0.1 redirects in a circle."
    assert len(server.asked) == 3


async def test_headers_stay_with_the_origin() -> None:
    async with serving(saying(reply(b"here"))) as other:
        script = by_path({"/a": to("/b"), "/b": to(other.url("/c"))})
        async with serving(script) as server, egress_on("127.0.0.1") as egress:
            url = f"http://ann:secret@127.0.0.1:{server.port}/a"
            result = await egress.fetch(url, headers={"X-Api-Key": "secret", "If-None-Match": '"a"'})
    assert isinstance(result, Fetched)
    for asked in server.asked:
        assert asked.headers["authorization"].startswith("Basic ")
        assert asked.headers["x-api-key"] == "secret"
        assert asked.headers["if-none-match"] == '"a"'
    (asked,) = other.asked
    assert "secret" not in str(asked.headers)
    assert not {"authorization", "x-api-key", "if-none-match"} & asked.headers.keys()
    assert asked.headers["user-agent"] == "syndicator-test/1"


async def test_headers_that_were_left_behind_do_not_come_back() -> None:
    locations: list[str] = []

    async def there_and_back(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(to(locations[0]))

    async with serving(there_and_back) as other:
        script = by_path({"/a": to(other.url("/")), "/steal": reply(b"here")})
        async with serving(script) as server, egress_on("127.0.0.1") as egress:
            locations.append(server.url("/steal"))
            await egress.fetch(server.url("/a"), headers=PRIVATE)
    assert "authorization" in server.asked[0].headers
    assert server.asked[0].headers["cookie"] == "session=secret"
    back = server.asked[1].headers
    assert not {"authorization", "cookie", "x-api-key", "if-none-match"} & back.keys()
    assert back["accept"] != "text/html"


async def test_who_redirects_does_not_choose_our_credentials() -> None:
    async with serving(saying(reply(b"here"))) as other:
        location = f"http://admin:guess@127.0.0.1:{other.port}/"
        async with serving(saying(to(location))) as server, egress_on("127.0.0.1") as egress:
            result = await egress.fetch(server.url())
    assert isinstance(result, Fetched)
    assert result.url == other.url()
    assert "authorization" not in other.asked[0].headers


@pytest.mark.parametrize(
    ("location", "kept"),
    [
        ("http://portal.example:80/b", True),
        ("http://PORTAL.example/b", True),
        ("//portal.example/b", True),
        ("https://portal.example/b", False),
        ("https://portal.example:80/b", False),
        ("http://portal.example:81/b", False),
        ("http://www.portal.example/b", False),
        ("http://portal.example./b", False),
    ],
)
def test_what_counts_as_the_same_origin(location: str, kept: bool) -> None:
    trip = Trip("http://portal.example/a", PRIVATE, working=Budget(1), max_redirects=1)
    trip.follow(302, location)
    assert bool(trip.headers) is kept


async def test_a_name_is_another_origin_than_its_address() -> None:
    """Same server, same port, other spelling: not the same origin."""
    async with serving(by_path({"/a": reply(b"")})) as server, egress_on("127.0.0.0/8") as egress:
        first = by_path({"/": to(f"http://127.0.0.1:{server.port}/a")})
        async with serving(first, host="127.0.0.2") as other:
            await egress.fetch(other.url(), headers=PRIVATE)
    assert "authorization" in other.asked[0].headers
    assert "authorization" not in server.asked[0].headers


@pytest.mark.parametrize("authorization", ["Bearer secret", "Basic c2VjcmV0"])
async def test_no_downgrade_to_plain_http_carries_what_signs_us_in(
    authorization: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls, client = own_certificate(tmp_path)
    trusting(client, monkeypatch)
    async with serving(saying(reply(b"here"))) as plain:
        script = by_path({"/a": to("/b", 301), "/b": to(plain.url("/c"))})
        async with serving(script, tls=tls) as server, egress_on("127.0.0.1") as egress:
            result = await egress.fetch(
                server.url("/a", "https"), headers={"Authorization": authorization, "Cookie": "a=secret"}
            )
            url = server.url("/b", "https")
    assert isinstance(result, Fetched)
    assert result.redirects == (Redirect(status=301, url=url), Redirect(status=302, url=plain.url("/c")))
    assert [asked.headers["authorization"] for asked in server.asked] == [authorization] * 2
    assert [asked.headers["cookie"] for asked in server.asked] == ["a=secret"] * 2
    assert not {"authorization", "cookie"} & plain.asked[0].headers.keys()


@pytest.mark.parametrize(
    ("statuses", "moved"), [([301, 308], True), ([301, 302], False), ([307, 301], False), ([303], False)]
)
async def test_the_steps_on_the_way_are_told(statuses: list[int], moved: bool) -> None:
    steps = {f"/{number}": to(f"/{number + 1}#x", status) for number, status in enumerate(statuses)}
    last = f"/{len(statuses)}"
    script = by_path(steps | {last: reply(b"here")})
    async with serving(script) as server, egress_on("127.0.0.1") as egress:
        result = await egress.fetch(server.url("/0"))
    assert isinstance(result, Fetched)
    assert result.redirects == tuple(
        Redirect(status=status, url=server.url(f"/{number + 1}")) for number, status in enumerate(statuses)
    )
    assert result.moved_to == (server.url(last) if moved else None)


async def test_the_steps_to_an_unchanged_document_are_told() -> None:
    script = by_path({"/a": to("/b", 301), "/b": b"HTTP/1.1 304 Not Modified\r\n\r\n"})
    async with serving(script) as server, egress_on("127.0.0.1") as egress:
        result = await egress.fetch(server.url("/a"), headers={"If-None-Match": '"a"'})
    assert isinstance(result, NotModified)
    assert result.redirects == (Redirect(status=301, url=server.url("/b")),)


async def test_credentials_in_a_location_are_not_told() -> None:
    async def filled(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(to(f"http://ann:secret@127.0.0.1:{server.port}/b") if asked.path == "/a" else reply())

    async with serving(filled) as server, egress_on("127.0.0.1") as egress:
        result = await egress.fetch(server.url("/a"))
    assert isinstance(result, Fetched)
    assert result.redirects == (Redirect(status=302, url=server.url("/b")),)
