"""A newsroom: its articles as they stand, what readers made of them, and the keeping of its ledger."""

from collections.abc import Callable, Iterator
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from syndicator.sample.ledger import Ledger, LedgerEntry, LedgerKind

Clock = Callable[[], datetime]
"""Returns the present instant, aware, in UTC."""


class SampleArticle(Struct, frozen=True, kw_only=True):
    """Where an article stands; what it says is the writer's business."""

    n: int
    published_at: datetime
    updated_at: datetime
    revision: int = 0
    """How often it was edited."""
    withdrawn: bool = False
    of: int | None = None
    """For what was taken over from the other newsroom: its number there."""


class Newsroom:
    """Keeps one ledger and what follows from it. Not aware of time or texts."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._articles: list[SampleArticle] = []
        for entry in ledger.entries:
            self._apply(entry)

    @property
    def entries(self) -> list[LedgerEntry]:
        return self._ledger.entries

    @property
    def last_at(self) -> datetime | None:
        return self.entries[-1].at if self.entries else None

    def __len__(self) -> int:
        """Count all articles, withdrawn ones too."""
        return len(self._articles)

    def get(self, n: int) -> SampleArticle | None:
        return self._articles[n] if 0 <= n < len(self._articles) else None

    def newest_first(self) -> Iterator[SampleArticle]:
        """Return the articles that readers may see, the newest first."""
        return (article for article in reversed(self._articles) if not article.withdrawn)

    def newest_withdrawn(self) -> Iterator[SampleArticle]:
        """Return the articles that were taken away, the newest article first."""
        return (article for article in reversed(self._articles) if article.withdrawn)

    def publish(self, at: datetime, of: int | None = None) -> SampleArticle:
        return self._record(LedgerEntry(n=len(self._articles), kind=LedgerKind.PUBLISH, at=at, of=of))

    def edit(self, n: int, at: datetime) -> SampleArticle:
        """Change an article; raise LookupError where there is none that readers may see."""
        self._visible(n)
        return self._record(LedgerEntry(n=n, kind=LedgerKind.EDIT, at=at))

    def withdraw(self, n: int, at: datetime) -> SampleArticle:
        """Take an article away; raise LookupError where there is none that readers may see."""
        self._visible(n)
        return self._record(LedgerEntry(n=n, kind=LedgerKind.WITHDRAW, at=at))

    def _visible(self, n: int) -> None:
        article = self.get(n)
        if article is None or article.withdrawn:
            raise LookupError(f"There is no article {n} that readers may see.")

    def _record(self, entry: LedgerEntry) -> SampleArticle:
        self._ledger.append(entry)
        return self._apply(entry)

    def _apply(self, entry: LedgerEntry) -> SampleArticle:
        if entry.kind is LedgerKind.PUBLISH:
            self._articles.append(
                SampleArticle(n=entry.n, published_at=entry.at, updated_at=entry.at, of=entry.of)
            )
        elif entry.kind is LedgerKind.EDIT:
            old = self._articles[entry.n]
            self._articles[entry.n] = replace(old, revision=old.revision + 1, updated_at=entry.at)
        else:
            self._articles[entry.n] = replace(self._articles[entry.n], withdrawn=True, updated_at=entry.at)
        return self._articles[entry.n]
