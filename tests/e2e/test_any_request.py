"""Whatever strangers send over HTTP, the running service answers with a status of ours, and has no fault."""

import asyncio
import socket
from pathlib import Path
from urllib.parse import urlsplit

from e2e.conftest import Start
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct
from redis_processes import free_port
from warm_program import run

EXAMPLES = 100
PATIENCE_S = 30
"""For one answer."""

STATUSES = {
    *(200, 202, 204, 226, 301, 302, 303, 304, 307, 308),
    *(400, 401, 403, 404, 405, 406, 409, 410, 411, 412, 413, 414, 415, 417, 421, 422, 429, 431),
}
ALWAYS = ("content-security-policy", "referrer-policy", "x-content-type-options", "x-frame-options")

ROUTES = (
    "/", "/feeds", "/feeds/{}", "/feeds/latest{}", "/feeds/latest.rss{}", "/feeds/popular.json", "/feeds.opml",
    "/feeds/latest.{}", "/feeds/latest/archive/{}.atom", "/articles/{}", "/articles.rss{}", "/articles.{}",
    "/articles/{}/related.json", "/stories/{}", "/search", "/r/{}", "/hub", "/rsscloud/pleaseNotify",
    "/rsscloud/ping", "/healthz", "/readyz", "/api/docs", "/api/v1/{}", "/api/v1/articles/{}", "/api/v1/articles",
    "/api/v1/openapi.json", "/problems/{}", "/pictures/{}", "/static/{}", "/sitemap-news.xml", "/favicon.ico",
    "/admin/", "/admin/deliveries", "/admin/schedule", "/metrics", "/{}",
)  # fmt: skip
PARAMETERS = (
    "source", "section", "tag", "language", "author", "since", "until", "query", "q", "sort", "window", "limit",
    "page", "cursor", "token", "endpoint", "hub.mode", "hub.topic", "n", "x",
)  # fmt: skip
VALUES = (
    "", "0", "-1", "1e9", "9" * 30, "latest", "popular", "24h", "2026-11-05", "9999-12-31T23:59:59+14:00", "id",
    "*", '"', "(", "banjir OR", "NEAR(", "..", "%00", "%", "%2e%2e%2f", "\u0000", "a\u0301", "\ud7ff", "﷽", "🙂" * 9,
)  # fmt: skip
HEADERS = (
    "Accept", "Accept-Encoding", "Accept-Language", "A-IM", "Authorization", "Cookie", "Content-Type", "Expect",
    "Forwarded", "If-Match", "If-Modified-Since", "If-None-Match", "If-Unmodified-Since", "If-Range", "Origin",
    "Range", "Sec-Fetch-Site", "User-Agent", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
)  # fmt: skip
HEADER_VALUES = (
    "", "*", "text/html", "gzip;q=0, *", "br;q=", '"a", W/"b"', "feed", "Basic !!!", "Basic Og==", "Bearer \u00ff",
    "Thu, 05 Nov 2026 12:00:00 GMT", "Thu, 99 Foo -1 99:99:99", "bytes=0-", "bytes=9-1", "1.2.3.4, nonsense",
    "::1", "null", "a=b; c", "100-continue", ",,,", "q=1;q=1;q=1", "\u00e9" * 50,
)  # fmt: skip

METHODS = ("GET", "GET", "GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "BREW")

ANY_VALUE = st.sampled_from(VALUES) | st.text(max_size=12)
PRINTABLE = st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f")
ANY_HEADER_VALUE = st.sampled_from(HEADER_VALUES) | st.text(PRINTABLE, max_size=20)


class Asked(Struct, frozen=True, kw_only=True):
    method: str
    target: bytes
    headers: tuple[tuple[str, bytes], ...]


class Answer(Struct, frozen=True, kw_only=True):
    status: int
    headers: dict[str, str]
    body: bytes


def spelled(text: str, *, raw: bool) -> bytes:
    """Spell a value as a URL holds it; `raw`: as bytes that no URL should hold, but for blanks and controls."""
    coded = text.encode("utf-8", "replace")
    kept = range(0x21, 0x100) if raw else (*b"abcdefghijklmnopqrstuvwxyz0123456789-._~%",)
    return b"".join(bytes([one]) if one in kept and one != 0x7F else b"%%%02X" % one for one in coded)


@st.composite
def requests(draw: st.DrawFn) -> Asked:
    """Give a request to any route, with anything in its holes, its query and its headers."""
    raw = draw(st.booleans())
    before, hole, after = draw(st.sampled_from(ROUTES)).partition("{}")
    target = before.encode() + (spelled(draw(ANY_VALUE), raw=raw) if hole else b"") + after.encode()
    query = draw(st.lists(st.tuples(st.sampled_from(PARAMETERS), ANY_VALUE), max_size=4))
    pairs = [name.encode() + b"=" + spelled(told, raw=raw) for name, told in query]
    headers = draw(st.lists(st.tuples(st.sampled_from(HEADERS), ANY_HEADER_VALUE), max_size=5))
    return Asked(
        method=draw(st.sampled_from(METHODS)),
        target=target + (b"?" + b"&".join(pairs) if pairs else b""),
        headers=tuple((name, told.encode("latin-1")) for name, told in headers),
    )


def send(port: int, asked: Asked) -> Answer:
    lines = [
        asked.method.encode() + b" " + asked.target + b" HTTP/1.1",
        b"Host: 127.0.0.1:%d" % port,
        b"Connection: close",
        *(name.encode() + b": " + told for name, told in asked.headers),
        *([b"Content-Length: 0"] if asked.method in {"POST", "PUT"} else []),
    ]
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as peer:
        peer.sendall(b"\r\n".join(lines) + b"\r\n\r\n")
        received = b"".join(iter(lambda: peer.recv(65536), b""))
    while received.startswith(b"HTTP/1.1 100 "):
        received = received.partition(b"\r\n\r\n")[2]
    head, _, body = received.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): told.strip() for name, _, told in (line.partition(":") for line in rest)}
    return Answer(status=int(first.split()[1]), headers=headers, body=body)


def look(asked: Asked, answer: Answer) -> None:
    assert answer.status in STATUSES, asked
    assert b"Traceback" not in answer.body
    assert answer.headers["server"] == "syndicator"
    for name in ALWAYS:
        assert answer.headers[name], name


def look_at_many(port: int) -> None:
    @settings(max_examples=EXAMPLES, derandomize=True)
    @given(requests())
    def any_request(asked: Asked) -> None:
        look(asked, send(port, asked))

    any_request()


async def test_any_request_is_answered_and_none_is_a_fault(start: Start, config: Path) -> None:
    assert (await run(config, "once", "gather"))[0] == 0
    ops_port = free_port()
    rest = config / "rest.toml"
    rest.write_text(rest.read_text("utf-8").replace("ops_port = 0", f"ops_port = {ops_port}"), "utf-8")
    program = await start(config, "run")
    public = urlsplit(await program.ready())
    assert public.port is not None
    for port in (public.port, ops_port):
        await asyncio.to_thread(look_at_many, port)
    assert program.process.returncode is None
    assert program.faults() == []
    assert "Traceback" not in program.told()
