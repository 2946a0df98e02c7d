"""What pages say of themselves fills what selectors leave open: JSON-LD, microdata, OpenGraph, `<meta>`, text."""

from datetime import UTC, datetime
from typing import Any

import pytest
from gather.article_pages import (
    NEWS,
    PARAGRAPHS,
    TEXT,
    TITLE,
    URL,
    WHOLE,
    meta,
    news,
    page,
    portal,
    read,
    reading,
    script,
)

from syndicator.errors import NotReadable
from syndicator.model.article import ListedItem, Photo, Placement, RelatedLink
from syndicator.model.source import ArticleRule
from syndicator.rules.identity.identity import spec_hash

TEN = datetime(2026, 11, 3, 3, tzinfo=UTC)
PHOTO = Photo(url="https://www.kota.example/foto/1.jpg", width=1200, height=675)


def test_json_ld_gives_every_field_and_says_so() -> None:
    one = read(page(head=script(NEWS)))
    assert one.title == TITLE
    assert one.lead == "Air surut sejak pagi."
    assert one.published_at == TEN
    assert one.updated_at == datetime(2026, 11, 3, 4, 30, tzinfo=UTC)
    assert one.authors == ("Budi Santoso",)
    assert one.photos == (PHOTO,)
    assert (one.section, one.tags, one.language) == ("Metropolitan", ("banjir", "pompa"), "id")
    assert one.provenance.claimed_date == "2026-11-03T10:00:00+07:00"
    assert one.provenance.date_rule == "as claimed"
    said = dict.fromkeys(
        ("title", "lead", "published_at", "updated_at", "authors", "photos", "section", "tags", "language"),
        "json-ld",
    )
    assert one.provenance.read_from == said | {"body": "text density"}


GRAPH = {
    "@context": "https://schema.org",
    "@graph": [
        {"@type": "WebPage", "@id": URL, "inLanguage": "id-ID", "primaryImageOfPage": {"@id": "#foto"}},
        {
            "@type": "ImageObject",
            "@id": "#foto",
            "contentUrl": "/foto/1.jpg",
            "width": "1200",
            "height": "675",
        },
        {"@type": "Person", "@id": "#budi", "name": "Budi Santoso", "sameAs": ["https://kota.example"]},
        {"@type": "Organization", "@id": "#kota", "name": "Kota"},
        {
            "@type": ["Article", "BlogPosting"],
            "headline": TITLE,
            "author": {"@id": "#budi"},
            "publisher": {"@id": "#kota"},
            "image": {"@id": "#foto"},
            "datePublished": "2026-11-03T03:00:00+00:00",
            "isPartOf": {"@id": URL},
        },
    ],
}
TEXT_OF_NEWS = script(NEWS).removeprefix('<script type="application/ld+json">').removesuffix("</script>")


def block(text: str) -> str:
    return f'<script type="application/ld+json">{text}</script>'


@pytest.mark.parametrize(
    "head",
    [
        script(NEWS),
        script([NEWS]),
        script([[{"@type": "WebSite"}, NEWS]]),
        script({"@type": "WebSite", "name": "Kota"}, NEWS),
        script(GRAPH),
        script({"@type": "WebPage", "mainEntity": NEWS}),
        script({"@type": "WebPage", "mainEntityOfPage": NEWS}),
        script(news(**{"@type": "ReportageNewsArticle"})),
        script(news(**{"@type": "https://schema.org/NewsArticle"})),
        script(news(**{"@type": ["NewsArticle", "LiveBlogPosting"]})),
        script(news(author="Budi Santoso")),
        script(news(author=["Budi Santoso"])),
        script(news(author=[{"@type": "Person", "name": ["Budi Santoso"], "url": "/budi"}])),
        script(news(author=None, creator="Budi Santoso")),
        script(news(image="/foto/1.jpg")).replace('"/foto/1.jpg"', '{"url":"/foto/1.jpg","width":1200,"height":"675px"}'),
        script(news(datePublished="3 November 2026 10:00 WIB")),
        block(f"<!-- {TEXT_OF_NEWS} -->"),
        block(f"//<![CDATA[\n{TEXT_OF_NEWS}\n//]]>"),
        block(f"/*<![CDATA[*/{TEXT_OF_NEWS}/*]]>*/"),
        block(TEXT_OF_NEWS[:-1] + ",}"),
        block(TEXT_OF_NEWS.replace('"pompa"]', '"pompa",\n ]')),
        block(TEXT_OF_NEWS.replace("{", "{ /* berita */ ", 1)),
        block(TEXT_OF_NEWS.replace("{", "{ // berita\n", 1)),
        block(TEXT_OF_NEWS.replace('"', "&quot;")),
        block(TEXT_OF_NEWS + ";"),
        block(TEXT_OF_NEWS + "\n" + '{"@type":"WebSite"}'),
        block(TEXT_OF_NEWS.replace("Air surut", "Air\nsurut")),
        block("{ this is not JSON }") + script(NEWS),
    ],
)  # fmt: skip
def test_json_ld_in_any_shape(head: str) -> None:
    one = read(page(head=head))
    assert (one.title, one.published_at, one.authors) == (TITLE, TEN, ("Budi Santoso",))
    assert one.photos == (PHOTO,)
    assert one.provenance.read_from["title"] == "json-ld"


