"""Whose budget a request is charged to.

Pure, but for the list of public suffixes, which comes with the package `publicsuffixlist` and is never
fetched. Its private part counts too: two blogs of a host are two sites (https://publicsuffix.org/).
"""

import hashlib
from functools import cache, lru_cache
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from publicsuffixlist import PublicSuffixList

from syndicator.model.source import SourceScope

DEFAULT_PORTS = {"http": 80, "https": 443}
_LONGEST_NAME = 253  # RFC 1035, 2.3.4
_REMEMBERED = 10_000


@lru_cache(maxsize=_REMEMBERED)
def scope_key(scope: SourceScope, url: str) -> str:
    """Return the budget: `host:portal.example:443`, `domain:portal.co.id`, `url:` and a digest.

    A URL counts without user, query and fragment; it is named by a digest, for paths hold secrets at times.
    A host without a registrable domain (an address, `localhost`, a public suffix itself) falls back to host
    and port. What is no URL has a budget of its own: requesting it will say what is wrong with it.
    """
    parts, port = _split(url)
    host = _host(parts)
    if not host or scope is SourceScope.URL:
        # A default port is the same whether it is written or not.
        whole = f"{parts.scheme}://{host}:{port}{parts.path or '/'}" if host else url
        return f"url:{hashlib.blake2b(whole.encode('utf-8', 'replace'), digest_size=16).hexdigest()}"
    if scope is SourceScope.DOMAIN:
        domain = registrable_domain(host)
        if domain is not None:
            return f"domain:{domain}"
    return f"host:{host}:{port}"


@lru_cache(maxsize=_REMEMBERED)
def registrable_domain(host: str) -> str | None:
    """Return the part of a host name that somebody registered; None for an address or a public suffix."""
    try:
        ip_address(host)
    except ValueError:
        return _public_suffixes().privatesuffix(host)
    return None


def same_owner(url: str, other: str) -> bool:
    """Return whether two addresses are of one registrable domain; without such a domain, of one host."""
    here, there = _host_of(url), _host_of(other)
    if here == there:
        return bool(here)
    domain = registrable_domain(here) if here else None
    return domain is not None and bool(there) and domain == registrable_domain(there)


@cache
def _public_suffixes() -> PublicSuffixList:
    """Read the list, once and when it is first needed: it takes some 40 ms."""
    return PublicSuffixList()


def _split(url: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(url.strip())
        return parts, parts.port or DEFAULT_PORTS.get(parts.scheme, 0)
    except ValueError:
        return SplitResult("", "", "", "", ""), 0


@lru_cache(maxsize=_REMEMBERED)
def _host_of(url: str) -> str:
    return _host(_split(url)[0])


def _host(parts: SplitResult) -> str:
    """Return the host in the spelling of the wire; empty where there is none that can be."""
    name = (parts.hostname or "").rstrip(".")
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii")
        except UnicodeError:
            return ""
    return name if len(name) <= _LONGEST_NAME else ""
