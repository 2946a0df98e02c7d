"""What the rounds of all kinds of source share."""

import hashlib
from collections.abc import Iterable, Sequence

from msgspec import Struct

from syndicator.errors import NotReadable, SyndicatorError
from syndicator.model.article import Candidate, PopularItem
from syndicator.model.clock import Clock
from syndicator.model.fetch import Fetched, FetchFailed, FetchResult, NotModified
from syndicator.model.ids import SourceId
from syndicator.model.source import Round
from syndicator.pipeline.admitting import Admitted
from syndicator.rules.admission import Verdict
from syndicator.rules.identity import url_key
from syndicator.store.popularity import ViewReading
from syndicator.store.store import Store


class Outcome(Struct, frozen=True, kw_only=True):
    """What a round that worked brought, and what to remember for the next."""

    round: Round = Round()
    not_modified: bool = False
    warnings: tuple[str, ...] = ()
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    read_whole: bool = False
    """Whether the document itself was read, not just found unchanged."""


class RoundFailed(SyndicatorError):
    """The document that a round stands on could not be had."""

    def __init__(self, failed: FetchFailed) -> None:
        super().__init__(f"{failed.code}: {failed.detail}")
        self.failed = failed


def fetched(result: FetchResult) -> Fetched:
    """Give the document that was asked for without conditions; raise RoundFailed where there is none."""
    match result:
        case Fetched():
            return result
        case FetchFailed():
            raise RoundFailed(result)
        case NotModified():
            raise NotReadable("malformed", "the server says that nothing changed, though we did not ask that")


def body_hash(fetched: Fetched) -> str:
    """Give the digest of a document: an equal one need not be read again."""
    return hashlib.blake2b(fetched.body, digest_size=16).hexdigest()


async def note_views(
    store: Store,
    clock: Clock,
    source: SourceId,
    admitted: Iterable[Admitted],
    popular: Sequence[PopularItem] = (),
) -> None:
    """Keep the view counters that a source shows of its own articles: on their pages, in its popular box."""
    now = clock()
    readings = {
        one.article_id: _reading(one)
        for one in admitted
        if one.candidate.views is not None and one.verdict is not Verdict.DUPLICATE
    }
    boxed = await store.articles.resolve([url_key(item.url) for item in popular])
    for item, found in zip(popular, boxed, strict=True):
        if found is not None and found.source == source and item.views is not None:
            readings[found.article_id] = ViewReading(
                article_id=found.article_id, views=item.views, published_at=item.published_at or now
            )
    await store.popularity.record(list(readings.values()), now)


def _reading(one: Admitted) -> ViewReading:
    candidate: Candidate = one.candidate
    return ViewReading(
        article_id=one.article_id,
        views=candidate.views or 0,
        published_at=candidate.published_at or candidate.provenance.fetched_at,
    )
