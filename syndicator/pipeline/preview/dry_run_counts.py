"""What gathering would make of what was read: the form in which it is taken in, and how much of it is news.

Pure: what a store knows is not asked; `judge_all` asks it.
"""

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
    """What a first round would bring of what is listed."""

    listed: int = 0
    new: int = 0
    known: int = 0
    """Listed more than once: from the second time on it is known."""
    held: int = 0
    """Under an embargo."""
    refused: int = 0
    """What cannot be taken; the warnings say why."""
    left: int = 0
    """More than one round takes: the next ones do."""


def as_taken(source: Source, candidates: Sequence[Candidate], now: datetime) -> list[Candidate]:
    """Return candidates in the form in which they come before admission.

    No picture of theirs is looked at.
    """
    taken = [as_configured(source, as_announced(one, source.images)) for one in candidates]
    return [one if is_held(one, now) else released(one, one.embargo_until) for one in taken]


def permitted(source: Source, items: Sequence[ListedItem], files: Mapping[str, Robots | None]) -> list[str]:
    """Return the addresses that gathering may read, as far as robots.txt `files` were read; by address."""
    if not source.politeness.robots:
        return [item.url for item in items]
    known = ((item.url, robots_url(item.url)) for item in items)
    return [url for url, file in known if file not in files or ((it := files[file]) and it.allows(url))]


def reckon(
    candidates: Sequence[Candidate],
    now: datetime,
    *,
    unread: Sequence[str] = (),
    refused: int = 0,
    left: int = 0,
    repeated: int = 0,
) -> Counts:
    """Count what a first round would make of candidates, and of pages that were left unread.

    `repeated`: what was left out as listed twice already.
    """
    seen: set[str] = set()
    new, held, known = 0, 0, repeated
    for one, identity in zip(candidates, identify(candidates), strict=True):
        if not seen.isdisjoint(identity.keys):
            known += 1
        elif is_held(one, now):
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
