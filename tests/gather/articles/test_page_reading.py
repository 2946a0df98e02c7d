"""A portal's pages by selectors: list, article, box of popular ones. The markup has the odd spots of real ones."""

from datetime import UTC, datetime
from typing import Any

import pytest
from gather.gather_values import fetched, source

from syndicator.errors import NotReadable
from syndicator.gather.articles.article_body import without_marks
from syndicator.gather.articles.article_page import read_article
from syndicator.gather.documents.selectors import decoded, selector, selector_fault
from syndicator.gather.figures import parse_count
from syndicator.gather.listings.list_page import read_list
from syndicator.gather.listings.popular_box import read_popular
from syndicator.model.article import Candidate, ListedItem, Photo, Placement, PopularItem, RelatedLink
from syndicator.model.source import ArticleRule, ListRule, PopularRule, Source, SourceKind

URL = "https://m.kota.example/read/900001/banjir-surut"
PHOTO = "https://foto.kota.example/x/y.jpg"

ARTICLE = """<!doctype html>
<html lang="id"><head><meta charset="utf-8"><title>Banjir Surut</title>
<meta name="description" content="Ringkasan&#8230;">
<link rel="canonical" href="https://www.kota.example/read/900001/banjir-surut"></head><body>
<ul class="breadcrumbs"><li><a href="/">Beranda</a></li><li class="active"><a href="/kategori/lingkungan">Lingkungan</a></li></ul>
<div class="news-read">
  <img class="responsive-img" src="https://foto.kota.example/x/y.jpg" alt=" Banjir &amp; Genangan Surut " />
  <div class="image-info"><span><i class='material-icons'>photo</i> Nama Fotografer - Kota.example</span></div>
  <div class="content"><h1>Banjir &amp; Genangan
     Surut</h1>
    <div class="content-info">
      <span><i class="material-icons">access_time</i> Kamis, 06 Februari 2025 14:50 WIB</span>
      <span><i class="material-icons">remove_red_eye</i> 2.619</span>
      <span><i class="material-icons">person</i> Reporter : Nama Reporter</span>
      <span><i class="material-icons">person</i> Editor : Nama Editor</span>
    </div>
    <div class="content-body">
      <p class="text-justify">Paragraf pembuka.<span id="sceditor-end-marker" style="line-height: 0; display: none;" class="sceditor-selection"> </span></p><!--blockquote-->
      <blockquote><span id="sceditor-start-marker" style="line-height: 0; display: none;"> </span>"Air sudah surut,"</blockquote><!--./blockquote-->
      <p class="text-justify">“Air sudah surut, semua warga pulang,” ujarnya, Kamis (6/2).</p>
      <a href="/read/900000/berita-lain" class="read-also ina">Berita Lain</a>
      <p>&nbsp;</p><p class="text-justify">Paragraf penutup. <script>track()</script><a href="/tag/banjir" onclick="x()">banjir</a></p>
    </div>
    <div class="tags"><a href="/tag/banjir">#banjir</a> <a href="/tag/pompa">pompa</a></div>
  </div></div>
<div class="news-list"><div class="header"><span class="title">Berita Terkait</span></div><ul class="list-index">
  <li class="row"><div class="col s7"><h2><a href="/read/900002/terkait-satu">Terkait Satu</a></h2>
    <div class="list-info"><span><i class="material-icons">access_time</i>Selasa, 04 Februari 2025 10:36 WIB</span><br>
    <span><i class="material-icons">remove_red_eye</i>2060</span></div></div>
    <div class="right-image"><a href="/read/900002/terkait-satu"><img data-src="/x/z.jpg" src="/blank.gif"></a></div></li></ul></div>
<div class="news-grey"><ol class="slides">
    <li><h3 class="populer-title"><a href="/read/900003/populer-satu">Populer Satu</a></h3>
      <div class="populer-info"><span><i class="material-icons">access_time</i>18-11-2024</span><span><i class="material-icons">remove_red_eye</i>5815</span><span><i class="material-icons">person</i>Nama Satu</span></div></li>
    <li><h3 class="populer-title"><a href="/read/900004/populer-dua">Populer Dua</a></h3>
      <div class="populer-info"><span><i class="material-icons">access_time</i>16-11-2024</span><span><i class="material-icons">remove_red_eye</i>1,2 rb</span><span><i class="material-icons">person</i>Nama Dua</span></div></li>
    </ul></div>
<a class="next" href="?p=2">Berikut</a>
</body></html>"""

