"""What is related to an article, as a feed and on its page."""

import asyncio

import feedparser
import pytest
from msgspec.structs import replace
from support import candidate
from web.web_world import Client, World

from syndicator.model.article import RelatedLink

FIRE = "Kebakaran Hanguskan Pasar Tambora, Ratusan Pedagang Mengungsi"
LATER = "Anggaran Hibah Provinsi Membengkak, Gubernur Dipanggil Dewan"
GRANTS = "Sebagian untuk Pasar Tambora; sisanya untuk trotoar, taman, dan perpustakaan keliling."
LINKED = "Daftar Titik Hidran Kering Ibu Kota"


@pytest.fixture
async def fire(world: World) -> str:
    await world.admit(
        candidate(2, source="kota", title=LATER, body_html=f"<p>{GRANTS}</p>"),
        candidate(
            3, source="kota", title="Persebaya Taklukkan Arema", body_html="<p>Skor.</p>", section="bola"
        ),
        candidate(4, source="kota", title=LINKED, body_html="<p>Hidran.</p>"),
        candidate(5, source="pelabuhan", title=FIRE, body_html=f"<p>{FIRE} malam ini.</p>"),
    )
    link = RelatedLink(url="https://city.example/read/4/berita", title=LINKED)
    mine = replace(candidate(1, source="kota", title=FIRE, body_html=f"<p>{FIRE}.</p>"), related=(link,))
    return (await world.admit(mine))[0]


@pytest.mark.parametrize("form", ["rss", "atom", "json"])
async def test_the_feed_names_others_of_the_matter_but_not_of_the_story(
    client: Client, fire: str, form: str
) -> None:
    answer = await client.get(f"/articles/{fire}/related.{form}")
    assert answer.status == 200
    titles = (
        [item["title"] for item in answer.json["items"]]
        if form == "json"
        else [entry.title for entry in feedparser.parse(answer.body).entries]
    )
    assert titles == [LINKED, LATER]
    again = await client.get(f"/articles/{fire}/related.{form}", {"If-None-Match": answer.headers["ETag"]})
    assert again.status == 304


async def test_the_page_tells_who_else_reports_and_what_is_related(client: Client, fire: str) -> None:
    text = (await client.get(f"/articles/{fire}", {"Accept-Language": "en"})).text
    assert "Also reported by" in text
    assert text.count(LINKED) == 1, "the portal's own link is enough"
    assert LATER in text
    assert f"/articles/{fire}/related.atom" in text
    assert "Persebaya" not in text


async def test_one_who_asks_for_very_many_holds_up_nobody(client: Client, fire: str) -> None:
    asked = [client.get(f"/articles/{fire}/related.rss") for _ in range(90)]
    answers = await asyncio.gather(*asked)
    assert {answer.status for answer in answers} == {200, 503}
    refused = next(answer for answer in answers if answer.status == 503)
    assert "Retry-After" in refused.headers
    assert (await client.get("/feeds/latest.rss")).status == 200


async def test_an_article_that_is_not_there_has_nothing_related(client: Client) -> None:
    for name in ("aaaaaaaaaaaaaaaa", "x", "..%2f"):
        assert (await client.get(f"/articles/{name}/related.rss")).status == 404
