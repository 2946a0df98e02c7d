"""The date of an article among all the dates that stand on its page, and in its address."""

from datetime import UTC, datetime

import pytest
from gather.article_pages import PARAGRAPHS, TEXT, TITLE, URL, meta, news, page, read, reading, script

from syndicator.model.article import ListedItem
from syndicator.model.source import ArticleRule

MAY_2 = datetime(2024, 5, 2, 3, 11, tzinfo=UTC)
MAY_3 = datetime(2024, 5, 3, 5, tzinfo=UTC)
PUBLISHED, UPDATED = "2 Mei 2024 10:11 WIB", "3 Mei 2024 12:00 WIB"
RULE = ArticleRule(title="h1", body=".isi", date=".tgl")


def article(*, before: str = "", after: str = "", behind: str = "") -> str:
    """Give a page with something before the headline, between headline and text, and behind it."""
    return page(
        f"<div id=wrap>{before}<div class=detail><h1>{TITLE}</h1>{after}<div class=isi>{TEXT}</div></div>{behind}</div>",
        f"<title>{TITLE}</title>",
    )


@pytest.mark.parametrize(
    "line",
    [
        f"Diperbarui: {UPDATED} | Diterbitkan: {PUBLISHED}",
        f"Diterbitkan: {PUBLISHED} Diperbarui: {UPDATED}",
        f"{PUBLISHED} (Update: {UPDATED})",
        f"Updated {UPDATED}; Published {PUBLISHED}",
        f"Terakhir diperbarui {UPDATED} · Tayang {PUBLISHED}",
    ],
)
@pytest.mark.parametrize("rule", [RULE, None])
def test_published_is_not_updated(line: str, rule: ArticleRule | None) -> None:
    one = read(article(after=f"<div class=tgl>{line}</div>"), rule)
    assert one.published_at == MAY_2
    assert one.updated_at == (MAY_3 if rule else None)


def test_an_update_in_an_element_of_its_own_is_not_the_publication() -> None:
    lines = f"<p class=tgl>Diperbarui: {UPDATED}</p><p class=tgl>Terbit: {PUBLISHED}</p>"
    one = read(article(after=lines), RULE)
    assert (one.published_at, one.updated_at) == (MAY_2, MAY_3)


def test_what_the_page_tells_machines_of_its_publication_comes_before_an_update_on_it() -> None:
    markup = page(
        f"<h1>{TITLE}</h1><p class=tgl>Diperbarui: {UPDATED}</p><div class=isi>{TEXT}</div>",
        script(news(datePublished="2024-05-02T10:11:00+07:00", dateModified=None)),
    )
    one = read(markup, RULE)
    assert (one.published_at, one.updated_at) == (MAY_2, MAY_3)
    assert one.provenance.read_from["published_at"] == "json-ld"


def test_an_update_is_better_than_no_date() -> None:
    assert read(article(after=f"<p class=tgl>Diperbarui: {UPDATED}</p>"), RULE).published_at == MAY_3


@pytest.mark.parametrize(
    ("line", "at"),
    [
        ("Senin (3/6/2024) pukul 09.05 WIB", datetime(2024, 6, 3, 2, 5, tzinfo=UTC)),
        ("Jumat, 12 Jan 2024 - 07:30 WIT", datetime(2024, 1, 11, 22, 30, tzinfo=UTC)),
        ("1 Agt 2023, 18.20 WITA", datetime(2023, 8, 1, 10, 20, tzinfo=UTC)),
        ("2 Mei 2024 | 10:11", MAY_2),
        ("Jan 3, 2024, 5:30 p.m. ET", datetime(2024, 1, 3, 22, 30, tzinfo=UTC)),
        ("Published 5:30 p.m. ET, Jan 3, 2024", datetime(2024, 1, 3, 22, 30, tzinfo=UTC)),
        ("4:00 PM EST, Tue January 2, 2024", datetime(2024, 1, 2, 21, tzinfo=UTC)),
        ("3 Jan 2024 17:30 SGT", datetime(2024, 1, 3, 9, 30, tzinfo=UTC)),
        ("June 7, 2024 at 9 a.m. ET", datetime(2024, 6, 7, 13, tzinfo=UTC)),
    ],
)
def test_forms_beside_the_headline(line: str, at: datetime) -> None:
    assert read(article(after=f"<p>{line}</p>")).published_at == at


CLOCKS = [
    "<header><span>Senin, 23 November 2026 18:59 WIB</span></header>",
    "<header><time datetime='2026-11-23T18:59:00+07:00'>hari ini</time></header>",
    "<div class=topbar><span>Senin, 23 November 2026 18:59 WIB</span></div>",
    "<div><span id=jam>Senin, 23 November 2026 18:59 WIB</span></div>",
]