ARTICLE_RULE: dict[str, Any] = {
    "title": ".news-read h1",
    "body": ".content-body",
    "date": ".content-info span:has(i:lexbor-contains('access_time'))",
    "authors": ".content-info span:lexbor-contains('Reporter')",
    "quote": ".content-body blockquote",
    "photo": ".news-read > img",
    "credit": ".image-info span",
    "section": ".breadcrumbs li.active",
    "tags": ".tags a",
    "related": ".content-body a.read-also, .list-index h2 a",
    "views": ".content-info span:has(i:lexbor-contains('remove_red_eye'))",
    "remove": "i.material-icons",
}
LIST_RULE: dict[str, Any] = {
    "item": ".list-index > li",
    "url": "h2 a",
    "title": "h2",
    "date": ".list-info span",
    "image": ".right-image img",
    "next": "a.next",
}
POPULAR_RULE: dict[str, Any] = {
    "item": "ol.slides > li",
    "link": "h3 a",
    "title": "h3",
    "date": ".populer-info span:nth-child(1)",
    "views": ".populer-info span:nth-child(2)",
    "author": ".populer-info span:nth-child(3)",
}


def portal(
    article: dict[str, Any] | None = None,
    listing: dict[str, Any] | None = None,
    popular: dict[str, Any] | None = None,
    **changes: Any,
) -> Source:
    return source(
        kind=SourceKind.PAGE,
        url="https://m.kota.example/berita",
        timezone="Asia/Jakarta",
        language="id",
        article=ArticleRule(**(ARTICLE_RULE | (article or {}))),
        list=ListRule(**(LIST_RULE | (listing or {}))),
        popular=PopularRule(**(POPULAR_RULE | (popular or {}))),
        **changes,
    )


def article(
    markup: str = ARTICLE, *, listed: ListedItem | None = None, url: str = URL, **rule: Any
) -> Candidate:
    return read_article(portal(rule), fetched(markup, url=url), listed).candidate


def body(markup: str, **rule: Any) -> Candidate:
    """Read an article whose body is this markup."""
    return article(f"<div class='news-read'><h1>t</h1><div class='content-body'>{markup}</div></div>", **rule)


def test_everything_on_the_page_arrives() -> None:
    read = article()
    assert read.title == "Banjir & Genangan Surut"
    assert read.url == URL
    assert read.canonical_url == "https://www.kota.example/read/900001/banjir-surut"
    assert read.published_at == datetime(2025, 2, 6, 7, 50, tzinfo=UTC)
    assert read.provenance.claimed_date == "Kamis, 06 Februari 2025 14:50 WIB"
    assert read.provenance.requested_url == URL
    assert read.authors == ("Nama Reporter",)
    assert read.photos == (Photo(url=PHOTO, caption=None, credit="Nama Fotografer - Kota.example"),)
    assert read.lead == "Paragraf pembuka."
    assert read.quote == "Air sudah surut"
    assert read.section == "Lingkungan"
    assert read.tags == ("banjir", "pompa")
    assert read.views == 2619
    assert read.language == "id"
    assert read.related == (
        RelatedLink(
            url="https://m.kota.example/read/900000/berita-lain",
            title="Berita Lain",
            placement=Placement.INLINE,
        ),
        RelatedLink(
            url="https://m.kota.example/read/900002/terkait-satu",
            title="Terkait Satu",
            placement=Placement.BOXED,
        ),
    )


def test_the_body_is_complete_clean_and_says_nothing_twice() -> None:
    assert " ".join(article().body_html.split()) == (
        "<p>Paragraf pembuka.</p> "
        "<p>“Air sudah surut, semua warga pulang,” ujarnya, Kamis (6/2).</p> "
        '<p>Paragraf penutup. <a href="https://m.kota.example/tag/banjir" rel="noopener">banjir</a></p>'
    )


