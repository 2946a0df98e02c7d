"""How well stories are told on news that the thresholds were not chosen on: cross-validated over halves.

Each labelled set is cut into two halves of its stories. The thresholds are chosen on one half of all sets
together, and the other half is measured with them; then the other way round. Four cuts are by chance. One is
the hardest there is: matters that are most like another one (three air strikes, five rumours of one watch)
against all the rest. Whole sets are measured with thresholds chosen on all other sets, on those of the other
language, and with the ones in use.

Articles arrive in five orders by chance, and in two that are made to mislead (`_misleading`); no threshold is
chosen on these.

Articles are placed one by one in memory, by the rules that assignment uses, so that many thresholds can be
tried; `bench.stories.quality` measures the ones in use over Redis.
"""

import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from bench.stories.news import NOON
from bench.stories.quality import ORDERS, SETS, ari, candidate_of, is_labelled, rows_of
from syndicator.model.article import Article, Candidate
from syndicator.model.clock import to_ms
from syndicator.model.ids import ArticleId, StoryId
from syndicator.model.story import Story
from syndicator.rules.stories.clustering import KnownStory, Near, Neighbour, StoriesPolicy, fingerprint, place
from syndicator.rules.stories.near_duplicates import Text
from syndicator.rules.stories.near_index import IndexEntry, NearIndex, packed_keys, term_keys
from syndicator.rules.stories.story_match import StoryPolicy, founded
from syndicator.rules.stories.terms import similarity

_CHANCE_CUTS = 4
_TEXTS_MOST = 3
"""With so many texts an article is compared word by word (`rules.stories.batch_assignment`)."""
_GRID = [
    StoryPolicy(similarity=least) for least in (0.1, 0.12, 0.14, 0.16, 0.18, 0.2, 0.22, 0.24, 0.26, 0.28)
]

_LANGUAGES = {"Indonesian": "id", "FNC": "en", "AllSides": "en"}
"""Of the sets, by the first word of their names. Sets of one first word have stories, or texts, in common."""


class Scores(NamedTuple):
    """The agreement of a set with its labels, over the orders of arrival."""

    mean: float
    least: float
    worst: float
    """The least, also of the orders that are made to mislead."""


class _Item(Struct, frozen=True, kw_only=True):
    own: Story
    text: Text
    runs: bytes
    label: Hashable
    """Its story, as labelled; None where pairs are labelled."""


class _Set(Struct, frozen=True, kw_only=True):
    name: str
    items: Sequence[_Item]
    pairs: Sequence[tuple[int, int, bool]] = ()
    """Places of two items, and whether they tell the same; instead of labels of stories."""


class _Step(Struct, frozen=True, kw_only=True):
    """An article that arrives, and what is near it: that does not depend on thresholds."""

    at: int
    near: Sequence[int]
    copies: Sequence[int]


class _Half:
    """Half of a set, in several orders of arrival."""

    def __init__(self, part: _Set) -> None:
        self.name = part.name
        self._set = part
        by_chance = [_by_chance_order(part.items, seed) for seed in range(ORDERS)]
        misleading = [] if part.pairs else _misleading(part.items)
        self._orders = [_arriving(part.items, order) for order in (*by_chance, *misleading)]
        self._scores: dict[float, Scores] = {}

    def score(self, policy: StoryPolicy) -> Scores:
        key = policy.similarity
        if key not in self._scores:
            told = [_told(self._set.items, steps, policy) for steps in self._orders]
            scores = [self._score_of(stories) for stories in told]
            by_chance = scores[:ORDERS]
            self._scores[key] = Scores(sum(by_chance) / ORDERS, min(by_chance), min(scores))
        return self._scores[key]

    def _score_of(self, stories: Sequence[StoryId]) -> float:
        if self._set.pairs:
            return _f1([(stories[one] == stories[other], same) for one, other, same in self._set.pairs])
        return ari([item.label for item in self._set.items], stories)


def report_folds() -> None:
    """Print what was reached on halves that the thresholds were not chosen on."""
    if not is_labelled():
        print("labelled texts are not at hand: nothing to validate on")
        return
    sets = _sets()
    chance: dict[str, list[Scores]] = defaultdict(list)
    for seed in range(_CHANCE_CUTS):
        for name, scores in _validated(*_cut(sets, _by_chance(seed)), f"cut {seed}"):
            chance[name].append(scores)
    hardest = dict(_validated(*_cut(sets, _most_alike), "hardest cut")[: len(sets)])
    print("set: mean, least and worst order; cuts by chance; hardest half")
    for name, halves in chance.items():
        mean = Scores(*(sum(column) / len(halves) for column in zip(*halves, strict=True)))
        print(f"{name}: {_spelled(mean)}; {_spelled(hardest[name])}")
    _tell_whole([_Half(one) for one in sets])


