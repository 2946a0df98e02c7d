"""Counts what a first round would admit, without the store; `comparison.judge_all` uses the store."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from syndicator.gather.robots import Robots, robots_url
from syndicator.model.article import Candidate, ListedItem
from syndicator.model.source import Source
from syndicator.pipeline.articles.pictures import as_announced
from syndicator.rules.articles.configured_values import as_configured
from syndicator.rules.articles.embargo import is_held, released
from syndicator.rules.identity.identity import identify, url_key


class Counts(Struct, frozen=True, kw_only=True):
    """The verdicts of a first round on what is listed."""

    listed: int = 0
    new: int = 0
    known: int = 0
    """Repetitions of an article in the list."""
    held: int = 0
    """Embargoed articles."""
    refused: int = 0
    """Articles that cannot be admitted; the warnings give the reasons."""
    left: int = 0
    """Articles left for the next rounds."""


def as_taken(source: Source, candidates: Sequence[Candidate], now: datetime) -> list[Candidate]:
    """Return candidates as they enter admission, without a request for their pictures."""
    taken = [as_configured(source, as_announced(candidate, source.images)) for candidate in candidates]
    return [
        candidate if is_held(candidate, now) else released(candidate, candidate.embargo_until)
        for candidate in taken
    ]


def permitted(source: Source, items: Sequence[ListedItem], files: Mapping[str, Robots | None]) -> list[str]:
    """Return the addresses that the robots.txt `files` read so far do not disallow.

    `files`: by the address of the file; None for an unreadable file, which disallows all pages.
    """
    if not source.politeness.robots:
        return [item.url for item in items]
    known = ((item.url, robots_url(item.url)) for item in items)
    return [url for url, file in known if file not in files or ((it := files[file]) and it.allows(url))]


def count_verdicts(
    candidates: Sequence[Candidate],
    now: datetime,
    *,
    unread: Sequence[str] = (),
    refused: int = 0,
    left: int = 0,
    repeated: int = 0,
) -> Counts:
    """Return the counts for candidates, and for pages that were not read.

    `unread`: addresses of those pages. `repeated`: repetitions that are not among the candidates.
    """
    seen: set[str] = set()
    new, held, known = 0, 0, repeated
    for candidate, identity in zip(candidates, identify(candidates), strict=True):
        if not seen.isdisjoint(identity.keys):
            known += 1
        elif is_held(candidate, now):
            held += 1
        else:
            new += 1
        seen.update(identity.keys)
    for key in map(url_key, unread):
        known += key in seen
        new += key not in seen
        seen.add(key)
    listed = new + known + held + refused + left
    return Counts(listed=listed, new=new, known=known, held=held, refused=refused, left=left)
