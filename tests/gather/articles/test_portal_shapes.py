"""Article pages in the structures of well-known kinds of portals (the wording is made up), each with a rule."""

from datetime import UTC, datetime
from typing import Any

import pytest
from gather.article_pages import PARAGRAPHS, TEXT, TITLE, meta, news, page, reading, script

from syndicator.model.article import Candidate, Photo, Placement
from syndicator.model.source import ArticleRule, Replacement

BASE = "https://www.kota.example"
AT = datetime(2026, 8, 4, 11, 20, tzinfo=UTC)  # 18.20 WIB
FIRST, *REST = (f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)

BOXES_BETWEEN = f"""<article class="detail"><div class="detail__header"><h1 class="detail__title">
 {TITLE} </h1><div class="detail__author">Budi Santoso - <span class="detail__label">kotaNews</span></div>
<div class="detail__date">Selasa, 04 Agu 2026 18:20 WIB</div></div>
<figure class="detail__media-image"><img src="/foto/1.jpeg?w=700&q=90" alt="{TITLE}" title="x">
<figcaption class="detail__media-caption">Foto: Warga pulang (Ani Wijaya/kota.example)</figcaption></figure>
<div class="detail__body-text itp_bodycontent"><strong>Kota Utara</strong> - {FIRST}
<table class="linksisip"><tbody><tr><td><div class="lihatjg"><strong>Baca juga: </strong><a href="/berita/d-2/lain?single=1">Judul Lain</a></div></td></tr></tbody></table>
{"".join(REST)}<div class="parallax"><div class="ads">IKLAN</div></div><p><strong>(bds/aws)</strong></p>
<div class="detail__body-tag"><a href="/tag/banjir">banjir</a><a href="/tag/pompa">pompa</a></div></div>
<div class="breadcrumb"><a>kotaNews</a><a>Berita</a><a class="aktif">Metro</a></div></article>
<div class="list-berita"><article><a href="/berita/d-3/terkait"><h3>Terkait</h3></a></article></div>"""

STRONG_POINTERS = f"""<div class="row"><h1 class="read__title">{TITLE}</h1>
<div class="read__time">Kota.example - 04/08/2026, 18:20 WIB</div>
<div class="credit-title"><div class="credit-title-name">Budi Santoso, <br> Ani Wijaya</div></div>
<div class="photo"><img data-src="/crops/750x500/1.jpg" src="data:image/gif;base64,R0lG"><div class="photo__caption">Warga pulang, Selasa (4/8/2026).(KOTA.example/CITRA)</div></div>
<div class="read__content"><div class="clearfix"><p><strong>KOTA UTARA, KOTA.example - </strong>{FIRST[3:]}
<p><strong>Baca juga: <a class="inner-link-baca-juga" href="/read/2/lain">Judul Lain</a></strong></p>
{"".join(REST)}<p class="ads-on-body"></p></div></div></div>"""

WIRE = f"""<div class="wrap__article-detail"><div class="wrap__article-detail-title"><h1>{TITLE}</h1></div>
<ul class="list-inline"><li><i class="fa fa-clock"></i> Selasa, 4 Agustus 2026 18:20 WIB</li></ul>
<div class="wrap__article-detail-image"><figure><picture><source type="image/webp" srcset="/cache/1200x800/1.jpg.webp 1200w, /cache/400x267/1.jpg.webp 400w"><img src="/cache/400x267/1.jpg" alt="{TITLE}"></picture>
<figcaption>Warga pulang di Kota Utara, Selasa (4/8/2026). ANTARA/Citra</figcaption></figure></div>
<div class="wrap__article-detail-content post-content">{FIRST}<span class="baca-juga"><b>Baca juga: <a href="/berita/2/lain">Judul Lain</a></b></span>{"".join(REST)}
<p class="text-muted">Pewarta: Budi Santoso <br>Editor: Dewi <br>Hak cipta 2026</p></div>
<ul class="blog-tags"><li><a href="/tag/banjir">Banjir</a></li><li><a>Pompa</a></li></ul></div>"""

MARKED_UP = f"""<main itemscope itemtype="https://schema.org/NewsArticle"><h1 id="arti" itemprop="headline">{TITLE}</h1>
<time><span>Tayang:</span> Selasa, 4 Agustus 2026 18:20 WIB</time><div id="penulis">Penulis: <a href="/reporter/1">Budi Santoso</a> | Editor: <a>Dewi</a></div>
<div class="imgfull"><img class="imgfull" data-lazyload="/foto/1.jpg" width="700" height="393" alt="Warga pulang"><div class="ket">Warga pulang (ist)</div></div>
<div class="side-article txt-article" itemprop="articleBody">{FIRST}<p class="baca">Baca juga: <a href="/2026/lain">Judul Lain</a></p>{"".join(REST)}</div>
<div class="ads"><h5 class="tagcloud3"><a>banjir</a></h5><h5 class="tagcloud3"><a>pompa</a></h5></div></main>"""

SINGLE_PAGE_APP = "<div id=__next><div class='css-1x2y3z'><span>Memuat…</span></div></div>"

