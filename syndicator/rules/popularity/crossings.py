"""Decides when a popular feed announces an article: once, when it reaches the top or passes a threshold.

An article that swings around a threshold would be announced again and again. So announced articles are
remembered, and announced again only after they were far below for REST: twice as far down, or under half of
the score.

    before │ now │ remembered            │
    -------+-----+-----------------------+-----------------------------
    in     │ in  │                       │ not announced: still there
    other  │ in  │ no                    │ announced
    near   │ in  │ yes                   │ not announced: never far below
    far    │ in  │ yes, of late          │ not announced: it swings
    far    │ in  │ yes, longer than REST │ announced
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import IntEnum

from msgspec import Struct

from syndicator.model.event import Measure
from syndicator.model.feed import Announce, EntryPopularity
from syndicator.model.ids import ArticleId

REST = timedelta(hours=1)
"""How long an article must be far below the threshold before it is announced again."""
RENEWED = timedelta(minutes=1)
"""How often the time is renewed that is remembered for an article near its threshold."""

Remembered = Mapping[tuple[ArticleId, Measure], datetime]
"""When each announced article was last near its threshold."""


class Passed(Struct, frozen=True, kw_only=True):
    """An article to announce."""

    article: ArticleId
    measure: Measure
    threshold: float
    place: EntryPopularity


class RankCrossings(Struct, frozen=True, kw_only=True):
    """The result of comparing a new ranking with the one before."""

    announced: tuple[Passed, ...] = ()
    near: tuple[tuple[ArticleId, Measure], ...] = ()
    """Articles to remember as near now: announced ones, now or before."""


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
    """Return the articles of a new ranking to announce, first rank first, and those to remember."""
    announced, near = [], []
    for measure, threshold in thresholds(announce):
        for article, place in ranking.items():
            zone = _zone(measure, threshold, place)
            if zone is _Zone.FAR:
                continue
            at, earlier = remembered.get((article, measure)), _zone(measure, threshold, before.get(article))
            if zone is _Zone.IN and _is_news(measure, earlier, at, now):
                announced.append(Passed(article=article, measure=measure, threshold=threshold, place=place))
                near.append((article, measure))
            elif (zone is _Zone.IN or at is not None) and (at is None or now - at >= RENEWED):
                near.append((article, measure))
    return RankCrossings(announced=tuple(announced), near=tuple(near))


def in_question(announce: Announce, ranking: Mapping[ArticleId, EntryPopularity]) -> list[ArticleId]:
    """Return the articles near or beyond any threshold: only these need to be remembered."""
    wanted = thresholds(announce)
    return [
        article
        for article, place in ranking.items()
        if any(_zone(measure, threshold, place) is not _Zone.FAR for measure, threshold in wanted)
    ]


def thresholds(announce: Announce) -> tuple[tuple[Measure, float], ...]:
    """Return the configured measures with their thresholds."""
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
