"""Header fields of requests and answers."""

import re
from collections.abc import Mapping
from functools import lru_cache

from aiohttp import encode_basic_auth
from multidict import CIMultiDictProxy
from yarl import URL

from syndicator.errors import EgressError
from syndicator.model.fetch import Reason

OWN_HEADERS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    }
)
"""Lower-case names of the fields that are the client's own business; whoever sets them is not heard."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")
_FORBIDDEN_IN_VALUES = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def checked(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the caller's fields without our own ones; raises EgressError(protocol) for unusable ones.

    The message names the field, never its value.
    """
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name):
            raise EgressError(Reason.PROTOCOL, f"{name!r} is not a name that a header can have.")
        if _FORBIDDEN_IN_VALUES.search(value) or not _encodable(value):
            detail = f"The header {name} holds line breaks or other characters that cannot be sent."
            raise EgressError(Reason.PROTOCOL, detail)
    return {name: value for name, value in headers.items() if name.lower() not in OWN_HEADERS}


@lru_cache(maxsize=1024)
def checked_once(headers: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    """Check fields as `checked`: most are sent again and again."""
    return checked(dict(headers))


def _encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return True


def basic_auth(url: URL) -> str | None:
    """Return the value of the header that says what user and password in a URL say (RFC 7617)."""
    if url.raw_user is None and url.raw_password is None:
        return None
    user = (url.user or "").replace(":", "%3A")  # the scheme knows no colon in a user's name
    return encode_basic_auth(user, url.password or "")


def split_credentials(url: URL) -> tuple[URL, dict[str, str]]:
    """Take user and password out of a URL; the second part is the header that says the same."""
    credentials = basic_auth(url)
    if credentials is None:
        return url, {}
    return url.with_user(None), {"Authorization": credentials}


def lower_case(headers: CIMultiDictProxy[str]) -> dict[str, str]:
    """Return an answer's fields under lower-case names, repeated ones joined (RFC 9110, 5.3), no cookies.

    Bytes that are no UTF-8 become U+FFFD, so that every value can be stored as text. A value with control
    characters is none (5.5), so that it is neither sent back nor shown.
    """
    found: dict[str, str] = {}
    for name, raw in headers.items():
        key = name.lower()
        if key != "set-cookie":
            value = (
                raw if raw.isascii() else raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            )
            if not _CONTROLS.search(value):
                found[key] = f"{found[key]}, {value}" if key in found else value
    return found
