"""Where a new article belongs: whose copy it is, and which story it joins or founds."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from syndicator.model.article import Article, Candidate
from syndicator.model.ids import ArticleId, StoryId
from syndicator.rules.copies import CopyKind, CopyPolicy, CopyVerdict, Text, judge_copy, text_of
from syndicator.rules.shingles import sample
from syndicator.rules.stories import (
    INDEX_TERMS,
    Story,
    StoryKind,
    StoryPolicy,
    StoryVerdict,
    founded,
    is_settled,
    joined,
    judge_story,
)
from syndicator.rules.terms import Terms, strongest, term_of, terms_of, weighed_words
from syndicator.rules.words import plain_body, words_of

SHARED = 2
"""Keys of a kind that two articles share at least, to be more than chance."""


class StoriesPolicy(Struct, frozen=True, kw_only=True):
    """All thresholds, as configured for a namespace."""

    copies: CopyPolicy = CopyPolicy()
    stories: StoryPolicy = StoryPolicy()


class Fingerprint(Struct, frozen=True, kw_only=True):
    """What an article is compared by."""

    text: Text
    terms: Terms
    shingle_keys: tuple[int, ...]
    term_keys: tuple[int, ...]


class Neighbour(Struct, frozen=True, kw_only=True):
    """An article that shares runs of words."""

    article_id: ArticleId
    text: Text
    own: Story
    """As a story of itself alone, perhaps without its terms."""
    story: StoryId
    copy_of: ArticleId | None = None


class KnownStory(Struct, frozen=True, kw_only=True):
    """A story as it was when it was looked up."""

    story: Story
    version: int = 0
    """0: that of a single article, of which nothing is stored but the article."""


class Near(Struct, frozen=True, kw_only=True):
    """What was found near an article, and when it was looked up."""

    generation: int
    seen: int
    """How many articles the generation held."""
    neighbours: tuple[Neighbour, ...] = ()
    stories: tuple[KnownStory, ...] = ()


class Placement(Struct, frozen=True, kw_only=True):
    """A complete intent: what is to be written with a new article, and what it relies on."""

    article_id: ArticleId
    fingerprint: Fingerprint
    near: Near
    own: Story
    """Of this article alone."""
    story: Story
    """As it is with this article."""
    joins: KnownStory | None
    """As it was before; None: the article founds it."""
    verdict: StoryVerdict
    copy_of: ArticleId | None = None
    copy: CopyVerdict | None = None
    """Against the nearest text; None where none came near."""
    compared_with: ArticleId | None = None
    outdone: ArticleId | None = None
    """What was taken for the original: both came in first rounds, and this one was published first."""


def fingerprint(candidate: Candidate) -> Fingerprint:
    """Take a candidate apart: about 0.2 ms for 200 words, the most of what judging it costs."""
    return _taken_apart(candidate)


def by_terms(title: str, terms: Terms) -> Fingerprint:
    """Give a fingerprint by which only the matter is looked up, not the text."""
    return Fingerprint(text=text_of(title, ""), terms=terms, shingle_keys=(), term_keys=_term_keys(terms))


def _term_keys(terms: Terms) -> tuple[int, ...]:
    return tuple(strongest(terms, INDEX_TERMS))


def _taken_apart(article: Article | Candidate) -> Fingerprint:
    plain = plain_body(article.body_html)
    text = text_of(article.title, plain)
    terms = terms_of(article.title, text.words or words_of(article.lead))
    return Fingerprint(
        text=text,
        terms=terms,
        shingle_keys=tuple(sample(text.shingles)) if plain else (),
        term_keys=_term_keys(terms),
    )


def place(article: Article, mine: Fingerprint, near: Near, policy: StoriesPolicy) -> Placement:
    """Judge a new article against what is near. What has much of another's text belongs to its story."""
    copied, compared_with = _nearest_copy(mine, near.neighbours, policy.copies)
    stories = {known.story.id: known for known in near.stories}
    verdict = judge_story(
        mine.text.title,
        mine.terms,
        article.published_at,
        [known.story for known in near.stories],
        policy.stories,
    )
    original = compared_with if copied and copied.kind is CopyKind.COPY else None
    if original is not None and original.story in stories:
        verdict = StoryVerdict(kind=StoryKind.SAME, story=original.story, similarity=1.0)
    joins = stories[verdict.story] if verdict.kind is StoryKind.SAME and verdict.story else None
    own = founded(article, mine.terms)
    outdone = original if original and _is_earlier(own, original) else None
    return Placement(
        article_id=article.id,
        fingerprint=mine,
        near=near,
        own=own,
        story=joined(joins.story, mine.terms, article.published_at) if joins else own,
        joins=joins,
        verdict=verdict,
        copy_of=(original.copy_of or original.article_id) if original and not outdone else None,
        copy=copied,
        compared_with=compared_with.article_id if compared_with else None,
        outdone=outdone.article_id if outdone else None,
    )


