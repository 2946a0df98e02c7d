"""The index of recent articles: what shares keys with a new one, found in compact arrays."""

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from syndicator.model.ids import ArticleId, StoryId
from syndicator.rules.stories.near_index import ARTICLES_MOST, IndexEntry, NearIndex, packed_keys
from syndicator.rules.stories.postings import Postings

HOUR_MS = 3_600_000


def name(number: int) -> str:
    return f"{number:016d}"


def entry(number: int, runs: list[int], terms: list[int], at_ms: int = 0) -> IndexEntry:
    return IndexEntry(
        article=ArticleId(name(number)),
        story=StoryId(name(number)),
        at_ms=at_ms,
        runs=packed_keys(runs),
        terms=packed_keys(terms),
    )


def near(index: NearIndex, runs: list[int], terms: list[int]) -> list[int]:
    """Return the articles near, each a story of its own, the nearest first."""
    (found,) = index.near([(packed_keys(runs), packed_keys(terms))])
    return [int(one) for one in found.stories]


@settings(max_examples=50)
@given(
    batches=st.lists(st.lists(st.sets(st.integers(0, 40), max_size=6), max_size=8), max_size=12),
    dropped=st.integers(0, 40),
)
def test_postings_find_what_a_dict_of_lists_finds(batches: list[list[set[int]]], dropped: int) -> None:
    postings, lists, number = Postings(), dict[int, list[int]](), 0
    for batch in batches:
        keys: list[int] = []
        numbers: list[int] = []
        for article in batch:
            for key in sorted(article):
                keys.append(key * 8)
                numbers.append(number)
                lists.setdefault(key * 8, []).append(number)
            number += 1
        postings.add(np.array(keys, np.uint32), np.array(numbers, np.int32))
    postings.drop_before(dropped)
    wanted = np.arange(0, 41 * 8, 8, dtype=np.uint32)
    rows, found, _ = postings.look_up(wanted, 5)
    for place, key in enumerate(wanted.tolist()):
        kept = [one for one in lists.get(key, []) if one >= dropped]
        assert found[rows == place].tolist() == kept[::-1][:5]


def test_an_index_that_has_grown_and_dropped_finds_each_article() -> None:
    rng, index = random.Random(1), NearIndex()
    keys = [sorted(rng.sample(range(2**32), 30)) for _ in range(5000)]
    for start in range(0, 5000, 250):
        index.add(
            [entry(n, keys[n][:20], keys[n][20:], start * HOUR_MS // 50) for n in range(start, start + 250)]
        )
        index.drop_old(start * HOUR_MS // 50)
    assert len(index) < 4500
    for number in range(4999, 4999 - len(index), -37):
        (found,) = index.near([(packed_keys(keys[number][:20]), packed_keys(keys[number][20:]))])
        assert found.stories[0] == name(number)
        assert found.copies[0] == (name(number), 20)
    assert near(index, keys[0][:20], keys[0][20:]) == []


def test_what_shares_most_comes_first_and_the_newest_of_equals() -> None:
    index = NearIndex()
    index.add([entry(1, [8, 16], [5]), entry(2, [8], [5, 6]), entry(3, [8, 16], [5])])
    assert near(index, [8, 16], [5]) == [3, 1, 2]
    (found,) = index.near([(packed_keys([8, 16]), b"")])
    assert found.copies == ((name(3), 2), (name(1), 2)), "one run alone may be chance"


def test_of_a_term_the_newest_articles_count_and_runs_that_many_have_do_not() -> None:
    index = NearIndex()
    index.add([entry(number, [8], [5]) for number in range(60)])
    assert near(index, [8], []) == []
    assert near(index, [], [5]) == list(range(59, 59 - ARTICLES_MOST, -1))


def test_no_more_are_compared_than_the_nearest() -> None:
    index = NearIndex()
    index.add([entry(number, [], [number // 10, 100]) for number in range(200)])
    assert len(near(index, [], list(range(20)))) == ARTICLES_MOST


def test_keys_that_collide_on_purpose_cost_no_more_than_others() -> None:
    postings = Postings()
    same = np.full(50_000, 8, np.uint32)
    postings.add(same, np.arange(50_000, dtype=np.int32))
    _, found, _ = postings.look_up(np.array([8, 16], np.uint32), 10**6)
    assert len(found) < 100


def test_an_article_that_is_given_another_story_is_found_in_that() -> None:
    index = NearIndex()
    index.add([entry(1, [8], [])])
    assert index.move(ArticleId(name(1)), StoryId(name(7))) == name(1)
    assert index.move(ArticleId(name(2)), StoryId(name(7))) is None
    assert near(index, [8], []) == [7]
