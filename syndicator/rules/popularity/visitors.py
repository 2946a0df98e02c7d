"""Classifies requests for click links: readers or machines, and how often readers of one network count."""

import hmac
import re
from ipaddress import IPv4Address, ip_address, ip_network

from msgspec import Struct

A_NETWORK = 4
"""Readers of one network that an article may have in a day, whatever their programs call themselves."""

FOLLOWED_AT_ONCE = 10
"""Links that one address may follow one right after the other."""

FOLLOWED_EVERY_S = 6.0
"""Then it may follow one in so many seconds."""

_BROWSER = re.compile(r"Mozilla/5\.0 \(|Opera/\d")
"""How every browser names itself. Libraries, most feed readers and many link previews do not."""

_MACHINE = re.compile(
    # Robots give the address of a page about them; Cubot makes telephones.
    r"https?://|(?<!\bcu)bot(?![a-z])|crawl|spider|slurp|preview|facebookexternalhit|facebookcatalog"
    r"|meta-external|line-poker|feed|\brss\b|inoreader|newsblur|netnewswire|newsboat|liferea|akregator"
    r"|headless|phantomjs|lighthouse|\bptst\b|gtmetrix|pingdom|statuscake|site24x7|monitor"
    r"|mediapartners|adsbot|apis-google|google-|googleother|yandex(?!search|browser)|\bjava\)|scrap|fetcher",
    re.IGNORECASE,
)

_FAMILIES = (
    ("edge", re.compile(r"\bEdg(?:e|A|iOS)?/")),
    ("opera", re.compile(r"\bOPR/|\bOpera/")),
    ("samsung", re.compile(r"\bSamsungBrowser/")),
    ("firefox", re.compile(r"\b(?:Firefox|FxiOS)/")),
    ("chrome", re.compile(r"\b(?:Chrome|CriOS)/")),
    ("safari", re.compile(r"\bSafari/|\bAppleWebKit/")),
)
_SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Macintosh", "CrOS", "Linux")


class Visit(Struct, frozen=True, kw_only=True):
    """A request for a link, with what identifies its sender."""

    address: str
    """Of the client; `unknown` where it has none."""
    agent: str = ""
    """`User-Agent`."""
    method: str = "GET"
    purpose: str = ""
    """`Sec-Purpose`, `Purpose`, `X-Purpose` and `X-Moz`, whatever is there."""
    destination: str = ""
    """`Sec-Fetch-Dest`; empty where the browser does not send it."""


def is_reader(visit: Visit) -> bool:
    """Return whether a person seems to have followed the link.

    Browsers declare prefetching (`Sec-Purpose: prefetch` of the Fetch standard; older ones `Purpose` and
    `X-Moz`) and the use of the answer (`Sec-Fetch-Dest`, W3C Fetch Metadata): a picture or frame of a page
    with our link as its source is no reader.
    """
    if visit.method != "GET" or visit.purpose.strip(" ,"):
        return False
    if visit.destination not in {"", "document"}:
        return False
    return _BROWSER.match(visit.agent) is not None and _MACHINE.search(visit.agent) is None


def network_of(address: str) -> str:
    """Return the network of an address: /24 of IPv4, /48 of IPv6, which one customer may own."""
    return _within(address, of_4=24, of_6=48)


def household_of(address: str) -> str:
    """Return the unit of the rate limit: an IPv4 address, a /64 of IPv6, where each device has many."""
    return _within(address, of_4=32, of_6=64)


def agent_family(agent: str) -> str:
    """Return browser and system without versions: too few kinds to identify a reader."""
    browser = next((name for name, pattern in _FAMILIES if pattern.search(agent)), "other")
    system = next((name.lower() for name in _SYSTEMS if name in agent), "other")
    return f"{browser} {system}"


def visitor_key(visit: Visit, salt: bytes) -> bytes:
    """Return the key of a visitor, 16 bytes, valid as long as the salt is kept.

    It is the hash of the network and of one of `A_NETWORK` numbers, chosen by the agent's family. So a
    network has at most `A_NETWORK` visitors, whatever it sends.
    """
    family = _keyed(salt, agent_family(visit.agent))
    return _keyed(salt, f"{network_of(visit.address)} {family[0] % A_NETWORK}")


def household_key(visit: Visit, salt: bytes) -> bytes:
    """Return the key of the rate limit, 16 bytes, which does not reveal the address."""
    return _keyed(salt, f"household {household_of(visit.address)}")


def _keyed(salt: bytes, text: str) -> bytes:
    return hmac.digest(salt, text.encode("utf-8", "surrogateescape"), "sha256")[:16]


def _within(address: str, *, of_4: int, of_6: int) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    length = of_4 if isinstance(parsed, IPv4Address) else of_6
    return str(ip_network((parsed, length), strict=False))
