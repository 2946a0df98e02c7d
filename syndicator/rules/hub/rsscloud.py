"""What a registration with our rssCloud says, and where its notices go (rsscloud.co). Pure."""

import re
from collections.abc import Mapping

from msgspec import Struct

from syndicator.rules.hub.subscribers import NotUnderstood, callback_of, host_of

MAX_FEEDS = 100
"""Of one registration."""

_SCHEMES = {"http-post": "http", "https-post": "https"}
_DOMAIN = re.compile(r"[\w.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]")
_FEED = re.compile(r"url[0-9]{0,4}", re.ASCII)
_PORT = re.compile(r"[0-9]{1,5}", re.ASCII)


class CloudRegistration(Struct, frozen=True, kw_only=True):
    """The request of a subscriber for notifications about feeds."""

    callback: str
    host: str
    urls: tuple[str, ...]
    by_challenge: bool
    """Whether the request names a domain, which must answer a challenge; else its own address is notified."""


def read_registration(form: Mapping[str, str], caller: str) -> CloudRegistration:
    """Read a form of `pleaseNotify`. `caller` is who sent it, as in a URL; raises NotUnderstood."""
    protocol = form.get("protocol", "http-post") or "http-post"
    if protocol not in _SCHEMES:
        raise NotUnderstood("protocol must be http-post or https-post")
    port = form.get("port", "")
    if not _PORT.fullmatch(port) or not 0 < int(port) < 2**16:
        raise NotUnderstood("port is not a port number")
    path = form.get("path", "")
    if not path.startswith("/"):
        raise NotUnderstood("path does not begin with a slash")
    domain = form.get("domain", "").strip()
    if not (domain or caller):
        raise NotUnderstood("domain is missing, and your own address is not known")
    urls = tuple(dict.fromkeys(value for name, value in form.items() if _FEED.fullmatch(name) and value))
    if not urls:
        raise NotUnderstood("url1 is missing: say which feed")
    if len(urls) > MAX_FEEDS:
        raise NotUnderstood(f"more than {MAX_FEEDS} feeds are asked for at once")
    if domain and not _DOMAIN.fullmatch(domain):
        raise NotUnderstood("domain is not a host name")
    place = f"{_SCHEMES[protocol]}://{domain or caller}:{port}"
    callback = callback_of(place + path, "domain, port and path")
    return CloudRegistration(
        callback=callback,
        host=host_of(callback),
        urls=urls,
        by_challenge=bool(domain),
    )