@pytest.mark.parametrize(
    "link",
    [
        "<a class='r' href='/2'>Lain</a>",
        "<p><a class='r' href='/2'>Lain</a></p>",
        "<p><strong>Baca juga: <a class='r' href='/2'>Lain</a></strong></p>",
        "<div><p>BACA JUGA</p><em><a class='r' href='/2'><b>Lain</b></a></em></div>",
    ],
)
def test_an_inline_link_leaves_with_its_label_and_frame(link: str) -> None:
    read = body(f"<p>a</p>{link}<p>b</p>", related="a.r")
    assert read.body_html == "<p>a</p><p>b</p>"
    assert [(related.title, related.placement) for related in read.related] == [("Lain", Placement.INLINE)]


def test_words_around_an_inline_link_stay() -> None:
    read = body("<p>a, seperti <a class='r' href='/2'>Lain</a> dulu</p>", related="a.r")
    assert read.body_html == "<p>a, seperti  dulu</p>"


def test_a_quote_of_its_own_stays_in_the_body() -> None:
    read = body("<p>a</p><blockquote>“Hanya di sini.”</blockquote><p>b</p>")
    assert read.quote == "Hanya di sini."
    assert read.body_html == "<p>a</p><blockquote>“Hanya di sini.”</blockquote><p>b</p>"


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ('"kutipan utama,"', "kutipan utama"),
        ("“Selesai.”", "Selesai."),
        ("‘Selesai!’", "Selesai!"),
        ("«Selesai»", "Selesai"),
        ("Jadi, kata dia", "Jadi, kata dia"),
        ("“Ini,” kata dia, “itu.”", "“Ini,” kata dia, “itu.”"),
        ("Jum'at", "Jum'at"),
        ('""', ""),
    ],
)
def test_marks_around_a_quote(text: str, bare: str) -> None:
    assert without_marks(text) == bare


@pytest.mark.parametrize(
    ("selected", "names"),
    [
        (".content-info span", ("Nama Reporter",)),
        (".content-info span:nth-child(3)", ("Nama Reporter",)),
        (".content-info span:nth-child(4)", ()),
        (".nothing", ()),
    ],
)
def test_the_editor_is_not_the_reporter(selected: str, names: tuple[str, ...]) -> None:
    assert article(authors=selected).authors == names


def test_several_reporters() -> None:
    read = body(
        "<p>a</p><i class='by'>Reporter : Nama Satu dan Nama Dua</i><i class='by'>Reporter: Nama Satu</i>",
        authors=".by",
    )
    assert read.authors == ("Nama Satu", "Nama Dua")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Penulis: Nama Satu | Editor: Nama Dua", ("Nama Satu",)),
        ("Pewarta: Nama Satu Editor: Nama Dua", ("Nama Satu",)),
        ("Editor: Nama Dua, Reporter: Nama Satu", ("Nama Satu",)),
        ("Editor: Nama Dua", ()),
        ("Nama Satu - kotaNews", ("Nama Satu",)),
        ("Oleh Nama Satu, Nama Dua", ("Nama Satu", "Nama Dua")),
        ("By Nama Satu and Nama Dua", ("Nama Satu", "Nama Dua")),
        ("Nama Satu, S.Pd., M.Si.", ("Nama Satu, S.Pd., M.Si.",)),
        ("Nama Satu; Nama Dua/Nama Tiga", ("Nama Satu", "Nama Dua", "Nama Tiga")),
        ("https://www.facebook.com/kota", ()),
    ],
)
def test_bylines(text: str, names: tuple[str, ...]) -> None:
    assert body(f"<p>a</p><i class='by'>{text}</i>", authors=".by").authors == names


def test_broad_selectors_find_the_part_that_can_be_read() -> None:
    read = article(date=".content-info span", views=".content-info span")
    assert read.published_at == datetime(2025, 2, 6, 7, 50, tzinfo=UTC)
    assert read.views == 2619


def test_icons_are_never_words_even_without_a_rule() -> None:
    assert article(remove=None).photos[0].credit == "Nama Fotografer - Kota.example"


