"""A dry run: what a source would bring, field by field, with nothing stored."""

from msgspec import Struct

from syndicator.errors import NotReadable
from syndicator.gather.gatherer import Gatherer
from syndicator.model.article import Candidate, ListedItem, PopularItem
from syndicator.model.fetch import FetchFailed
from syndicator.model.source import Source, SourceKind
from syndicator.pipeline.rounds import RoundFailed, fetched


class Preview(Struct, frozen=True, kw_only=True):
    """What one round would read."""

    source: Source
    final_url: str
    candidates: tuple[Candidate, ...]
    listed: tuple[ListedItem, ...] = ()
    popular: tuple[PopularItem, ...] = ()
    warnings: tuple[str, ...] = ()


async def preview(gatherer: Gatherer, source: Source, *, articles: int) -> Preview:
    """Read a source once; of a page, the first `articles` article pages too.

    Raises RoundFailed or NotReadable where there is nothing to read.
    """
    document = fetched(await gatherer.fetch(source, source.url))
    if source.kind is SourceKind.FEED:
        reading = await gatherer.read_feed(source, document)
        return Preview(
            source=source,
            final_url=document.url,
            candidates=reading.candidates,
            warnings=reading.warnings,
        )
    lists = await gatherer.read_list(source, document)
    candidates: list[Candidate] = []
    warnings = list(lists.warnings)
    for item in lists.items[:articles]:
        try:
            page = fetched(await gatherer.fetch(source, item.url))
            candidates.append(await gatherer.read_article(source, page, item))
        except RoundFailed as error:
            warnings.append(f"article page {item.url}: {_word(error.failed)}")
        except NotReadable as error:
            warnings.append(f"article page {item.url}: {error.detail}")
    return Preview(
        source=source,
        final_url=document.url,
        candidates=tuple(candidates),
        listed=lists.items,
        popular=lists.popular,
        warnings=tuple(warnings),
    )


def _word(failed: FetchFailed) -> str:
    return f"{failed.code}: {failed.detail}"
