"""Articles by the hundred thousand, put where admission and assignment would have put them, without judging.

A few hundred invented articles are judged once. All others are made after them, with runs of words and names
of their own, and the words of their field, which many share. Their bodies are left out.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import groupby

from msgspec.structs import replace

from bench.stories.news import Kind, Piece, pieces
from syndicator.model.ids import ArticleId
from syndicator.model.story import ShownIn, Story
from syndicator.rules.articles.admission import Admission, Reservation, decide
from syndicator.rules.identity.identity import identify
from syndicator.rules.stories.batch_assignment import after
from syndicator.rules.stories.clustering import (
    Fingerprint,
    KnownStory,
    Near,
    StoriesPolicy,
    StoryDecision,
    fingerprint,
    place,
)
from syndicator.rules.stories.near_index import packed_keys, term_keys
from syndicator.rules.stories.rarity import rarity
from syndicator.rules.stories.story_match import founded
from syndicator.rules.stories.vocabulary import term_of
from syndicator.rules.words import words_of
from syndicator.store.store import Store
from syndicator.store.stories.assignments import Decision, Turn

_CALL = 100
_NAME_RARITY = 2.7
_LOADER = "loading"
_LEASE = timedelta(minutes=1)
_NOT_SHOWN = ShownIn("", ())

Pattern = tuple[Admission, Fingerprint, frozenset[int]]
Matter = list[tuple[Admission, StoryDecision | None]]


async def load(store: Store, count: int, now: datetime, *, placed: bool = True, seed: int = 1) -> None:
    """Put `count` articles into an empty store: with copies and stories, or without."""
    patterns = _patterns(now)
    rng, made = random.Random(seed), 0
    waiting: Matter = []
    while made < count:
        matter = list(_matter(rng.choice(patterns), rng, placed=placed))
        waiting += matter
        made += len(matter)
        if len(waiting) >= _CALL or made >= count:
            await _write(store, waiting, now)
            waiting = []


async def _write(store: Store, matter: Matter, now: datetime) -> None:
    assert all(await store.articles.admit([admission for admission, _ in matter], now))
    placements = {one.article_id: one for _, one in matter if one is not None}
    while placements:
        turn = await store.assignments.take(_LOADER, now, _LEASE, "9999999999999-0", limit=_CALL, log_limit=1)
        assert isinstance(turn, Turn)
        decisions = [
            Decision(
                waiting=one,
                terms=term_keys(one.own()),
                placement=placements.pop(one.article),
                shown_in=_NOT_SHOWN,
            )
            for one in turn.waiting
        ]
        written = await store.assignments.write(turn.fence, decisions, now, _LEASE)
        assert written is not None
        assert all(written.done)


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
    matter: list[Pattern], rng: random.Random, *, placed: bool
) -> Iterator[tuple[Admission, StoryDecision | None]]:
    # What the articles of a matter have in common stays common, and is of no other matter.
    salt, known = rng.getrandbits(32), None
    for pattern, mine, names in matter:
        admission = _renamed(pattern, rng)
        article = admission.article
        assert article is not None
        if not placed:
            yield admission, None
            continue
        terms = {term ^ salt if term in names else term: weight for term, weight in mine.terms.items()}
        own = founded(article, terms)
        placement = _placed(own, known)
        known = known if known and not placement.joins else after(placement)
        runs = packed_keys(rng.getrandbits(29) << 3 for _ in mine.shingle_keys)
        yield (
            replace(admission, reservation=Reservation(own=own, runs=runs, shown_in=_NOT_SHOWN)),
            placement,
        )


def _placed(own: Story, known: KnownStory | None) -> StoryDecision:
    return place(own, None, Near(stories=[known] if known else []), StoriesPolicy())


def _renamed(pattern: Admission, rng: random.Random) -> Admission:
    number = rng.getrandbits(64)
    name = blake2b(number.to_bytes(8, "big"), digest_size=10).hexdigest()[:16]
    assert pattern.article is not None
    article = replace(
        pattern.article, id=ArticleId(name), url=f"https://portal.example/read/{number}/berita", body_html=""
    )
    keys = tuple(f"{key[:2]}{name}" for key in pattern.fresh)
    return replace(pattern, article_id=article.id, article=article, fresh=keys)
