from ipaddress import ip_network

import pytest

from syndicator.web.http.forwarded import client_address

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"), ip_network("127.0.0.1/32"))


@pytest.mark.parametrize(
    ("peer", "lines", "client"),
    [
        ("198.51.100.7", [], "198.51.100.7"),
        ("198.51.100.7", ["192.0.2.1"], "198.51.100.7"),  # not from a proxy: not believed
        ("10.1.1.1", ["192.0.2.1"], "192.0.2.1"),
        ("10.1.1.1", ["203.0.113.9, 192.0.2.1"], "192.0.2.1"),  # the left one is the client's own invention
        ("10.1.1.1", ["203.0.113.9, 192.0.2.1, 10.2.2.2"], "192.0.2.1"),
        ("10.1.1.1", ["203.0.113.9", "192.0.2.1"], "192.0.2.1"),
        ("10.1.1.1", ["10.3.3.3, 10.2.2.2"], "10.3.3.3"),
        ("10.1.1.1", [], "10.1.1.1"),
        ("10.1.1.1", ["192.0.2.1, junk"], "10.1.1.1"),
        ("10.1.1.1", ["192.0.2.1:5123"], "192.0.2.1"),
        ("fd00::1", ['"[2001:db8::9]:443"'], "2001:db8::9"),
        ("fd00::1", ["2001:db8::9"], "2001:db8::9"),
        ("::ffff:127.0.0.1", ["192.0.2.1"], "192.0.2.1"),
        ("10.1.1.1", [""], "10.1.1.1"),
        (None, ["192.0.2.1"], "unknown"),
        ("", [], "unknown"),
    ],
)
def test_client_address(peer: str | None, lines: list[str], client: str) -> None:
    assert client_address(peer, lines, PROXIES) == client


def test_without_trusted_proxies_nobody_is_believed() -> None:
    assert client_address("127.0.0.1", ["192.0.2.1"], ()) == "127.0.0.1"
