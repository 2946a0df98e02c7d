"""When an article of a popular feed is told to have come to its top, or to have passed a threshold: once.

What rises and falls about a threshold would be told again and again. So what was told is remembered, and told
again only after it was far below for a time: twice as far down, or under half of a score.

    before │ now │ remembered            │
    -------+-----+-----------------------+------------------------
    in     │ in  │                       │ it stands there still
    other  │ in  │ no                    │ told
    near   │ in  │ yes                   │ it never was far below
    far    │ in  │ yes, of late          │ it swings
    far    │ in  │ yes, longer than REST │ told
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import IntEnum

from msgspec import Struct

from syndicator.model.event import Measure
from syndicator.model.feed import Announce, EntryPopularity
from syndicator.model.ids import ArticleId

REST = timedelta(hours=1)
"""So long an article is to be far below before it may be told again."""
RENEWED = timedelta(minutes=1)
"""How old what is remembered of an article that is still near may be."""

Remembered = Mapping[tuple[ArticleId, Measure], datetime]
"""When each article that was told of was near its threshold last, as far as it is remembered."""


class Passed(Struct, frozen=True, kw_only=True):
    """An article that is to be told of."""

    article: ArticleId
    measure: Measure
    threshold: float
    place: EntryPopularity


class RankCrossings(Struct, frozen=True, kw_only=True):
    """What follows from a new ranking."""

    told: tuple[Passed, ...] = ()
    near: tuple[tuple[ArticleId, Measure], ...] = ()
    """What is to be remembered as near now: those that are told, and those that were and are near still."""


class _Zone(IntEnum):
    FAR = 0
    NEAR = 1
    IN = 2


def crossings(
    announce: Announce,
    before: Mapping[ArticleId, EntryPopularity],
    ranking: Mapping[ArticleId, EntryPopularity],
    remembered: Remembered,
    now: datetime,
) -> RankCrossings:
    """Judge a feed's new ranking against the one before it, the first place first."""
    passed_by, near = [], []
    for measure, threshold in thresholds(announce):
        for article, place in ranking.items():
            zone = _zone(measure, threshold, place)
            if zone is _Zone.FAR:
                continue
            at, earlier = remembered.get((article, measure)), _zone(measure, threshold, before.get(article))
            if zone is _Zone.IN and _is_news(measure, earlier, at, now):
                passed_by.append(Passed(article=article, measure=measure, threshold=threshold, place=place))
                near.append((article, measure))
            elif (zone is _Zone.IN or at is not None) and (at is None or now - at >= RENEWED):
                near.append((article, measure))
    return RankCrossings(told=tuple(passed_by), near=tuple(near))


def in_question(announce: Announce, ranking: Mapping[ArticleId, EntryPopularity]) -> list[ArticleId]:
    """Return the articles near any threshold or beyond it: of others nothing needs to be remembered."""
    wanted = thresholds(announce)
    return [
        article
        for article, place in ranking.items()
        if any(_zone(measure, threshold, place) is not _Zone.FAR for measure, threshold in wanted)
    ]


def thresholds(announce: Announce) -> tuple[tuple[Measure, float], ...]:
    """Return what is to be told of, and from where on."""
    wanted = ((Measure.TOP, announce.top), (Measure.SCORE, announce.score), (Measure.VIEWS, announce.views))
    return tuple((measure, float(threshold)) for measure, threshold in wanted if threshold is not None)


def _is_news(measure: Measure, earlier: _Zone, at: datetime | None, now: datetime) -> bool:
    if earlier is _Zone.IN:
        return False
    if at is None:
        return True
    # A portal's own counter only grows: it passes a number once.
    return measure is not Measure.VIEWS and earlier is _Zone.FAR and now - at >= REST


def _zone(measure: Measure, threshold: float, place: EntryPopularity | None) -> _Zone:
    if place is None:
        return _Zone.FAR
    match measure:
        case Measure.TOP:
            inside, near = place.rank <= threshold, place.rank <= 2 * threshold
        case Measure.SCORE:
            inside, near = place.score >= threshold, place.score >= threshold / 2
        case Measure.VIEWS:
            inside = near = (place.views or 0) >= threshold
    return _Zone.IN if inside else _Zone.NEAR if near else _Zone.FAR
