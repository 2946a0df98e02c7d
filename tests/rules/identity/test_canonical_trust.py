"""When a page is believed that it has another address."""

import pytest
from gather.gather_values import source
from msgspec.structs import replace
from support import candidate

from syndicator.model.source import PopularRule
from syndicator.rules.identity.canonical_trust import is_believed, is_first_party, shared_names

PORTAL = source(
    url="https://www.kota.co.id/indeks-berita",
    home_url="https://www.kota.co.id/beranda-1",
    popular=PopularRule(item="li", url="https://www.kota.co.id/terpopuler-24"),
    domains=("kota-baru.com",),
)
PAGE = "https://m.kota.co.id/read/12345/judul-berita"


@pytest.mark.parametrize(
    ("name", "believed"),
    [
        ("https://www.kota.co.id/read/12345/judul-berita", True),
        ("https://nasional.kota.co.id/read/12345/judul-berita", True),
        ("https://kota-baru.com/read/12345", True),
        ("https://lain.co.id/read/12345/judul-berita", False),
        ("https://kota.co.id.evil.example/read/12345", False),
        ("https://www.kota.co.id/", False),
        ("https://www.kota.co.id", False),
        ("https://www.kota.co.id/beranda-1?utm_source=x", False),
        ("https://www.kota.co.id/indeks-berita", False),
        ("https://www.kota.co.id/terpopuler-24/", False),
        ("https://www.kota.co.id/read", False),
        ("https://www.kota.co.id/nasional/politik", False),
        ("https://[", False),
        ("/read/1", False),
    ],
)
def test_a_name_is_believed_inside_the_portal_and_where_it_can_be_an_article(
    name: str, believed: bool
) -> None:
    assert is_believed(name, PAGE, PORTAL) is believed


@pytest.mark.parametrize(
    ("url", "is_own"),
    [
        ("https://nasional.kota.co.id/read/12345", True),
        ("http://KOTA.co.id:8080/read/12345", True),
        ("https://kota-baru.com/read/12345", True),
        ("https://www-kota-co-id.cdn.ampproject.org/c/s/www.kota.co.id/amp/12345", True),
        ("https://www.google.com/amp/s/lain.co.id/12345", False),
        ("https://lain.co.id/read/12345", False),
        ("https://beranda.example/read/12345", False),
        ("https://kota.co.id.evil.example/read/12345", False),
        ("https://kota.co.id@evil.example/read/12345", False),
        ("https://[", False),
        ("", False),
    ],
)
def test_an_address_belongs_to_its_domain_and_to_those_that_the_table_names(
    url: str, *, is_own: bool
) -> None:
    told_home = replace(PORTAL, home_url="https://beranda.example/")
    assert is_first_party(url, told_home) is is_own


def test_without_a_registrable_domain_an_address_belongs_to_its_host() -> None:
    assert is_first_party("http://127.0.0.1:8000/read/1", source(url="http://127.0.0.1/rss"))
    assert is_first_party("//127.0.0.1 : ", source(url="http://127.0.0.1/rss"))
    assert not is_first_party("http://127.0.0.2/read/1", source(url="http://127.0.0.1/rss"))


def test_where_articles_have_plain_addresses_names_may_be_plain() -> None:
    assert is_believed("https://kota.co.id/nasional/banjir", "https://kota.co.id/amp/banjir", PORTAL)


def test_a_name_that_pages_of_different_headlines_have_is_a_templates() -> None:
    name = "https://city.example/read/0/contoh"
    pages = [
        replace(candidate(n, title=title), canonical_url=name)
        for n, title in enumerate(("Banjir surut", "Emas naik"))
    ]
    assert shared_names(pages) == {name}
    assert shared_names([pages[0], replace(pages[0], url="https://city.example/amp/0")]) == frozenset()
    assert shared_names([pages[0], replace(pages[1], canonical_url=None)]) == frozenset()
