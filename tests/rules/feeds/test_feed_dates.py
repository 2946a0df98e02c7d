from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from render.render_values import ORIGIN, article, entry, snapshot

from syndicator.model.feed import AlsoAt, FeedDates, FeedEntry
from syndicator.rules.feeds.feed_dates import ShownEntries, advanced

State = tuple[list[tuple[int, str, int]], int]
"""Entries (number, content, when it says that it changed), and when the version was raised."""
STATES = st.lists(
    st.tuples(
        st.lists(
            st.tuples(st.integers(0, 3), st.sampled_from("ab"), st.integers(0, 50)),
            max_size=3,
            unique_by=lambda one: one[0],
        ),
        st.integers(0, 60),
    ),
    min_size=2,
    max_size=8,
)


def shown(state: State) -> ShownEntries:
    entries, changed_s = state
    return ShownEntries(
        spec=snapshot().spec,
        entries=[entry(replace(article(number), content_hash=content)) for number, content, _ in entries],
        withdrawn=(),
        entries_s=[at_s for *_, at_s in entries],
        at_s=max((at_s for *_, at_s in entries), default=0),
        changed_s=changed_s,
    )


@given(states=STATES)
def test_no_date_goes_back_and_each_change_moves_it(states: list[State]) -> None:
    dates, known = FeedDates(), dict[str, tuple[bytes, int]]()
    for state in states:
        before, dates = dates, advanced(dates, shown(state))
        for one in dates.entries[: len(state[0])]:
            looks, at_s = known.get(one.article, (one.looks, one.at_s))
            assert one.at_s >= at_s
            assert one.looks == looks or one.at_s > at_s
            known[one.article] = (one.looks, one.at_s)
        assert dates.at_s >= before.at_s
        assert not before.looks or dates.looks == before.looks or dates.at_s > before.at_s
        assert advanced(dates, shown(state)) == dates, "what stays the same has the same dates"


def test_an_entry_changes_with_those_who_tell_its_story() -> None:
    def told(others: Sequence[int]) -> ShownEntries:
        also = tuple(AlsoAt(article=article(number), origin=ORIGIN) for number in others)
        one: FeedEntry = entry(article(0), also_at=also)
        return replace(shown(([], 500)), entries=[one], entries_s=[100 + len(others)])

    first = advanced(FeedDates(), told([1, 2]))
    assert [one.at_s for one in first.entries] == [102]
    assert [one.at_s for one in advanced(first, told([1])).entries] == [500]
    assert advanced(first, told([1, 2])) == first
