"""Pages made to hurt: read or refused in bounded time, in a worker that can be killed."""

import json
from collections.abc import AsyncIterator

import pytest
from gather.article_pages import NEWS, TEXT, TITLE, URL, WHOLE, meta, news, page, portal, script
from gather.gather_values import fetched
from hypothesis import given, settings
from hypothesis import strategies as st

from syndicator.errors import NotReadable
from syndicator.gather.articles.article_page import ArticleReading, read_article
from syndicator.gather.articles.json_ld import read_json_ld
from syndicator.gather.documents.parser_pool import ParserPool, open_pool
from syndicator.gather.listings.list_page import read_list
from syndicator.model.article import ListedItem
from syndicator.model.source import ArticleRule, ListRule, Replacement

MEGABYTE = "x" * 1_000_000
RULE = ArticleRule(title="h1", body=".isi", related="a", photo="img", quote="q", tags="b")


def block(text: str) -> str:
    return f'<script type="application/ld+json">{text}</script>'


READ: dict[str, str] = {
    "JSON-LD 10 000 deep": page(head=block('{"@graph":' * 10_000 + "1" + "}" * 10_000)),
    "JSON-LD of arrays": page(head=block("[" * 400 + "]" * 400)),
    "JSON-LD of brackets": page(head=block("[{" * 200_000)),
    "JSON-LD of quotes": page(head=block('{"a":' + '\\"' * 400_000)),
    "JSON-LD of commas": page(head=block("[1" + "," * 400_000)),
    "JSON-LD of comments": page(head=block("{" + "/*" * 300_000)),
    "JSON-LD of white space": page(head=block("{" + "\n" * 900_000 + "x")),
    "JSON-LD of many articles": page(head=script([news(url=f"/{number}") for number in range(1_500)])),
    "JSON-LD of many authors": page(head=script(news(author=[{"name": f"Nama {n}"} for n in range(50_000)]))),
    "JSON-LD in many blocks": page(head=script(*({"@type": "WebSite"} for _ in range(5_000)))),
    "JSON-LD that names itself": page(head=script({"@type": "NewsArticle", "@id": "#a", "author": {"@id": "#a"}, "image": {"@id": "#a"}})),
    "JSON-LD with a figure without end": page(head=block('{"@type":"NewsArticle","commentCount":' + "9" * 500_000 + "}")),
    "JSON-LD of other types": page(head=script({"@type": "NewsArticle", "headline": {"a": []}, "author": [[[1]]], "image": 7, "keywords": {}, "datePublished": [None], "@id": 3})),
    "attributes of a megabyte": page(f"<div title='{MEGABYTE}' class='{MEGABYTE}'>{WHOLE}</div>"),
    "a megabyte in each meta": page(head=meta(og_title=MEGABYTE, og_description=MEGABYTE, article_published__time=MEGABYTE)),
    "a srcset of a megabyte": page(WHOLE + f"<img src=/1.jpg srcset='{'/a.jpg 1w, ' * 100_000}'>"),
    "many metas": page(head=meta(og_image="/a.jpg") * 10_000),
    "many properties": page(WHOLE + "<div itemscope itemtype='https://schema.org/NewsArticle'>" + "<b itemprop=author>x</b>" * 10_000),
    "many links": page(WHOLE + "<a href='/x'>x</a>" * 10_000),
    "many pictures": page(WHOLE + "<img src='/x.jpg'>" * 10_000),
    "a caption of brackets": page(WHOLE + f"<figure><img src=/1.jpg><figcaption>{'(Foto: ' * 10_000}</figcaption></figure>"),
    "a title of separators": page(head=f"<title>{' - ' * 100_000}</title>"),
    "a byline of commas": page(f"<b>{'Nama Satu, ' * 20_000}</b>{WHOLE}"),
}  # fmt: skip

HEAVY: dict[str, str] = {
    "JSON-LD of 5 MB": page(head=block('{"@type":"NewsArticle","headline":"' + MEGABYTE * 5 + '"}')),
    "many elements": page(WHOLE + "<b itemprop=author>x</b><a href=/x><img src=/x.jpg></a>" * 50_000),
    "nested tags": page("<div>" * 200_000 + WHOLE),
    "nested inline tags": page("<b>" * 200_000 + WHOLE),
    "nested items": page("<div itemscope itemprop=author>" * 3_000 + WHOLE),
    "nested lists": page("<ul><li>" * 20_000 + WHOLE),
    "nested tables": page("<table><tr><td>" * 5_000 + WHOLE),
    "formatting without end": page("".join(f"<b a={n}>" for n in range(5_000)) + "<p>x" * 5_000 + WHOLE),
    "a hundred thousand attributes": page(f"<p {' '.join(f'a{n}=1' for n in range(100_000))}>" + WHOLE),
    "paragraphs without end": page(f"<title>{TITLE}</title>" + f"<div>{TEXT}</div>" * 3_000),
}


@pytest.fixture
async def pool() -> AsyncIterator[ParserPool]:
    async with open_pool(workers=1) as opened:
        yield opened


async def read(
    pool: ParserPool, markup: str, rule: ArticleRule | None = RULE, timeout_s: float = 10.0
) -> ArticleReading:
    return await pool.run(read_article, portal(rule), fetched(markup, url=URL), None, timeout_s=timeout_s)


@pytest.mark.parametrize("name", READ)
async def test_what_is_read_is_bounded(name: str, pool: ParserPool) -> None:
    for rule in (RULE, None):
        markup = READ[name] if rule else READ[name].replace("<head>", f"<head><title>{TITLE}</title>", 1)
        reading = await read(pool, markup, rule)
        one = reading.candidate
        assert len(one.title) <= 500
        assert len(one.lead) <= 1000
        assert len(one.authors) <= 20
        assert len(one.photos) <= 20
        assert len(one.related) <= 50
        assert "Genangan air di kawasan utara" in one.body_html
        assert all(len(warning) < 600 for warning in reading.warnings)


