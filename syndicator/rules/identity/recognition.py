"""Finds the known article of a candidate where its address, guid and canonical address disagree.

An article has several identity keys, and portals break each of them: guids change or are reused, headlines
change addresses, templates give every page one canonical address. So the keys are tried in this order:

1. the address that the source lists: a known address stands for its article;
2. guid and canonical address, if they stand for the same article, or for one that agrees with the candidate:
   the same headline, time, number in the address, path or text. Otherwise the guid was reused, or the
   canonical address is a fault of a template: they are ignored;
3. the path of its address at another host, if headline or time agree: the portal has moved.

Two known articles of one source are merged if a candidate has keys of both and their headlines agree: the
older one stays, the younger is removed, and nothing is announced. A key that is ignored wrongly costs an
article that appears twice; a key that is trusted wrongly would cost one that never appears.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from syndicator.model.article import Alias, Article, Candidate, Identity
from syndicator.model.ids import ArticleId, SourceId
from syndicator.rules.identity.addresses import url_path
from syndicator.rules.identity.identity import narrowed

TITLES_AGREE = 0.6
"""Share of the words of two headlines that both have (Jaccard)."""
TEXTS_AGREE = 0.5
_WORD = re.compile(r"\w+")
_MARKUP = re.compile(r"<[^<>]*>")
_NUMBER = re.compile(r"\d{5,}")
_DAY = re.compile(r"(?:19|20)\d{2}[01]\d[0-3]\d")
_DECLARED = ("p:", "x:", "c:")
_PATH = "s:"
_MAX_TEXT = 4000
_MAX_VALUE = 300


class KnownArticle(Struct, frozen=True, kw_only=True):
    """What the store knows of a candidate."""

    article_id: ArticleId
    revision: int
    """0 when the article itself is gone (retention): its identity alone keeps it from coming back."""
    content_hash: str = ""
    source: SourceId = SourceId("")
    published_at: datetime | None = None
    is_first_party: bool = True
    """See `Article`."""
    article: Article | None = None
    """The stored revision; only where its content differs from the candidate's, or its source may lose it."""
    text_mark: str = ""
    """By which the store names the text of that revision, where it is in memory."""
    is_reserved: bool = False
    """Whether nobody has seen it yet: it waits to be assigned to a story."""


class RecognizedKeys(Struct, frozen=True, kw_only=True):
    """The known articles of a candidate's identity keys."""

    articles: tuple[KnownArticle | None, ...]
    """The article of each key, in the order of the identity."""
    stale: tuple[str, ...] = ()
    """Known keys whose last sighting is to be recorded again."""


class Recognised(Struct, frozen=True, kw_only=True):
    """The known article of a candidate, and how it was recognised."""

    identity: Identity
    """Without the keys that were ignored."""
    known: KnownArticle | None
    fresh: tuple[str, ...] = ()
    """Keys that are not known yet."""
    stale: tuple[str, ...] = ()
    merged: KnownArticle | None = None
    """The younger of two known articles that are merged: it is removed."""
    guid_is_new: bool = False
    """Whether an article that is known by its address has an unknown guid."""
    guid_is_anothers: bool = False
    """Whether its guid stands for another article."""
    name_is_anothers: bool = False
    """Whether the canonical address that its page claims stands for another article."""


def recognise(
    candidates: Sequence[Candidate], identities: Sequence[Identity], found: Sequence[RecognizedKeys]
) -> list[Recognised]:
    """Return for each candidate of a batch its known article, if any."""
    inputs = list(zip(candidates, identities, found, strict=True))
    recognised = [_recognised(*each, doubtful=False) for each in inputs]
    if any(each.guid_is_anothers for each in recognised):
        # The source reuses guids: a guid with the same time of publication is not enough.
        recognised = [_recognised(*each, doubtful=True) for each in inputs]
    return recognised


def takes_over(candidate: Candidate, known: KnownArticle) -> bool:
    """Return whether an article of another source is one of the candidate's own portal."""
    return candidate.is_first_party and not known.is_first_party and known.article is not None


def aliases(candidate: Candidate, recognised: Recognised, at: datetime) -> tuple[Alias, ...]:
    """Return the aliases to add to a known article: its new names, and the article merged into it."""
    known, merged = recognised.known, recognised.merged
    if known is None or not known.revision:
        return ()
    if known.source != candidate.source and not takes_over(candidate, known):
        return ()
    by = _known_by(recognised)
    names = [key for key in recognised.fresh if not key.startswith(_PATH)]
    new = [_alias(candidate, key, recognised.identity, at, by) for key in names]
    if merged is not None:
        title = f" ({merged.article.title})" if merged.article else ""
        value = f"{merged.article_id}{title}"[:_MAX_VALUE]
        new.append(Alias(kind="article", value=value, at=at, known_by="guid and address"))
    return tuple(new)


