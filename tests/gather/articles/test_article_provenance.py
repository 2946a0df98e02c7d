"""What the provenance of an article page tells: what was taken out, which dates were passed over, and why."""

from datetime import UTC, datetime, timedelta

import pytest
from gather.article_pages import TEXT, TITLE, URL, page, read
from gather.gather_values import NOW

from syndicator.model.article import Change, ListedItem
from syndicator.model.source import ArticleRule

WIB = "2026-11-03T10:00:00+07:00"
RULE = ArticleRule(title="h1", body=".isi", date="time", remove=".iklan, .ikut")


def told(*dates: str, listed: ListedItem | None = None, more: str = "", **meta: str) -> tuple[Change, ...]:
    times = "".join(f"<time>{date}</time>" for date in dates)
    head = "".join(f'<meta name="{name}" content="{value}">' for name, value in meta.items())
    body = f"<h1>{TITLE}</h1>{times}{more}<div class=isi>{TEXT}</div>"
    return read(page(body, head), RULE, listed=listed).provenance.changes


def test_what_is_taken_out_is_told_once_with_how_it_begins() -> None:
    one = "<p class=iklan>Iklan: beli <b>sekarang</b></p>"
    assert told(WIB, more=one) == (
        Change(
            field="page",
            received="Iklan: beli sekarang",
            why="an element was taken out, as article.remove says",
        ),
    )
    (change,) = told(WIB, more=f"<i class=ikut></i>{one}<p class=ikut>{'Ikuti kami. ' * 90}</p>")
    assert (change.received, change.why) == (
        "Iklan: beli sekarang",
        "3 elements were taken out, as article.remove says",
    )


def test_where_nothing_is_taken_out_nothing_is_told() -> None:
    assert told(WIB) == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ((NOW + timedelta(hours=7)).isoformat(), "over an hour in the future"),
        ("1970-01-01T00:00:00Z", "before 1990, which is older than the web"),
        ("segera", "not understood"),
    ],
)
def test_a_date_that_cannot_be_true_is_told_where_another_counts(text: str, why: str) -> None:
    passed_over = Change(field="published_at", received=text, why=f"passed over, from selector: {why}")
    assert told(text, date=WIB) == (passed_over,)
    assert told(text, listed=ListedItem(url=URL, published_at=datetime(2026, 11, 3, 3, tzinfo=UTC))) == (
        passed_over,
    )


@pytest.mark.parametrize(
    ("dates", "rule"),
    [
        ((), "no date given: the time of first sight counts"),
        (("segera",), "not understood: the time of first sight counts"),
        (((NOW + timedelta(hours=2)).isoformat(),), "over an hour in the future: the time of first sight counts"),
        (("1970-01-01T00:00:00Z",), "before 1990, which is older than the web: the time of first sight counts"),
    ],
)  # fmt: skip
def test_where_none_counts_the_rule_says_why(dates: tuple[str, ...], rule: str) -> None:
    times = "".join(f"<time>{date}</time>" for date in dates)
    provenance = read(page(f"<h1>{TITLE}</h1>{times}<div class=isi>{TEXT}</div>"), RULE).provenance
    assert (provenance.date_rule, provenance.changes) == (rule, ())


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2023-08-01T18:20:00+07:00", "2023-08-01T18:20:00+07:00"),
        ("Selasa, 01 Agustus 2023 18:20 WIT", "2023-08-01T18:20:00+09:00"),
        ("01/08/2023 18:20", "2023-08-01T18:20:00+07:00"),
        ("01/08/2023", "2023-08-01T00:00:00+07:00"),
        ("segera", None),
    ],
)
def test_the_sources_own_offset_is_kept(text: str, at: str | None) -> None:
    one = read(page(f"<h1>{TITLE}</h1><time>{text}</time><div class=isi>{TEXT}</div>"), RULE)
    assert (one.provenance.claimed_date, one.provenance.claimed_at) == (text, at)
    assert one.published_at is None or one.published_at.tzinfo is UTC


def test_so_is_that_of_a_list() -> None:
    listed = ListedItem(
        url=URL, published_at=datetime(2026, 11, 3, 3, tzinfo=UTC), claimed_at="2026-11-03T10:00:00+07:00"
    )
    one = read(page(f"<h1>{TITLE}</h1><div class=isi>{TEXT}</div>"), RULE, listed=listed)
    assert one.provenance.claimed_at == "2026-11-03T10:00:00+07:00"


def test_only_a_few_dates_are_told() -> None:
    assert len(told(*["segera"] * 40, date=WIB)) == 5
