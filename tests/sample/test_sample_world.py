from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from sample.sample_values import NOON, HandClock

from syndicator.sample.ledger import LedgerKind
from syndicator.sample.newsroom import Newsroom
from syndicator.sample.world import BACKLOG, World

INTERVAL_S = 5


def moving(clock: HandClock, folder: Path | None = None, seed: int = 1) -> World:
    return World(clock, seed=seed, interval_s=INTERVAL_S, folder=folder)


def still(clock: HandClock) -> World:
    return World(clock, seed=1, interval_s=None)


def test_a_world_opens_with_a_past() -> None:
    world = still(HandClock())
    dates = [entry.at for entry in world.city.entries]
    assert len(world.city) == BACKLOG == 24
    assert dates == sorted(dates)
    assert NOON - timedelta(hours=36) <= dates[0] < NOON - timedelta(hours=12)
    assert dates[-1] < NOON
    assert any(article.of is not None for article in world.wire.newest_first())
    assert any(article.of is None for article in world.wire.newest_first())


def test_the_same_seed_makes_the_same_history_however_often_the_clock_is_looked_at() -> None:
    seldom, often = HandClock(), HandClock()
    one, other = moving(seldom), moving(often)
    seldom.move(minutes=10)
    one.advance()
    for _ in range(600):
        often.move(seconds=1)
        other.advance()
    assert one.city.entries == other.city.entries
    assert one.wire.entries == other.wire.entries


def test_an_article_comes_every_interval() -> None:
    clock = HandClock()
    world = moving(clock)
    assert world.advance() == 0
    assert world.seconds_to_next() == INTERVAL_S
    clock.move(seconds=4.9)
    assert world.advance() == 0
    clock.move(seconds=0.1)
    assert world.advance() == 1
    assert len(world.city) == BACKLOG + 1
    assert next(iter(world.city.newest_first())).published_at == NOON + timedelta(seconds=5)


def test_edits_and_withdrawals_come_about_as_often_as_promised() -> None:
    clock = HandClock()
    world = moving(clock)
    clock.move(seconds=INTERVAL_S * 1400)
    assert world.advance() == 1400
    counts = Counter(entry.kind for entry in world.city.entries)
    assert counts[LedgerKind.PUBLISH] == BACKLOG + 1400
    assert 140 < counts[LedgerKind.EDIT] < 260
    assert 35 < counts[LedgerKind.WITHDRAW] < 80


def test_nothing_happens_to_what_was_withdrawn() -> None:
    clock = HandClock()
    world = moving(clock)
    clock.move(hours=2)
    world.advance()
    gone: set[int] = set()
    for entry in world.city.entries:
        assert entry.n not in gone
        if entry.kind is LedgerKind.WITHDRAW:
            gone.add(entry.n)
    assert gone
    assert gone.isdisjoint(article.n for article in world.city.newest_first())


def test_the_wire_takes_over_every_third_story_four_intervals_later() -> None:
    clock = HandClock()
    world = moving(clock)
    clock.move(seconds=INTERVAL_S * 900)
    world.advance()
    copies = [entry for entry in world.wire.entries if entry.of is not None and entry.of >= BACKLOG]
    assert 220 < len(copies) < 380
    assert len({entry.of for entry in copies}) == len(copies)
    for entry in copies:
        original = world.city.get(entry.of or 0)
        assert original is not None
        assert entry.at - original.published_at == timedelta(seconds=4 * INTERVAL_S)


def test_a_world_that_is_held_still_moves_by_hand_alone() -> None:
    clock = HandClock()
    world = still(clock)
    clock.move(days=2)
    assert world.advance() == 0
    assert len(world.city) == BACKLOG
    article = world.publish()
    assert (article.n, article.published_at) == (BACKLOG, clock.now)
    title = world.city_text(article).title
    clock.move(minutes=1)
    edited = world.edit(article.n)
    assert (edited.revision, edited.updated_at, edited.published_at) == (1, clock.now, article.published_at)
    assert world.city_text(edited) != world.city_text(article)
    assert world.take_over(article.n).of == article.n
    assert world.publish_english().of is None
    world.withdraw(article.n)
    assert title not in {world.city_text(each).title for each in world.city.newest_first()}