def test_json_ld_that_cannot_be_read_is_told_and_costs_nothing_else() -> None:
    one = reading(page(head=block('{"@type": "NewsArticle", "headline": "Ter') + meta(og_title=TITLE)))
    assert one.candidate.title == TITLE
    assert one.warnings[0] == "JSON-LD of the page cannot be read"


@pytest.mark.parametrize(
    ("author", "names"),
    [
        (["Ani Wijaya", "Budi Santoso"], ("Ani Wijaya", "Budi Santoso")),
        ("Ani Wijaya dan Budi Santoso", ("Ani Wijaya", "Budi Santoso")),
        ("Ani Wijaya, Budi Santoso", ("Ani Wijaya", "Budi Santoso")),
        ("Budi Santoso, S.Pd", ("Budi Santoso, S.Pd",)),
        ({"@type": "Organization", "name": "Tim Redaksi"}, ("Tim Redaksi",)),
        ([{"@type": "NewsMediaOrganization", "name": "Kota"}, {"@type": "Person", "name": "Ani"}], ("Ani",)),
        ({"@type": "Person", "name": "Ani &amp; Budi"}, ("Ani", "Budi")),
        ("https://facebook.com/kota", ()),
        ({"@type": "Person", "name": "Kota"}, ()),
        ([{"@type": "Person", "name": "Ani"}, {"@type": "Person", "name": "Citra"}], ("Ani",)),
        ({"@type": "Person", "name": "Editor: Citra"}, ()),
        ({"@type": "Person", "name": None}, ()),
        ([None, 7, [], {}], ("7",)),
    ],
)
def test_authors_in_json_ld(author: Any, names: tuple[str, ...]) -> None:
    described = news(
        author=author, editor={"name": "Citra"}, publisher={"@type": "Organization", "name": "Kota"}
    )
    assert read(page(head=script(described))).authors == names


@pytest.mark.parametrize(
    ("image", "photos"),
    [
        (["/1x1.jpg", "/4x3.jpg"], (Photo(url="https://www.kota.example/1x1.jpg"),)),
        ([{"url": "/s.jpg", "width": 300}, {"url": "/l.jpg", "width": 1600}], (Photo(url="https://www.kota.example/l.jpg", width=1600),)),
        (
            [{"url": "/a.jpg", "caption": "Satu"}, {"url": "/b.jpg", "caption": "Dua", "creditText": "Ani"}],
            (
                Photo(url="https://www.kota.example/a.jpg", caption="Satu"),
                Photo(url="https://www.kota.example/b.jpg", caption="Dua", credit="Ani"),
            ),
        ),
        (
            {"contentUrl": "/a.jpg", "caption": "Warga pulang (Foto: Ani/Kota)"},
            (Photo(url="https://www.kota.example/a.jpg", caption="Warga pulang", credit="Ani/Kota"),),
        ),
        (
            {
                "url": "/a.jpg",
                "width": {"@type": "QuantitativeValue", "value": 800},
                "creator": {"name": "Ani"},
            },
            (Photo(url="https://www.kota.example/a.jpg", width=800, credit="Ani"),),
        ),
        ("javascript:alert(1)", ()),
        ([], ()),
    ],
)  # fmt: skip
def test_pictures_in_json_ld(image: Any, photos: tuple[Photo, ...]) -> None:
    assert read(page(head=script(news(image=image)))).photos == photos


