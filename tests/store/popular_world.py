"""Articles to be counted."""

from datetime import datetime

from support import ManualClock, candidate

from syndicator.model.ids import ArticleId
from syndicator.pipeline.articles.admission import Admitter
from syndicator.store.store import Store


async def articles(
    store: Store,
    clock: ManualClock,
    number: int,
    *,
    source: str = "city",
    published_at: datetime | None = None,
) -> list[ArticleId]:
    """Admit so many articles of a source."""
    admitter = Admitter(store.articles, [], clock)
    found = [
        candidate(one, source=source, url=f"https://{source}.example/{one}", published_at=published_at)
        for one in range(number)
    ]
    return [one.article_id for one in await admitter.admit(found)]