def _tell_whole(wholes: Sequence[_Half]) -> None:
    """Print what whole sets reach with thresholds that were chosen on other sets."""
    print("set: mean, least and worst order; chosen on other sets; on the other language; in use")
    for one in wholes:
        family = _family(one.name)
        language = _LANGUAGES[family]
        others = [other for other in wholes if _family(other.name) != family]
        foreign = [other for other in others if _LANGUAGES[_family(other.name)] != language]
        found = (one.score(policy) for policy in (_chosen(others), _chosen(foreign), StoryPolicy()))
        print(f"{one.name}: {'; '.join(map(_spelled, found))}")


def _family(name: str) -> str:
    return name.split(maxsplit=1)[0].rstrip(",")


def _spelled(scores: Scores) -> str:
    return " ".join(f"{score:.3f}" for score in scores)


def _chosen(halves: Sequence[_Half]) -> StoryPolicy:
    """Return the policy by which some sets are told best; families of sets weigh the same."""
    weights = Counter(_family(half.name) for half in halves)
    return max(
        _GRID,
        key=lambda tried: sum(sum(half.score(tried)[:2]) / weights[_family(half.name)] for half in halves),
    )


def _validated(one: Sequence[_Half], other: Sequence[_Half], cut: str) -> list[tuple[str, Scores]]:
    """Return the scores of the halves of each set, by thresholds chosen on the other half; `one` first."""
    found = []
    for measured, chosen_on in ((one, other), (other, one)):
        policy = max(_GRID, key=lambda tried: sum(sum(half.score(tried)[:2]) for half in chosen_on))
        print(f"{cut}: similarity {policy.similarity}", flush=True)
        found += [(half.name, half.score(policy)) for half in measured]
    return found


def _cut(
    sets: Sequence[_Set], chosen: Callable[[_Set], Callable[[Hashable], bool]]
) -> tuple[list[_Half], list[_Half]]:
    halves: tuple[list[_Half], list[_Half]] = ([], [])
    for one in sets:
        is_in = chosen(one)
        halves[0].append(_Half(_part(one, is_in, True)))
        halves[1].append(_Half(_part(one, is_in, False)))
    return halves


def _part(whole: _Set, is_in: Callable[[Hashable], bool], wanted: bool) -> _Set:
    """Keep the articles of some stories; or some pairs, by their numbers, and their articles."""
    if not whole.pairs:
        return _Set(name=whole.name, items=[item for item in whole.items if is_in(item.label) == wanted])
    pairs = [pair for number, pair in enumerate(whole.pairs) if is_in(number) == wanted]
    places = {old: new for new, old in enumerate(sorted({end for pair in pairs for end in pair[:2]}))}
    return _Set(
        name=whole.name,
        items=[whole.items[old] for old in places],
        pairs=[(places[one], places[other], same) for one, other, same in pairs],
    )


def _by_chance(seed: int) -> Callable[[_Set], Callable[[Hashable], bool]]:
    # The same for the sets that have stories in common: no half knows the other's.
    return lambda _: lambda label: random.Random(f"{seed} {label}").random() < 0.5


