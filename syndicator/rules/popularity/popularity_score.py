"""How popular an article is: from counters that fade to a score with its shares, and a varied list."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.model.feed import Window
from syndicator.model.ids import ArticleId
from syndicator.model.signal import SignalKind

HALF_LIVES: Mapping[Window, timedelta | None] = {
    Window.HOUR: timedelta(minutes=30),
    Window.DAY: timedelta(hours=12),
    Window.WEEK: timedelta(hours=84),
    Window.ALL: None,
}
"""Half of each window: such a list names about 80 % of what an exact window would, at no cost of its own."""

_HOURS: Mapping[Window, float] = {
    window: half / timedelta(hours=1) / math.log(2) if half else 168.0 for window, half in HALF_LIVES.items()
}
"""How many hours of steady readership a counter holds; of all time, what most articles are read for."""

_SHRINK = 8
"""Of readings of a portal: with so many its views count half."""

COPIES = 0.3
"""What a portal counts that only repeats another's text."""


class PopularityPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Weights of the signals, and how a list is varied."""

    coverage: float = 1.0
    views: float = 0.7
    clicks: float = 0.5
    reads: float = 0.5
    box: float = 0.3
    comments: float = 0.2
    smoothing: float = 5.0
    """So many views, clicks, reads or comments say little yet."""
    partner_most: int = 1000
    """Reads or clicks of one article that one partner may report in a day and that count."""
    in_a_row: int = 2
    """Articles of one portal that may stand one below the other."""
    of_a_story: int = 2
    """Articles of one story in a list."""


class PortalMean(Struct, frozen=True, kw_only=True):
    """What is usual at a portal."""

    readings: int
    """How many it rests on."""
    log_rate: float
    """Mean of the natural logarithms of views an hour."""


class Score(Struct, frozen=True, kw_only=True):
    """A score and what each signal has in it."""

    total: float = 0.0
    shares: Mapping[SignalKind, float] = {}
    """They add up to the total."""
    counted: Mapping[SignalKind, float] = {}
    """What was counted, as far as it still counts."""


class ScoredArticle(Struct, frozen=True, kw_only=True):
    """An article with its score, to be put in order."""

    article_id: ArticleId
    score: Score
    published_at: datetime
    owner: str
    """Whoever is not to fill a list."""
    story: str = ""
    """Empty where the article is a story of its own."""


class StoryPublisher(Struct, frozen=True, kw_only=True):
    """An article of a story, by whom, and since when."""

    owner: str
    at: datetime
    copies: bool = False


def place_weight(rank: int) -> float:
    """Return what a place in a box of popular articles is worth, the first 1, the third a half.

    The discount of DCG: Järvelin and Kekäläinen, "Cumulated gain-based evaluation", 2002.
    """
    return 1 / math.log2(1 + rank)


def score(
    sums: Mapping[SignalKind, float], portal: PortalMean | None, window: Window, policy: PopularityPolicy
) -> Score:
    """Judge an article by its counters, as they stand at one instant.

    Each signal gives weight · ln(1 + counted / usual). For views, usual is what the portal's mean rate brings
    in the window, and the weight is shrunk by n / (n + 8) where the mean rests on n readings.
    """
    shares = {}
    for kind in SignalKind:
        counted = sums.get(kind, 0.0)
        if counted > 0:
            weight = float(getattr(policy, kind.value))
            weight, usual = _measure(kind, weight, portal, window, policy)
            shares[kind] = weight * math.log1p(counted / usual)
    return Score(
        total=math.fsum(shares.values()), shares=shares, counted={kind: sums[kind] for kind in shares}
    )


def _measure(
    kind: SignalKind, weight: float, portal: PortalMean | None, window: Window, policy: PopularityPolicy
) -> tuple[float, float]:
    if kind is SignalKind.COVERAGE:
        return weight, 1.0
    if kind is SignalKind.BOX:
        return weight, _HOURS[window]
    if kind is SignalKind.VIEWS:
        readings = portal.readings if portal else 1
        expected = math.exp(min(portal.log_rate, 50)) * _HOURS[window] if portal else 0.0
        return weight * readings / (readings + _SHRINK), expected + policy.smoothing
    return weight, policy.smoothing


def coverage(tellers: Iterable[StoryPublisher], owner: str) -> list[tuple[datetime, float]]:
    """Return the other owners that cover a story: since when, and the weight of each."""
    others: dict[str, StoryPublisher] = {}
    for teller in sorted(tellers, key=lambda one: (one.copies, one.at)):
        if teller.owner != owner:
            others.setdefault(teller.owner, teller)
    return [(one.at, COPIES if one.copies else 1.0) for one in others.values()]


def ranked(standings: Iterable[ScoredArticle]) -> list[ScoredArticle]:
    """Return scored articles, highest first, then youngest, then by id; without those that have no signal.

    Counters that were added up in another order may differ in their last digits: these do not decide.
    """
    chosen = [one for one in standings if one.score.total > 1e-9]  # noqa: PLR2004  less is nothing, faded
    return sorted(
        chosen, key=lambda one: (-round(one.score.total, 9), -one.published_at.timestamp(), one.article_id)
    )


def varied(ordered: Sequence[ScoredArticle], size: int, policy: PopularityPolicy) -> list[ScoredArticle]:
    """Choose a list in which no owner stands too often in a row, and no story too often.

    What is held back for its owner comes as soon as another stood between; where there is no other, at once.
    """
    chosen: list[ScoredArticle] = []
    fields: dict[str, int] = {}
    waiting = list(ordered)
    while waiting and len(chosen) < size:
        before = {one.owner for one in chosen[-policy.in_a_row :]}
        crowded = before if len(before) == 1 and len(chosen) >= policy.in_a_row else set()
        place = next((at for at, one in enumerate(waiting) if one.owner not in crowded), 0)
        one = waiting.pop(place)
        if one.story:
            fields[one.story] = fields.get(one.story, 0) + 1
            if fields[one.story] > policy.of_a_story:
                continue
        chosen.append(one)
    return chosen
