"""One request on its way through redirects: where it is, what it may carry, what it may still spend."""

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

import aiohttp
from msgspec import Struct
from yarl import URL

from syndicator.egress.failures import failure
from syndicator.egress.headers import checked_once, split_credentials
from syndicator.egress.ip_addresses import is_odd_number
from syndicator.egress.proxies import Proxy
from syndicator.egress.slots import Budget, HostPort
from syndicator.model.fetch import Reason, Redirect

REDIRECTS = frozenset({301, 302, 303, 307, 308})

_REQUEST_LINE = re.compile(r"[!-~]+")
_USERINFO = re.compile(r"(?<=//)[^/?#\\]*@")


def without_userinfo(url: str) -> str:
    """Return a URL as it was written, but without user and password."""
    return _USERINFO.sub("", url)


@lru_cache(maxsize=2048)  # most are asked again and again
def parse_url(url: str) -> URL:
    """Read an absolute http or https URL; raises EgressError(scheme) for anything else."""
    try:
        parsed = URL(url.strip())
        usable = parsed.scheme in {"http", "https"} and bool(parsed.raw_host) and parsed.port is not None
    except (ValueError, TypeError) as error:
        raise failure(Reason.SCHEME, "This is not an address that can be requested.") from error
    if not usable:
        raise failure(Reason.SCHEME, "Only http:// and https:// addresses with a host are requested.")
    if is_odd_number(parsed.host or ""):
        detail = f"{parsed.host} is a number, but not an address in its usual spelling."
        raise failure(Reason.BLOCKED, detail)
    return parsed.with_fragment(None) if parsed.raw_fragment else parsed


@lru_cache(maxsize=2048)
def parse_exactly(url: str) -> URL:
    """Read a URL as `parse_url`, but keep path and query as they are spelled: a callback may insist on that.

    What is spelled with other characters than a request line has is spelled as `parse_url` does.
    """
    usual = parse_url(url)
    if not _REQUEST_LINE.fullmatch(url):
        return usual
    parts = urlsplit(url)
    return URL.build(
        scheme=usual.scheme,
        authority=usual.raw_authority,
        path=parts.path or "/",
        query_string=parts.query,
        encoded=True,
    )


def same_origin(url: str, other: str) -> bool:
    """Return whether two addresses have scheme, host and port in common; what is no address has no origin."""
    try:
        return _origin(URL(url)) == _origin(URL(other))
    except ValueError:
        return False


def _origin(url: URL) -> tuple[str, str | None, int | None]:
    """Return scheme, host and port; a port that is the scheme's own counts whether it is written or not."""
    return url.scheme, url.raw_host, url.port


@lru_cache(maxsize=2048)
def _target(url: str, *, exact: bool) -> tuple[URL, Mapping[str, str]]:
    """Read a URL; give it without user and password, and the header that says the same."""
    return split_credentials(parse_exactly(url) if exact else parse_url(url))


@lru_cache(maxsize=2048)
def _text(url: URL) -> str:
    return str(url)


class Callback(Struct, frozen=True, kw_only=True):
    """Where a callback is, and what goes with every request there."""

    url: URL
    host: str
    host_port: HostPort
    headers: Mapping[str, str]


@lru_cache(maxsize=4096)
def callback(url: str, headers: tuple[tuple[str, str], ...]) -> Callback:
    """Read a callback's URL, exactly as it is spelled, and check its headers; raises EgressError."""
    where, credentials = _target(url, exact=True)
    given = checked_once(headers)
    if not any(name.lower() == "authorization" for name in given):
        given = {**given, **credentials}
    return Callback(
        url=where, host=where.host or "", host_port=(where.host or "", where.port or 0), headers=given
    )


class Validators(Struct, frozen=True, kw_only=True):
    """What makes a request conditional (RFC 9110, 13.1). No secret, but a word of one address alone."""

    headers: Mapping[str, str] = {}
    of: str | None = None
    """The address that gave them, wherever on the way it comes; None: the one that is asked for."""


NO_VALIDATORS = Validators()


class Trip:
    """The changing part of one request. Not shared."""

    def __init__(
        self,
        url: str,
        headers: dict[str, str],
        *,
        working: Budget,
        max_redirects: int,
        proxy: Proxy | None = None,
        validators: Validators = NO_VALIDATORS,
        exact: bool = False,
    ) -> None:
        """`exact` keeps path and query of the URL as they are spelled."""
        self.working = working
        self.proxy = proxy
        self.redirects: tuple[Redirect, ...] = ()
        self._max_redirects = max_redirects
        self.url, credentials = _target(url, exact=exact)
        self.headers = dict(checked_once(tuple(headers.items())))
        if credentials and not any(name.lower() == "authorization" for name in self.headers):
            self.headers |= credentials
        self._validators = checked_once(tuple(validators.headers.items()))
        self._validated = validators.of or self.address
        self._seen = {self.url}

    @property
    def address(self) -> str:
        """Where the trip is, as text."""
        return _text(self.url)

    @property
    def host(self) -> str:
        return self.url.host or ""

    @property
    def is_signed_in(self) -> bool:
        """Whether credentials go along to where the trip is."""
        return any(name.lower() in {"authorization", "cookie"} for name in self.headers)

    @property
    def host_port(self) -> HostPort:
        return self.host, self.url.port or 0

    @property
    def validators(self) -> Mapping[str, str]:
        """What the address that the trip is at has given itself."""
        return self._validators if self.address == self._validated else {}

    def follow(self, status: int, location: str | None) -> None:
        """Move on to where a redirect points, and note the step.

        Whatever the caller sent along belongs to the first origin and stays behind for good when it is
        left. Credentials in a Location are not taken: who redirects does not choose what we sign in with.
        Raises EgressError: `redirect`, or `scheme` where it leaves http.
        """
        if not location:
            raise failure(Reason.REDIRECT, f"{self.host} redirects without saying where to.")
        if len(self._seen) > self._max_redirects:
            raise failure(
                Reason.REDIRECT, f"{self.host} redirects once more after {self._max_redirects} times."
            )
        target = self._resolve(location)
        if target in self._seen:
            raise failure(Reason.REDIRECT, f"{self.host} redirects in a circle.")
        if _origin(target) != _origin(self.url):
            self.headers = {}
        self._seen.add(target)
        self.redirects += (Redirect(status=status, url=str(target)),)
        self.url = target

    def follow_with_body(self, status: int, location: str | None) -> None:
        """Move on as `follow`, with a body that may hold secrets: it is never carried from https to http."""
        before = self.url
        self.follow(status, location)
        if (before.scheme, self.url.scheme) == ("https", "http"):
            detail = f"{before.host} redirects from https to http, where a form may not go."
            raise failure(Reason.REDIRECT, detail)

    def _resolve(self, location: str) -> URL:
        text = location.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        try:
            joined = self.url.join(URL(text.strip()))
        except ValueError as error:
            raise failure(Reason.REDIRECT, f"{self.host} redirects to what is not a URL.") from error
        target, _ = split_credentials(parse_url(str(joined)))
        return target


@lru_cache(maxsize=64)
def client_timeout(connect_timeout_s: float) -> aiohttp.ClientTimeout:
    """Limit the connect (DNS, all addresses, TLS); the whole is limited by the budget."""
    return aiohttp.ClientTimeout(total=None, connect=connect_timeout_s, sock_connect=None, sock_read=None)
