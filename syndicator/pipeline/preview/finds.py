"""The finds of a discovery, and their ranking."""

import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from syndicator.errors import NotReadable
from syndicator.gather.documents.html_cleaning import same_site
from syndicator.gather.proposals.discovery import How, Pointer
from syndicator.model.fetch import Fetched, Reason, Redirect
from syndicator.model.source import SourceKind
from syndicator.pipeline.preview.dry_run_context import RobotsVerdict
from syndicator.pipeline.preview.preview import Preview

BARE = "addresses without headlines"
"""The title of a sitemap without headlines."""


class DiscoveredSource(Struct, frozen=True, kw_only=True):
    """A possible source that a discovery has tried."""

    kind: SourceKind
    url: str
    how: How
    title: str | None = None
    entries: int = 0
    newest: datetime | None = None
    problem: str | None = None
    """Why it is not usable; None where it is."""


class Discovery(Struct, frozen=True, kw_only=True):
    """All finds at an address, with a preview of the best."""

    requested_url: str
    final_url: str
    redirects: tuple[Redirect, ...] = ()
    canonical_url: str | None = None
    """The canonical address of the page, where that is on another host."""
    robots: RobotsVerdict | None = None
    """The verdict on the requested page; None where robots.txt could not be read, or is not needed."""
    found: tuple[DiscoveredSource, ...]
    """Best first."""
    notes: tuple[str, ...] = ()
    """Remarks on redirects and on the proposed settings."""
    preview: Preview


class NothingFound(NotReadable):
    """Nothing can be gathered from the document at the address; `found` lists what was tried."""

    def __init__(self, reason: str, detail: str, found: tuple[DiscoveredSource, ...] = ()) -> None:
        super().__init__(reason, detail)
        self.found = found


def rank(found: DiscoveredSource) -> tuple[bool, bool, bool, bool]:
    return found.problem is not None, _is_of_comments(found), not found.entries, is_bare(found)


class Merit(StrEnum):
    """Why the best find is proposed."""

    ITSELF = "itself"
    """It is at the address itself."""
    ONLY = "only"
    """Nothing else can be used."""
    FEED = "feed"
    FIRST_FEED = "first_feed"
    """Of several feeds."""
    NEWS_SITEMAP = "news_sitemap"
    PAGE = "page"
    BARE = "bare"


def merit_of(ranked: Sequence[DiscoveredSource]) -> Merit:
    """Return why the first of these finds is proposed."""
    best, *others = [find for find in ranked if find.problem is None]
    if best.how is How.ITSELF:
        return Merit.ITSELF
    if not others:
        return Merit.ONLY
    if best.kind is SourceKind.FEED:
        return Merit.FIRST_FEED if any(find.kind is SourceKind.FEED for find in others) else Merit.FEED
    if best.kind is SourceKind.PAGE:
        return Merit.PAGE
    return Merit.BARE if is_bare(best) else Merit.NEWS_SITEMAP


def distinct_title(find: DiscoveredSource, title: str, found: Sequence[DiscoveredSource]) -> str:
    """Return the title; where other finds have it too, with the words of the address that they lack.

    Channels of a portal often share one title: `Kabar` at `/rss/bola` becomes `Kabar – bola`.
    """
    words = _words(find.url)
    twins = [one for one in found if one.url != find.url and _plain(one.title) == _plain(find.title)]
    common = set(words).intersection(*(_words(one.url) for one in twins))
    own = [word for word in words if word not in common]
    return f"{title} – {' '.join(own)}" if twins and own else title


def _plain(title: str | None) -> str:
    return (title or "").strip().casefold()


def _words(url: str) -> list[str]:
    parts = urlsplit(url)
    found = [
        word for word in _WORD.findall(f"{parts.path} {parts.query}".lower()) if word not in _OF_ANY_FEED
    ]
    return list(dict.fromkeys(found))


_WORD = re.compile(r"[^\W_]{2,}")
_OF_ANY_FEED = frozenset({"rss", "feed", "feeds", "atom", "xml", "json", "index", "php", "html"})


def has_headlines(found: DiscoveredSource) -> bool:
    """Return whether it lists articles with headlines."""
    return found.problem is None and bool(found.entries) and not is_bare(found)


def is_bare(found: DiscoveredSource) -> bool:
    return found.kind is SourceKind.SITEMAP and found.title == BARE


def of_pointer(pointer: Pointer, title: str | None = None) -> dict[str, Any]:
    return {"url": pointer.url, "how": pointer.how, "title": title or pointer.title}


def way_of(document: Fetched) -> str:
    """Return a sentence with the redirects to a document, and which of them are permanent."""
    steps = (
        f"to {redirect.url} ({redirect.status}, {'for good' if redirect.is_permanent else 'for now'})"
        for redirect in document.redirects
    )
    return f"{document.requested_url} leads {', then '.join(steps)}"


def _is_of_comments(found: DiscoveredSource) -> bool:
    text = f"{found.url} {found.title or ''}".lower()
    return "comment" in text or "komentar" in text


def lasting_url(document: Fetched) -> str:
    """Return the address to configure: the target of permanent redirects, the start of temporary ones."""
    return document.moved_to or (document.requested_url if document.redirects else document.url)


def check_host(pointer: Pointer, document: Fetched) -> None:
    """Raise NotReadable where a guessed path leads to another host: that document is not the portal's."""
    if pointer.how is How.WELL_KNOWN and not same_site(pointer.url, document.url):
        raise NotReadable(Reason.REDIRECT, f"it leads to {urlsplit(document.url).hostname}")
