"""The articles of events, with their bodies and stories, many in one command."""

from collections.abc import Sequence

from syndicator.model.article import Article
from syndicator.model.ids import ArticleId, StoryId
from syndicator.store.articles.articles import read_article
from syndicator.store.connection import Repository, Script


class EventArticles(Repository):
    """Articles as partners get them."""

    _script = Script("webhooks/event_articles")

    async def get_many(self, ids: Sequence[ArticleId]) -> list[tuple[Article, StoryId | None] | None]:
        """Return the newest revisions with their bodies, each with its story; None for what is not there."""
        if not ids:
            return []
        rows = await self._redis.run(self._script, [self._keys.article(key) for key in ids])
        return [_article(*row) for row in rows]


def _article(
    head: bytes | None, body: bytes | None, story: bytes | None
) -> tuple[Article, StoryId | None] | None:
    article = read_article(head, body)
    return (article, StoryId(story.decode()) if story else None) if article else None
