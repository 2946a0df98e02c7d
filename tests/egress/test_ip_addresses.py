# ruff: noqa: S104 — addresses stand here to be refused
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicator.egress.ip_addresses import NetworkPort, is_permitted, is_public, unwrap

REFUSED = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.255",
    "127.0.0.1", "127.255.255.254", "168.63.129.16", "169.254.0.1", "169.254.169.254", "172.16.0.1",
    "172.31.255.255", "192.0.0.1", "192.0.0.8", "192.0.0.192", "192.0.2.1", "192.31.196.1", "192.52.193.1",
    "192.88.99.1", "192.168.0.1", "192.175.48.1", "198.18.0.1", "198.19.255.255", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1",
    "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254",
    "64:ff9b:1::1", "64:ff9b:1::808:808", "100::1", "100:0:0:1::1", "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1",
    "2002:7f00:1::1", "2002:808:808::1", "2620:4f:8000::1", "3fff::1", "3fff:fff::1", "4000::1", "5f00::1",
    "fc00::1", "fd00:ec2::254", "fd20:ce::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
]  # fmt: skip

PUBLIC = [
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
    "128.0.0.0", "168.63.129.15", "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.0.1.0",
    "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "2001:200::1",
    "2001:4860:4860::8888", "2003::1", "2606:4700:4700::1111", "2a00:1450:4001::1", "3ffe:ffff::1",
    "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_addresses_that_are_not_public(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_addresses_that_are_public(text: str) -> None:
    assert is_public(ip_address(text))


@given(st.integers(0, 2**32 - 1))
def test_a_wrapped_address_is_judged_as_what_it_wraps(number: int) -> None:
    plain = IPv4Address(number)
    mapped = IPv6Address(0xFFFF_0000_0000 + number)
    translated = IPv6Address((0x0064_FF9B << 96) + number)
    assert unwrap(mapped) == unwrap(translated) == plain
    assert is_public(mapped) == is_public(translated) == is_public(plain)


@given(st.ip_addresses(v=4))
def test_nothing_is_public_that_the_standard_library_calls_private(ip: IPv4Address) -> None:
    if ip.is_private or ip.is_multicast or ip.is_reserved:
        assert not is_public(ip)


@given(st.ip_addresses(v=6))
def test_nothing_in_v6_is_public_outside_global_unicast(ip: IPv6Address) -> None:
    if is_public(ip) and unwrap(ip) is ip:
        assert int(ip) >> 125 == 0b001


@pytest.mark.parametrize(
    ("allowed", "address", "permitted"),
    [
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", True),
        ("10.0.0.0/8", "192.168.0.1", False),
        ("10.0.0.0/8", "::ffff:10.1.2.3", True),
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.2", False),
        ("127.0.0.1", "::1", False),
        ("::1", "::1", True),
        ("fe80::/10", "fe80::1%eth0", True),
        ("fd00::/8", "fd00::1", True),
        ("::ffff:0:0/96", "::ffff:10.0.0.1", True),
        ("::/0", "10.0.0.1", False),
    ],
)
def test_networks_that_are_allowed_besides(allowed: str, address: str, permitted: bool) -> None:
    assert is_permitted(ip_address(address), (ip_network(allowed),)) is permitted


def test_one_port_of_an_address_may_be_allowed_and_no_other() -> None:
    allow = (NetworkPort(ip_network("127.0.0.1"), 8081), NetworkPort(ip_network("::1"), 8082))
    for address, port in (("127.0.0.1", 8081), ("::ffff:127.0.0.1", 8081), ("::1", 8082)):
        assert is_permitted(ip_address(address), allow, port), (address, port)
    for address, port in (("127.0.0.1", 8082), ("127.0.0.2", 8081), ("::1", 8081)):
        assert not is_permitted(ip_address(address), allow, port), (address, port)
    assert not is_permitted(ip_address("127.0.0.1"), allow)


def test_without_an_allow_list_only_public_addresses_are_permitted() -> None:
    assert is_permitted(ip_address("8.8.8.8"), ())
    assert not is_permitted(ip_address("127.0.0.1"), ())