@pytest.mark.parametrize("name", HEAVY)
async def test_what_is_heavy_is_read_or_refused(name: str, pool: ParserPool) -> None:
    for rule in (RULE, None):
        reason = None
        try:
            await read(pool, HEAVY[name], rule, timeout_s=3.0)
        except NotReadable as error:
            reason = error.reason
        assert reason in {None, "malformed", "empty", "parser"}


def test_json_ld_of_five_megabytes_is_left_unread() -> None:
    reading = read_article(portal(RULE), fetched(HEAVY["JSON-LD of 5 MB"], url=URL))
    assert reading.candidate.title == TITLE
    assert reading.warnings[0] == "JSON-LD of the page cannot be read"


@pytest.mark.parametrize("field", ["title", "body"])
async def test_an_expression_without_end_is_killed_with_its_worker(field: str, pool: ParserPool) -> None:
    bomb = Replacement(field=field, find=r"(\w|\w\w|[a-z])*#", by="", regex=True)
    markup = page(f"<h1>{'a' * 200}</h1><div class=isi><p>{'a' * 200}</p></div>")
    with pytest.raises(NotReadable) as caught:
        await read(pool, markup, ArticleRule(title="h1", body=".isi", replace=(bomb,)), timeout_s=1.0)
    assert caught.value.reason == "parser"
    assert (await read(pool, page(), ArticleRule(title="h1", body=".isi"))).candidate.title == TITLE


async def test_a_pattern_of_links_without_end_is_killed_too(pool: ParserPool) -> None:
    described = portal(list=ListRule(item="li", url=r"re:/(\w|\w\w|[a-z])*#"))
    markup = f"<li><a href='/{'a' * 200}'>x</a></li>"
    with pytest.raises(NotReadable) as caught:
        await pool.run(read_list, described, fetched(markup, url=URL), timeout_s=1.0)
    assert caught.value.reason == "parser"


@pytest.mark.parametrize(
    "value",
    [
        None,
        1,
        "x",
        [],
        {},
        {"@type": None},
        {"@graph": {"@graph": {"@graph": []}}},
        [[[[[[NEWS]]]]]],
        {"@type": {"a": 1}},
    ],
)
def test_values_that_say_nothing(value: object) -> None:
    text = script(value).partition(">")[2].removesuffix("</script>")
    claims, _ = read_json_ld([text], base=URL, urls=[URL])
    assert claims is None


PIECES = [
    "<h1>", "</h1>", "<h1>Judul", TEXT, "<div class=isi>", "</div>", "<p>", "</p>", "<a href='/x'>Baca juga: x</a>", "<a href='//['>x</a>",
    "<img src='http://['>", "<img srcset='a 1w, b 2x, ,'>", "<picture><source srcset=','>", "<base href='//['>", "<base href='javascript:x'>",
    "<link rel=canonical href='http://[::1'>", "<script type='application/ld+json'>", "</script>", '{"@type":"NewsArticle","headline":', '"x"', "}", "[", "]",
    '"author":{"@id":"#a"},', '"image":[[],{"url":7}],', "<meta property='og:image:width' content='9'>", "<meta property='og:image' content='//['>",
    "<meta property='article:published_time' content='2026-13-45T99:99'>", "<meta name=date content='0000-00-00'>", "<time datetime='x'>", "<article itemscope itemtype='https://schema.org/NewsArticle'>",
    "<i itemprop='author datePublished articleBody headline image'>", "<b itemprop=author itemscope>", "<html lang='\x00'>", "<!--", "-->", "<![CDATA[", "&#xD800;", "&#0;", "\ud7ff", "<svg><title>x</title>", "<math>", "<template>", "<noscript>", "<table><p>", "<title>", "</title>", "<q>", "</q>",
]  # fmt: skip


@settings(max_examples=200)
@given(st.lists(st.sampled_from(PIECES), max_size=25), st.booleans())
def test_any_mixture_is_an_article_or_has_a_reason(pieces: list[str], with_rule: bool) -> None:
    listed = ListedItem(url=URL, title="Dari daftar")
    rule, body, reason = RULE if with_rule else None, "", None
    try:
        body = read_article(portal(rule), fetched("".join(pieces), url=URL), listed).candidate.body_html
    except NotReadable as error:
        reason = error.reason
    assert reason in {None, "empty", "malformed"}
    assert "<script" not in body


@settings(max_examples=200)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    [
                        *NEWS,
                        "@graph",
                        "@id",
                        "name",
                        "url",
                        "value",
                        "itemListElement",
                        "interactionStatistic",
                        "editor",
                        "isPartOf",
                        "publisher",
                    ]
                ),
                inner,
                max_size=6,
            )
        ),
        max_leaves=30,
    )
)
def test_any_value_in_json_ld_is_read(value: object) -> None:
    blocks = [
        json.dumps(value),
        json.dumps(
            {"@type": "NewsArticle", "author": value, "image": value, "headline": value, "isPartOf": value}
        ),
    ]
    described = json.dumps(
        {
            "@graph": [
                value,
                {"@type": "BreadcrumbList", "itemListElement": value},
                {"@type": "NewsArticle", "keywords": value, "interactionStatistic": value},
            ]
        }
    )
    for text in (*blocks, described):
        claims, _ = read_json_ld([text], base=URL, urls=[URL])
        assert claims is None or claims.is_article
