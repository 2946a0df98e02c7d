"""Addresses in the configuration: most stay as they are, and are not taken apart to find that out."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ConfigDict, TypeAdapter, ValidationError

from syndicator.egress.ip_addresses import IPNetwork, NetworkPort
from syndicator.settings.value_texts import PLAIN_URL, Reachable, Url, parse_url

READ = TypeAdapter[str](Url)
READ_REACHABLE = TypeAdapter[IPNetwork | NetworkPort](
    Reachable, config=ConfigDict(arbitrary_types_allowed=True)
)


@pytest.mark.parametrize(
    ("written", "network", "port"),
    [
        ("127.0.0.1:8081", "127.0.0.1/32", 8081),
        (" 10.0.0.0/8:443 ", "10.0.0.0/8", 443),
        ("[::1]:8081", "::1/128", 8081),
        ("[fd00::/8]:8443", "fd00::/8", 8443),
        ("[127.0.0.1]:1", "127.0.0.1/32", 1),
        ("127.0.0.1", "127.0.0.1/32", None),
        ("::1:8081", "::1:8081/128", None),
        ("fd00::/8", "fd00::/8", None),
    ],
)
def test_what_may_be_reached_is_a_network_with_one_port_or_with_all(
    written: str, network: str, port: int | None
) -> None:
    meant: IPNetwork | NetworkPort = ip_network(network)
    if port is not None:
        meant = NetworkPort(ip_network(network), port)
    assert READ_REACHABLE.validate_python(written) == meant
    assert READ_REACHABLE.validate_python(str(meant)) == meant


@given(st.from_regex(PLAIN_URL, fullmatch=True))
def test_a_plain_address_is_what_its_parts_make(url: str) -> None:
    assert parse_url(url).geturl() == url
    assert READ.validate_python(url) == url


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("https://portal.example/rss", "https://portal.example/rss"),
        ("HTTPS://Portal.example/rss", "https://Portal.example/rss"),
        ("https://portal.example/rss?a=1&b=%20#top", "https://portal.example/rss?a=1&b=%20"),
        ("https://portal.example/rss?", "https://portal.example/rss"),
        ("https://portal.example", "https://portal.example"),
        ("http://[::1]:8080/rss", "http://[::1]:8080/rss"),
    ],
)
def test_others_are_taken_apart(written: str, read: str) -> None:
    assert READ.validate_python(written) == read


@pytest.mark.parametrize(
    "wrong",
    [
        "https://user:secret@portal.example/",
        "ftp://portal.example/",
        "https:///rss",
        "https://a b/",
        "https://a.b:99999/",
    ],
)
def test_what_is_no_address_of_a_source_is_refused(wrong: str) -> None:
    with pytest.raises(ValidationError):
        READ.validate_python(wrong)
