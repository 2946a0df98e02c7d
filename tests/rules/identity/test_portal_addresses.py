"""Editions, AMP pages and shared links of great portals are one article; no two articles become one."""

import pytest
from rules.identity.portal_addresses import APART, NOT_TOLD, VIEWS
from support import candidate

from syndicator.rules.identity.addresses import canonical_url, clean_url, former_url
from syndicator.rules.identity.identity import identify, url_key

PAIRS = [(page, view) for page, views in VIEWS.items() for view in views]
CNN = "https://edition.cnn.com/2024/05/01/asia/kota-banjir-intl-hnk/index.html"
KOMPAS = "https://amp.kompas.com/nasional/read/2024/05/01/12000001/kota-banjir"
NYT = "https://www.nytimes.com/2024/05/01/world/asia/banjir-kota.html"


@pytest.mark.parametrize(("page", "view"), PAIRS)
def test_views_of_an_article_on_a_great_portal_share_a_key(page: str, view: str) -> None:
    assert canonical_url(page) == canonical_url(view)


@pytest.mark.parametrize(("one", "other"), APART)
def test_two_pages_of_a_great_portal_never_share_a_key(one: str, other: str) -> None:
    assert canonical_url(one) != canonical_url(other)


def test_nearly_all_views_of_the_great_portals_are_told() -> None:
    untold = [view for views in NOT_TOLD.values() for view in views]
    assert len(PAIRS) >= 100
    assert len(APART) >= 40
    assert len(PAIRS) >= 0.95 * (len(PAIRS) + len(untold))
    assert len({canonical_url(page) for page in VIEWS}) == len(VIEWS)


@pytest.mark.parametrize(("page", "view"), PAIRS)
def test_the_form_of_a_portals_address_is_its_own_form(page: str, view: str) -> None:
    assert canonical_url("https://" + canonical_url(view)) == canonical_url(page)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        (NYT + "?ref=oembed", "u:ldjx2wm75bvpb4jz"),
        (CNN, "u:f6vidlnna5bpetax"),
        (KOMPAS, "u:jlutlnbxdis5k77w"),
        ("https://kota.example/read/1?xtor=RSS-1", "u:odur5rnbe5wpek6m"),
    ],
)
def test_an_article_stored_by_a_former_version_is_known_by_the_key_that_it_has_there(
    url: str, key: str
) -> None:
    (identity,) = identify([candidate(url=url)])
    assert key in identity.keys
    assert identity.keys[0] == identity.link == url_key(url) != key


def test_addresses_that_mean_what_they_always_meant_have_one_key() -> None:
    for url in ("https://kota.example/read/1", "https://kota.example/?p=1&fbclid=a", NYT):
        assert former_url(url) is None
        assert sum(key.startswith("u:") for key in identify([candidate(url=url)])[0].keys) == 1
    assert url_key("https://kota.example/read/1") == "u:nk7um4px7o2ipymu"


def test_a_gift_stays_in_the_link_that_readers_follow() -> None:
    gift = NYT + "?unlocked_article_code=1.pE0.abcd"
    assert clean_url(gift) == gift
