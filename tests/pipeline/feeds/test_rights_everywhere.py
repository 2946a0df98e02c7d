"""What a portal does not let us show is in no output, whatever a feed chooses and whether it is still configured."""

import json
import re

from aiohttp import web
from msgspec.structs import replace
from pipeline.conftest import OpenService, routes_of
from pipeline.webhooks.test_delivery import Partner, deliver, partner  # noqa: F401  a fixture
from pipeline.webhooks.test_delivery import config as endpoint
from support import candidate
from web.web_world import client_of

from syndicator.model.article import Candidate, Photo
from syndicator.model.feed import Format
from syndicator.model.ids import ArticleId, FeedId, TokenId
from syndicator.model.token import Token, TokenScope
from syndicator.pipeline.articles.admission import Admitter
from syndicator.pipeline.ops.api_tokens import new_token
from syndicator.render import render
from syndicator.service import Service
from syndicator.web.api.json_api import PublicApi
from syndicator.web.app import create_app
from syndicator.web.http.auth import Gate
from syndicator.web.http.options import WebOptions

LATEST, POPULAR = FeedId("latest"), FeedId("popular")
SMALL = '[feed.small]\ntitle = "Kecil"\nsize = 1\n'
FEEDS = '[feed.latest]\ntitle = "Terbaru"\ncontent = "full"\n[feed.popular]\ntitle = "P"\norder = "popular"\n'
BODY, IMAGE, QUOTE = "RAHASIATUBUH", "rahasia-gambar", "RAHASIAKUTIPAN"
LEAD = "Pembuka yang boleh dibaca sampai di sini dan RAHASIALEAD tidak lagi."
KEPT_BACK = (BODY, IMAGE, QUOTE, "RAHASIALEAD")


def source(name: str, rights: str = "") -> str:
    return (
        f'[source.{name}]\ntitle = "{name}"\nkind = "feed"\nurl = "http://127.0.0.1:9/{name}"\n'
        f'schedule = {{ every = "30d" }}\nimages = "cache"\n{rights}\n'
    )


RESERVED = source(
    "city",
    'rights = { excerpt = 50, images = false, index = false, mining = false, statement = "© Kota", '
    'license = "https://city.example/licence" }',
)


def reserved(number: int = 1) -> Candidate:
    return replace(
        candidate(number, body_html=f'<p>{BODY} banjir</p><img src="https://i.example/{IMAGE}-2.jpg">'),
        title=f"Banjir nomor {number}",
        lead=LEAD,
        quote=QUOTE,
        photos=(Photo(url=f"https://i.example/{IMAGE}.jpg"),),
    )


async def admit(service: Service, *candidates: Candidate) -> list[ArticleId]:
    admitter = Admitter(service.store.articles, service.settings.feeds.values(), service.clock)
    return [one.article_id for one in await admitter.admit(candidates)]


def addresses(app: web.Application, article: ArticleId) -> list[str]:
    """Spell every public address that can be asked for, of that article where it is of one."""
    values = {"article": article, "feed": LATEST, "number": "1", "revision": "1"}
    found = []
    for route in app.router.routes():
        if route.method != "GET" or route.resource is None:
            continue
        path = route.resource.canonical
        forms = [form.value for form in Format] if "{form}" in path else [""]
        for form in forms:
            known = values | {"form": form}
            spelled = re.sub(r"\{(\w+)\}", lambda name, known=known: known.get(name[1], "x"), path)  # type: ignore[misc]
            found += [spelled, f"{spelled}?q=banjir", f"{spelled}?source=city"]
    return found


async def test_no_public_address_shows_what_the_portal_withholds(service_of: OpenService) -> None:
    async with service_of(FEEDS + SMALL + RESERVED) as service:
        await service.search.build()
        article, _ = await admit(service, reserved(), reserved(2))
        app = create_app(
            service.queries,
            WebOptions(),
            article_search=service.search,
            click_links=service.clicks,
            any_filter_feeds=service.any_filter_feeds,
            announced=service.news_sitemap,
            api=PublicApi(table=routes_of(service), gate=Gate(service.access, service.clock)),
        )
        reader = new_token(Token(id=TokenId("reader"), scopes=(TokenScope.READ,)), service.clock())
        await service.access.keep(reader)
        headers = {"Accept": "text/html, */*", "Authorization": f"Bearer {reader.value}"}
        shown = 0
        async with client_of(app) as client:
            more = (await client.get("/feeds/small.json")).json["next_url"].partition("/feeds/")[2]
            for path in (*addresses(app, article), f"/feeds/{more}"):
                answer = await client.get(path, headers)
                assert answer.status < 500, path
                shown += b"Banjir nomor" in answer.body
                for word in KEPT_BACK:
                    assert word.encode() not in answer.body, path
            page = await client.get(f"/articles/{article}", {"Accept": "text/html"})
            assert "Banjir nomor" in (await client.get(f"/api/v1/articles/{article}", headers)).text
        assert shown > 20
        assert "Pembuka yang boleh dibaca" in page.text
        assert "© Kota" in page.text
        assert '<link rel="license" href="https://city.example/licence">' in page.text
        assert '<meta name="tdm-reservation" content="1">' in page.text


async def test_a_webhook_carries_no_more(service_of: OpenService, partner: Partner) -> None:  # noqa: F811
    async with service_of(FEEDS + RESERVED + endpoint(partner)) as service:
        await admit(service, reserved())
        await deliver(service)
    ((_, body),) = partner.received
    told = json.loads(body)["data"]["article"]
    assert told["title"] == "Banjir nomor 1"
    assert told["lead"] == "Pembuka yang boleh dibaca sampai di sini dan…"
    assert (told["content_html"], told["quote"], told["images"]) == ("", None, [])
    assert told["rights"] == {
        "statement": "© Kota",
        "license": "https://city.example/licence",
        "mining": False,
    }


async def test_rights_outlive_their_source_in_the_configuration(service_of: OpenService) -> None:
    async with service_of(FEEDS + RESERVED) as service:
        await admit(service, reserved())
    async with service_of(FEEDS) as service:
        for form in Format:
            body = (await service.publisher.rendition(LATEST, form)).body.decode()
            assert "Banjir nomor 1" in body
            assert "© Kota" in body
            assert not any(word in body for word in KEPT_BACK)


async def test_new_rights_hold_from_the_next_start_on(service_of: OpenService) -> None:
    async with service_of(FEEDS + source("city")) as service:
        await admit(service, reserved())
        assert BODY.encode() in (await service.publisher.rendition(LATEST, Format.ATOM)).body
    async with service_of(FEEDS + RESERVED) as service:
        assert BODY.encode() not in (await service.publisher.rendition(LATEST, Format.ATOM)).body


async def test_a_feed_may_show_less_of_all(service_of: OpenService) -> None:
    less = FEEDS.replace('"full"', '"summary"') + '[feed.bare]\ntitle = "B"\ncontent = "headline"\n'
    async with service_of(less + source("city")) as service:
        await admit(service, reserved())
        summary = render(await service.publisher.snapshot(LATEST), Format.JSON).body.decode()
        bare = render(await service.publisher.snapshot(FeedId("bare")), Format.JSON).body.decode()
    assert LEAD in summary
    assert IMAGE in summary
    assert BODY not in summary
    assert "Banjir nomor 1" in bare
    assert IMAGE not in bare
    assert "Pembuka" not in bare