def _known_by(recognised: Recognised) -> str:
    old = [key for key in recognised.identity.keys if key not in recognised.fresh]
    if recognised.identity.link in old:
        return "address"
    for start, word in (("g:", "guid"), ("u:", "canonical address"), (_PATH, "path")):
        if any(key.startswith(start) for key in old):
            return word
    return "declared name"


def _alias(candidate: Candidate, key: str, identity: Identity, at: datetime, by: str) -> Alias:
    if key.startswith("g:"):
        return Alias(kind="guid", value=(candidate.guid or "")[:_MAX_VALUE], at=at, known_by=by)
    url = candidate.url if key == identity.link else candidate.canonical_url or candidate.url
    return Alias(kind="link", value=url[:_MAX_VALUE], at=at, known_by=by)


def is_same(candidate: Candidate, article: Article, *, by_date: bool = True) -> bool:
    """Return whether a candidate with another address can be a known article.

    `by_date`: the same time of publication is enough, except on the full hour, where bare days lie too.
    """
    if by_date and _same_instant(candidate, article):
        return True
    if url_path(candidate.url) == url_path(article.url) or _numbers(candidate.url) & _numbers(article.url):
        return True
    if titles_agree(candidate.title, article.title):
        return True
    texts = _text(candidate.lead, candidate.body_html), _text(article.lead, article.body_html)
    return _figures(candidate.title) == _figures(article.title) and _shared(*texts) >= TEXTS_AGREE


def titles_agree(one: str, other: str) -> bool:
    """Return whether two headlines say the same; not where a figure differs (prices, days, results)."""
    return _figures(one) == _figures(other) and _shared(_words(one), _words(other)) >= TITLES_AGREE


def _recognised(
    candidate: Candidate, identity: Identity, found: RecognizedKeys, *, doubtful: bool
) -> Recognised:
    by_key = dict(zip(identity.keys, found.articles, strict=True))
    lead, merged = by_key.get(identity.link), None
    anothers: list[str] = []
    for key, known in by_key.items():
        if known is None or key == identity.link or (lead and known.article_id == lead.article_id):
            continue
        if key in identity.foreign and known.source == candidate.source:
            continue
        if lead is None and _agrees(candidate, known, key, identity, doubtful=doubtful):
            lead = known
        elif lead is not None and merged is None and _are_one(candidate, lead, known):
            lead, merged = sorted((lead, known), key=_first_seen)
        else:
            anothers.append(key)
    if anothers:
        identity = narrowed(identity, anothers)
    guids = [key for key in by_key if key.startswith("g:")]
    return Recognised(
        identity=identity,
        known=lead,
        fresh=tuple(key for key in identity.keys if by_key[key] is None),
        stale=tuple(key for key in found.stale if key in identity.keys) if found.stale else (),
        merged=merged,
        guid_is_new=lead is not None
        and lead.source == candidate.source
        and by_key.get(identity.link) is not None
        and any(by_key[key] is None for key in guids),
        guid_is_anothers=any(key in anothers for key in guids),
        name_is_anothers=any(key.startswith("u:") for key in anothers),
    )


def _agrees(
    candidate: Candidate, known: KnownArticle, key: str, identity: Identity, *, doubtful: bool
) -> bool:
    """Return whether the article of a key other than the address can be the candidate's."""
    if known.article is None or not identity.link or key.startswith(_DECLARED):
        return (
            True  # equal in every word, or gone; no address to contradict it; or configured as the identity
        )
    if key.startswith(_PATH):
        return titles_agree(candidate.title, known.article.title) or _same_instant(candidate, known.article)
    return is_same(candidate, known.article, by_date=not doubtful)


def _same_instant(candidate: Candidate, article: Article) -> bool:
    at = candidate.published_at
    return at is not None and at == article.published_at and bool(at.minute or at.second)


def _are_one(candidate: Candidate, one: KnownArticle, other: KnownArticle) -> bool:
    if one.article is None or other.article is None or one.source != other.source:
        return False
    if one.is_reserved or other.is_reserved:
        return False  # the next round merges them, when both are visible
    return one.source == candidate.source and titles_agree(one.article.title, other.article.title)


def _first_seen(known: KnownArticle) -> tuple[float, str]:
    return known.article.first_seen_at.timestamp() if known.article else 0.0, known.article_id


def _numbers(url: str) -> set[str]:
    """Return the long numbers of an address, which are often article numbers; without dates."""
    return {number for number in _NUMBER.findall(url_path(url)) if not _DAY.match(number)}


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))


def _figures(text: str) -> frozenset[str]:
    return frozenset(word for word in _words(text) if any(map(str.isdigit, word)))


def _text(lead: str, body_html: str) -> frozenset[str]:
    return _words(_MARKUP.sub(" ", body_html[: 2 * _MAX_TEXT])[:_MAX_TEXT] or lead)


def _shared(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one and other else 0.0
