"""Which articles belong into which feed, and by which index they are found."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import product

import msgspec

from syndicator.model.article import Article
from syndicator.model.feed import FeedSpec, Filter, Order, Per
from syndicator.model.ids import FeedId
from syndicator.rules.search.query import matches_query, parse_query
from syndicator.rules.search.search_words import searchable

ALL = "all"
"""The facet that every article has."""

_CACHED_CHARACTERS = 100

_INDEXED = ("source", "section", "tag", "language")
"""Keys of a filter that have an index, the most selective first."""


@lru_cache(maxsize=8192)
def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def fold(text: str) -> str:
    """Make two spellings of one section, tag or name comparable."""
    return _folded(text) if len(text) <= _CACHED_CHARACTERS else " ".join(text.casefold().split())


def matches(wanted: Filter, article: Article) -> bool:
    """Return whether an article passes a filter: values of a key are alternatives, all keys must agree.

    For a filter with a query the article has to come with its body.
    """
    return refusing_key(wanted, article) is None


def matches_keys(wanted: Filter, article: Article) -> bool:
    """Return whether an article, with or without body, passes all of a filter but its query."""
    return _refusing_word(wanted, article) is None


def refusing_key(wanted: Filter, article: Article) -> str | None:
    """Return the first key of a filter that an article does not pass; None where it passes.

    For a filter with a query the article has to come with its body.
    """
    key = _refusing_word(wanted, article)
    if key is not None or wanted.query is None:
        return key
    return None if matches_query(parse_query(wanted.query), searchable(article)) else "query"


def _refusing_word(wanted: Filter, article: Article) -> str | None:
    """Return the first key but the query that an article does not pass."""
    if wanted.since is not None and article.published_at < wanted.since:
        return "since"
    if wanted.until is not None and article.published_at >= wanted.until:
        return "until"
    for key, values in _keys(wanted):
        if values and {fold(value) for value in values}.isdisjoint(_values(article, key)):
            return key
    return None


class FeedIndex(Collection[FeedSpec]):
    """The feeds, so that those that may show an article are found without looking at the others."""

    def __init__(self, specs: Iterable[FeedSpec]) -> None:
        self._specs = tuple(specs)
        self._by_facet: dict[str, list[int]] = {}
        for place, spec in enumerate(self._specs):
            for facet in facets_for(spec.filter):
                self._by_facet.setdefault(facet, []).append(place)
        self.has_stories = any(spec.per is Per.STORY and spec.order is Order.LATEST for spec in self._specs)
        """Whether any feed shows stories by time."""

    @cached_property
    def digest(self) -> str:
        """A short name of these feeds: another one where any of them is configured otherwise."""
        return hashlib.blake2b(msgspec.msgpack.encode(self._specs), digest_size=6).hexdigest()

    def near(self, *articles: Article | None) -> Iterable[FeedSpec]:
        """Return the feeds that may show one of these articles, in their order."""
        if not self._specs:
            return ()
        facets = {facet for article in articles if article is not None for facet in facets_of(article)}
        places = {place for facet in facets for place in self._by_facet.get(facet, ())}
        return (self._specs[place] for place in sorted(places))

    def __iter__(self) -> Iterator[FeedSpec]:
        return iter(self._specs)

    def __len__(self) -> int:
        return len(self._specs)

    def __contains__(self, spec: object) -> bool:
        return spec in self._specs


def concerned(
    specs: Iterable[FeedSpec], article: Article, previous: Article | None = None
) -> tuple[FeedId, ...]:
    """Return the feeds that show a change of this article.

    A new article changes no ranking by being there; a changed one may stand in a ranking, and may have
    left a feed through its change.
    """
    return tuple(
        spec.id
        for spec in (specs.near(article, previous) if isinstance(specs, FeedIndex) else specs)
        if (spec.order is Order.LATEST or previous is not None)
        and (matches(spec.filter, article) or (previous is not None and matches(spec.filter, previous)))
    )


def story_feeds(specs: FeedIndex, heads: Sequence[Article]) -> tuple[FeedId, ...]:
    """Return the feeds of stories that may show one of these articles of one story; bodies are not needed."""
    if not specs.has_stories:
        return ()
    return tuple(
        spec.id
        for spec in specs.near(*heads)
        if spec.per is Per.STORY
        and spec.order is Order.LATEST
        and any(matches_keys(spec.filter, head) for head in heads)
    )


def facets_of(article: Article) -> tuple[str, ...]:
    """Return the indexes that list an article."""
    found = [ALL]
    for key, values in zip(_INDEXED, _indexed_values(article), strict=True):
        folded = [fold(value) for value in values if value]
        if len(folded) > 1:
            folded = sorted(set(folded))
        found += [f"{key}:{value}" for value in folded]
    return tuple(found)


def marks_of(article: Article) -> tuple[str, ...]:
    """Return every value of every key of an article: what it is found by where no index is walked."""
    return tuple(f"{key}:{value}" for key in (*_INDEXED, "author") for value in sorted(_values(article, key)))


def marks_for(wanted: Filter) -> tuple[tuple[str, ...], ...]:
    """Return the marks that pass a filter: of each group an article has to have one."""
    return tuple(tuple(f"{key}:{fold(value)}" for value in values) for key, values in _keys(wanted) if values)


def facets_for(wanted: Filter) -> tuple[str, ...]:
    """Return the fewest indexes that together list every article that passes a filter."""
    for key in _INDEXED:
        values: tuple[str, ...] = getattr(wanted, key)
        if values:
            return tuple(f"{name}:{fold(value)}" for name, value in product((key,), values))
    return (ALL,)


def _keys(wanted: Filter) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((key, getattr(wanted, key)) for key in (*_INDEXED, "author"))


def _indexed_values(article: Article) -> tuple[tuple[str | None, ...], ...]:
    """Return the values of the keys that have an index, as they are spelled."""
    return (article.source,), (article.section,), article.tags, (article.language,)


def spelled_values(article: Article, key: str) -> tuple[str, ...]:
    """Return the values of an article for a key of filters, as they are spelled."""
    values: tuple[str | None, ...] = {
        "source": (article.source,),
        "section": (article.section,),
        "tag": article.tags,
        "language": (article.language,),
        "author": article.authors,
    }[key]
    return tuple(value for value in values if value)


def _values(article: Article, key: str) -> frozenset[str]:
    return frozenset(fold(value) for value in spelled_values(article, key))
