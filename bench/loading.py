"""Articles by the hundred thousand, put where admission would have put them, without reading and judging.

A few hundred invented articles are judged once; all others are made after them: with runs of words and names
of their own, and the words of their field, which many share. Their bodies are left out.
"""

import random
from collections.abc import Iterator
from datetime import datetime
from hashlib import blake2b
from itertools import groupby

from msgspec.structs import replace

from bench.news import Kind, Piece, pieces
from syndicator.model.clock import to_ms
from syndicator.model.ids import ArticleId
from syndicator.rules.admission import Admission, decide
from syndicator.rules.identity import identify
from syndicator.rules.placement import Fingerprint, KnownStory, Near, StoriesPolicy, after, fingerprint, place
from syndicator.rules.rarity import rarity
from syndicator.rules.stories import INDEX_TERMS
from syndicator.rules.terms import strongest, term_of
from syndicator.rules.words import words_of
from syndicator.store.store import Store
from syndicator.store.stories import GENERATION_MS

_CALL = 100
_LISTED_LATER = 2**32 - 1
"""As if everything that is near had been seen."""
_NAME_RARITY = 2.7

Pattern = tuple[Admission, Fingerprint, frozenset[int]]


async def load(store: Store, count: int, now: datetime, *, placed: bool = True, seed: int = 1) -> None:
    """Put `count` articles into an empty store: with copies and stories, or without."""
    patterns = _patterns(now)
    rng, made, generation = random.Random(seed), 0, to_ms(now) // GENERATION_MS
    waiting: list[Admission] = []
    while made < count:
        for admission in _matter(rng.choice(patterns), rng, generation, placed=placed):
            waiting.append(admission)
            made += 1
        if len(waiting) >= _CALL or made >= count:
            # Stories are joined in the order of a call, each at the version that the one before left.
            written = await store.articles.admit(waiting, now)
            assert all(written)
            waiting = []


def _patterns(now: datetime) -> list[list[Pattern]]:
    found = [piece for piece in pieces(300, 7) if piece.kind is not Kind.SERIES]
    of_matter = groupby(sorted(found, key=lambda piece: piece.matter), key=lambda piece: piece.matter)
    return [[_pattern(piece, now) for piece in matter] for _, matter in of_matter]


def _pattern(piece: Piece, now: datetime) -> Pattern:
    candidate = piece.candidate
    (identity,) = identify([candidate])
    admission = decide(candidate, identity, None, specs=(), now=now, backfill=True, rechecked=False)
    mine = fingerprint(candidate)
    words = {*words_of(mine.text.title), *mine.text.words}
    names = frozenset(term_of(word) for word in words if rarity(word) > _NAME_RARITY)
    return replace(admission, event=None), mine, names


def _matter(
    matter: list[Pattern], rng: random.Random, generation: int, *, placed: bool
) -> Iterator[Admission]:
    # What a matter's articles have in common keeps being common, and is nobody else's.
    salt, known = rng.getrandbits(32), None
    for pattern, mine, names in matter:
        admission = _renamed(pattern, rng)
        article = admission.article
        assert article is not None
        if placed:
            terms = {term ^ salt if term in names else term: weight for term, weight in mine.terms.items()}
            fresh = replace(
                mine,
                terms=terms,
                shingle_keys=tuple(rng.getrandbits(29) << 3 for _ in mine.shingle_keys),
                term_keys=tuple(strongest(terms, INDEX_TERMS)),
            )
            near = Near(generation=generation, seen=_LISTED_LATER, stories=(known,) if known else ())
            placement = place(article, fresh, near, StoriesPolicy())
            known = _latest(known, after(placement))
            admission = replace(admission, placement=placement)
        yield admission


def _latest(before: KnownStory | None, now: KnownStory) -> KnownStory:
    return now if before is None or now.version else before


def _renamed(pattern: Admission, rng: random.Random) -> Admission:
    number = rng.getrandbits(64)
    name = blake2b(number.to_bytes(8, "big"), digest_size=10).hexdigest()[:16]
    assert pattern.article is not None
    article = replace(
        pattern.article, id=ArticleId(name), url=f"https://portal.example/read/{number}/berita", body_html=""
    )
    keys = tuple(f"{key[:2]}{name}" for key in pattern.fresh)
    return replace(pattern, article_id=article.id, article=article, fresh=keys)