SHAPES: dict[str, tuple[str, ArticleRule, dict[str, Any]]] = {
    "boxes between the paragraphs": (
        page(BOXES_BETWEEN, script(news(datePublished="2026-08-04T18:20:00+07:00"))),
        ArticleRule(
            title=".detail__title", body=".detail__body-text", date=".detail__date", authors=".detail__author",
            photo=".detail__media-image", caption=".detail__media-caption", tags=".detail__body-tag a", section=".breadcrumb .aktif",
            related=".linksisip a, .list-berita article a", remove=".parallax, .detail__body-tag",
            replace=(Replacement(field="body", find=r"<p><strong>\(\w+/\w+\)</strong></p>", regex=True), Replacement(field="caption", find="Foto: ")),
        ),
        {"authors": ("Budi Santoso",), "section": "Metro", "tags": ("banjir", "pompa"),
         "photos": (Photo(url=f"{BASE}/foto/1.jpeg?w=700&q=90", caption="Warga pulang", credit="Ani Wijaya/kota.example"),),
         "related": [("Judul Lain", Placement.INLINE), ("Terkait", Placement.BOXED)]},
    ),
    "pointers in bold paragraphs": (
        page(STRONG_POINTERS, meta(og_site__name="Kota.example") + '<meta name="content_category" content="Megapolitan"><meta name="content_tags" content="banjir, pompa">'),
        ArticleRule(
            title=".read__title", body=".read__content", date=".read__time", authors=".credit-title-name", photo=".photo img", caption=".photo__caption",
            replace=(Replacement(field="body", find=r"<strong>[^<]* - </strong>", regex=True),),
        ),
        {"authors": ("Budi Santoso", "Ani Wijaya"), "section": "Megapolitan", "tags": ("banjir", "pompa"),
         "photos": (Photo(url=f"{BASE}/crops/750x500/1.jpg", caption="Warga pulang, Selasa (4/8/2026).", credit="KOTA.example/CITRA"),),
         "related": [("Judul Lain", Placement.INLINE)]},
    ),
    "a news agency": (
        page(WIRE),
        ArticleRule(
            title="h1", body=".post-content", date=".list-inline li", authors=".text-muted", photo="figure", tags=".blog-tags a",
            related=".baca-juga a", remove=".post-content > .text-muted:not(:has(*))",
            replace=(Replacement(field="body", find=r"<p>Pewarta:.*</p>", regex=True), Replacement(field="authors", find=r" Editor:.*", regex=True)),
        ),
        {"authors": ("Budi Santoso",), "section": None, "tags": ("Banjir", "Pompa"),
         "photos": (Photo(url=f"{BASE}/cache/1200x800/1.jpg.webp", caption="Warga pulang di Kota Utara, Selasa (4/8/2026). ANTARA/Citra", width=1200),),
         "related": [("Judul Lain", Placement.INLINE)]},
    ),
    "microdata around the parts": (
        page(MARKED_UP),
        ArticleRule(title="#arti", date="time", authors="#penulis", photo=".imgfull img", caption=".ket", tags=".tagcloud3 a"),
        {"authors": ("Budi Santoso",), "section": None, "tags": ("banjir", "pompa"),
         "photos": (Photo(url=f"{BASE}/foto/1.jpg", caption="Warga pulang (ist)", width=700, height=393),),
         "related": [("Judul Lain", Placement.INLINE)]},
    ),
    "an application that only tells machines": (
        page(SINGLE_PAGE_APP, script(news(datePublished="2026-08-04T18:20:00+07:00", articleBody="\n\n".join(PARAGRAPHS)))),
        ArticleRule(title="h1.judul", body=".isi", quote="blockquote"),
        {"authors": ("Budi Santoso",), "section": "Metropolitan", "tags": ("banjir", "pompa"),
         "photos": (Photo(url=f"{BASE}/foto/1.jpg", width=1200, height=675),), "related": []},
    ),
}  # fmt: skip


def shape(name: str) -> Candidate:
    markup, rule, _ = SHAPES[name]
    return reading(markup, rule).candidate


@pytest.mark.parametrize("name", SHAPES)
def test_every_part_arrives(name: str) -> None:
    one, expected = shape(name), SHAPES[name][2]
    assert one.title == TITLE
    assert one.published_at == AT
    assert one.authors == expected["authors"]
    assert (one.section, one.tags) == (expected["section"], expected["tags"])
    assert one.photos == expected["photos"]
    assert [(link.title, link.placement) for link in one.related] == expected["related"]
    assert one.language == "id"


@pytest.mark.parametrize("name", SHAPES)
def test_the_text_is_whole_and_nothing_else_is_in_it(name: str) -> None:
    text = shape(name).body_html
    for paragraph in PARAGRAPHS:
        assert text.count(paragraph) == 1
    for foreign in ("Baca juga", "Judul Lain", "IKLAN", "(bds/aws)", "Editor", "<table", "KOTA UTARA, KOTA"):
        assert foreign not in text


@pytest.mark.parametrize("name", [name for name in SHAPES if "application" not in name])
def test_without_a_rule_the_text_is_found_too(name: str) -> None:
    one = reading(SHAPES[name][0].replace("<head>", f"<head><title>{TITLE}</title>"), None).candidate
    assert one.title == TITLE
    for paragraph in PARAGRAPHS:
        assert paragraph in one.body_html
    assert "Terkait" not in one.body_html
    assert TEXT.count("<p>") == len(PARAGRAPHS)
