"""What a robots.txt asks of us, case by case (RFC 9309)."""

import pickle

import pytest

from syndicator.gather.robots import (
    MAX_BYTES,
    MAX_CRAWL_DELAY_S,
    MAX_RULES_BYTES,
    MAX_SITEMAPS,
    MAX_SITEMAPS_BYTES,
    product_token,
    read_robots,
    robots_url,
)

US = "syndicator"
ALL = "User-agent: *\n"
OURS = "User-agent: syndicator\n"


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("", "/", True),
        (ALL + "Disallow: /", "/", False),
        (ALL + "Disallow: /", "/robots.txt", True),
        (ALL + "Disallow:", "/x", True),
        (ALL + "Disallow: /private", "/private/x", False),
        (ALL + "Disallow: /private", "/privateer", False),
        (ALL + "Disallow: /private/", "/private", True),
        (ALL + "Disallow: /private", "/public", True),
        # The longest match counts, whatever the order; of two equal ones Allow.
        (ALL + "Disallow: /a\nAllow: /a/b", "/a/b/c", True),
        (ALL + "Allow: /a/b\nDisallow: /a", "/a/c", False),
        (ALL + "Disallow: /a\nAllow: /a", "/a", True),
        # Wildcards and the end of an address.
        (ALL + "Disallow: /*.pdf$", "/x/y.pdf", False),
        (ALL + "Disallow: /*.pdf$", "/x/y.pdf?z", True),
        (ALL + "Disallow: /*.pdf", "/x/y.pdf?z", False),
        (ALL + "Disallow: /*/print/*", "/news/print/1", False),
        (ALL + "Disallow: /*?page=", "/news?page=2", False),
        (ALL + "Disallow: /*?page=", "/news?q=2", True),
        (ALL + "Disallow: /berita/%E2%82%AC", "/berita/€", False),
        (ALL + "Disallow: /berita/€", "/berita/%E2%82%AC", False),
        # The group that names us counts alone; groups of one name are one; names have no case.
        (ALL + "Disallow: /\n\n" + OURS + "Disallow: /x", "/y", True),
        (ALL + "Disallow: /\n\n" + OURS + "Disallow: /x", "/x", False),
        (OURS + "Disallow: /\n\n" + ALL + "Allow: /", "/y", False),
        (ALL + "Disallow: /\n\n" + OURS, "/y", True),
        (OURS + "Disallow: /x\n\n" + ALL + "Disallow: /z\n\n" + OURS + "Disallow: /y", "/y", False),
        (OURS + "Disallow: /x\n\n" + ALL + "Disallow: /z\n\n" + OURS + "Disallow: /y", "/z", True),
        ("USER-AGENT: SYNDICATOR\nDISALLOW: /x", "/x", False),
        ("User-agent: syndicator/1.0\nDisallow: /x", "/x", False),
        ("User-agent: other\nUser-agent: syndicator\nDisallow: /x", "/x", False),
        ("User-agent: other\nSitemap: https://x.example/s\nUser-agent: syndicator\nDisallow: /x", "/x", False),
        ("User-agent: *\nUser-agent: syndicator\nDisallow: /x", "/x", False),
        ("User-agent: other\nDisallow: /", "/", True),
        ("User-agent: synd\nDisallow: /", "/", True),
        ("User-agent: syndicatorbot\nDisallow: /", "/", True),
        # What is no rule says nothing.
        ("Disallow: /", "/", True),
        ("<html><body>Not found</body></html>", "/", True),
        (ALL + "Disallow: /x # because\n", "/x", False),
        (ALL + "# Disallow: /x\n", "/x", True),
        (ALL + "Noindex: /x\nDisallow: /y\n", "/y", False),
        ("\ufeff" + ALL + "Disallow: /x", "/x", False),
        (ALL.replace("\n", "\r") + "Disallow: /x\r", "/x", False),
        (ALL.replace("\n", "\r\n") + "Disallow: /x\r\n", "/x", False),
        ("  User-agent : *  \n\t Disallow : /x \t\n", "/x", False),
        (ALL + "Disallow: /x\u2028Allow: /x/y", "/x/y", True),
    ],
)  # fmt: skip
def test_rules(text: str, path: str, allowed: bool) -> None:
    robots = read_robots(text.encode(), US)
    again = read_robots(robots.text.encode(), US)
    for one in (robots, again):
        assert one.allows(f"https://portal.example{path}") is allowed


