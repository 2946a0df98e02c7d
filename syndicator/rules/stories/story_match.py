"""Decides which story an article belongs to: one topic that several portals report within days.

Single-pass clustering as articles come (Allan, Papka, Lavrenko, "On-line new event detection and
tracking", 1998): an article joins the story whose centroid it is nearest to, or founds one. A story grows
old: what comes a day later must agree more, and after three days nothing joins. Words that several current
stories share count less: they name the field, and would chain its topics together. That, with a fixed table
of rarities, works better than counts of recent terms; `docs/stories.md` has the figures.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import reduce
from math import sqrt

from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.article import Article
from syndicator.model.ids import StoryId
from syndicator.model.story import Story
from syndicator.rules.stories.series import conflict, is_series
from syndicator.rules.stories.terms import UNIT, Terms, length_of, strongest

WINDOW = timedelta(hours=72)
"""Between the latest article of a story and one that joins it, by their publication, in either direction."""

_LATE = timedelta(hours=1)
"""Only a first round lists articles by times that are further back than this
(`rules.dates.claimed_dates.listed_at`)."""
_SETTLES = timedelta(hours=1)
"""After this time an article of a first round cannot lead a story any more: readers have seen it."""

_ROUNDED = 0.001
"""Largest rounding error of a figure."""

CENTROID_TERMS = 48

_COMMON_TERMS = 2
"""Least number of shared terms. A single one ("Apple") only shows the field."""
_FIELD_LOSS = 0.5
"""Share of its weight that a term loses if all compared stories have it."""


class StoryPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Thresholds, all shares from 0 to 1."""

    similarity: float = 0.2
    """Least similarity of an article's terms with a story of the same moment."""
    ageing: float = 0.7
    """Share of the similarity that is lost over the whole window."""


class StoryKind(StrEnum):
    SAME = "same story"
    NONE = "none"


class StoryVerdict(Struct, frozen=True, kw_only=True):
    """A verdict with the numbers behind it, as they are stored and shown."""

    kind: StoryKind
    story: StoryId | None = None
    """The story it belongs to; without one, the nearest story examined."""
    similarity: float = 0.0
    needed: float = 0.0
    because: str = ""
    """Why it does not belong to the nearest story; empty where it does."""


def judge_story(
    title: str,
    terms: Terms,
    published: datetime,
    stories: Sequence[Story],
    policy: StoryPolicy,
) -> StoryVerdict:
    """Choose the story nearest to an article; ties go to the older one, by id."""
    nearest: tuple[bool, float, StoryId, float, float, str] | None = None
    for story, similarity in zip(stories, _similarities(terms, stories), strict=True):
        if nearest and not nearest[0] and similarity < policy.similarity - _ROUNDED:
            continue  # it cannot be joined, and another can
        apart = abs(published - story.latest_at) / WINDOW
        # The same as lowering the similarity with age, expressed as a higher threshold.
        needed = round(policy.similarity / max(1.0 - policy.ageing * min(apart, 1.0), 0.01), 3)
        found = round(similarity, 3)
        because = _obstacle(title, story, apart) or (
            "" if found >= needed else "they have too little in common"
        )
        judged = (bool(because), needed - found, story.id, found, needed, because)
        if nearest is None or judged < nearest:
            nearest = judged
    if nearest is None:
        return StoryVerdict(kind=StoryKind.NONE, because="nothing like it was published of late")
    is_kept_out, _, name, found, needed, because = nearest
    return StoryVerdict(
        kind=StoryKind.NONE if is_kept_out else StoryKind.SAME,
        story=name,
        similarity=found,
        needed=needed,
        because=because,
    )


def _similarities(terms: Terms, stories: Sequence[Story]) -> list[float]:
    """Return the similarity of an article's terms with each story, less for terms of a field.

    It is the geometric mean of the cosine with the centroid and the mean cosine with the story's articles.
    The centroid of articles that have little in common is near to everything between them: alone, it would
    let a story grow link by link. It is a sum of vectors of length `UNIT`, so its length shows both.

    A term that all the stories have loses `_FIELD_LOSS` of its weight, one that a single story has keeps it.
    """
    shared = [[term for term in terms if term in story.centroid] for story in stories]
    counts: dict[int, int] = {}
    for common in shared:
        for term in common:
            counts[term] = counts.get(term, 0) + 1
    # Multiplied by `whole`, weights stay whole numbers: their sums do not depend on the order of terms.
    whole = max(len(stories) - 1, 1) / _FIELD_LOSS
    weights = {term: terms[term] * (whole - count + 1) for term, count in counts.items()}
    length = length_of(terms) * whole
    return [
        sum([weights[term] * story.centroid[term] for term in common])
        / (length * sqrt(length_of(story.centroid) * UNIT * story.size))
        if len(common) >= _COMMON_TERMS
        else 0.0
        for story, common in zip(stories, shared, strict=True)
    ]


def founded(article: Article, terms: Terms) -> Story:
    return Story(
        id=StoryId(article.id),
        title=article.title if is_series(article.title) else "",
        first_seen_at=article.shown_since,
        started_at=min(article.shown_since, article.listed_at + _LATE),
        published_at=article.published_at,
        latest_at=article.published_at,
        centroid=terms,
    )


def joined(story: Story, terms: Terms, published: datetime) -> Story:
    """Return a story with one article more."""
    total = dict(story.centroid)
    for term, weight in terms.items():
        total[term] = total.get(term, 0) + weight
    return replace(
        story,
        latest_at=max(story.latest_at, published),
        centroid={term: total[term] for term in strongest(total, CENTROID_TERMS)},
        size=story.size + 1,
    )


def place_of(own: Story, story: Story) -> datetime:
    """Return the time by which an article is ordered in a story; the earliest article leads.

    In the running service, the first admitted article leads for good: otherwise readers would get the story
    twice. Articles of a first round are all new to readers, so there the first publisher leads.
    """
    return own.first_seen_at if is_settled(story, own.first_seen_at) else own.started_at


def is_settled(story: Story, at: datetime) -> bool:
    """Return whether readers have seen a story: it began in the running service, or long enough ago."""
    return story.started_at == story.first_seen_at or at - story.first_seen_at > _SETTLES


def combined(members: Sequence[Story]) -> Story:
    """Return the story of several articles, each given as a story of its own; the earliest leads."""
    first, *others = sorted(members, key=lambda one: (one.started_at, one.id))
    return reduce(lambda story, other: joined(story, other.centroid, other.published_at), others, first)


def _obstacle(title: str, story: Story, apart: float) -> str | None:
    if apart > 1.0:
        return "more than three days lie between them"
    return conflict(title, story.title)