@pytest.mark.parametrize("clock", CLOCKS)
def test_the_clock_of_a_portal_is_no_date_of_an_article(clock: str) -> None:
    assert read(article(before=clock)).published_at is None
    assert read(article(before=clock, after="<p>Kamis, 2 Mei 2024</p>")).published_at == datetime(
        2024, 5, 1, 17, tzinfo=UTC
    )
    assert (
        read(
            article(before=clock, after=f"<time datetime='2024-05-02T10:11+07:00'>{PUBLISHED}</time>")
        ).published_at
        == MAY_2
    )


def test_the_header_of_an_article_is_not_that_of_the_portal() -> None:
    clock = "<header class=site-header><h1><a href=/>Kota</a></h1><p>Senin, 23 November 2026 18:58 WIB</p></header>"
    own = f"<header class=entry-header><h2>{TITLE}</h2><time datetime='2024-05-02T10:11+07:00'>2 Mei</time></header>"
    markup = page(f"{clock}<article>{own}<div>{TEXT}</div></article>", f"<title>{TITLE}</title>")
    assert read(markup).published_at == MAY_2


def test_a_date_above_the_headline_counts() -> None:
    assert read(article(before=f"<div class=tgl>{PUBLISHED}</div>")).published_at == MAY_2


CARD = "<h3><a href='/read/1/lain'>Judul lain</a></h3>"
BOXES = [
    f"<div class=kartu>{CARD}<time datetime='2026-11-20T08:00:00+07:00'>20 Nov</time></div>",
    f"<article>{CARD}<time datetime='2026-11-20T08:00:00+07:00'>20 Nov</time></article>",
    f"<div class=kartu>{CARD}<span>20 November 2026 08:00 WIB</span></div>",
    "<aside><time datetime='2026-11-20T08:00:00+07:00'>20 Nov</time></aside>",
    f"<ul class=terkait><li>{CARD}<time datetime='2026-11-20T08:00:00+07:00'>20 Nov</time></li></ul>",
]


@pytest.mark.parametrize("box", BOXES)
def test_the_date_of_another_article_is_not_this_ones(box: str) -> None:
    assert read(article(after=box)).published_at is None
    assert read(article(before=box)).published_at is None
    assert read(article(behind=box)).published_at is None
    own = f"<time datetime='2024-05-02T10:11+07:00'>{PUBLISHED}</time>"
    assert read(article(before=box, after=own, behind=box)).published_at == MAY_2


@pytest.mark.parametrize(
    ("path", "at"),
    [
        ("/read/2024/05/02/10110051/banjir-surut", datetime(2024, 5, 1, 17, tzinfo=UTC)),
        ("/2024/5/2/banjir-surut", datetime(2024, 5, 1, 17, tzinfo=UTC)),
        ("/berita/20240502/banjir-surut", datetime(2024, 5, 1, 17, tzinfo=UTC)),
        ("/banjir-surut-2024-05-02", datetime(2024, 5, 1, 17, tzinfo=UTC)),
        ("/2026/11/23/banjir-surut", None),  # a bare day that is not over
        ("/2027/01/02/banjir-surut", None),
        ("/2024/05/banjir-surut", None),
        ("/2024/13/45/banjir-surut", None),
        ("/read/20245555/banjir", None),
    ],
)
def test_the_address_tells_the_day_where_nothing_else_does(path: str, at: datetime | None) -> None:
    one = read(article(), url="https://www.kota.example" + path)
    assert one.published_at == at
    assert one.provenance.read_from.get("published_at") == ("address" if at else None)


def test_the_address_comes_last() -> None:
    url = "https://www.kota.example/2024/04/30/banjir-surut"
    assert read(article(after=f"<p>{PUBLISHED}</p>"), url=url).published_at == MAY_2
    assert read(article(), url=url, listed=ListedItem(url=url, published_at=MAY_3)).published_at == MAY_3
    at_last = reading(page(f"<h1>{TITLE}</h1><p>{PARAGRAPHS[0] * 3}</p>", meta(og_title=TITLE)), url=url)
    assert "the time of first sight counts" not in " ".join(at_last.warnings)


def test_without_any_date_that_is_told() -> None:
    assert "no date was found: the time of first sight counts" in reading(article(), url=URL).warnings


def test_dates_that_are_days_apart_are_told() -> None:
    published, other = "2024-05-02T10:11:00+07:00", "2024-05-04T10:11:00+07:00"
    head = script(news(datePublished=published)) + meta(article_published__time=other)
    found = reading(page(f"<h1>{TITLE}</h1><div>{TEXT}</div>", head))
    assert found.candidate.published_at == MAY_2
    assert f'the page\'s json-ld gives the date "{published}", its opengraph "{other}"' in found.warnings
    head = script(news(datePublished=published)) + meta(article_published__time="2024-05-02T23:11:00+07:00")
    assert not any("gives the date" in one for one in reading(page(head=head)).warnings)