def test_of_several_articles_in_json_ld_the_one_with_the_pages_address_counts() -> None:
    others = [news(headline=f"Lain {number}", url=f"/read/{number}/lain") for number in range(3)]
    own = news(headline=TITLE, mainEntityOfPage={"@type": "WebPage", "@id": URL})
    assert read(page(head=script(*others, own))).title == TITLE
    assert read(page(head=script(*others) + meta(og_title="Banjir Sendiri"))).title == "Banjir Sendiri"


@pytest.mark.parametrize(
    ("described", "section"),
    [
        ({"articleSection": ["Metropolitan", "Jakarta"]}, "Metropolitan"),
        ({"articleSection": None}, "Megapolitan"),
    ],
)
def test_the_section_may_stand_in_breadcrumbs(described: dict[str, Any], section: str) -> None:
    trail = {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": 1, "item": {"@id": "/", "name": "Beranda"}},
            {"@type": "ListItem", "position": 2, "name": "Megapolitan", "item": "/megapolitan"},
            {"@type": "ListItem", "position": 3, "name": TITLE},
        ],
    }
    assert read(page(head=script(trail, news(**described)))).section == section


def test_counters_and_embargo_in_json_ld() -> None:
    counter = {
        "@type": "InteractionCounter",
        "interactionType": "https://schema.org/ReadAction",
        "userInteractionCount": 0,
    }
    one = read(
        page(head=script(news(interactionStatistic=[counter], commentCount="12", embargoDate="2026-12-01")))
    )
    assert (one.views, one.comments) == (0, 12)
    assert one.embargo_until == datetime(2026, 11, 30, 17, tzinfo=UTC)


def test_the_article_body_of_json_ld_is_the_last_resort() -> None:
    described = news(articleBody="Satu &amp; dua.\n\nTiga.")
    one = read(page("<div id=app></div>", script(described)))
    assert one.body_html == "<p>Satu &amp; dua.</p><p>Tiga.</p>"
    assert one.provenance.read_from["body"] == "json-ld"
    assert read(page(head=script(described))).provenance.read_from["body"] == "text density"


def test_active_content_in_json_ld_is_harmless() -> None:
    evil = news(
        headline="Judul <script>alert(1)</script><b>tebal</b> &lt;img src=x onerror=alert(1)&gt;",
        description="Ringkasan&lt;svg onload=alert(1)&gt;",
        articleBody='<p onclick="x()">Isi <script>alert(1)</script><a href="javascript:alert(1)">tautan</a></p>',
        author="<img src=x onerror=alert(1)>Budi",
    )
    one = read(page("<div id=app></div>", script(evil)))
    assert one.body_html == '<p>Isi <a rel="noopener">tautan</a></p>'
    # Plain text: it is escaped wherever it is shown.
    assert one.title == "Judul <script>alert(1)</script> tebal <img src=x onerror=alert(1)>"
    assert one.lead == "Ringkasan"
    assert "onerror" not in "".join(one.authors)


MICRODATA = f"""<article itemscope itemtype="http://schema.org/NewsArticle">
<meta itemprop="mainEntityOfPage" content="{URL}">
<h1 itemprop="headline">{TITLE}</h1>
<meta itemprop="datePublished" content="2026-11-03T10:00:00+07:00">
<time itemprop="dateModified" datetime="2026-11-03T11:30:00+07:00">tadi</time>
<span itemprop="author" itemscope itemtype="https://schema.org/Person"><a href="/p/1" itemprop="url"><b itemprop="name">Budi Santoso</b></a></span>
<figure itemprop="image" itemscope itemtype="https://schema.org/ImageObject"><img src="/kecil.jpg">
<meta itemprop="url" content="/foto/1.jpg"><meta itemprop="width" content="1200"><meta itemprop="height" content="675"></figure>
<span itemprop="articleSection">Metropolitan</span><meta itemprop="keywords" content="banjir, pompa">
<div itemprop="articleBody">{TEXT}<div itemprop="comment" itemscope itemtype="https://schema.org/Comment">
<span itemprop="author">Komentator</span><time itemprop="datePublished" datetime="2026-11-04">x</time></div></div>
</article><div itemprop="headline">Lain</div>"""