def test_what_is_removed_is_not_read() -> None:
    read = article(remove="i.material-icons, .content-body blockquote, .content-info")
    assert read.quote is None
    assert read.authors == ()
    assert read.published_at is None


def test_attributes_can_be_selected() -> None:
    read = article(
        "<head><meta property='og:title' content='Judul &amp; lagi'><meta name='keywords' content='a, b,a'>"
        "<meta property='og:image' content='/og.jpg'></head><div class='news-read'><h1></h1></div>"
        "<time datetime='2026-11-03T10:00:00+07:00'>tadi</time><div class='content-body'><p>x</p></div>",
        title="meta[property='og:title']@content",
        tags="meta[name=keywords]@content",
        photo="meta[property='og:image']@content",
        date="time@datetime",
    )
    assert read.title == "Judul & lagi"
    assert read.tags == ("a", "b")
    assert read.photos == (Photo(url="https://m.kota.example/og.jpg"),)
    assert read.published_at == datetime(2026, 11, 3, 3, tzinfo=UTC)


def test_what_heads_say_counts_where_no_rule_says_otherwise() -> None:
    read = read_article(
        portal(ARTICLE_RULE | {"date": None}),
        fetched(
            "<html lang=en><meta property='article:published_time' content='2026-11-03T10:00:00Z'>"
            "<meta property='article:modified_time' content='2026-11-03T11:00:00Z'>"
            "<meta name='description' content='Ringkasan'>"
            "<div class='news-read'><h1>t</h1></div><div class='content-body'>kata tanpa paragraf</div>",
            url=URL,
        ),
    ).candidate
    assert read.published_at == datetime(2026, 11, 3, 10, tzinfo=UTC)
    assert read.updated_at == datetime(2026, 11, 3, 11, tzinfo=UTC)
    assert read.lead == "Ringkasan"
    assert read.language == "id"


def test_photos_with_their_own_captions_and_credits() -> None:
    figures = "".join(
        f"<figure><img {source} width='640' alt='alt {number}'><figcaption>ket {number}</figcaption></figure>"
        for number, source in enumerate(
            ("src='/1.jpg'", "data-src='/2.jpg' src='/blank.gif'", "srcset='/3.jpg 1x'"), 1
        )
    )
    read = body(f"<p>x</p>{figures}", photo=".content-body img", caption="figcaption", credit=None)
    assert [(photo.url, photo.caption, photo.width) for photo in read.photos] == [
        ("https://m.kota.example/1.jpg", "ket 1", 640),
        ("https://m.kota.example/2.jpg", "ket 2", 640),
        ("https://m.kota.example/3.jpg", "ket 3", 640),
    ]


def test_an_alternative_text_is_the_caption_unless_it_is_the_headline() -> None:
    read = body("<p>x</p><img src='/1.jpg' alt='t'><img src='/2.jpg' alt='Warga pulang'>", photo="img")
    assert [photo.caption for photo in read.photos] == [None, "Warga pulang"]


def test_paragraphs_can_be_selected_one_by_one() -> None:
    read = body("<p>a</p><div>iklan</div><p>b<span><p>c</p></span></p>", body=".content-body p")
    assert "iklan" not in read.body_html
    assert read.body_html.replace("\n", "") == "<p>a</p><p>b</p><p>c</p>"


@pytest.mark.parametrize(
    ("canonical", "expected"),
    [
        ("https://www.kota.example/read/1/x", "https://www.kota.example/read/1/x"),
        ("/read/1/x", "https://m.kota.example/read/1/x"),
        ("https://evil.example/read/1/x", None),
        ("https://kota.example.evil.example/x", None),
        ("https://m.kota.example/", None),
        ("javascript:alert(1)", None),
        (URL, None),
    ],
)
def test_a_page_names_itself_on_its_own_host_only(canonical: str, expected: str | None) -> None:
    head = f"<link rel='canonical' href='{canonical}'>"
    assert (
        article(
            f"{head}<div class='news-read'><h1>t</h1></div><div class='content-body'>x</div>"
        ).canonical_url
        == expected
    )


