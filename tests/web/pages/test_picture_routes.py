"""Pictures served by us: from the portal once, then from the cache, and never anything but a picture."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path

import pytest
from egress.raw_server import Asked, RawServer, egress_on, reply, serving
from msgspec.structs import replace
from PIL import Image
from pipeline.visiting_world import visiting
from support import NOON, ManualClock, until
from web.web_world import CITY, SITE, Client, World, client_of, source, story

from syndicator.gather.documents.parser_pool import ParserPool, open_pool
from syndicator.model.article import Candidate, Photo, Provenance
from syndicator.model.feed import Format
from syndicator.model.ids import FeedId
from syndicator.model.source import FetchLimits, ImagePolicy
from syndicator.pipeline.articles import served_pictures
from syndicator.pipeline.articles.pictures import PicturePolicy
from syndicator.pipeline.articles.served_pictures import ServedPictures
from syndicator.rules.articles.pictures import picture_digest
from syndicator.store.articles.picture_files import PictureFiles
from syndicator.store.articles.pictures import PictureFinding
from syndicator.store.embedded import EmbeddedServer, find_server
from syndicator.store.store import Store, StoreOptions, open_store
from syndicator.web.app import create_app
from syndicator.web.http.options import WebOptions

KOTA = replace(source("kota", "Berita Kota"), images=ImagePolicy.CACHE, headers={"cookie": "geheim=1"})


def picture(width: int = 30, height: int = 20) -> bytes:
    written = BytesIO()
    Image.new("RGB", (width, height), "teal").save(written, "JPEG", comment=b"rahasia")
    return written.getvalue()


@pytest.fixture
async def pool() -> AsyncIterator[ParserPool]:
    async with open_pool(workers=1) as opened:
        yield opened


class Portal:
    """Gives what the test says, and can be made to wait."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes] = {}
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    async def __call__(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        await self.goes_on.wait()
        answer = self.answers.get(asked.path, reply(status=404))
        writer.write(answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if asked.method == "HEAD" else answer)


class Site:
    """Everything behind one route."""

    def __init__(
        self, portal: Portal, server: RawServer, world: World, prepared: PicturePolicy, folder: Path
    ) -> None:
        self.portal, self.server, self.world = portal, server, world
        self.prepared, self.folder = prepared, folder
        self.client: Client

    def url(self, path: str = "/1.jpg") -> str:
        return self.server.url(path)

    def path(self, path: str = "/1.jpg") -> str:
        return f"/pictures/{picture_digest(self.url(path))}"

    async def admit(self, path: str = "/1.jpg", **changes: object) -> Candidate:
        given = story(1, photos=(Photo(url=self.url(path), caption="Jalan"),), **changes)
        taken, _ = await self.prepared.prepare(KOTA, [given])
        await self.world.admit(*taken)
        self.server.asked.clear()  # of looks at it
        return taken[0]


@asynccontextmanager
async def site_of(
    store: Store, clock: ManualClock, pool: ParserPool, folder: Path, max_bytes: int = 10**6
) -> AsyncIterator[Site]:
    portal, world = Portal(), World(store, clock)
    quick = replace(KOTA, limits=FetchLimits(timeout_s=1, connect_timeout_s=1))
    async with (
        serving(portal) as server,
        egress_on("127.0.0.1", clock=clock) as egress,
        visiting(egress, store, clock) as polite_client,
    ):
        site = Site(
            portal, server, world, PicturePolicy(store.pictures, polite_client, clock), folder / "pictures"
        )
        served = ServedPictures(
            store=store.pictures,
            files=PictureFiles(site.folder, max_bytes),
            egress=egress,
            pool=pool,
            sources={CITY: quick},
            clock=clock,
        )
        async with client_of(create_app(world.reading, WebOptions(), pictures=served)) as client:
            site.client = client
            yield site
        await served.close()
        world.publisher.close()


async def test_fetched_once_and_written_anew(
    store: Store, clock: ManualClock, pool: ParserPool, tmp_path: Path
) -> None:
    async with site_of(store, clock, pool, tmp_path) as site:
        site.portal.answers["/1.jpg"] = reply(
            picture(), headers=[("Content-Type", "application/octet-stream")]
        )
        await site.admit()
        first = await site.client.get(site.path())
        second = await site.client.get(site.path())
        (asked,) = site.server.asked
        head = await site.client.get(site.path(), method="HEAD")
        known = await site.client.get(site.path(), {"If-None-Match": first.headers["ETag"]})
    assert (first.status, first.headers["Content-Type"]) == (200, "image/jpeg")
    assert Image.open(BytesIO(first.body)).size == (30, 20)
    assert b"rahasia" not in first.body
    assert first.body == second.body
    assert first.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in first.headers["Cache-Control"]
    assert (head.status, head.body, int(head.headers["Content-Length"])) == (200, b"", len(first.body))
    assert (known.status, known.body, known.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert "cookie" not in asked.headers
    assert (await store.pictures.get(picture_digest(site.url()), clock())).finding is PictureFinding.FINE  # type: ignore[union-attr]


async def test_below_the_path_of_the_public_address_too(
    store: Store, clock: ManualClock, pool: ParserPool, tmp_path: Path
) -> None:
    async with site_of(store, clock, pool, tmp_path) as site:
        site.portal.answers["/1.jpg"] = reply(picture())
        await site.admit()
        assert (await site.client.get("/news" + site.path())).status == 200


async def test_what_is_published_leads_to_us_and_what_is_stored_to_the_portal(
    store: Store, clock: ManualClock, pool: ParserPool, tmp_path: Path
) -> None:
    async with site_of(store, clock, pool, tmp_path) as site:
        site.portal.answers["/1.jpg"] = reply(picture())
        inside = site.url("/2.jpg?a=1&b=2")
        body = f'<p>Isi.</p><img alt="a > b" src="{inside.replace("&", "&amp;")}">'
        taken = await site.admit(body_html=body)
        (article_id,) = await store.articles.carried_by(CITY)
        stored = await store.articles.get(article_id)
        told = [(await site.world.publisher.rendition(FeedId("latest"), form)).body for form in Format]
        told.append((await site.client.get(f"/articles/{article_id}")).body)
    assert stored is not None
    assert (stored.photos, stored.body_html) == (taken.photos, body)
    for address in (site.url(), inside):
        ours = f"{SITE.public_url}/pictures/{picture_digest(address)}"
        assert all(ours.encode() in text.replace(b"\\/", b"/") for text in told)
    assert not any(site.server.url("").encode() in text for text in told)


async def test_only_addresses_that_came_with_articles_can_be_asked_for(
    store: Store, clock: ManualClock, pool: ParserPool, tmp_path: Path
) -> None:
    async with site_of(store, clock, pool, tmp_path) as site:
        site.portal.answers["/1.jpg"] = reply(picture())
        linked, _ = await site.prepared.prepare(
            replace(KOTA, images=ImagePolicy.LINK), [story(1, photos=(Photo(url=site.url("/2.jpg")),))]
        )
        assert linked
        asked = len(site.server.asked)
        for path in (
            site.path(),
            site.path("/2.jpg"),
            "/pictures/x",
            "/pictures/..%2f..%2fetc",
            "/pictures/" + "a" * 26,
        ):
            answer = await site.client.get(path)
            assert answer.status == 404
            assert answer.headers["Content-Type"].startswith("application/problem+json")
        assert len(site.server.asked) == asked


@pytest.mark.parametrize(
    "answer",
    [
        reply(b"<html><script>alert(1)</script>", headers=[("Content-Type", "image/jpeg")]),
        reply(b"\xef\xbb\xbf<!doctype html><script>alert(1)</script>", headers=[("Content-Type", "image/png")]),
        reply(b" \r\n\t<html><script>alert(1)</script>", headers=[("Content-Type", "image/png")]),
        reply(b'\xef\xbb\xbf\n<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', headers=[("Content-Type", "image/png")]),
        reply(b"\xff\xfe<\0h\0t\0m\0l\0>\0", headers=[("Content-Type", "image/png")]),
        reply(b"\n" + picture(), headers=[("Content-Type", "image/png")]),
        reply(b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>', headers=[("Content-Type", "image/svg+xml")]),
        reply(picture()[:300], headers=[("Content-Type", "image/jpeg")]),
        reply(picture(1, 1), headers=[("Content-Type", "image/jpeg")]),
        reply(status=404),
        reply(status=302, headers=[("Location", "http://10.0.0.1/")]),
        reply(status=302, headers=[("Location", "http://[::ffff:169.254.169.254]/latest")]),
        b"HTTP/1.1 200 OK\r\nContent-Length: 10485761\r\n\r\n",
    ],
)  # fmt: skip
async def test_what_is_no_picture_is_not_there_and_is_left_out_from_then_on(
    store: Store, clock: ManualClock, pool: ParserPool, tmp_path: Path, answer: bytes
) -> None:
    async with site_of(store, clock, pool, tmp_path) as site:
        site.portal.answers["/1.jpg"] = answer
        await site.admit()
        assert (await site.client.get(site.path())).status == 404
        asked = len(site.server.asked)
        assert (await site.client.get(site.path())).status == 404
        assert len(site.server.asked) == asked, "not asked for again so soon"
        body = f'<p>Isi.</p><figure><img src="{site.url()}"></figure>'
        given = story(1, photos=(Photo(url=site.url()),), body_html=body)
        taken, warnings = await site.prepared.prepare(KOTA, [given])
    assert (taken[0].photos, taken[0].body_html) == ((), "<p>Isi.</p>")
    assert len(warnings) == 1
    assert [(one.field, one.received) for one in taken[0].provenance.changes] == [
        ("photos", site.url()),
        ("body", site.url()),
    ]


async def test_a_portal_that_is_down_for_a_while_costs_no_picture(
    store: Store, clock: ManualClock, pool: ParserPool, tmp_path: Path
) -> None:
    async with site_of(store, clock, pool, tmp_path) as site:
        site.portal.answers["/1.jpg"] = reply(picture())
        await site.admit()
        site.portal.answers["/1.jpg"] = reply(status=503)
        answer = await site.client.get(site.path())
        assert answer.status == 503
        assert "Retry-After" in answer.headers
        site.portal.goes_on.clear()
        assert (await site.client.get(site.path())).status == 503, "a slow one ends with its time"
        site.portal.goes_on.set()
        site.portal.answers["/1.jpg"] = reply(picture())
        assert (await site.client.get(site.path())).status == 200


async def test_a_slow_body_ends_with_its_time(
    store: Store, clock: ManualClock, pool: ParserPool, tmp_path: Path
) -> None:
    is_slow = False

    async def drip(asked: Asked, writer: asyncio.StreamWriter) -> None:
        if not is_slow:
            writer.write(reply(picture()))
            return
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 1000\r\n\r\n")
        for byte in picture()[:100]:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.1)

    async with site_of(store, clock, pool, tmp_path) as site, serving(drip) as slow:
        taken, _ = await site.prepared.prepare(KOTA, [story(1, photos=(Photo(url=slow.url("/1.png")),))])
        await site.world.admit(*taken)
        is_slow = True
        answer = await site.client.get(f"/pictures/{picture_digest(slow.url('/1.png'))}")
    assert answer.status == 503


async def test_a_pool_that_was_stopped_says_nothing_of_a_picture(
    store: Store, clock: ManualClock, pool: ParserPool, tmp_path: Path
) -> None:
    async with site_of(store, clock, pool, tmp_path) as site:
        site.portal.answers["/1.jpg"] = reply(picture())
        await site.admit()
        await pool.close()
        assert (await site.client.get(site.path())).status == 503
        known = await store.pictures.get(picture_digest(site.url()), clock())
    assert known is not None
    assert known.finding is PictureFinding.FINE


async def test_requests_at_once_share_one_fetch(
    store: Store, clock: ManualClock, pool: ParserPool, tmp_path: Path
) -> None:
    async with site_of(store, clock, pool, tmp_path) as site:
        site.portal.answers["/1.jpg"] = reply(picture())
        await site.admit()
        site.portal.goes_on.clear()
        asking = [asyncio.create_task(site.client.get(site.path())) for _ in range(5)]
        await until(lambda: site.server.asked)
        asking[0].cancel()
        site.portal.goes_on.set()
        answers = await asyncio.gather(*asking[1:])
        assert {answer.status for answer in answers} == {200}
        assert len(site.server.asked) == 1


async def test_misses_are_limited_and_what_is_kept_is_not(
    store: Store, clock: ManualClock, pool: ParserPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served_pictures, "MISSES_PER_MINUTE", 1)
    async with site_of(store, clock, pool, tmp_path) as site:
        for path in ("/1.jpg", "/2.jpg"):
            site.portal.answers[path] = reply(picture())
            await site.admit(path, url=f"https://kota.example{path}")
        assert (await site.client.get(site.path("/1.jpg"))).status == 200
        assert (await site.client.get(site.path("/2.jpg"))).status == 503
        assert (await site.client.get(site.path("/1.jpg"))).status == 200
        assert len(site.server.asked) == 1


async def test_without_redis_what_is_kept_is_served(
    clock: ManualClock, pool: ParserPool, tmp_path: Path
) -> None:
    server = EmbeddedServer(tmp_path / "redis", find_server(None))
    (tmp_path / "redis").mkdir()
    await server.ensure()
    options = StoreOptions(url=f"unix://{server.socket}", data_dir=tmp_path)
    async with open_store(options) as store, site_of(store, clock, pool, tmp_path) as site:
        site.portal.answers["/1.jpg"] = reply(picture())
        await site.admit()
        await site.client.get(site.path())
        await server.stop()
        assert (await site.client.get(site.path())).status == 200
        assert (await site.client.get("/pictures/" + "a" * 26)).status == 503


async def test_a_torn_file_is_fetched_again(
    store: Store, clock: ManualClock, pool: ParserPool, tmp_path: Path
) -> None:
    async with site_of(store, clock, pool, tmp_path) as site:
        site.portal.answers["/1.jpg"] = reply(picture())
        await site.admit()
        await site.client.get(site.path())
        (file,) = site.folder.iterdir()
        file.write_bytes(b"\0" * 100)
        assert (await site.client.get(site.path())).headers["Content-Type"] == "image/jpeg"
        assert len(site.server.asked) == 2


async def test_a_cache_of_nothing_still_serves(
    store: Store, clock: ManualClock, pool: ParserPool, tmp_path: Path
) -> None:
    async with site_of(store, clock, pool, tmp_path, max_bytes=0) as site:
        site.portal.answers["/1.jpg"] = reply(picture())
        await site.admit()
        assert (await site.client.get(site.path())).status == 200
        assert (await site.client.get(site.path())).status == 200
        assert len(site.server.asked) == 2


def test_an_article_that_was_taken_in_with_links_keeps_them() -> None:
    assert Provenance(source=CITY, requested_url="", fetched_at=NOON).images is ImagePolicy.LINK
