"""Whose budget a request is charged to, case by case."""

import pytest

from syndicator.model.source import SourceScope
from syndicator.rules.politeness_scope import same_owner, scope_key


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.portal.co.id/x", "domain:portal.co.id"),
        ("https://b.portal.co.id:8443/", "domain:portal.co.id"),
        ("https://PORTAL.co.id./", "domain:portal.co.id"),
        ("https://news.bbc.co.uk/", "domain:bbc.co.uk"),
        ("https://one.blogspot.com/feed", "domain:one.blogspot.com"),
        ("https://two.blogspot.com/feed", "domain:two.blogspot.com"),
        ("https://one.github.io/feed", "domain:one.github.io"),
        ("https://www.bücher.example/", "domain:xn--bcher-kva.example"),
        ("https://www.xn--bcher-kva.example/", "domain:xn--bcher-kva.example"),
        ("https://co.id/", "host:co.id:443"),
        ("http://localhost/feed", "host:localhost:80"),
        ("http://127.0.0.1:8000/feed", "host:127.0.0.1:8000"),
        ("http://[2001:db8::1]/feed", "host:2001:db8::1:80"),
    ],
)
def test_registrable_domains(url: str, expected: str) -> None:
    assert scope_key(SourceScope.DOMAIN, url) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.portal.co.id/x?y#z", "host:a.portal.co.id:443"),
        ("https://user:secret@a.portal.co.id:443/", "host:a.portal.co.id:443"),
        ("http://A.portal.co.id/", "host:a.portal.co.id:80"),
        ("http://a.portal.co.id:8080/", "host:a.portal.co.id:8080"),
    ],
)
def test_hosts(url: str, expected: str) -> None:
    assert scope_key(SourceScope.HOST, url) == expected


def test_a_url_counts_without_user_query_and_fragment_and_shows_nothing() -> None:
    one = scope_key(SourceScope.URL, "https://portal.example/feed/secret?page=1")
    assert one == scope_key(SourceScope.URL, "https://me:pw@portal.example:443/feed/secret?page=2#x")
    assert one != scope_key(SourceScope.URL, "https://portal.example/feed/other?page=1")
    assert one != scope_key(SourceScope.URL, "http://portal.example/feed/secret?page=1")
    assert "secret" not in one
    assert len(one) < 40


@pytest.mark.parametrize("scope", list(SourceScope))
@pytest.mark.parametrize(
    "url",
    ["", "nothing", "http://", "http://[::1/", "http://host:port/", f"http://{'a' * 300}.example/", "\ud800"],
)
def test_what_is_no_url_has_a_budget_of_its_own(scope: SourceScope, url: str) -> None:
    assert scope_key(scope, url).startswith("url:")
    assert scope_key(scope, url) != scope_key(scope, "http://portal.example/")


def test_who_owns_an_address_is_who_registered_its_domain() -> None:
    assert same_owner("https://www.portal.co.id/1", "http://ekonomi.portal.co.id/")
    assert same_owner("http://127.0.0.1:8080/1", "http://127.0.0.1/")
    assert not same_owner("https://a.co.id/", "https://b.co.id/")
    assert not same_owner("https://one.github.io/", "https://two.github.io/")
    assert not same_owner("http://localhost/", "http://127.0.0.1/")
    assert not same_owner("no address", "neither")