def test_microdata() -> None:
    one = read(page(MICRODATA))
    assert (one.title, one.published_at, one.authors) == (TITLE, TEN, ("Budi Santoso",))
    assert one.updated_at == datetime(2026, 11, 3, 4, 30, tzinfo=UTC)
    assert one.photos == (PHOTO,)
    assert (one.section, one.tags) == ("Metropolitan", ("banjir", "pompa"))
    assert one.body_html.startswith(f"<p>{PARAGRAPHS[0]}</p>")
    assert {"title", "body", "authors", "published_at"} <= {
        field for field, how in one.provenance.read_from.items() if how == "microdata"
    }


def test_microdata_without_an_item_as_old_portals_have_it() -> None:
    head = '<meta itemprop="datePublished" content="2026-11-03 10:00:00"><meta itemprop="author" content="Budi Santoso">'
    one = read(page(WHOLE, head + meta(og_title=TITLE)))
    assert (one.published_at, one.authors) == (TEN, ("Budi Santoso",))


def test_opengraph() -> None:
    head = (
        meta(
            og_title=f"{TITLE} - Kota",
            og_site__name="Kota",
            og_description="Air surut.",
            og_image="/foto/1.jpg",
            og_image_width="1200",
            og_image_height="675",
            og_locale="id_ID",
            article_published__time="2026-11-03T10:00:00+07:00",
            article_modified__time="2026-11-03T11:30:00+07:00",
            article_section="Metropolitan",
            article_author="https://facebook.com/kota",
        )
        + meta(article_tag="banjir")
        + meta(article_tag="pompa")
        + meta(og_image="/foto/2.jpg")
    )
    one = read(page(head=head))
    assert (one.title, one.lead, one.published_at) == (TITLE, "Air surut.", TEN)
    assert one.updated_at == datetime(2026, 11, 3, 4, 30, tzinfo=UTC)
    assert one.photos == (PHOTO,)
    assert (one.section, one.tags, one.language) == ("Metropolitan", ("banjir", "pompa"), "id-ID")
    assert one.authors == ()
    assert one.provenance.read_from["title"] == "opengraph"
    (change,) = one.provenance.changes
    assert (change.field, change.received) == ("title", f"{TITLE} - Kota")


@pytest.mark.parametrize(
    "head",
    [
        '<meta name="author" content="Budi Santoso"><meta name="pubdate" content="2026-11-03 10:00:00 WIB">',
        '<meta name="Author" content="Budi Santoso"><meta name="date" content="2026-11-03T10:00:00+07:00">',
        '<meta name="content_author" content="Budi Santoso"><meta name="content_PublishedDate" content="2026-11-03 10:00:00">',
        '<meta name="dtk:author" content="Budi Santoso"><meta name="publishdate" content="2026/11/03 10:00:00">',
        '<meta name="author" content="Penulis: Budi Santoso"><meta name="DC.date.issued" content="2026-11-03T03:00:00Z">',
    ],
)
def test_meta_elements(head: str) -> None:
    more = f'<title>{TITLE} | kota.example</title><meta name="description" content="Air surut."><meta name="keywords" content="banjir, pompa">'
    one = read(page(head=more + head))
    assert (one.title, one.lead, one.tags) == (TITLE, "Air surut.", ("banjir", "pompa"))
    assert (one.published_at, one.authors) == (TEN, ("Budi Santoso",))
    assert one.provenance.read_from["published_at"] == "meta"


@pytest.mark.parametrize(
    ("body", "published"),
    [
        ("<article><time datetime='2026-11-03T10:00:00+07:00'>tadi</time></article><time datetime='2020-01-01T00:00Z'>", TEN),
        ("<time datetime='2026-11-03T10:00:00+07:00'>tadi</time>", TEN),
        ("<time datetime='2026-11-03T10:00:00+07:00'></time><time datetime='2026-11-02T10:00:00+07:00'></time>", None),
    ],
)  # fmt: skip
def test_the_time_of_the_article(body: str, published: datetime | None) -> None:
    assert read(page(body + WHOLE, f"<title>{TITLE}</title>")).published_at == published