def test_what_readers_cannot_see_cannot_be_changed() -> None:
    world = still(HandClock())
    world.withdraw(3)
    for change in (world.edit, world.withdraw):
        for n in (3, 99, -1):
            with pytest.raises(LookupError):
                change(n)
    assert len(world.city.entries) == BACKLOG + 1


def test_a_restart_goes_on_where_it_stopped(tmp_path: Path) -> None:
    clock = HandClock()
    first = moving(clock, tmp_path)
    clock.move(minutes=3)
    first.advance()
    clock.move(hours=5)
    second = moving(clock, tmp_path)
    assert second.city.entries == first.city.entries
    assert second.wire.entries[: len(first.wire.entries)] == first.wire.entries
    titles = [first.city_text(article).title for article in first.city.newest_first()]
    assert [second.city_text(article).title for article in second.city.newest_first()] == titles
    assert second.advance() == 0  # the hours in between are not made up for
    clock.move(seconds=INTERVAL_S)
    assert second.advance() == 1


def test_what_the_wire_had_still_to_take_over_is_not_forgotten(tmp_path: Path) -> None:
    through, broken = HandClock(), HandClock()
    whole, parted = moving(through), moving(broken, tmp_path)
    for clock, world in ((through, whole), (broken, parted)):
        clock.move(seconds=100)
        world.advance()
    parted = moving(broken, tmp_path)
    for clock, world in ((through, whole), (broken, parted)):
        clock.move(seconds=100)
        world.advance()
    assert parted.city.entries == whole.city.entries
    assert parted.wire.entries == whole.wire.entries


def test_a_line_that_a_crash_cut_off_is_dropped(tmp_path: Path) -> None:
    clock = HandClock()
    first = moving(clock, tmp_path)
    path = tmp_path / "city-1.jsonl"
    path.write_bytes(path.read_bytes() + b'{"n":24,"ki')
    second = moving(clock, tmp_path)
    assert second.city.entries == first.city.entries
    clock.move(seconds=INTERVAL_S)
    second.advance()
    assert moving(clock, tmp_path).city.entries == second.city.entries


def test_seeds_have_ledgers_of_their_own(tmp_path: Path) -> None:
    clock = HandClock()
    one, other = moving(clock, tmp_path, seed=1), moving(clock, tmp_path, seed=2)
    assert one.city.entries != other.city.entries
    assert moving(clock, tmp_path, seed=1).city.entries == one.city.entries


def test_views_never_fall_and_slow_down() -> None:
    clock = HandClock()
    world = still(clock)
    article = world.publish()
    counts = []
    for _ in range(400):
        counts.append(world.views(article))
        clock.move(minutes=15)
    assert counts[0] == 0
    assert counts == sorted(counts)
    assert counts[40] - counts[0] > 5 * (counts[-1] - counts[-41])


def test_articles_differ_strongly_in_views_and_the_popular_are_the_most_read() -> None:
    clock = HandClock()
    world = moving(clock)
    clock.move(minutes=10)
    world.advance()
    clock.move(days=2)
    popular = world.popular(10)
    counts = [world.views(article) for article in popular]
    assert counts == sorted(counts, reverse=True)
    rest = [world.views(article) for article in world.city.newest_first() if article not in popular]
    assert max(rest) <= counts[-1]
    assert counts[0] > 20 * sorted(rest)[len(rest) // 5]


def test_nothing_is_noted_where_the_ledger_cannot_be_written(tmp_path: Path) -> None:
    clock = HandClock()
    world = moving(clock, tmp_path)
    before = list(world.city.entries)
    (tmp_path / "city-1.jsonl").unlink()
    (tmp_path / "city-1.jsonl").mkdir()
    with pytest.raises(IsADirectoryError):
        world.publish()
    assert world.city.entries == before
    assert isinstance(world.city, Newsroom)
    assert len(world.city) == BACKLOG