def test_where_a_redirect_leads_is_known_too() -> None:
    answer = fetched(
        "<div class='news-read'><h1>t</h1></div><div class='content-body'>x</div>", url=URL + "-baru"
    )
    listed = ListedItem(url=URL, title="t")
    read = read_article(portal(), answer, listed).candidate
    assert (read.url, read.canonical_url) == (URL, URL + "-baru")


def test_the_list_fills_what_the_page_leaves_open() -> None:
    listed = ListedItem(
        url=URL,
        published_at=datetime(2025, 2, 6, tzinfo=UTC),
        section="Kota",
        image_url="https://foto.kota.example/l.jpg",
    )
    read = article("<div class='news-read'><h1>t</h1></div><div class='content-body'>x</div>", listed=listed)
    assert read.published_at == listed.published_at
    assert read.section == "Kota"
    assert read.photos == (Photo(url="https://foto.kota.example/l.jpg"),)


@pytest.mark.parametrize(
    ("markup", "message"),
    [
        ("<p>Halaman tidak ditemukan</p>", 'article.title ".news-read h1" finds nothing'),
        ("<div class='news-read'><h1>  </h1></div>", 'article.title ".news-read h1" finds nothing'),
        ("<div class='news-read'><h1>t</h1></div>", 'article.body ".content-body" finds nothing'),
        ("", 'article.title ".news-read h1" finds nothing'),
    ],
)
def test_an_article_page_that_is_none_says_which_selector(markup: str, message: str) -> None:
    with pytest.raises(NotReadable) as caught:
        article(markup)
    assert (caught.value.reason, caught.value.detail) == ("empty", message)


def test_a_selector_that_is_none_is_named() -> None:
    with pytest.raises(NotReadable, match=r'article\.title "h1\[" is not a CSS selector'):
        article(title="h1[")
    assert selector_fault("h1[") is not None
    assert selector_fault("") is not None
    assert selector_fault("h1 > a@href") is None
    assert selector_fault("@content") is None


@pytest.mark.parametrize(
    ("text", "css", "attribute"),
    [
        ("a", "a", None),
        ("a@href", "a", "href"),
        ("@data-id", "", "data-id"),
        ("a[href*='@x']", "a[href*='@x']", None),
        ("a[href*='@x']@href", "a[href*='@x']", "href"),
        (" a , b@Data-Src ", "a , b", "data-src"),
    ],
)
def test_selectors_with_attributes(text: str, css: str, attribute: str | None) -> None:
    read = selector("x", text)
    assert read is not None
    assert (read.css, read.attribute) == (css, attribute)


def test_a_list_page() -> None:
    reading = read_list(portal(), fetched(ARTICLE, url="https://m.kota.example/berita"))
    assert reading.items == (
        ListedItem(
            url="https://m.kota.example/read/900002/terkait-satu",
            title="Terkait Satu",
            published_at=datetime(2025, 2, 4, 3, 36, tzinfo=UTC),
            claimed_at="2025-02-04T10:36:00+07:00",
            image_url="https://m.kota.example/x/z.jpg",
        ),
    )
    assert reading.next_url == "https://m.kota.example/berita?p=2"
    assert reading.warnings == ()


def test_the_box_of_popular_articles() -> None:
    expected = (
        PopularItem(
            rank=1,
            url="https://m.kota.example/read/900003/populer-satu",
            title="Populer Satu",
            published_at=datetime(2024, 11, 17, 17, tzinfo=UTC),
            claimed_date="18-11-2024",
            views=5815,
            author="Nama Satu",
        ),
        PopularItem(
            rank=2,
            url="https://m.kota.example/read/900004/populer-dua",
            title="Populer Dua",
            published_at=datetime(2024, 11, 15, 17, tzinfo=UTC),
            claimed_date="16-11-2024",
            views=1200,
            author="Nama Dua",
        ),
    )
    page = fetched(ARTICLE, url="https://m.kota.example/berita")
    assert read_popular(portal(), page).items == expected
    assert read_list(portal(), page).popular == expected
    elsewhere = portal(popular={"url": "https://m.kota.example/populer"})
    assert read_list(elsewhere, page).popular == ()