def test_an_instant_told_to_machines_completes_a_bare_day() -> None:
    body = f"<h1>{TITLE}</h1><i class=d>3 November 2026</i><div class=isi>{TEXT}</div>"
    rule = ArticleRule(title="h1", body=".isi", date=".d")
    one = reading(page(body, script(NEWS)), rule)
    assert one.candidate.published_at == TEN
    assert one.candidate.provenance.read_from["published_at"] == "json-ld"
    assert one.warnings == ()
    assert reading(page(body), rule).candidate.published_at == datetime(2026, 11, 2, 17, tzinfo=UTC)


@pytest.mark.parametrize("where", ["komentar", "comments", "disqus_thread", "comment-list"])
def test_forty_comments_are_no_part_of_the_text(where: str) -> None:
    comments = "".join(
        f"<li class='comment'><b>Pembaca {number}</b><p>Komentar nomor {number}: mantap sekali, semoga banjir tidak "
        "datang lagi ke kampung kami pada tahun depan, terima kasih kepada semua petugas yang sudah bekerja.</p></li>"
        for number in range(40)
    )
    body = f"<div class='wrap'>{WHOLE}</div><div id='{where}' class='{where}'><h3>Komentar</h3><ol>{comments}</ol></div>"
    one = read(page(body, f"<title>{TITLE}</title>"))
    assert "Pembaca" not in one.body_html
    assert "Komentar" not in one.body_html
    for paragraph in PARAGRAPHS:
        assert paragraph in one.body_html


def test_an_amp_page() -> None:
    body = (
        f"<article><h1>{TITLE}</h1><amp-img src='/amp/1.jpg' width=800 height=450 layout=responsive></amp-img>"
        f"<div class=isi>{TEXT}<amp-img src='/amp/2.jpg' width=600 height=400 alt='Warga'></amp-img>"
        "<amp-ad width=300 height=250 type=doubleclick></amp-ad></div></article>"
    )
    head = f"<link rel=canonical href='{URL}'>" + script(NEWS)
    one = read(
        page(body, head, "⚡ lang=id"),
        ArticleRule(body=".isi", photo="amp-img"),
        url="https://amp.kota.example/read/900001",
    )
    assert one.canonical_url == URL
    assert [(photo.url, photo.width, photo.height) for photo in one.photos] == [
        ("https://amp.kota.example/amp/1.jpg", 800, 450),
        ("https://amp.kota.example/amp/2.jpg", 600, 400),
    ]
    assert '<img src="https://amp.kota.example/amp/2.jpg"' in one.body_html
    assert "amp-" not in one.body_html.replace("/amp/", "")


def test_selectors_come_first() -> None:
    body = "<h1>Judul Sendiri</h1><b class=by>Oleh Ani</b><i class=d>3 November 2026 12:00 WIB</i><p class=x>Isi.</p>"
    rule = ArticleRule(title="h1", body=".x", authors=".by", date=".d", lead=".x")
    one = read(page(body, script(NEWS)), rule)
    assert (one.title, one.lead, one.body_html, one.authors) == ("Judul Sendiri", "Isi.", "Isi.", ("Ani",))
    assert one.published_at == datetime(2026, 11, 3, 5, tzinfo=UTC)
    assert {
        how
        for field, how in one.provenance.read_from.items()
        if field in {"title", "body", "lead", "authors"}
    } == {"selector"}


def test_the_list_comes_last() -> None:
    listed = ListedItem(
        url=URL,
        title="Judul di daftar",
        published_at=TEN,
        updated_at=TEN,
        section="Kota",
        tags=("a",),
        language="id",
        image_url="https://foto.example/l.jpg",
        embargo_until=TEN,
    )
    one = read(page(f"<div>{TEXT}</div>"), listed=listed)
    assert (one.title, one.section, one.tags, one.language) == ("Judul di daftar", "Kota", ("a",), "id")
    assert (one.published_at, one.updated_at, one.embargo_until) == (TEN, TEN, TEN)
    assert one.photos == (Photo(url="https://foto.example/l.jpg"),)
    assert one.provenance.date_rule == "as the list has it"
    assert one.provenance.read_from["title"] == "list"
    assert read(page(head=script(NEWS)), listed=listed).title == TITLE