def parted(article: Article, kin: Sequence[Neighbour], policy: StoriesPolicy) -> tuple[ArticleId, ...]:
    """Name the copies that are none any more, as an article has a new text.

    `kin`: its original, or its copies. A copy that now says something else of its own must not stay hidden.
    """
    mine = _taken_apart(article).text
    apart = [one for one in kin if judge_copy(mine, one.text, policy.copies).kind is not CopyKind.COPY]
    return tuple(one.article_id if one.copy_of == article.id else article.id for one in apart)


def _is_earlier(own: Story, original: Neighbour) -> bool:
    first = original.own
    if original.copy_of is not None or is_settled(first, own.first_seen_at):
        return False
    return own.told_since < first.told_since


def with_batch(near: Near, mine: Fingerprint, earlier: Sequence[Placement]) -> Near:
    """Add what the same batch has placed before: none of it is stored yet."""
    neighbours, stories = list(near.neighbours), {known.story.id: known for known in near.stories}
    for placement in earlier:
        theirs = placement.fingerprint
        touches = not set(mine.term_keys).isdisjoint(theirs.term_keys)
        copies = len(set(mine.shingle_keys).intersection(theirs.shingle_keys)) >= SHARED
        if touches or copies or placement.story.id in stories:
            stories[placement.story.id] = after(placement)
        if copies:
            neighbours.append(
                Neighbour(
                    article_id=placement.article_id,
                    text=theirs.text,
                    own=placement.own,
                    story=placement.story.id,
                    copy_of=placement.copy_of,
                )
            )
    return Near(
        generation=near.generation,
        seen=near.seen,
        neighbours=tuple(neighbours),
        stories=tuple(stories.values()),
    )


def after(placement: Placement) -> KnownStory:
    """Give a story as it is once a placement is carried out."""
    return KnownStory(story=placement.story, version=placement.joins.version + 1 if placement.joins else 0)


class Comparison(Struct, frozen=True, kw_only=True):
    """Two articles, judged as if nothing else had come."""

    copy: CopyVerdict
    story: StoryVerdict
    shared_words: tuple[str, ...]
    """What both say, the most telling first."""


def compare(one: Article, other: Article, policy: StoriesPolicy) -> Comparison:
    """Judge two articles, with their bodies, against each other."""
    first, second = sorted((one, other), key=lambda article: (article.first_seen_at, article.id))
    early, late = _taken_apart(first), _taken_apart(second)
    words = weighed_words(late.text.title, late.text.words)
    known = {term_of(word): word for word in words}
    return Comparison(
        copy=judge_copy(late.text, early.text, policy.copies),
        story=judge_story(
            second.title, late.terms, second.published_at, [founded(first, early.terms)], policy.stories
        ),
        shared_words=tuple(word for term, word in known.items() if term in early.terms),
    )


def _nearest_copy(
    mine: Fingerprint, neighbours: Sequence[Neighbour], policy: CopyPolicy
) -> tuple[CopyVerdict | None, Neighbour | None]:
    order: Mapping[CopyKind, int] = {CopyKind.COPY: 0, CopyKind.DERIVED: 1, CopyKind.NONE: 2}
    judged = [(judge_copy(mine.text, other.text, policy), other) for other in neighbours]
    return min(
        judged,
        key=lambda one: (order[one[0].kind], -one[0].containment, one[1].article_id),
        default=(None, None),
    )
