"""What a search found: each find, how good it is, and the whole of it."""

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
"""Stands for the title of a sitemap that has none."""


class DiscoveredSource(Struct, frozen=True, kw_only=True):
    """Something that could be gathered, or seemed so."""

    kind: SourceKind
    url: str
    how: How
    title: str | None = None
    entries: int = 0
    newest: datetime | None = None
    problem: str | None = None
    """Why it is of no use; None where it is."""


class Discovery(Struct, frozen=True, kw_only=True):
    """What was found at an address, and a look at the best of it."""

    requested_url: str
    final_url: str
    redirects: tuple[Redirect, ...] = ()
    canonical_url: str | None = None
    """Where the page says that it belongs, when that is another host."""
    robots: RobotsVerdict | None = None
    """Of the page asked for; None where the file could not be read, or needed not be."""
    found: tuple[DiscoveredSource, ...]
    """The best first."""
    notes: tuple[str, ...] = ()
    """How the proposed selectors came about."""
    preview: Preview


class NothingFound(NotReadable):
    """The address leads to a document that nothing can be gathered from; `found` tells what was tried."""

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
    """Tell the redirects on the way to a document, and which of them are permanent."""
    steps = (
        f"to {one.url} ({one.status}, {'for good' if one.is_permanent else 'for now'})"
        for one in document.redirects
    )
    return f"{document.requested_url} leads {', then '.join(steps)}"


def _is_of_comments(found: DiscoveredSource) -> bool:
    result = f"{found.url} {found.title or ''}".lower()
    return "comment" in result or "komentar" in result