def test_what_is_said_of_the_request() -> None:
    headers = {"etag": '"1"', "last-modified": "Tue, 03 Nov 2026 03:00:00 GMT"}
    one = reading(page(head=script(NEWS)), final_url=URL + "-baru", headers=headers).candidate.provenance
    assert (one.requested_url, one.url, one.status) == (URL, URL + "-baru", 200)
    assert (one.etag, one.last_modified) == ('"1"', "Tue, 03 Nov 2026 03:00:00 GMT")
    assert one.rules == spec_hash(portal())
    assert reading(page(head=script(NEWS))).candidate.provenance.url == ""


@pytest.mark.parametrize(
    ("described", "warnings"),
    [
        ({}, 0),
        ({"headline": f"{TITLE[:20]}…"}, 0),
        ({"headline": TITLE.upper() + "!"}, 0),
        ({"headline": "Sama sekali lain"}, 1),
        ({"datePublished": "2026-11-03T10:59:00+07:00"}, 0),
        ({"datePublished": "2026-11-03T12:00:00+07:00"}, 1),
        ({"datePublished": "2026-11-03"}, 0),
        ({"author": "Budi"}, 0),
        ({"author": "Ani Wijaya"}, 1),
        ({"headline": "Lain", "author": "Ani", "datePublished": "2026-11-01T10:00:00Z"}, 3),
        ({"headline": None, "author": None, "datePublished": None}, 0),
    ],
)
def test_contradictions_are_told(described: dict[str, Any], warnings: int) -> None:
    body = f"<h1>{TITLE}</h1><i>Selasa, 3 November 2026 10:00 WIB</i><b>Budi Santoso</b><div>{TEXT}</div>"
    rule = ArticleRule(title="h1", body="div", date="i", authors="b")
    one = reading(page(body, script(news(**described))), rule)
    assert len(one.warnings) == warnings
    assert (one.candidate.title, one.candidate.published_at, one.candidate.authors) == (
        TITLE,
        TEN,
        ("Budi Santoso",),
    )
    assert all(len(warning) < 400 for warning in one.warnings)


def test_a_bare_day_that_is_not_over_was_found_though_it_says_no_hour() -> None:
    one = reading(page(f"<i>23 November 2026</i>{WHOLE}"), ArticleRule(title="h1", date="i"))
    assert one.candidate.published_at is None
    assert one.candidate.provenance.claimed_date == "23 November 2026"
    assert one.missing == ()


def test_selectors_that_find_something_and_nothing_are_told() -> None:
    rule = ArticleRule(
        title="h1", body=".isi", quote="blockquote", date="i", views="b", photo="figure", related="a.r"
    )
    body = f"<h1>{TITLE}</h1><i>dahulu kala</i><b>banyak</b><div class=isi>{TEXT}</div>"
    one = reading(page(body), rule)
    assert one.found == ("article.title", "article.body")
    assert one.missing == (
        "article.date",
        "article.quote",
        "article.photo",
        "article.related",
        "article.views",
    )
    again = reading(page(head=script(NEWS), body=f"<div class=lain>{TEXT}</div>"), rule)
    assert again.found == ()
    assert again.missing[:2] == ("article.title", "article.body")
    assert again.candidate.title == TITLE


@pytest.mark.parametrize(
    "markup",
    [
        page("<h2>Halaman tidak ditemukan</h2>" + TEXT, meta(og_title="Kota - Berita Terkini", og_type="article")),
        page("<h2>Halaman tidak ditemukan</h2>", "<title>404</title>"),
    ],
)  # fmt: skip
def test_a_page_for_what_is_gone_is_no_article(markup: str) -> None:
    with pytest.raises(NotReadable, match=r'article\.title "\.judul" finds nothing'):
        read(markup, ArticleRule(title=".judul", body=".isi"))


def test_a_front_page_that_a_redirect_leads_to_is_no_article() -> None:
    with pytest.raises(NotReadable, match="it leads to the front page"):
        read(page(head=script(NEWS)), final_url="https://www.kota.example/")
    with pytest.raises(NotReadable, match="no headline is found on the page"):
        read("<html><body><nav>Beranda</nav></body></html>")
    with pytest.raises(NotReadable, match="no text is found on the page"):
        read(page("<nav>Beranda</nav>", f"<title>{TITLE}</title>"))


