"""What a request brought. Failure is a value here, with one reason."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class Reason(StrEnum):
    """Why something could not be gathered or delivered: one word that people can search for."""

    BLOCKED = "blocked"
    """The address is not allowed (private, loopback, reserved, …)."""
    SCHEME = "scheme"
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    BUSY = "busy"
    """It waited too long for its turn among our own requests to that host: the source is not to blame."""
    TOO_LARGE = "too_large"
    REDIRECT = "redirect"
    """Too many of them, in a loop, or to nowhere."""
    PROTOCOL = "protocol"
    """Not HTTP as we know it, or cut off."""
    HTTP = "http"
    """A status that is no success; shown with its number, as in `http_404`."""
    ROBOTS = "robots"
    """The server's robots.txt asks us not to."""
    NOT_A_FEED = "not_a_feed"
    MALFORMED = "malformed"
    EMPTY = "empty"
    """The selectors find nothing."""
    PARSER = "parser"
    """The parser ran out of time or memory."""
    INTERNAL = "internal"
    """A fault of ours."""


class Redirect(Struct, frozen=True, kw_only=True):
    """One step on the way to a document."""

    status: int
    """301, 302, 303, 307 or 308."""
    url: str
    """Where it led."""

    @property
    def is_permanent(self) -> bool:
        """Whether the document has moved for good (RFC 9110, 15.4)."""
        return self.status in _PERMANENT


class Fetched(Struct, frozen=True, kw_only=True):
    """A document, as it came."""

    requested_url: str
    url: str
    """Where it finally came from; relative links are resolved against it."""
    status: int
    headers: Mapping[str, str]
    """By name, in lower case."""
    body: bytes
    """Decompressed."""
    fetched_at: datetime
    redirects: tuple[Redirect, ...] = ()

    @property
    def moved_to(self) -> str | None:
        """Return where the document has gone for good: every redirect to it was permanent."""
        return moved_to(self.redirects)


class NotModified(Struct, frozen=True, kw_only=True):
    """The source says that nothing has changed since the validators that we sent."""

    requested_url: str
    headers: Mapping[str, str]
    fetched_at: datetime
    redirects: tuple[Redirect, ...] = ()


class FetchFailed(Struct, frozen=True, kw_only=True):
    """No document, and why."""

    requested_url: str
    reason: Reason
    detail: str
    fetched_at: datetime
    status: int | None = None
    retry_after_s: float | None = None

    @property
    def code(self) -> str:
        """Return the reason as shown: `timeout`, `http_404`."""
        return f"http_{self.status}" if self.reason is Reason.HTTP else self.reason.value


FetchResult = Fetched | NotModified | FetchFailed

_PERMANENT = frozenset({301, 308})


def moved_to(redirects: tuple[Redirect, ...]) -> str | None:
    """Return where a chain of redirects leads for good; None where there are none, or one is for now."""
    if redirects and all(one.is_permanent for one in redirects):
        return redirects[-1].url
    return None
