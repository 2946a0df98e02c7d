"""Pictures that we would serve are looked at when they are gathered, as those that we link to."""

from datetime import timedelta

import pytest
from egress.raw_server import reply, saying, serving
from msgspec.structs import replace
from pipeline.articles.test_pictures import JPEG, by_path, pictures_of, source, with_photos
from support import ManualClock
from web.web_world import SITE

from syndicator.model.source import ImagePolicy
from syndicator.rules.articles.pictures import picture_digest, picture_url
from syndicator.store.articles.pictures import KnownPicture, PictureFinding
from syndicator.store.store import Store

CACHE = source(ImagePolicy.CACHE)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (reply(status=404), "http_404"),
        (reply(b"<html>", headers=[("Content-Type", "text/html")]), "not_an_image"),
        (reply(b"<svg/>", headers=[("Content-Type", "image/svg+xml")]), "not_an_image"),
    ],
)
async def test_what_is_no_picture_is_announced_by_no_round(
    store: Store, clock: ManualClock, answer: bytes, why: str
) -> None:
    answers = {"/bad.jpg": answer, "/good.jpg": reply(b"x", headers=JPEG)}
    async with serving(by_path(answers)) as server, pictures_of(store, clock) as pictures:
        bad, good = server.url("/bad.jpg"), server.url("/good.jpg")
        for _ in range(2):
            (taken,), warnings = await pictures.prepare(CACHE, [with_photos(bad, good)])
            assert [photo.url for photo in taken.photos] == [good]
            assert warnings == (f"picture {bad} of {taken.url}: {why}",)
    assert [change.received for change in taken.provenance.changes] == [bad]


@pytest.mark.parametrize("stated", ["", "application/octet-stream", "binary/octet-stream; x=1"])
async def test_one_without_a_type_is_judged_by_its_bytes_later(
    store: Store, clock: ManualClock, stated: str
) -> None:
    answer = reply(b"x", headers=[("Content-Type", stated)] if stated else [])
    async with serving(by_path({"/1": answer})) as server, pictures_of(store, clock) as pictures:
        given = with_photos(server.url("/1"))
        (taken,), warnings = await pictures.prepare(CACHE, [given])
        assert (taken.photos[0].url, warnings) == (given.photos[0].url, ())
        asked = len(server.asked)
        clock.advance(timedelta(days=1).total_seconds())
        await pictures.prepare(CACHE, [given])
        assert len(server.asked) == asked


async def test_one_that_was_noted_unseen_is_looked_at_in_the_next_round(
    store: Store, clock: ManualClock
) -> None:
    async with serving(saying(reply(status=404))) as server, pictures_of(store, clock) as pictures:
        url = server.url("/1.jpg")
        await store.pictures.add([KnownPicture(url=url, source=CACHE.id, link=url, served=True)], clock())
        (taken,), warnings = await pictures.prepare(CACHE, [with_photos(url)])
    assert taken.photos == ()
    assert len(warnings) == 1


async def test_what_stands_in_bodies_is_noted_and_not_looked_at(store: Store, clock: ManualClock) -> None:
    async with serving(saying(reply(status=404))) as server, pictures_of(store, clock) as pictures:
        body = f'<p>Isi.</p><img src="{server.url("/1.jpg")}">'
        (taken,), warnings = await pictures.prepare(CACHE, [with_photos(body_html=body)])
        assert not server.asked
        known = await store.pictures.get(picture_digest(server.url("/1.jpg")), clock())
    assert (taken.body_html, warnings) == (body, ())
    assert known is not None
    assert (known.served, known.finding) == (True, PictureFinding.ANNOUNCED)


async def test_what_was_linked_by_https_is_served_by_the_address_that_we_know(
    store: Store, clock: ManualClock
) -> None:
    url = "http://img.city.example/1.jpg"
    linked = KnownPicture(
        url=url, source=CACHE.id, link="https://img.city.example/1.jpg", finding=PictureFinding.FINE
    )
    await store.pictures.add([linked], clock())
    async with pictures_of(store, clock) as pictures:
        (taken,), _ = await pictures.prepare(CACHE, [with_photos(url)])
        (as_link,), _ = await pictures.prepare(replace(CACHE, images=ImagePolicy.LINK), [with_photos(url)])
    ours = picture_url(SITE, taken.photos[0].url)
    known = await store.pictures.get(ours.rpartition("/")[2], clock())
    assert known is not None
    assert known.served
    assert as_link.photos[0].url == linked.link


async def test_what_could_not_be_served_leaves_the_text(store: Store, clock: ManualClock) -> None:
    url = "https://img.city.example/1.jpg"
    body = f'<p>Isi.</p><figure><img src="{url}"><figcaption>Jalan</figcaption></figure>'
    tried = KnownPicture(
        url=url, source=CACHE.id, link=url, served=True, finding=PictureFinding.BROKEN, why="unreadable"
    )
    await store.pictures.add([replace(tried, checked_at=clock())], clock())
    async with pictures_of(store, clock) as pictures:
        (taken,), warnings = await pictures.prepare(CACHE, [with_photos(body_html=body)])
    assert taken.body_html == "<p>Isi.</p>"
    assert [(one.field, one.received) for one in taken.provenance.changes] == [("body", url)]
    assert warnings == (f"picture {url} of {taken.url}: unreadable",)