@pytest.mark.parametrize(
    ("title", "site", "expected"),
    [
        ("Judul - Kota", "Kota", "Judul"),
        ("Judul | Kota.Example", "", "Judul"),
        ("Judul – Persib", "", "Judul – Persib"),
        ("Persib - Persija 2 - 1", "Kota", "Persib - Persija 2 - 1"),
        ("Satu | Dua | Kota", "Kota", "Satu | Dua"),
        ("Kota", "Kota", "Kota"),
    ],
)
def test_the_portals_name_is_no_part_of_a_headline(title: str, site: str, expected: str) -> None:
    head = f"<title>{title}</title>" + (meta(og_site__name=site) if site else "")
    assert read(page(f"<div>{TEXT}</div>", head)).title == expected


def test_a_headline_cut_for_machines_is_completed() -> None:
    head = script(news(headline=TITLE[:15] + "...")) + meta(og_title=TITLE)
    assert read(page(head=head)).title == TITLE


@pytest.mark.parametrize(
    ("source_language", "attributes", "head", "expected"),
    [
        ("en", "lang=id", script(NEWS), "en"),
        (None, "lang=id-ID", script(news(inLanguage="en")), "id-ID"),
        (None, "", script(news(inLanguage={"@type": "Language", "name": "Indonesian", "alternateName": "id"})), "id"),
        (None, "", meta(og_locale="in_ID"), "id-ID"),
        (None, "lang='x y'", "", "id"),
        (None, "", "", "id"),
    ],
)  # fmt: skip
def test_the_language(source_language: str | None, attributes: str, head: str, expected: str) -> None:
    markup = page(head=f"<title>{TITLE}</title>{head}", attributes=attributes)
    assert read(markup, language=source_language).language == expected


@pytest.mark.parametrize(
    ("selected", "head", "expected"),
    [
        ("Embargo sampai 1 Desember 2026 pukul 08.00 WIB", "", datetime(2026, 12, 1, 1, tzinfo=UTC)),
        ("", "<meta name='embargo' content='2026-12-01T08:00:00+07:00'>", datetime(2026, 12, 1, 1, tzinfo=UTC)),
        ("1 Desember 2026", "<meta name='embargo' content='2027-01-01'>", datetime(2026, 11, 30, 17, tzinfo=UTC)),
        ("segera", "", None),
    ],
)  # fmt: skip
def test_embargoes(selected: str, head: str, expected: datetime | None) -> None:
    body = f"<b class=e>{selected}</b>{WHOLE}"
    one = reading(page(body, head), ArticleRule(title="h1", embargo=".e"))
    assert one.candidate.embargo_until == expected
    assert "article.embargo" not in one.missing


@pytest.mark.parametrize(
    "pointer",
    [
        '<p>Baca juga: <a href="/read/2/lain">Judul Lain</a></p>',
        '<p><strong>BACA JUGA : <a href="/read/2/lain">Judul <b>Lain</b></a></strong></p>',
        '<p><strong>Baca Juga:</strong> <a href="/read/2/lain">Judul Lain</a></p>',
        '<blockquote>Simak juga <a href="/read/2/lain">Judul Lain</a></blockquote>',
        '<p>Baca: <em><a href="/read/2/lain">Judul Lain</a></em></p>',
    ],
)
def test_paragraphs_that_point_elsewhere_are_related_links(pointer: str) -> None:
    body = f"<h1>{TITLE}</h1><div class=isi><p>{PARAGRAPHS[0]}</p>{pointer}<p>{PARAGRAPHS[1]}</p></div>"
    one = read(page(body), ArticleRule(title="h1", body=".isi"))
    assert one.body_html == f"<p>{PARAGRAPHS[0]}</p><p>{PARAGRAPHS[1]}</p>"
    assert one.related == (
        RelatedLink(
            url="https://www.kota.example/read/2/lain", title="Judul Lain", placement=Placement.INLINE
        ),
    )
    beside = read(page(body), ArticleRule(title="h1", body=".isi", related=".terkait a"))
    assert (beside.body_html, beside.related) == (one.body_html, one.related)


@pytest.mark.parametrize(
    "sentence",
    [
        '<p>Baca juga buku ini, seperti <a href="/x">kata</a> dia.</p>',
        '<p>Ia membaca: <a href="/x">berita</a></p>',
        '<p>Baca <a href="/x">berita</a> lain</p>',
    ],
)
def test_sentences_with_links_are_text(sentence: str) -> None:
    one = read(
        page(f"<h1>{TITLE}</h1><div class=isi>{TEXT}{sentence}</div>"), ArticleRule(title="h1", body=".isi")
    )
    assert one.related == ()
    assert "</a>" in one.body_html