def test_a_missing_box_is_a_warning_on_the_list_and_a_fault_on_its_own_page() -> None:
    page = fetched(ARTICLE, url="https://m.kota.example/berita")
    without = portal(popular={"item": "ol.gone > li"})
    assert read_list(without, page).warnings == ('popular.item "ol.gone > li" finds nothing',)
    with pytest.raises(NotReadable, match=r'popular\.item "ol\.gone > li" finds nothing'):
        read_popular(without, page)


@pytest.mark.parametrize(
    ("markup", "message"),
    [
        ("<p>x</p>", 'list.item "li" finds nothing'),
        ("<ul><li>no link</li></ul>", 'list.url "a" finds nothing'),
        ("<ul><li><a href='javascript:x'>a</a></li></ul>", 'list.url "a" finds nothing'),
    ],
)
def test_a_list_page_that_is_none_says_which_selector(markup: str, message: str) -> None:
    with pytest.raises(NotReadable) as caught:
        read_list(portal(listing={"item": "li", "url": "a"}), fetched(markup))
    assert (caught.value.reason, caught.value.detail) == ("empty", message)


def test_each_address_once_in_the_pages_order() -> None:
    rows = "".join(f"<li><a href='/{number}'>{number}</a></li>" for number in (3, 1, 3, 2, 4))
    listed = read_list(portal(listing={"item": "li", "url": "a", "title": None}), fetched(rows))
    assert [item.title for item in listed.items] == ["3", "1", "2", "4"]


def test_items_that_are_links_themselves() -> None:
    markup = "<a class=i href='/1'><img alt='Judul satu' src='/1.jpg'></a><a class=i href='/2' title='Judul dua'></a>"
    listed = read_list(
        portal(listing={"item": "a.i", "url": "a", "title": None, "image": "img"}), fetched(markup)
    )
    assert [item.title for item in listed.items] == ["Judul satu", "Judul dua"]
    assert listed.items[0].image_url == "https://news.example/1.jpg"


def test_a_base_element_counts() -> None:
    listed = read_list(
        portal(listing={"item": "li", "url": "a"}),
        fetched("<base href='https://www.kota.example/id/'><li><a href='1'>t</a></li>"),
    )
    assert listed.items[0].url == "https://www.kota.example/id/1"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("2.619", 2619),
        ("2619", 2619),
        ("2,619 views", 2619),
        ("1,2 rb", 1200),
        ("1.25rb", 1250),
        ("3 juta", 3_000_000),
        ("12K", 12_000),
        ("1.5M", 1_500_000),
        ("3jt+", 3_000_000),
        ("Dilihat: 2.619 kali", 2619),
        ("2.619x dibaca", 2619),
        ("Views 1 234 567", 1_234_567),
        ("1.234.567", 1_234_567),
        ("1,234.567", None),
        ("2.5", None),
        ("0", 0),
        ("", None),
        ("views", None),
        ("06 Februari 2025 14:50", None),
        ("08-10-2026", None),
        ("Reporter : Nama", None),
        ("9" * 40, None),
        ("-5", None),
        ("٣", None),
    ],
)
def test_counts_of_views(text: str, count: int | None) -> None:
    assert parse_count(text) == count


@pytest.mark.parametrize(
    ("body_bytes", "content_type", "text"),
    [
        ("é".encode(), "text/html; charset=iso-8859-1", "é"),
        ("é".encode("latin-1"), "", "é"),
        ("“é”".encode("windows-1252"), "text/html; charset=iso-8859-1", "“é”"),
        ("<meta charset=windows-1251>Ж".encode("windows-1251"), "", "<meta charset=windows-1251>Ж"),
        ("Ж".encode("koi8-r"), "text/html; charset=koi8-r", "Ж"),
        ("é".encode("utf-16"), "", "é"),
        ("é".encode("utf-8-sig"), "", "é"),
        (b"\xff\xe9", "text/html; charset=rot13", "ÿé"),
        (b"\xe9", "text/html; charset=no-such", "é"),
    ],
)
def test_encodings(body_bytes: bytes, content_type: str, text: str) -> None:
    assert decoded(body_bytes, content_type) == text
