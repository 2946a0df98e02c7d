"""The sample world: two newsrooms and the time that moves them.

    clock ──> advance ──> city publishes, edits, withdraws ──(a few intervals later)──> wire takes over

The city's paper brings an article every interval. The wire takes every third of them over a little later,
and brings English articles of its own. What happens at which step follows from the seed.
"""

import math
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
from pathlib import Path

from syndicator.sample.chance import Chance
from syndicator.sample.language import load_language
from syndicator.sample.ledger import Ledger
from syndicator.sample.newsroom import Clock, Newsroom, SampleArticle
from syndicator.sample.writer import SampleText, Writer

BACKLOG = 24
BACKLOG_SPAN = timedelta(hours=36)
DELAY_INTERVALS = 4
"""How many intervals the wire is behind the city."""
BACKLOG_DELAY = timedelta(minutes=11)
ONE_EDIT_IN = 7
ONE_WITHDRAWAL_IN = 25
ONE_RETRACTION_IN = 40
ONE_COPY_IN = 3
RECENT = 500
"""How far back lists, search and popularity look."""


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


class World:
    """Two newsrooms, what they write, and `advance`, which brings them up to the clock.

    `interval_s` None holds the world still: only `publish`, `edit`, `withdraw`, `take_over` and
    `publish_english` move it then. With a folder, both ledgers are kept there, one pair for each seed.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        seed: int,
        interval_s: float | None,
        folder: Path | None = None,
        backlog: int = BACKLOG,
    ) -> None:
        self.clock = clock
        self.seed = seed
        self._interval = None if interval_s is None else timedelta(seconds=interval_s)
        self.city = Newsroom(Ledger(folder and folder / f"city-{seed}.jsonl"))
        self.wire = Newsroom(Ledger(folder and folder / f"wire-{seed}.jsonl"))
        self.city_writer = Writer(load_language("city"), seed, "city")
        self.english_writer = Writer(load_language("wire"), seed, "english")
        self._readership = Readership(seed)
        self._opened_at = clock()
        if not len(self.city):
            self._bring_backlog(backlog)
        # A world that stood still for a while goes on from now: it does not make up for lost time.
        self._next_at = self._opened_at + (self._interval or timedelta())
        self._copies = self._pending_copies()

    # -- what happens ---------------------------------------------------------------------------------

    def advance(self) -> int:
        """Let everything happen that is due by now; say how many articles the city brought."""
        now, brought = self.clock(), 0
        if self._interval is None:
            return 0
        while self._next_at <= now:
            self._step(self._next_at)
            self._next_at += self._interval
            brought += 1
        self._take_over_due(now)
        return brought

    def seconds_to_next(self) -> float:
        """Return how long nothing is due; only for a world that moves by itself."""
        due = [self._next_at, *(at for at, _ in self._copies[:1])]
        return max(0.0, (min(due) - self.clock()) / timedelta(seconds=1))

    def publish(self) -> SampleArticle:
        """Bring one article of the city's paper now."""
        return self.city.publish(self.clock())

    def edit(self, n: int) -> SampleArticle:
        """Edit the city's article `n` now; raise LookupError where readers see none."""
        return self.city.edit(n, self.clock())

    def withdraw(self, n: int) -> SampleArticle:
        """Withdraw the city's article `n` now; raise LookupError where readers see none."""
        return self.city.withdraw(n, self.clock())

    def take_over(self, n: int) -> SampleArticle:
        """Let the wire take over the city's article `n` now."""
        return self.wire.publish(self.clock(), of=n)

    def publish_english(self) -> SampleArticle:
        """Bring one English article of the wire's own now."""
        return self.wire.publish(self.clock())

    # -- what is to be read ---------------------------------------------------------------------------

    def city_text(self, article: SampleArticle) -> SampleText:
        return self.city_writer.text(article.n, article.published_at, article.revision)

    def wire_text(self, article: SampleArticle) -> SampleText:
        if article.of is None:
            return self.english_writer.text(article.n, article.published_at, article.revision)
        original = self.city.get(article.of)
        at = original.published_at if original else article.published_at
        return self.city_writer.copy(article.of, at, article.revision)

    def popular(self, count: int) -> list[SampleArticle]:
        """Return the city's most read of its recent articles, the most read first."""
        now = self.clock()
        recent = list(islice(self.city.newest_first(), RECENT))
        return sorted(recent, key=lambda article: -self._readership.views(article, now))[:count]

    def views(self, article: SampleArticle) -> int:
        """Return how often the city's article was read so far."""
        return self._readership.views(article, self.clock())

    # -- by itself ------------------------------------------------------------------------------------

    def _step(self, at: datetime) -> None:
        self._take_over_due(at)
        article = self.city.publish(at)
        chance = Chance(self.seed, "step", article.n)
        if chance.one_in(ONE_EDIT_IN):
            self._touch(article.n - chance.number(1, 6), at, withdraw=False)
        if chance.one_in(ONE_WITHDRAWAL_IN):
            self._touch(article.n - chance.number(3, 12), at, withdraw=True)
        if self._interval and self._is_copied(article.n):
            self._copies.append((at + DELAY_INTERVALS * self._interval, article.n))
        if chance.one_in(ONE_COPY_IN):
            self.wire.publish(at)
        elif chance.one_in(ONE_EDIT_IN):
            self._edit_english(at)
        if Chance(self.seed, "retraction", article.n).one_in(ONE_RETRACTION_IN):
            self._retract_english(at)

    def _edit_english(self, at: datetime) -> None:
        newest = next((article for article in self.wire.newest_first() if article.of is None), None)
        if newest is not None:
            self.wire.edit(newest.n, at)

    def _retract_english(self, at: datetime) -> None:
        """Take the wire's second newest English article back; its feed says so."""
        english = (article for article in self.wire.newest_first() if article.of is None)
        second = next(islice(english, 1, None), None)
        if second is not None:
            self.wire.withdraw(second.n, at)

    def _touch(self, n: int, at: datetime, *, withdraw: bool) -> None:
        target = self.city.get(n)
        if target is None or target.withdrawn:
            return
        if withdraw:
            self.city.withdraw(n, at)
        else:
            self.city.edit(n, at)

    def _is_copied(self, n: int) -> bool:
        return Chance(self.seed, "copied", n).one_in(ONE_COPY_IN)

    def _take_over_due(self, now: datetime) -> None:
        while self._copies and self._copies[0][0] <= now:
            at, n = self._copies.pop(0)
            original = self.city.get(n)
            if original is not None and not original.withdrawn:
                self.wire.publish(at, of=n)

    def _pending_copies(self) -> list[tuple[datetime, int]]:
        """Return what the wire had still to take over when the world was closed."""
        if self._interval is None:
            return []
        taken = {entry.of for entry in self.wire.entries if entry.of is not None}
        first = max(taken, default=-1) + 1
        delay = DELAY_INTERVALS * self._interval
        return [
            (max(self._opened_at, article.published_at + delay), article.n)
            for article in (self.city.get(n) for n in range(first, len(self.city)))
            if article and not article.withdrawn and self._is_copied(article.n)
        ]

    def _bring_backlog(self, backlog: int) -> None:
        """Fill the past: more of it lately than long ago."""
        chance = Chance(self.seed, "backlog")
        ages = sorted((chance.fraction() ** 1.6 for _ in range(backlog)), reverse=True)
        happened: list[tuple[datetime, int | None]] = []
        for n, age in enumerate(ages):
            at = self._opened_at - timedelta(minutes=2) - age * BACKLOG_SPAN
            self.city.publish(at)
            if self._is_copied(n) and at + BACKLOG_DELAY < self._opened_at:
                happened.append((at + BACKLOG_DELAY, n))
            if chance.one_in(ONE_COPY_IN):
                happened.append((at, None))
        for at, of in sorted(happened, key=lambda each: each[0]):
            self.wire.publish(at, of)
