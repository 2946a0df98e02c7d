"""Which addresses are one page, in the shapes that portals have, and which never are."""

import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from syndicator.rules.identity.addresses import MAX_LENGTH, MAX_PARTS, canonical_url, clean_url
from syndicator.rules.identity.identity import url_key

SAME = [
    # spellings (RFC 3986, 6.2)
    ("https://kota.example/read/1", "http://www.kota.example/read/1/"),
    ("https://kota.example/read/1", "https://KOTA.example:443/read/1#komentar"),
    ("https://kota.example/read/1", "HTTP://kota.example:80/read/1"),
    ("https://kota.example/read/1?a=1&b=2", "https://kota.example/read/1?b=2&fbclid=abc&a=1"),
    ("https://kota.example/b%65rita", "https://kota.example/berita"),
    ("https://kota.example/jalan%20baru", "https://kota.example/jalan baru"),
    ("https://kota.example/caf%c3%a9-1", "https://kota.example/café-1"),
    ("https://kota.example/?q=jalan+baru", "https://kota.example/?q=jalan%20baru"),
    ("https://kota.example/", "https://kota.example"),
    ("https://kota.example/", "https://kota.example?"),
    ("https://kota.example/x", "https://kota.example./x"),
    ("https://kota.example/a/c", "https://kota.example/a/./b/../c"),
    ("https://kota.example/read/1", "https://kota.example//read//1"),
    ("https://kota.example/1", "https://sari@kota.example/1"),
    ("https://bücher.example/1", "https://xn--bcher-kva.example/1"),
    ("https://kota.example/1?a=1&amp;b=2", "https://kota.example/1?a=1&b=2"),
    ("https://kota.example/1;jsessionid=8F2?id=3", "https://kota.example/1?id=3&PHPSESSID=77"),
    ("https://edition.cnn.com/2024/05/01/asia/x-intl/index.html", "https://edition.cnn.com/2024/05/01/asia/x-intl/"),
    # tracking
    ("https://kota.example/read/1", "https://kota.example/read/1?utm_source=rss&utm_medium=feed"),
    ("https://www.bbc.com/news/articles/c3gd", "https://www.bbc.com/news/articles/c3gd?at_medium=RSS&at_campaign=rss"),
    ("https://www.theguardian.com/world/2024/may/01/x", "https://www.theguardian.com/world/2024/may/01/x?CMP=x&INTCMP=y#c"),
    ("https://www.nytimes.com/2024/05/01/a.html", "https://www.nytimes.com/2024/05/01/a.html?smid=tw-share&smtyp=cur"),
    ("https://www.tempo.co/politik/x-12", "https://www.tempo.co/politik/x-12?tracking_page_direct"),
    ("https://blog.example/2024/05/judul/", "https://blog.example/2024/05/judul/?replytocom=88#respond"),
    ("https://blog.example/2024/05/judul/", "https://blog.example/2024/05/judul/comment-page-2/#comments"),
    ("https://www.cnbc.com/2024/05/01/a.html", "https://www.cnbc.com/2024/05/01/a.html?gclid=x&gad_source=1&_gl=1*a"),
    ("https://www.antaranews.com/berita/4084000/a", "https://www.antaranews.com/berita/4084000/a?utm_source=antaranews"),
    # hosts of one portal
    ("https://www.jpnn.com/news/judul-berita", "https://m.jpnn.com/news/judul-berita"),
    ("https://www.suara.com/news/2024/05/01/123456/a", "https://amp.suara.com/news/2024/05/01/123456/a"),
    ("https://www.nytimes.com/2024/05/01/a.html", "https://mobile.nytimes.com/2024/05/01/a.html"),
    ("https://www.republika.co.id/berita/s1/a", "https://m.republika.co.id/berita/s1/a"),
    ("https://www.theguardian.com/world/2024/may/01/x", "https://amp.theguardian.com/world/2024/may/01/x"),
    ("https://www.viva.co.id/berita/1711-a", "https://wap.viva.co.id/berita/1711-a"),
    ("https://kota.example/1", "https://www.m.kota.example/1"),
    # AMP
    ("https://news.detik.com/berita/d-7321/a-b", "https://news.detik.com/berita/d-7321/a-b/amp"),
    ("https://www.cnnindonesia.com/nasional/20240501-20-12/a", "https://www.cnnindonesia.com/nasional/20240501-20-12/a/amp"),
    ("https://www.antaranews.com/berita/4084000/a", "https://m.antaranews.com/amp/berita/4084000/a"),
    ("https://www.tribunnews.com/nasional/2024/05/01/a", "https://m.tribunnews.com/amp/nasional/2024/05/01/a"),
    ("https://kumparan.com/kumparannews/a-22abc", "https://m.kumparan.com/amp/kumparannews/a-22abc"),
    ("https://www.bbc.co.uk/news/uk-68912345", "https://www.bbc.co.uk/news/amp/uk-68912345"),
    ("https://www.bbc.com/news/articles/c3gd1", "https://www.bbc.com/news/articles/c3gd1.amp"),
    ("https://www.independent.co.uk/news/a-b2537.html", "https://www.independent.co.uk/news/a-b2537.html?amp"),
    ("https://www.foxnews.com/us/a-b", "https://www.foxnews.com/us/a-b.amp"),
    ("https://blog.example/2024/05/judul/", "https://blog.example/2024/05/judul/?amp=1"),
    ("https://www.washingtonpost.com/w/2024/05/01/a/", "https://www.washingtonpost.com/w/2024/05/01/a/?outputType=amp"),
    ("https://www.kota.example/read/1-a", "https://www-kota-example.cdn.ampproject.org/c/s/www.kota.example/read/1-a/amp"),
    ("https://www.kota.example/read/1-a", "https://www.google.co.id/amp/s/www.kota.example/read/1-a?amp=1"),
    # print, and all pages on one
    ("https://nasional.kompas.com/read/2024/05/01/1200/a", "https://nasional.kompas.com/read/2024/05/01/1200/a?page=all#page2"),
    ("https://news.detik.com/berita/d-7321/a-b", "https://news.detik.com/berita/d-7321/a-b?single=1"),
    ("https://www.liputan6.com/news/read/5585555/a", "https://www.liputan6.com/news/read/5585555/a?page=1"),
    ("https://www.okezone.com/read/2024/05/01/337/1/a", "https://www.okezone.com/read/2024/05/01/337/1/a?page=all"),
    ("https://news.example/read/12/a", "https://news.example/read/12/a/print"),
    ("https://news.example/read/12/a", "https://news.example/read/12/a?print=1"),
    ("https://joomla.example/12-a", "https://joomla.example/12-a?tmpl=component&print=1"),
    ("https://blog.blogspot.com/2024/05/a.html", "https://blog.blogspot.com/2024/05/a.html?m=1"),
]  # fmt: skip
DIFFERENT = [
    ("https://kota.example/read/1", "https://kota.example/read/2"),
    ("https://kota.example/?p=1", "https://kota.example/?p=2"),
    ("https://kota.example/?id=1", "https://kota.example/"),
    ("https://kota.example/?ref=a", "https://kota.example/?ref=b"),
    ("https://kota.example/index.php?news_id=1", "https://kota.example/index.php?news_id=2"),
    ("https://kota.example/?page=2", "https://kota.example/?page=3"),
    ("https://kota.example/1?c=1&c=2", "https://kota.example/1?c=2&c=1"),
    ("https://kota.example/#!/a", "https://kota.example/#!/b"),
    ("https://kota.example/#/berita/1", "https://kota.example/#/berita/2"),
    ("https://kota.example:8443/a", "https://kota.example/a"),
    ("https://kota.example/A", "https://kota.example/a"),
    ("https://kota.example/a%2Fb", "https://kota.example/a/b"),
    ("https://kota.example/%E9", "https://kota.example/%E8"),
    ("https://kota.example/1?a=%26b", "https://kota.example/1?a=&b"),
    # languages
    ("https://kota.example/read/1", "https://kota.example/en/read/1"),
    ("https://www.antaranews.com/berita/1/a", "https://en.antaranews.com/berita/1/a"),
    ("https://kota.example/read/1?lang=en", "https://kota.example/read/1"),
    ("https://kota.example/read/1?hl=id", "https://kota.example/read/1?hl=en"),
    # hosts that only look like variants
    ("https://m.co.id/1-a", "https://co.id/1-a"),
    ("https://amp.dev/1-a", "https://dev/1-a"),
    ("https://m.blogspot.com/1-a", "https://blogspot.com/1-a"),
    ("https://news.detik.com/d-1", "https://finance.detik.com/d-1"),
    ("https://jakarta.tribunnews.com/2024/1/a", "https://jabar.tribunnews.com/2024/1/a"),
    ("https://mkota.example/1", "https://kota.example/1"),
    # sections of that name
    ("https://musik.example/reviews/amp", "https://musik.example/reviews"),
    ("https://musik.example/amp", "https://musik.example/"),
    ("https://musik.example/tag/print", "https://musik.example/tag"),
    ("https://kota.example/read/1/a/2", "https://kota.example/read/1/a/3"),
    ("https://kota.example/view?view=gallery", "https://kota.example/view"),
    ("https://kota.example/x?m=202405", "https://kota.example/x"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_and_views_of_one_page_share_a_key(one: str, other: str) -> None:
    assert canonical_url(one) == canonical_url(other)
    assert url_key(one) == url_key(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_pages_never_share_a_key(one: str, other: str) -> None:
    assert canonical_url(one) != canonical_url(other)
    assert url_key(one) != url_key(other)


def test_a_table_of_portals_has_no_false_merge() -> None:
    pages = {one for one, _ in SAME}
    assert len(pages) >= 40
    assert len({canonical_url(one) for one in pages}) == len(pages)


@given(st.text())
def test_a_form_to_compare_is_its_own_form(text: str) -> None:
    once = canonical_url("https://kota.example/" + text)
    # Percent-encoded, an address may be longer than what is compared by parts: that stays whole.
    again = "//" + once
    assume(len(again) <= MAX_LENGTH and again.count("/") + again.count("&") <= MAX_PARTS)
    assert canonical_url(again) == once


@pytest.mark.parametrize(
    ("url", "cleaned"),
    [
        ("https://kota.example/1?utm_source=rss&utm_medium=feed", "https://kota.example/1"),
        ("https://kota.example/1?a=b%20c&fbclid=x&d#bagian", "https://kota.example/1?a=b%20c&d#bagian"),
        ("https://kota.example/1?b=2&a=1", "https://kota.example/1?b=2&a=1"),
        ("https://m.kota.example/1/amp?page=all", "https://m.kota.example/1/amp?page=all"),
        ("https://kota.example/1?id=7&amp;utm_source=rss", "https://kota.example/1?id=7"),
        ("https://kota.example/1", "https://kota.example/1"),
    ],
)
def test_readers_get_urls_without_tracking_and_otherwise_as_served(url: str, cleaned: str) -> None:
    assert clean_url(url) == cleaned


def test_a_source_may_name_parameters_of_its_own() -> None:
    url = "https://kota.example/1?id=7&ref=home&kn_a=1&kn_b=2"
    assert clean_url(url) == url
    assert clean_url(url, ("ref", "kn_*")) == "https://kota.example/1?id=7"


def test_an_address_of_caches_in_caches_is_read_once() -> None:
    url = "https://kota.example/1"
    for _ in range(3000):
        url = url.replace("https://", "https://www.google.com/amp/s/")
    began = time.process_time()
    assert canonical_url(url)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "parts", ["?" + "utm_id=%41&" * 70, "a%2Fb/" * 70, "%41" * 400, "?utm_id=" + "%41" * 400]
)
def test_an_address_without_end_is_not_taken_apart(parts: str) -> None:
    url = f"https://kota.example/{parts}"
    assert canonical_url(url) == clean_url(url) == url


def test_a_host_without_end_stays_as_it_is() -> None:
    assert canonical_url(f"https://{'é.' * 60}example/1") == f"{'é.' * 60}example/1"
