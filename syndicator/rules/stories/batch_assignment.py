"""Assignment of a batch of new articles to stories, one after the other, as single-pass clustering asks.

`surroundings` says what each has to be compared with: recent articles from the index, and earlier ones of the
same batch. These are read then. `Assignment.place` decides; later articles see earlier decisions.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from syndicator.model.ids import ArticleId, StoryId
from syndicator.model.story import Story
from syndicator.rules.stories.clustering import (
    KnownStory,
    Near,
    Neighbour,
    StoriesPolicy,
    StoryDecision,
    place,
)
from syndicator.rules.stories.near_duplicates import Text
from syndicator.rules.stories.near_index import SHARED_RUNS, Nearby, keys_of_several, term_keys

EARLIER_MOST = 6
"""Articles of the same batch that a new one is compared with, besides recent ones of the index."""

NEIGHBOURS_MOST = 3
"""Texts that a new one is compared with word by word: those that share most runs of words with it."""


class Newcomer(Struct, frozen=True, kw_only=True):
    """A new article, by what it is found near others."""

    own: Story
    """The article as a story of itself alone."""
    runs: bytes
    """Keys of its sampled runs of words (`near_index.packed_keys`)."""
    terms: bytes
    """Keys of its strongest terms, the same."""

    @property
    def id(self) -> ArticleId:
        return ArticleId(self.own.id)


class Surroundings(Struct, frozen=True, kw_only=True):
    """What a new article is compared with, the nearest first."""

    stories: tuple[StoryId, ...]
    """Of recent articles."""
    earlier: tuple[ArticleId, ...]
    """Articles before it in its batch; their stories are not known yet."""
    neighbours: tuple[ArticleId, ...]
    """Recent articles and earlier ones of the batch, of which it may be a copy."""


def newcomer(own: Story, runs: bytes) -> Newcomer:
    """Return a new article with the keys of its strongest terms."""
    return Newcomer(own=own, runs=runs, terms=term_keys(own))


def surroundings(newcomers: Sequence[Newcomer], recent: Sequence[Nearby]) -> list[Surroundings]:
    """Return what each of a batch is compared with; `recent` is what the index has found for each."""
    batch = _BatchIndex()
    found = []
    runs_of_each = keys_of_several([new.runs for new in newcomers])
    terms_of_each = keys_of_several([new.terms for new in newcomers])
    for new, near, runs, terms in zip(newcomers, recent, runs_of_each, terms_of_each, strict=True):
        earlier, copies = batch.near(runs, terms)
        if copies:
            copies = sorted((*near.copies, *copies), key=lambda one: -one[1])
        found.append(
            Surroundings(
                stories=near.stories,
                earlier=tuple(earlier),
                neighbours=tuple([one for one, _ in (copies or near.copies)][:NEIGHBOURS_MOST]),
            )
        )
        batch.add(new.id, runs, terms)
    return found


class _BatchIndex:
    """Finds earlier articles of a batch, as the index finds recent ones."""

    def __init__(self) -> None:
        self._runs: dict[int, list[ArticleId]] = {}
        self._terms: dict[int, list[ArticleId]] = {}

    def add(self, article: ArticleId, runs: Iterable[int], terms: Iterable[int]) -> None:
        for keys, listed in ((runs, self._runs), (terms, self._terms)):
            for key in keys:
                if key in listed:
                    listed[key].append(article)
                else:
                    listed[key] = [article]

    def near(
        self, runs: Iterable[int], terms: Iterable[int]
    ) -> tuple[list[ArticleId], list[tuple[ArticleId, int]]]:
        """Return what shares most keys, the most first; and what shares runs of words, and how many."""
        shared_runs = _counted(self._runs, runs)
        shared = _counted(self._terms, terms)
        for article, count in shared_runs.items():
            shared[article] = shared.get(article, 0) + count
        nearest = sorted(shared, key=shared.__getitem__, reverse=True)[:EARLIER_MOST]
        return nearest, [one for one in shared_runs.items() if one[1] >= SHARED_RUNS]


def _counted(listed: Mapping[int, list[ArticleId]], keys: Iterable[int]) -> dict[ArticleId, int]:
    """Count how many keys each article shares."""
    counts: dict[ArticleId, int] = {}
    for key in keys:
        if key in listed:
            for article in listed[key][-EARLIER_MOST:]:
                counts[article] = counts.get(article, 0) + 1
    return counts


def texts_wanted(newcomers: Sequence[Newcomer], around: Sequence[Surroundings]) -> set[ArticleId]:
    """Return the articles whose texts are compared."""
    found: set[ArticleId] = set()
    for new, one in zip(newcomers, around, strict=True):
        if one.neighbours:
            found.update((new.id, *one.neighbours))
    return found


class Assignment:
    """Decides about the articles of a batch, in their order."""

    def __init__(
        self,
        stories: Mapping[StoryId, KnownStory],
        neighbours: Mapping[ArticleId, Neighbour],
        texts: Mapping[ArticleId, Text],
        policy: StoriesPolicy,
    ) -> None:
        """`stories` and `neighbours`: as stored; `texts`: of the batch, where they are compared."""
        self._stories = dict(stories)
        self._neighbours = dict(neighbours)
        self._texts = texts
        self._policy = policy
        self._story_of: dict[ArticleId, StoryId] = {}

    def place(self, new: Newcomer, around: Surroundings) -> StoryDecision:
        """Decide where an article belongs."""
        of_batch = (self._story_of[one] for one in around.earlier if one in self._story_of)
        names = dict.fromkeys((*around.stories, *of_batch))
        near = Near(
            neighbours=[self._neighbours[one] for one in around.neighbours if one in self._neighbours],
            stories=[self._stories[one] for one in names if one in self._stories],
        )
        placement = place(new.own, self._texts.get(new.id), near, self._policy)
        self.note(placement)
        return placement

    def note(self, placement: StoryDecision) -> None:
        """Let later articles of the batch see a decision."""
        story = placement.story.id
        self._story_of[placement.article_id] = story
        self._stories[story] = after(placement)
        if text := self._texts.get(placement.article_id):
            self._neighbours[placement.article_id] = Neighbour(
                article_id=placement.article_id,
                text=text,
                own=placement.own,
                story=story,
                copy_of=placement.copy_of,
            )


def after(placement: StoryDecision) -> KnownStory:
    """Return a story as it is once a decision is written; without the feeds that show it."""
    joins = placement.joins
    return KnownStory(story=placement.story, version=joins.version + 1 if joins else 0)
