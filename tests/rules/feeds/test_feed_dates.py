from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from render.render_values import NOON, ORIGIN, SITE, article, entry, snapshot

from syndicator.model.article import Article, Enclosure, Photo, RelatedLink
from syndicator.model.feed import AlsoAt, FeedDates, FeedEntry, FeedSnapshot, Format, Origin
from syndicator.model.rights import Rights
from syndicator.render.rendition import write
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
        site=SITE,
        entries=[entry(replace(article(number), title=content)) for number, content, _ in entries],
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
        assert dates.at_s >= max([before.at_s, *(one.at_s for one in dates.entries[: len(state[0])])])
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


CHANGED: Mapping[str, Any] = {
    "id": "zzzzzzzzzzzzz000", "revision": 2, "source": "other", "url": "https://berita.example/x", "title": "x",
    "published_at": NOON - timedelta(days=1), "first_seen_at": NOON - timedelta(days=1),
    "updated_at": NOON + timedelta(days=1), "listed_at": NOON + timedelta(days=1),
    "provenance": replace(article(0).provenance, held_until=NOON), "content_hash": "x", "is_first_party": False,
    "released_at": NOON - timedelta(days=2), "guid": "x", "lead": "x", "body_html": "<p>x</p>", "quote": "x",
    "authors": ("x",), "photos": (Photo(url="https://img.berita.example/0.jpg", width=9),),
    "enclosures": (Enclosure(url="https://berita.example/0.mp3"),), "section": "x", "tags": ("x",),
    "language": "en", "related": (RelatedLink(url="https://berita.example/x", title="x"),), "correction": "x",
    "revised": None, "earlier": ("x",), "returns": 1, "restored_at": NOON,
}  # fmt: skip
ORIGIN_CHANGED: Mapping[str, Any] = {
    "id": "other", "title": "x", "home_url": "https://x.example/", "feed_url": None,
    "rights": Rights(statement="x", license_url="https://x.example/", mining=False),
}  # fmt: skip


def differently_shown() -> Mapping[str, FeedSnapshot]:
    """Give a feed of one entry with one thing changed, by what it is."""
    first, other = entry(article(0)), AlsoAt(article=article(1), origin=replace(ORIGIN, title="Lain"))
    entries = {f"article {name}": replace(first, article=with_one(first.article, name)) for name in CHANGED}
    entries |= {f"origin {name}": replace(first, origin=with_one(ORIGIN, name)) for name in ORIGIN_CHANGED}
    entries["also at"] = replace(first, also_at=(other,))
    found = {name: snapshot(entries=(one,)) for name, one in entries.items()}
    plain = snapshot(article(0))
    found["site"] = replace(plain, site=replace(SITE, public_url="https://new.example"))
    found["language"] = replace(plain, spec=replace(plain.spec, language="en"))
    found["clicks"] = replace(plain, spec=replace(plain.spec, count_clicks=True))
    return found


def with_one(value: Article | Origin, name: str) -> Any:
    changed = CHANGED if isinstance(value, Article) else ORIGIN_CHANGED
    return replace(value, **{name: changed[name]})


def test_every_field_is_tried() -> None:
    assert set(CHANGED) == set(Article.__struct_fields__)
    assert set(ORIGIN_CHANGED) == set(Origin.__struct_fields__)


@pytest.mark.parametrize("what", differently_shown())
def test_whatever_changes_the_bytes_of_an_entry_changes_its_digest(what: str) -> None:
    plain, changed = snapshot(article(0)), differently_shown()[what]
    is_shown = any(_bytes_of(plain, form) != _bytes_of(changed, form) for form in Format)
    assert is_shown <= (_looks_of(plain) != _looks_of(changed))


def test_what_is_told_of_others_changes_the_digest() -> None:
    other = AlsoAt(article=article(1), origin=replace(ORIGIN, title="Lain"))
    plain = snapshot(entries=(entry(article(0), also_at=(other,)),))
    for name in CHANGED:
        changed = replace(other, article=with_one(other.article, name))
        one = snapshot(entries=(entry(article(0), also_at=(changed,)),))
        is_shown = any(_bytes_of(plain, form) != _bytes_of(one, form) for form in Format)
        assert is_shown <= (_looks_of(plain) != _looks_of(one)), name


def _bytes_of(what: FeedSnapshot, form: Format) -> bytes:
    entries = tuple(replace(one, updated_at=NOON) for one in what.entries)
    return write(replace(what, entries=entries, updated_at=NOON), form)


def _looks_of(what: FeedSnapshot) -> tuple[str, bytes]:
    now = replace(shown(([], 500)), spec=what.spec, site=what.site, entries=what.entries, entries_s=[0])
    (one,) = advanced(FeedDates(), now).entries
    return one.article, one.looks


def test_digests_of_another_rule_are_no_change() -> None:
    first = advanced(FeedDates(), shown(([(1, "a", 10)], 20)))
    earlier = replace(first, rule=0, looks=b"x", entries=(replace(first.entries[0], looks=b"x"),))
    after = advanced(earlier, shown(([(1, "a", 10)], 30)))
    assert (after.at_s, after.entries) == (first.at_s, first.entries)
