"""Private feeds: who shows a token that opens one, in its URL or as a password.

/feeds/{feed}.rss?token=synd_…      for readers that take nothing but an address
Authorization: Basic any-name:synd_…  for those that ask their user after a 401 (RFC 7617)
"""

import base64
import binascii
from collections.abc import Mapping, Sequence

from aiohttp import hdrs, web

from syndicator.model.feed import CONTENT_TYPES, Format
from syndicator.model.ids import FeedId
from syndicator.web.http.auth import REALM, Gate
from syndicator.web.http.problems import Problem, ProblemRaised

PARAMETER = "token"


class PrivateFeeds:
    """Opens private feeds."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def check(self, request: web.Request, names: Sequence[FeedId]) -> None:
        """Let through who shows a token that opens one of these names: a token outlives a new name.

        Raises:
            ProblemRaised: 401 for everyone else, so that readers ask for a password; 429 after many failures.

        """
        value = _shown_token(request)
        token = await self._gate.token_of(request, value) if value else None
        if token is None or not any(map(token.opens, names)):
            raise ProblemRaised(_locked(is_wrong=bool(value)))


def private_headers(form: Format) -> Mapping[str, str]:
    """Return the headers of a private feed in one format: nothing in between keeps it or learns of it."""
    return {
        hdrs.CONTENT_TYPE: CONTENT_TYPES[form],
        hdrs.CACHE_CONTROL: "private, no-store",
        hdrs.VARY: hdrs.AUTHORIZATION,
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex",
    }


def _shown_token(request: web.Request) -> str:
    """Take the token out of the URL, else out of the header; empty where none is shown."""
    if value := request.query.get(PARAMETER):
        return value
    scheme, _, given = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme.lower() == "bearer":
        return given.strip(" ")
    return _password(given.strip(" ")) if scheme.lower() == "basic" else ""


def _password(credentials: str) -> str:
    try:
        pair = base64.b64decode(credentials, validate=True).decode("utf-8", "surrogateescape")
    except (binascii.Error, ValueError):
        return ""
    return pair.partition(":")[2]


def _locked(*, is_wrong: bool) -> Problem:
    detail = (
        "The token does not open this feed: it is wrong, has ended, was revoked, or is for others."
        if is_wrong
        else "No public feed has this name. For a private one, give a token as password, or add ?token=…."
    )
    headers: dict[str, str] = {
        hdrs.WWW_AUTHENTICATE: f'Basic realm="{REALM}", charset="UTF-8"',
        "Referrer-Policy": "no-referrer",
    }
    return Problem(name="locked", status=401, detail=detail, headers=headers)