def _most_alike(whole: _Set) -> Callable[[Hashable], bool]:
    """Choose the half of the stories that are most like another story of the set."""
    if whole.pairs:
        return _by_chance(0)(whole)
    totals = _totals(whole.items)
    nearest = {
        label: max(similarity(mine, total) for other, total in totals.items() if other != label)
        for label, mine in totals.items()
    }
    ranked = sorted(nearest, key=lambda label: (-nearest[label], str(label)))
    return frozenset(ranked[: len(ranked) // 2]).__contains__


def _by_chance_order(items: Sequence[_Item], seed: int) -> list[int]:
    order = list(range(len(items)))
    random.Random(seed).shuffle(order)
    return order


def _misleading(items: Sequence[_Item]) -> Sequence[list[int]]:
    """Return two orders that lead to chains: what is most like another story first, and a walk along links.

    The walk goes on to the article that is nearest to the one before; those of another story are preferred.
    """
    totals = _totals(items)

    def strays(at: int) -> float:
        own, label = items[at].own.centroid, items[at].label
        others = (similarity(own, total) for other, total in totals.items() if other != label)
        return max(others, default=0.0) - similarity(own, totals[label])

    def links(one: int, other: int) -> float:
        near = similarity(items[one].own.centroid, items[other].own.centroid)
        return near if items[one].label != items[other].label else near / 2

    astray = [strays(at) for at in range(len(items))]
    first = sorted(range(len(items)), key=lambda at: -astray[at])
    walk, left = first[:1], set(first[1:])
    while left:
        walk.append(max(left, key=lambda at: (links(walk[-1], at), -at)))
        left.discard(walk[-1])
    return first, walk


def _totals(items: Sequence[_Item]) -> dict[Hashable, Counter[int]]:
    """Return the sum of the terms of each labelled story."""
    totals: dict[Hashable, Counter[int]] = defaultdict(Counter)
    for item in items:
        totals[item.label].update(item.own.centroid)
    return totals


def _arriving(items: Sequence[_Item], arrival: Sequence[int]) -> list[_Step]:
    """Find what is near each article when it comes, in order of hours, then of arrival."""
    order = sorted(arrival, key=lambda at: items[at].own.published_at)
    places = {str(items[at].own.id): at for at in order}
    index, steps = NearIndex(), []
    for at in order:
        item = items[at]
        terms = term_keys(item.own)
        at_ms = to_ms(item.own.published_at)
        index.drop_old(at_ms)
        near = index.near([(item.runs, terms)])[0]
        steps.append(
            _Step(
                at=at,
                near=[places[one] for one in near.stories],
                copies=[places[one] for one, _ in near.copies[:_TEXTS_MOST]],
            )
        )
        name = ArticleId(item.own.id)
        # Under its own name instead of its story's: the index then gives articles.
        entry = IndexEntry(article=name, story=item.own.id, at_ms=at_ms, runs=item.runs, terms=terms)
        index.add([entry])
    return steps


def _told(items: Sequence[_Item], steps: Sequence[_Step], policy: StoryPolicy) -> list[StoryId]:
    """Place articles as they arrive; return the story of each."""
    stories: dict[StoryId, Story] = {}
    told: dict[int, StoryId] = {}
    for step in steps:
        item = items[step.at]
        near = _near(items, step, told, stories)
        placement = place(item.own, item.text, near, StoriesPolicy(stories=policy))
        stories[placement.story.id] = placement.story
        told[step.at] = placement.story.id
    return [told[at] for at in range(len(items))]


def _near(
    items: Sequence[_Item], step: _Step, told: Mapping[int, StoryId], stories: Mapping[StoryId, Story]
) -> Near:
    neighbours = [
        Neighbour(
            article_id=ArticleId(items[at].own.id), text=items[at].text, own=items[at].own, story=told[at]
        )
        for at in step.copies
    ]
    names = dict.fromkeys(told[at] for at in step.near)
    return Near(neighbours=neighbours, stories=[KnownStory(story=stories[name]) for name in names])


def _f1(judged: Sequence[tuple[bool, bool]]) -> float:
    """Return F1 of pairs, given as (told as one, labelled as one)."""
    counts = Counter(judged)
    right = 2 * counts[True, True]
    return right / max(right + counts[True, False] + counts[False, True], 1)


def _sets() -> list[_Set]:
    labelled = [
        _Set(
            name=name,
            items=[
                _item(made(row, number), f"{name} {number}", row["cluster"])
                for number, row in enumerate(rows_of(file))
            ],
        )
        for name, file, made, _ in SETS
    ]
    bodies, headlines, *_ = labelled
    mixed = _Set(name="FNC bodies and headlines, one stream", items=[*bodies.items, *headlines.items])
    titles = [
        (candidate_of(0, row["a"]), candidate_of(0, row["b"]), row["label"])
        for row in rows_of("id_title_pairs")
    ]
    texts = [
        (*(candidate_of(0, row[side]["title"], row[side]["body"]) for side in "ab"), row["label"])
        for row in rows_of("id_body_pairs")
    ]
    of_pairs = (_of_pairs("Indonesian headlines", titles), _of_pairs("Indonesian bodies", texts))
    return [*labelled, mixed, *of_pairs]


def _of_pairs(name: str, rows: Sequence[tuple[Candidate, Candidate, str]]) -> _Set:
    places: dict[tuple[str, str], int] = {}
    items: list[_Item] = []
    pairs = []
    for one, other, label in rows:
        if label == "X":  # the annotator could not tell
            continue
        for each in (one, other):
            if (each.title, each.body_html) not in places:
                places[each.title, each.body_html] = len(items)
                items.append(_item(each, f"{name} {len(items)}", None))
        first, second = (places[each.title, each.body_html] for each in (one, other))
        pairs.append((first, second, label != "N"))
    return _Set(name=name, items=items, pairs=pairs)


def _item(found: Candidate, name: str, label: Hashable) -> _Item:
    made = fingerprint(found)
    at: datetime = found.published_at or NOON
    digest = hashlib.sha256(name.encode()).hexdigest()
    article = Article(
        id=ArticleId(digest[:16]), revision=1, source=found.source, url=found.url,
        title=found.title, published_at=at, first_seen_at=at, updated_at=at, listed_at=at,
        provenance=found.provenance, content_hash="",
    )  # fmt: skip
    runs = packed_keys(made.shingle_keys)
    return _Item(own=founded(article, made.terms), text=made.text, runs=runs, label=label)
