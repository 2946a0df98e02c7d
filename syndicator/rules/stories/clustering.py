"""Where a new article belongs: whose copy it is, and which story it joins or founds."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from msgspec import Struct

from syndicator.model.article import Article, Candidate
from syndicator.model.ids import ArticleId, StoryId
from syndicator.model.story import ShownIn, Story
from syndicator.rules.stories.near_duplicates import (
    CopyKind,
    CopyPolicy,
    CopyVerdict,
    Text,
    judge_copy,
    text_of,
)
from syndicator.rules.stories.shingles import hashed_runs, runs_of_each, sample, sample_each
from syndicator.rules.stories.story_match import (
    StoryKind,
    StoryPolicy,
    StoryVerdict,
    founded,
    is_settled,
    joined,
    judge_story,
)
from syndicator.rules.stories.terms import Terms, weigh, weigh_each, weighed_words
from syndicator.rules.stories.vocabulary import Looked, look_up, term_of, unpack
from syndicator.rules.words import plain_body

_AT_ONCE = 6
"""From so many articles on, calling numpy once for all of them saves time: of 20, a sixth."""


class StoriesPolicy(Struct, frozen=True, kw_only=True):
    """All thresholds, as configured for a namespace."""

    copies: CopyPolicy = CopyPolicy()
    stories: StoryPolicy = StoryPolicy()
    assign_within: timedelta = timedelta(seconds=2)
    """How long an article may wait to be assigned before it is shown as a story of its own."""


class Fingerprint(Struct, frozen=True, kw_only=True):
    """What a new article is compared by; made when it is admitted."""

    text: Text
    terms: Terms
    shingle_keys: tuple[int, ...]


class Neighbour(Struct, frozen=True, kw_only=True):
    """An article that shares runs of words with a new one."""

    article_id: ArticleId
    text: Text
    own: Story
    """As a story of itself alone; without its terms."""
    story: StoryId
    copy_of: ArticleId | None = None


class KnownStory(Struct, frozen=True, kw_only=True):
    """A story as it is stored."""

    story: Story
    version: int = 0
    """0: that of a single article, of which nothing is stored but the article."""
    shown_in: ShownIn | None = None
    """None: it has to be found out from its members."""


class Near(Struct, frozen=True, kw_only=True):
    """What a new article may be a copy of, or belong to."""

    neighbours: Sequence[Neighbour] = ()
    stories: Sequence[KnownStory] = ()


class StoryDecision(Struct, frozen=True, kw_only=True):
    """A decision: whose copy an article is, and which story it joins or founds."""

    article_id: ArticleId
    own: Story
    """The story that the article would found alone."""
    story: Story
    """The story that the article is assigned to, updated by it."""
    joins: KnownStory | None
    """The same story before; None if the article founds it."""
    verdict: StoryVerdict
    copy_of: ArticleId | None = None
    copy: CopyVerdict | None = None
    """The comparison with the most similar text; None if no text was similar enough to compare."""
    compared_with: ArticleId | None = None
    superseded_original: ArticleId | None = None
    """The article that counted as the original until now, and becomes a copy of this one. That happens when
    both came in the first rounds of their sources, and this one was published earlier."""


def fingerprint(article: Article | Candidate) -> Fingerprint:
    """Return what an article is compared by."""
    plain = plain_body(article.body_html)
    body = look_up(plain)
    runs = hashed_runs(unpack(body.packed)[0])
    return Fingerprint(
        text=Text(title=article.title, plain=plain, shingles=runs),
        terms=weigh(look_up(article.title), body if body.words else look_up(article.lead)),
        shingle_keys=tuple(sample(runs)),
    )


def fingerprints(articles: Sequence[Article | Candidate]) -> list[Fingerprint]:
    """Return the same as `fingerprint` for each article, in order."""
    if len(articles) < _AT_ONCE:
        return [fingerprint(article) for article in articles]
    plain = [plain_body(article.body_html) for article in articles]
    bodies: list[bytes] = []

    def looked_up() -> Iterator[tuple[Looked, Looked]]:
        for article, text in zip(articles, plain, strict=True):
            body = look_up(text)
            bodies.append(body.packed)
            yield look_up(article.title), body if body.words else look_up(article.lead)

    terms = weigh_each(looked_up())
    runs = runs_of_each(bodies)
    return [
        Fingerprint(
            text=Text(title=article.title, plain=text, shingles=shingles),
            terms=weights,
            shingle_keys=tuple(sampled),
        )
        for article, text, shingles, weights, sampled in zip(
            articles, plain, runs, terms, sample_each(runs), strict=True
        )
    ]


def place(own: Story, text: Text | None, near: Near, policy: StoriesPolicy) -> StoryDecision:
    """Decide where a new article belongs; what copies another joins that one's story.

    `own`: the article as a story of itself alone. `text` may be None where there are no neighbours.
    """
    copied, compared_with = _nearest_copy(own, text, near.neighbours, policy.copies) if text else (None, None)
    stories = {known.story.id: known for known in near.stories}
    original = compared_with if copied and copied.kind is CopyKind.COPY else None
    if original is not None and original.story in stories:
        verdict = StoryVerdict(kind=StoryKind.SAME, story=original.story, similarity=1.0)
    else:
        verdict = judge_story(
            own.title,
            own.centroid,
            own.published_at,
            [known.story for known in near.stories],
            policy.stories,
        )
    joins = stories[verdict.story] if verdict.kind is StoryKind.SAME and verdict.story else None
    superseded = original if original and _is_earlier(own, original) else None
    return StoryDecision(
        article_id=ArticleId(own.id),
        own=own,
        story=joined(joins.story, own.centroid, own.published_at) if joins else own,
        joins=joins,
        verdict=verdict,
        copy_of=(original.copy_of or original.article_id) if original and not superseded else None,
        copy=copied,
        compared_with=compared_with.article_id if compared_with else None,
        superseded_original=superseded.article_id if superseded else None,
    )


def alone(own: Story, because: str) -> StoryDecision:
    """Return the decision that an article founds a story of its own."""
    verdict = StoryVerdict(kind=StoryKind.NONE, because=because)
    return StoryDecision(article_id=ArticleId(own.id), own=own, story=own, joins=None, verdict=verdict)


def revoked_copies(
    article: Article, kin: Sequence[Neighbour], policy: StoriesPolicy
) -> tuple[ArticleId, ...]:
    """Return the articles that are no longer copies after the text of `article` has changed.

    `kin`: the original of the article, or its copies. Copies are hidden in feeds, so an article whose text
    now differs has to be shown again.
    """
    mine = text_of(article.title, plain_body(article.body_html))
    revoked = [
        one
        for one in kin
        if judge_copy(mine, one.text, policy.copies, article.published_at - one.own.published_at).kind
        is not CopyKind.COPY
    ]
    return tuple(one.article_id if one.copy_of == article.id else article.id for one in revoked)


def _is_earlier(own: Story, original: Neighbour) -> bool:
    first = original.own
    if original.copy_of is not None or is_settled(first, own.first_seen_at):
        return False
    return own.started_at < first.started_at


class Comparison(Struct, frozen=True, kw_only=True):
    """Two articles, judged as if nothing else had come."""

    copy: CopyVerdict
    story: StoryVerdict
    shared_words: tuple[str, ...]
    """Words of both articles, highest weight first."""


def compare(one: Article, others: Sequence[Article], policy: StoriesPolicy) -> list[Comparison]:
    """Judge an article against each of the others, all with their bodies."""
    mine = (one, fingerprint(one))
    return [_compared(mine, (other, fingerprint(other)), policy) for other in others]


def _compared(
    one: tuple[Article, Fingerprint], other: tuple[Article, Fingerprint], policy: StoriesPolicy
) -> Comparison:
    (first, early), (second, late) = sorted(
        (one, other), key=lambda each: (each[0].first_seen_at, each[0].id)
    )
    words = weighed_words(late.text.title, late.text.words)
    known = {term_of(word): word for word in words}
    return Comparison(
        copy=judge_copy(late.text, early.text, policy.copies, second.published_at - first.published_at),
        story=judge_story(
            second.title, late.terms, second.published_at, [founded(first, early.terms)], policy.stories
        ),
        shared_words=tuple(word for term, word in known.items() if term in early.terms),
    )


def _nearest_copy(
    own: Story, mine: Text, neighbours: Sequence[Neighbour], policy: CopyPolicy
) -> tuple[CopyVerdict | None, Neighbour | None]:
    order: Mapping[CopyKind, int] = {CopyKind.COPY: 0, CopyKind.DERIVED: 1, CopyKind.NONE: 2}
    judged = [
        (judge_copy(mine, other.text, policy, own.published_at - other.own.published_at), other)
        for other in neighbours
    ]
    return min(
        judged,
        key=lambda one: (order[one[0].kind], -one[0].containment, one[1].article_id),
        default=(None, None),
    )
