"""What becomes of pictures by a source's policy, and that it stays so from round to round."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from egress.certificates import own_certificate, trusting
from egress.forward_proxy import proxying
from egress.raw_server import Asked, RawServer, egress_on, reply, saying, serving, silent
from msgspec.structs import replace
from PIL import Image
from pipeline.conftest import OpenService, Portal
from pipeline.rounds.test_feed_round import config, gather
from pipeline.visiting_world import visiting
from support import NOON, ManualClock, candidate
from web.web_world import SITE, client_of

from syndicator.model.article import Candidate, Photo
from syndicator.model.delivery import Endpoint, Secret
from syndicator.model.feed import Format
from syndicator.model.ids import EndpointId, FeedId, SourceId
from syndicator.model.schedule import Every
from syndicator.model.source import ImagePolicy, Politeness, Source, SourceKind
from syndicator.pipeline.articles import pictures as picturing
from syndicator.pipeline.articles.admission import Admitter
from syndicator.pipeline.articles.pictures import PicturePolicy
from syndicator.pipeline.endpoint_directory import Directory
from syndicator.pipeline.webhooks.delivery import DeliverStep
from syndicator.rules.articles.pictures import (
    MAX_INSIDE,
    body_pictures,
    picture_digest,
    picture_url,
    served_by_us,
    without_broken,
    without_pictures,
    without_pixels,
)
from syndicator.rules.identity.content_fingerprint import content_hash
from syndicator.store.articles.pictures import PictureFinding
from syndicator.store.store import Store
from syndicator.web.app import create_app
from syndicator.web.http.options import WebOptions

JPEG = (("Content-Type", "image/jpeg"),)


def source(images: ImagePolicy = ImagePolicy.LINK) -> Source:
    return Source(
        id=SourceId("city"),
        title="City",
        kind=SourceKind.FEED,
        url="https://city.example/rss",
        schedule=Every(interval_s=300),
        images=images,
        headers={"authorization": "Bearer geheim"},
    )


def with_photos(*urls: str, number: int = 1, body_html: str | None = None) -> Candidate:
    photos = tuple(Photo(url=url, caption="Jalan utama") for url in urls)
    return replace(candidate(number, body_html=body_html), photos=photos)


def by_path(answers: dict[str, bytes]) -> Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]:
    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        answer = answers[asked.path]
        writer.write(answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if asked.method == "HEAD" else answer)

    return script


def tries(server: RawServer) -> list[str]:
    return [asked.path for asked in server.asked]


@asynccontextmanager
async def pictures_of(
    store: Store, clock: ManualClock, looks_s: float = 20.0
) -> AsyncIterator[PicturePolicy]:
    async with egress_on("127.0.0.1", clock=clock) as egress, visiting(egress, store, clock) as polite_client:
        yield PicturePolicy(store.pictures, polite_client, clock, looks_s=looks_s)


async def test_left_out_where_the_source_says_so(store: Store, clock: ManualClock) -> None:
    body = '<p>Satu.</p><figure><a href="https://a.example/"><img src="https://a.example/1.jpg" alt="a>b"></a><figcaption>Foto</figcaption></figure><p><img src="https://a.example/2.jpg"></p><p>Dua.</p>'
    async with serving(saying(reply())) as server, pictures_of(store, clock) as pictures:
        given = with_photos(server.url("/1.jpg"), body_html=body)
        taken, warnings = await pictures.prepare(source(ImagePolicy.NONE), [given])
        assert not server.asked
    assert taken[0].photos == ()
    assert taken[0].body_html == "<p>Satu.</p><p>Dua.</p>"
    assert [change.field for change in taken[0].provenance.changes] == ["photos"]
    assert warnings == ()


def test_a_figure_that_holds_more_than_a_picture_stays() -> None:
    body = '<figure><img src="https://a.example/1.jpg"><table><tbody><tr><td>1</td></tr></tbody></table></figure>'
    assert without_pictures(body) == "<figure><table><tbody><tr><td>1</td></tr></tbody></table></figure>"


def test_the_pictures_of_a_body_are_found_whatever_stands_around_them() -> None:
    body = '<img alt="a > b" src="https://a.example/?a=1&amp;b=2"><p title="<img src=">&lt;img src="x"></p>'
    assert body_pictures(body) == ["https://a.example/?a=1&b=2"]


async def test_type_and_size_are_filled_in_and_asked_for_once(store: Store, clock: ManualClock) -> None:
    async with serving(by_path({"/1.jpg": reply(b"x" * 700, headers=JPEG)})) as server:
        given = with_photos(server.url("/1.jpg"))
        async with pictures_of(store, clock) as one, pictures_of(store, clock) as other:
            first, _ = await one.prepare(source(), [given])
            clock.advance(3600 * 24)
            second, _ = await other.prepare(source(), [given])
        assert [asked.method for asked in server.asked if asked.method != "GET"] == ["HEAD"]
        assert "authorization" not in server.asked[-1].headers
    assert first[0].photos == second[0].photos
    photo = first[0].photos[0]
    assert (photo.url, photo.media_type, photo.length_bytes) == (given.photos[0].url, "image/jpeg", 700)
    assert photo.caption == "Jalan utama"
    assert content_hash(first[0]) == content_hash(given)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (reply(status=404), "http_404"),
        (reply(status=410), "http_410"),
        (reply(b"<html>", headers=[("Content-Type", "text/html")]), "not_an_image"),
        (reply(b"<svg/>", headers=[("Content-Type", "image/svg+xml")]), "not_an_image"),
        (reply(b"x"), "not_an_image"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 20971521\r\n\r\n", "too_large"),
        (reply(status=302, headers=[("Location", "http://10.1.2.3/a.jpg")]), "blocked"),
        (reply(status=302, headers=[("Location", "file:///etc/passwd")]), "redirect"),
    ],
)  # fmt: skip
async def test_what_is_no_picture_is_left_out_with_a_word(
    store: Store, clock: ManualClock, answer: bytes, why: str
) -> None:
    answers = {"/bad.jpg": answer, "/good.jpg": reply(b"x", headers=JPEG)}
    async with serving(by_path(answers)) as server, pictures_of(store, clock) as pictures:
        bad, good = server.url("/bad.jpg"), server.url("/good.jpg")
        taken, warnings = await pictures.prepare(source(), [with_photos(bad, good)])
    assert [photo.url for photo in taken[0].photos] == [good]
    (change,) = taken[0].provenance.changes
    assert (change.field, change.received) == ("photos", bad)
    assert why in change.why or why == "redirect"
    assert len(warnings) == 1
    assert warnings[0].startswith(f"picture {bad} of {taken[0].url}: ")


@pytest.mark.parametrize("policy", [ImagePolicy.LINK, ImagePolicy.CACHE])
@pytest.mark.parametrize(
    "answer",
    [
        reply(status=404),
        reply(b"<html>", headers=[("Content-Type", "text/html")]),
        b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 20971521\r\n\r\n",
    ],
)
async def test_a_broken_photo_leaves_the_text_too(
    store: Store, clock: ManualClock, policy: ImagePolicy, answer: bytes
) -> None:
    answers = {"/bad.jpg?a=1&b=2": answer, "/good.jpg": reply(b"x", headers=JPEG)}
    async with serving(by_path(answers)) as server, pictures_of(store, clock) as pictures:
        bad, good = server.url("/bad.jpg?a=1&b=2"), server.url("/good.jpg")
        shown = f'<img alt="Jalan" src="{bad.replace("&", "&amp;")}">'
        kept = f'<figure><img src="{good}"><figcaption>Pasar</figcaption></figure>'
        body = (
            f"<p>Satu.</p><figure><a href='#x'>{shown}</a><figcaption>Jalan</figcaption></figure>"
            f"<p>Dua.{shown}</p>{kept}"
        ).replace("'", '"')
        for _ in range(2):
            given = with_photos(bad, good, body_html=body)
            (taken,), warnings = await pictures.prepare(source(policy), [given])
            assert taken.body_html == f"<p>Satu.</p><p>Dua.</p>{kept}"
            assert [(one.field, one.received) for one in taken.provenance.changes] == [
                ("photos", bad),
                ("body", bad),
            ]
            assert len(warnings) == 1


def test_a_figure_stays_with_what_is_not_broken() -> None:
    two = '<figure><img src="https://a.example/1.jpg"><img src="https://a.example/2.jpg"><figcaption>Dua</figcaption></figure>'
    left, gone = without_broken(two, {"https://a.example/1.jpg"})
    assert left == '<figure><img src="https://a.example/2.jpg"><figcaption>Dua</figcaption></figure>'
    assert gone == ["https://a.example/1.jpg"]
    assert without_broken(two, {"https://a.example/3.jpg"}) == (two, [])


async def test_a_pixel_that_counts_visits_is_left_out_unasked(store: Store, clock: ManualClock) -> None:
    async with serving(saying(reply())) as server, pictures_of(store, clock) as pictures:
        pixel = Photo(url=server.url("/p.gif"), width=1, height=1)
        taken, _ = await pictures.prepare(source(), [replace(candidate(), photos=(pixel,))])
        assert not server.asked
    assert taken[0].photos == ()
    assert taken[0].provenance.changes[0].received == pixel.url


@pytest.mark.parametrize("policy", list(ImagePolicy))
async def test_pixels_leave_bodies_too(store: Store, clock: ManualClock, policy: ImagePolicy) -> None:
    pixel = "https://count.example/?a=1&b=2"
    body = (
        '<p>Satu.</p><p><img src="https://count.example/?a=1&amp;b=2" width="1" height="1"></p>'
        '<p>Dua <img height="0" src="https://count.example/0.gif">.</p>'
    )
    async with pictures_of(store, clock) as pictures:
        taken, _ = await pictures.prepare(source(policy), [with_photos(body_html=body)])
    assert taken[0].body_html == "<p>Satu.</p><p>Dua .</p>"
    changes = taken[0].provenance.changes
    assert [(one.field, one.received) for one in changes] == [
        ("body", pixel),
        ("body", "https://count.example/0.gif"),
    ]


def test_a_small_picture_is_no_pixel() -> None:
    body = '<img src="https://a.example/1.jpg" width="10" height="12" alt=" width=1"><p>1</p>'
    assert without_pixels(body) == (body, [])


@asynccontextmanager
async def secure_portal(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """Give the proxy through which a portal is at the port of https."""
    context, client = own_certificate(folder)
    trusting(client, monkeypatch)
    answers = {"/1.jpg": reply(b"x", headers=JPEG)}
    async with serving(by_path(answers), tls=context) as server, proxying() as proxy:
        tunnel = proxy._tunnel

        async def led_there(asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.path = f"127.0.0.1:{server.port}"
            await tunnel(asked, reader, writer)

        monkeypatch.setattr(proxy, "_tunnel", led_there)
        yield proxy.url()


async def test_https_is_preferred_where_the_picture_is_there_too(
    store: Store, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with secure_portal(tmp_path, monkeypatch) as proxy:
        given = with_photos("http://127.0.0.1:80/1.jpg", "https://127.0.0.1/1.jpg")
        async with pictures_of(store, clock) as pictures:
            taken, _ = await pictures.prepare(replace(source(), proxy=proxy), [given])
    again = await store.pictures.known(["http://127.0.0.1:80/1.jpg"], clock())
    assert [photo.url for photo in taken[0].photos] == ["https://127.0.0.1/1.jpg"]
    assert [picture.link for picture in again.values()] == ["https://127.0.0.1/1.jpg"]
    assert taken[0].provenance.changes[0].received == "http://127.0.0.1:80/1.jpg"
    assert "https" in taken[0].provenance.changes[0].why


async def test_what_may_pass_changes_nothing_until_it_has_failed_three_times(
    store: Store, clock: ManualClock
) -> None:
    answers = {"/1.jpg": reply(status=503)}
    async with serving(by_path(answers)) as server, pictures_of(store, clock) as pictures:
        given = with_photos(server.url("/1.jpg"))
        for _ in range(2):
            taken, warnings = await pictures.prepare(source(), [given])
            assert (taken[0].photos, warnings) == (given.photos, ())
            asked = len(tries(server))
            clock.advance(600)
            await pictures.prepare(source(), [given])
            assert len(tries(server)) == asked, "not before an hour has gone by"
            clock.advance(3600)
        taken, warnings = await pictures.prepare(source(), [given])
        assert taken[0].photos == ()
        assert warnings[0].endswith(": http_503")
        answers["/1.jpg"] = reply(b"x", headers=JPEG)
        clock.advance(timedelta(hours=6).total_seconds() + 1)
        taken, warnings = await pictures.prepare(source(), [given])
    assert (len(taken[0].photos), warnings) == (1, ())


async def test_what_there_is_no_time_for_stays_as_announced(store: Store, clock: ManualClock) -> None:
    waiting = asyncio.Event()

    async def slow(asked: Asked, writer: asyncio.StreamWriter) -> None:
        if asked.path != "/quick.jpg":
            await waiting.wait()
        writer.write(reply(headers=JPEG))

    async with serving(slow) as server:
        given = [with_photos(server.url("/quick.jpg")), with_photos(server.url("/slow.jpg"), number=2)]
        async with pictures_of(store, clock, looks_s=2.0) as pictures:
            first, warnings = await pictures.prepare(source(), given)
        waiting.set()
        async with pictures_of(store, clock) as pictures:
            second, _ = await pictures.prepare(source(), given)
    assert warnings == ()
    assert [one.photos[0].media_type for one in first] == ["image/jpeg", None]
    assert [one.photos[0].media_type for one in second] == ["image/jpeg", "image/jpeg"]
    assert [content_hash(one) for one in first] == [content_hash(one) for one in second]


async def test_a_later_look_never_moves_a_picture_to_https(
    store: Store, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with secure_portal(tmp_path, monkeypatch) as proxy:
        given = with_photos("http://127.0.0.1/1.jpg")
        city = replace(source(), proxy=proxy)
        async with pictures_of(store, clock, looks_s=0.0) as pictures:
            first, _ = await pictures.prepare(city, [given])
        async with pictures_of(store, clock) as pictures:
            second, _ = await pictures.prepare(city, [given])
    assert first[0].photos[0].url == second[0].photos[0].url == given.photos[0].url


async def test_a_server_that_is_silent_is_left_alone_for_a_while(
    store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picturing, "LOOK_TIMEOUT_S", 0.2)
    async with serving(silent()) as server, pictures_of(store, clock) as pictures:
        given = [with_photos(server.url(f"/{number}.jpg"), number=number) for number in range(12)]
        taken, warnings = await pictures.prepare(source(), given)
        assert 1 <= len(server.asked) <= 4
        asked = len(server.asked)
        clock.advance(299)
        await pictures.prepare(source(), [with_photos(server.url("/new.jpg"))])
        assert len(server.asked) == asked
        clock.advance(2)
        await pictures.prepare(source(), [with_photos(server.url("/newer.jpg"))])
        assert len(server.asked) == asked + 1
    assert [one.photos for one in taken] == [one.photos for one in given]
    assert warnings == ()


async def test_a_round_looks_at_forty_pictures_and_four_at_once(store: Store, clock: ManualClock) -> None:
    under_way = most = 0

    async def count(asked: Asked, writer: asyncio.StreamWriter) -> None:
        nonlocal under_way, most
        if asked.method != "HEAD":
            return
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        writer.write(reply(headers=JPEG))
        under_way -= 1

    async with serving(count) as server, pictures_of(store, clock) as pictures:
        given = [with_photos(server.url(f"/{number}.jpg"), number=number) for number in range(60)]
        await pictures.prepare(source(), given)
        assert len({asked.path for asked in server.asked if asked.method == "HEAD"}) == 40
        await pictures.prepare(source(), given)
        assert len({asked.path for asked in server.asked if asked.method == "HEAD"}) == 60
    assert 1 <= most <= 4


async def test_a_photo_whose_address_has_no_end_is_left_out_unasked(store: Store, clock: ManualClock) -> None:
    async with serving(saying(reply(headers=JPEG))) as server, pictures_of(store, clock) as pictures:
        fine, endless = server.url("/1.jpg"), server.url("/" + "x" * 2000)
        taken, _ = await pictures.prepare(source(), [with_photos(endless, fine)])
        assert tries(server) == ["/1.jpg"]
    assert [photo.url for photo in taken[0].photos] == [fine]
    (change,) = taken[0].provenance.changes
    assert "characters" in change.why


async def test_looks_keep_to_the_politeness_of_their_source(store: Store, clock: ManualClock) -> None:
    async with serving(by_path({"/1.jpg": reply(headers=JPEG)})) as server:
        slow = replace(source(), politeness=Politeness(per_minute=0.5))
        given = [with_photos(*(server.url(f"/{number}.jpg") for number in range(1, 5)))]
        async with pictures_of(store, clock, looks_s=1.0) as pictures:
            taken, warnings = await pictures.prepare(slow, given)
        assert tries(server) == ["/1.jpg"]
    (photo, *others) = taken[0].photos
    assert photo.media_type == "image/jpeg"
    assert [one.url for one in others] == [one.url for one in given[0].photos[1:]]
    assert warnings == ()


async def test_two_workers_agree_on_the_first_finding(store: Store, clock: ManualClock) -> None:
    async with serving(by_path({"/1.jpg": reply(b"xyz", headers=JPEG)})) as server:
        given = with_photos(server.url("/1.jpg"))
        async with pictures_of(store, clock) as one, pictures_of(store, clock) as other:
            (left, _), (right, _) = await asyncio.gather(
                one.prepare(source(), [given]), other.prepare(source(), [given])
            )
    assert left == right


async def test_what_we_serve_is_noted_and_stored_as_it_came(store: Store, clock: ManualClock) -> None:
    inside = "https://img.city.example/2.jpg?w=1&h=2"
    body = f'<p>Isi.</p><img alt="x" src="{inside.replace("&", "&amp;")}">'
    given = with_photos("https://img.city.example/1.jpg", body_html=body)
    async with pictures_of(store, clock) as pictures:
        await pictures.prepare(source(ImagePolicy.LINK), [replace(given, photos=())])
        assert await store.pictures.get(picture_digest(inside), clock()) is None, (
            "linked bodies are left alone"
        )
        taken, _ = await pictures.prepare(source(ImagePolicy.CACHE), [given])
    assert (taken[0].photos, taken[0].body_html) == (given.photos, body)
    assert taken[0].provenance.images is ImagePolicy.CACHE
    for url in ("https://img.city.example/1.jpg", inside):
        picture = await store.pictures.get(picture_digest(url), clock())
        assert picture is not None
        assert (picture.url, picture.served, picture.finding) == (url, True, PictureFinding.ANNOUNCED)


async def test_the_pictures_of_a_body_that_we_serve_are_bounded(store: Store, clock: ManualClock) -> None:
    urls = [f"https://img.city.example/{number}.jpg" for number in range(MAX_INSIDE + 20)]
    body = "".join(f'<p>{number}<img src="{url}"></p>' for number, url in enumerate(urls))
    given = with_photos(body_html=body)
    async with pictures_of(store, clock) as pictures:
        taken, _ = await pictures.prepare(source(ImagePolicy.CACHE), [given])
        await Admitter(store.articles, (), clock).admit(taken)
    assert list(await store.pictures.known(urls, clock())) == urls[:MAX_INSIDE]
    (article_id,) = await store.articles.carried_by(SourceId("city"))
    article = await store.articles.get(article_id)
    assert article is not None
    published = served_by_us(article, SITE).body_html
    assert body_pictures(published) == [picture_url(SITE, url) for url in urls[:MAX_INSIDE]]
    assert published.endswith(f"<p>{len(urls) - 1}</p>")


async def test_a_partner_is_told_our_addresses(store: Store, clock: ManualClock) -> None:
    shown = "https://img.city.example/1.jpg"
    given = with_photos(shown, body_html=f'<p>Isi.<img src="{shown}"></p>')
    async with serving(saying(reply(status=204))) as partner, egress_on(callbacks=["127.0.0.1"]) as egress:
        endpoint = Endpoint(
            id=EndpointId("a"),
            url=partner.url("/hook"),
            secrets=(Secret("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="),),
        )
        directory = Directory(store.endpoints, {endpoint.id: endpoint})
        await directory.publish(NOON)
        step = DeliverStep(store, egress, directory, clock, random.Random(1), site=SITE)
        async with visiting(egress, store, clock) as polite_client:
            pictures = PicturePolicy(store.pictures, polite_client, clock)
            taken, _ = await pictures.prepare(source(ImagePolicy.CACHE), [given])
        await Admitter(store.articles, (), clock).admit(taken)
        for job in (await step.take(5)).jobs:
            await job()
        (asked,) = partner.asked
    told = json.loads(asked.body)["data"]["article"]
    ours = picture_url(SITE, shown)
    assert told["images"][0]["url"] == ours
    assert told["content_html"] == f'<p>Isi.<img src="{ours}"></p>'


async def test_gathered_and_served_by_the_service(portal: Portal, service_of: OpenService) -> None:
    written = BytesIO()
    Image.new("RGB", (30, 20), "teal").save(written, "PNG")
    answers = {"/1.png": reply(written.getvalue(), headers=[("Content-Type", "image/png")])}
    async with serving(by_path(answers)) as server:
        item = f'<item><title>Satu</title><link>https://city.example/1</link><enclosure url="{server.url("/1.png")}" type="image/png" length="9"/></item>'
        portal.documents["/rss"] = f'<rss version="2.0"><channel><title>Kota</title>{item}</channel></rss>'
        cached = config(portal).replace("[feed.", 'images = "cache"\n[feed.')
        async with service_of(cached) as service:
            await gather(service)
            assert [asked.method for asked in server.asked] == ["HEAD"]
            body = (await service.publisher.rendition(FeedId("latest"), Format.JSON)).body
            (entry,) = json.loads(body)["items"]
            ours = f"/pictures/{picture_digest(server.url('/1.png'))}"
            assert entry["image"].endswith(ours)
            app = create_app(service.queries, WebOptions(), pictures=service.pictures)
            async with client_of(app) as client:
                answer = await client.get(ours)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/jpeg")


async def test_many_broken_pictures_make_few_warnings(store: Store, clock: ManualClock) -> None:
    async with serving(saying(reply(status=404))) as server, pictures_of(store, clock) as pictures:
        given = [with_photos(server.url(f"/{number}.jpg"), number=number) for number in range(9)]
        _, warnings = await pictures.prepare(source(), given)
    assert len(warnings) == 6
    assert warnings[-1] == "and 4 more broken pictures"
