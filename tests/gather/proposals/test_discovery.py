"""What a page says of feeds, and what robots.txt says of an address."""

import pytest
from gather.gather_values import fetched

from syndicator.gather.proposals.discovery import (
    How,
    agreed_name,
    looks_like_a_feed,
    read_findings,
    well_known_feeds,
)

URL = "https://www.kota.example/berita"

PAGE = """<!DOCTYPE html><html lang="id"><head><title>Kabar | Kota</title>
<meta property="og:site_name" content="Kota &amp; Kita"><meta property="og:type" content="website">
<link rel="canonical" href="https://lain.example/">
<link rel="stylesheet" type="text/css" href="/style.css">
<link rel="alternate" type="application/rss+xml" href="/rss" title="Terkini">
<link rel="ALTERNATE home" type="application/feed+json; charset=utf-8" href="/feed.json">
<link rel="alternate" type="text/html" href="/amp"><link rel="alternate" type="application/rss+xml" href="javascript:x()">
</head><body><a href="/rss">RSS</a> <a href="//rss.kota.example/ekonomi">Ekonomi</a> <a href="/berita/feedback">Kritik</a>
<a href="https://other.example/feed">Teman</a> <a href="/read/1/atomik-dan-pembangkit">x</a></body></html>"""


def test_a_page_names_its_feeds_the_surest_first() -> None:
    link = '</j.json>; rel="alternate"; type="application/feed+json"; title="J", </x>; rel=preload'
    found = read_findings(fetched(PAGE, url=URL, headers={"link": link}))
    assert [(one.url, one.how, one.title) for one in found.feeds] == [
        ("https://www.kota.example/rss", How.LINK, "Terkini"),
        ("https://www.kota.example/feed.json", How.LINK, None),
        ("https://www.kota.example/j.json", How.HEADER, "J"),
        ("https://rss.kota.example/ekonomi", How.ANCHOR, "Ekonomi"),
    ]
    assert (found.title, found.language, found.article) == ("Kota & Kita", "id", False)
    assert found.canonical_url == "https://lain.example/"


def test_a_page_of_an_attacker_is_not_looked_into() -> None:
    heavy = "<html>" + "<div>" * 100_000
    link = '</rss>; rel="alternate"; type="application/rss+xml"'
    found = read_findings(fetched(heavy, url=URL, headers={"link": link}))
    assert [one.url for one in found.feeds] == ["https://www.kota.example/rss"]


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("/rss", True),
        ("/rss/terkini.xml", True),
        ("/index.php?mib=rss", True),
        ("/feed/", True),
        ("/berita/atom.xml", True),
        ("/feedback", False),
        ("/sitemap.xml", False),
        ("/read/12/rssi-turun.html", False),
        ("/apa-itu-rss.html", False),
        ("/", False),
    ],
)
def test_addresses_of_feeds_look_like_it(path: str, is_one: bool) -> None:
    assert looks_like_a_feed(f"https://kota.example{path}") is is_one


def test_well_known_paths_are_few_and_of_the_same_host() -> None:
    urls = [one.url for one in well_known_feeds(URL)]
    assert len(urls) <= 10
    assert {"https://www.kota.example/feed", "https://www.kota.example/rss.xml"} <= set(urls)


@pytest.mark.parametrize(
    ("head", "url", "name"),
    [
        ("<title>Pasar dibuka</title><meta name='application-name' content='Kabar'>", URL, "Kabar"),
        ("<title>Terkini - Kabar Kota</title>", URL, "Kabar Kota"),
        ("<title>Kabar Kota - Berita Terkini Hari Ini</title>", "https://www.kabarkota.example/", "Kabar Kota"),
        ("<title>Berita Terkini Hari Ini</title>", URL, None),
        ("<title>Kabar - Beranda</title>", "https://kota.example/", "Kabar"),
        ("<title>Home | Kabar</title>", "https://kota.example/", "Kabar"),
        ("<title>Beranda</title>", "https://kota.example/", "Beranda"),
        ("<title>Kabar</title>", "https://kota.example/", "Kabar"),
        ("", "https://kota.example/", None),
        ("<title>Pasar pagi dibuka kembali - Kabar Desa</title>", URL, "Kabar Desa"),
        ("<title>Pasar Pagi Dibuka Kembali - Kabar dari Kampung</title>", "https://kota.example/", "Pasar Pagi Dibuka Kembali"),
    ],
)  # fmt: skip
def test_the_name_of_a_portal_is_no_headline_of_its_page(head: str, url: str, name: str | None) -> None:
    page = f"<html><head>{head}</head><body><h1>Pasar pagi dibuka kembali</h1></body></html>"
    assert read_findings(fetched(page, url=url)).title == name


@pytest.mark.parametrize(
    ("heads", "name"),
    [
        (["<title>Pasar dibuka | Warta Lengkara</title>", "<title>Banjir | WARTA LENGKARA</title>"], "Warta Lengkara"),
        (["<title>Pasar</title><meta property='og:site_name' content='Warta Lengkara'>"], "Warta Lengkara"),
        (["<title>Pasar dibuka | Warta Lengkara</title>", "<title>Banjir</title>"], None),
        (["<title>Pasar - Warta Lengkara - Kabar dari Kampung</title>"], None),
        ([], None),
    ],
)  # fmt: skip
def test_the_name_of_a_portal_is_what_its_articles_agree_on(heads: list[str], name: str | None) -> None:
    home = "<title>Warta Lengkara - Kabar dari Kampung</title>"
    names = read_findings(fetched(home, url="https://kota.example/")).names
    assert names == ("Warta Lengkara", "Kabar dari Kampung")
    assert agreed_name(names, [fetched(head) for head in heads]) == name


def test_a_name_that_a_page_says_itself_is_not_doubted() -> None:
    said = "<title>Kabar - Kota</title><meta property='og:site_name' content='Kabar Kota'>"
    assert read_findings(fetched(said)).names == ()
