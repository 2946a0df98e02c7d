"""How often the invented articles are read."""

import math
from datetime import datetime, timedelta
from functools import lru_cache

from syndicator.sample.chance import Chance
from syndicator.sample.newsroom import SampleArticle


class Readership:
    """Readers of one newsroom: how many and how hasty differs by article, by orders of magnitude."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._appeal = lru_cache(maxsize=4096)(self._draw_appeal)

    def views(self, article: SampleArticle, now: datetime) -> int:
        """Return how often an article was read by `now`: fast at first, then ever slower, never falling."""
        age_s = (now - article.published_at) / timedelta(seconds=1)
        if age_s <= 0:
            return 0
        most, half_s = self._appeal(article.n)
        return int(most * (age_s / (age_s + half_s)) ** 0.6)

    def _draw_appeal(self, n: int) -> tuple[float, float]:
        """Return the reads of an article in the end, and the seconds that two thirds of them take."""
        chance = Chance(self._seed, "views", n)
        return 160.0 * math.exp(5.2 * chance.fraction() ** 1.3), 900.0 * math.exp(3.0 * chance.fraction())
