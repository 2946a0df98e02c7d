"""The finds of a discovery, and their ranking."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from syndicator.errors import NotReadable
from syndicator.gather.proposals.discovery import How, Pointer
from syndicator.model.fetch import Fetched, Redirect
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