@pytest.mark.parametrize(
    ("text", "delay_s"),
    [
        (ALL + "Crawl-delay: 5", 5.0),
        (ALL + "Crawl-delay: 0.5", 0.5),
        (ALL + "Crawl-delay: 0", None),
        (ALL + "Crawl-delay: -3", None),
        (ALL + "Crawl-delay: soon", None),
        (ALL + "Crawl-delay: nan", None),
        (ALL + "Crawl-delay: 1e300", MAX_CRAWL_DELAY_S),
        (ALL + "Crawl-delay: 5\n" + OURS + "Crawl-delay: 7", 7.0),
        (ALL + "Crawl-delay: 5\n" + OURS + "Disallow: /x", None),
        ("Crawl-delay: 5", None),
        ("", None),
    ],
)
def test_crawl_delays(text: str, delay_s: float | None) -> None:
    robots = read_robots(text.encode(), US)
    assert robots.crawl_delay_s == delay_s
    assert read_robots(robots.text.encode(), US).crawl_delay_s == delay_s


def test_sitemaps_stand_anywhere_and_count_once() -> None:
    text = (
        "Sitemap: https://portal.example/a.xml\nUser-agent: other\nDisallow: /\n"
        "SITEMAP: https://cdn.example/b.xml # news\nSitemap: /relative.xml\nSitemap: ftp://portal.example/c.xml\n"
        f"Sitemap: https://portal.example/a.xml\nSitemap: https://portal.example/{'x' * 3000}\nSitemap:\n"
    )
    robots = read_robots(text.encode(), US)
    assert robots.sitemaps == ("https://portal.example/a.xml", "https://cdn.example/b.xml")
    assert read_robots(robots.text.encode(), US).sitemaps == robots.sitemaps
    many = "".join(f"Sitemap: https://portal.example/{number}\n" for number in range(1000))
    assert len(read_robots(many.encode(), US).sitemaps) == MAX_SITEMAPS


def test_what_lies_behind_the_limit_does_not_count_nor_does_a_line_cut_off_by_it() -> None:
    start = (ALL + "Disallow: /one\n").encode()
    filled = start + b"#" * (MAX_BYTES - len(start) - 11) + b"\nDisallow: /two\nDisallow: /three\n"
    assert filled[:MAX_BYTES].endswith(b"\nDisallow: ")
    robots = read_robots(filled, US)
    assert not robots.allows("https://portal.example/one")
    assert robots.allows("https://portal.example/two")
    assert robots.allows("https://portal.example/three")


@pytest.mark.parametrize(
    "body",
    [
        bytes(range(256)) * 4000,
        b"".join(b"user-agent:a%d\n" % number for number in range(16_000)) + b"allow:/\n" * 30_000,
        b"user-agent:*\nuser-agent:syndicator\n" * 14_000 + b"allow:/\n",
        b"user-agent:*\n" + b"".join(b"disallow:/*a%d*b*c$\n" % number for number in range(30_000)),
        b"user-agent:*\ndisallow:/" + b"*a" * 250_000,
        b"user-agent:*\n" + b"\r" * MAX_BYTES,
        b"user-agent:*\n" + b"sitemap:https://a.example/\n" * 20_000,
    ],
    ids=[
        "binary", "agents times rules", "one agent often", "wildcards", "one long rule", "lines",
        "sitemaps",
    ],
)  # fmt: skip
def test_hostile_files_cost_little(body: bytes) -> None:
    # Agents times rules alone would be half a billion entries: what costs much never gets here.
    robots = pickle.loads(pickle.dumps(read_robots(body, US)))  # noqa: S301  our own
    assert len(robots.text) <= 2 * MAX_BYTES
    robots.allows("https://portal.example/" + "a1b" * 600)
    assert robots.allows("https://portal.example/")


@pytest.mark.parametrize(
    ("user_agent", "token"),
    [
        ("syndicator/0.1.0 (+https://news.example; +mailto:me@news.example)", "syndicator"),
        ("MyReader", "myreader"),
        ("My-Reader_2 something", "my-reader_2"),
        ("(odd)", "*"),
        ("", "*"),
    ],
)
def test_by_which_name_we_are_known(user_agent: str, token: str) -> None:
    assert product_token(user_agent) == token


def test_where_it_is() -> None:
    assert robots_url("https://me:pw@portal.example:8443/a/b?c#d") == "https://portal.example:8443/robots.txt"
    assert robots_url("http://[::1]:80/a") == "http://[::1]:80/robots.txt"


def test_what_is_kept_of_a_long_one_is_bounded() -> None:
    rules = "".join(f"Disallow: /{number:04d}{'é' * 60}\n" for number in range(3000))
    sitemaps = "".join(f"Sitemap: https://portal.example/{'s' * 1900}{number}\n" for number in range(40))
    robots = read_robots(f"User-agent: *\n{rules}{sitemaps}".encode(), US)
    assert MAX_RULES_BYTES < len(robots.text.encode()) + 200 < MAX_RULES_BYTES + MAX_SITEMAPS_BYTES + 1000
    assert not robots.allows("https://portal.example/0000" + "é" * 60)
    assert len(robots.sitemaps) == 8
    assert read_robots(robots.text.encode(), US).text == robots.text
