"""The stored revisions of an article, and the differences between them."""

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.article import Article, Revised
from syndicator.model.ids import ArticleId
from syndicator.pipeline.redaction import provenance_without_secrets
from syndicator.rules.articles.word_diff import Diff, word_diff
from syndicator.store.store import Store


class RevisionLine(Struct, frozen=True, kw_only=True):
    """One revision of an article in a list."""

    revision: int
    at: datetime
    title: str
    change: Revised | None
    """The difference from the revision before; None for the first."""
    correction: str | None


class Compared(Struct, frozen=True, kw_only=True):
    """One revision with its body, and a word diff against the revision before."""

    article: Article
    before: int | None
    """The revision that it is compared with; None where no earlier one is stored."""
    diff: Diff | None


async def revisions_of(store: Store, article_id: ArticleId) -> list[RevisionLine] | None:
    """Return the stored revisions, newest first; None where there is no such article."""
    newest = await store.articles.get(article_id)
    if newest is None:
        return None
    return [_line(each) for each in (newest, *await store.articles.kept_revisions(article_id))]


async def compared(store: Store, article_id: ArticleId, revision: int | None = None) -> Compared | None:
    """Return a revision (None: the newest) compared with the one before; None where it is not stored."""
    newest = await store.articles.get(article_id)
    if newest is None:
        return None
    kept = {each.revision: each for each in (newest, *await store.articles.kept_revisions(article_id))}
    shown = kept.get(newest.revision if revision is None else revision)
    if shown is None:
        return None
    before = kept.get(shown.revision - 1)
    return Compared(
        article=replace(shown, provenance=provenance_without_secrets(shown.provenance)),
        before=before.revision if before else None,
        diff=word_diff(before, shown) if before else None,
    )


def _line(article: Article) -> RevisionLine:
    return RevisionLine(
        revision=article.revision,
        at=article.updated_at,
        title=article.title,
        change=article.revised,
        correction=article.correction,
    )