def test_a_date_that_cannot_be_true_gives_way() -> None:
    ahead = news(datePublished="2026-11-23T18:50:00Z")  # a local time that is written as UTC
    right = datetime(2026, 11, 23, 11, 50, tzinfo=UTC)
    assert (
        read(
            page(head=script(ahead) + meta(article_published__time="2026-11-23T18:50:00+07:00"))
        ).published_at
        == right
    )
    listed = ListedItem(url=URL, published_at=right)
    assert read(page(head=script(ahead)), listed=listed).published_at == right
    alone = read(page(head=script(ahead)))
    assert alone.published_at == datetime(2026, 11, 23, 18, 50, tzinfo=UTC)
    assert "in the future" in alone.provenance.date_rule
    assert read(page(head=script(ahead)), listed=listed, future_dates=True).published_at == alone.published_at


@pytest.mark.parametrize(
    ("image", "is_photo"),
    [
        ("https://cdn.kota.example/logo.png", False),
        ("https://cdn.kota.example/img/kota_default_og.jpg?v=2", False),
        ("https://cdn.kota.example/no-image-600x400.jpg", False),
        ("https://cdn.kota.example/foto/logo-baru-kota.jpg", True),
        ("https://cdn.kota.example/foto/default-mode-network.jpg", True),
    ],
)
def test_a_portals_logo_is_no_photo_of_an_article(image: str, is_photo: bool) -> None:
    one = read(page(head=script(news(image=image)) + meta(og_image=image)))
    assert one.photos == ((Photo(url=image),) if is_photo else ())


def test_a_template_that_says_english_of_an_indonesian_page() -> None:
    one = read(page(head=f"<title>{TITLE}</title>", attributes="lang=en-US"))
    assert one.language == "id"
    assert one.provenance.read_from["language"] == "words"
    assert [(change.field, change.received) for change in one.provenance.changes] == [("language", "en-US")]
    english = (
        "<div><p>"
        + "The city council has opened a new bus lane for people who live in the north. " * 9
        + "</p></div>"
    )
    assert read(page(english, f"<title>{TITLE}</title>", "lang=en-US")).language == "en-US"


@pytest.mark.parametrize(
    ("key", "status", "cancelled"),
    [
        ("creativeWorkStatus", "Published", None),
        ("creativeWorkStatus", "Canceled", "canceled"),
        ("creativeWorkStatus", {"@type": "DefinedTerm", "name": "Retracted"}, "retracted"),
        ("creativeWorkStatus", "https://schema.org/Withdrawn", "withdrawn"),
        ("pubStatus", "canceled", "canceled"),
        ("pubstatus", "stat:canceled", "canceled"),
        ("pubstatus", "usable", None),
        ("creativeWorkStatus", "The strike was cancelled", None),
    ],
)
def test_a_status_in_json_ld(key: str, status: Any, cancelled: str | None) -> None:
    assert read(page(head=script(NEWS | {key: status}))).cancelled == cancelled


@pytest.mark.parametrize(
    ("said", "note"),
    [
        ({"correction": "Semula tertulis 21 orang."}, "Semula tertulis 21 orang."),
        ({"correction": {"@type": "CorrectionComment", "text": "It was <b>12</b>."}}, "It was <b>12</b>."),
        ({"correction": [{"text": "Lama."}, {"text": "Baru."}]}, "Baru."),
        ({"correction": "https://kota.example/koreksi"}, None),
        ({"correction": {"@type": "CorrectionComment"}}, None),
        ({"creativeWorkStatus": "Corrected"}, "corrected"),
        ({}, None),
    ],
)
def test_a_correction_in_json_ld(said: dict[str, Any], note: str | None) -> None:
    assert read(page(head=script(NEWS | said))).correction == note


def test_a_page_with_the_legacy_doctype_of_html_is_read_by_its_density() -> None:
    markup = page().replace("<!doctype html>", '<!DOCTYPE html SYSTEM "about:legacy-compat">')
    one = read(markup)
    assert one.provenance.read_from["body"] == "text density"
    assert PARAGRAPHS[-1] in one.body_html
