"""Operators are notified once of trouble, and once that it is over."""

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace
from rules.portals import daytime, gathered, publications
from rules.sources.test_health import FAILURE, FINE, FRIDAY_NIGHT, HOUR, SOURCE, WEEKS
from support import NOON

from syndicator.model.event import Event, EventType, SourceNotice
from syndicator.model.ops.pause import Pause
from syndicator.model.schedule import Every
from syndicator.model.source import SourceState
from syndicator.rules.sources.alarm import with_alarm
from syndicator.rules.sources.cadence import GONE

FAILING = replace(FINE, failures=3, failure=FAILURE)
PAUSE = Pause(scope="all", since=NOON)
STUCK = replace(FINE, missing={"list.item": 5})


class Told:
    """A source whose rounds come one after the other."""

    def __init__(self) -> None:
        self.state = SourceState()
        self.events: list[Event] = []
        self.now: datetime = NOON

    def after(self, *states: SourceState) -> list[EventType]:
        begun = len(self.events)
        for state in states:
            self.now += timedelta(minutes=5)
            self.state, event = with_alarm(SOURCE, replace(state, alarm=self.state.alarm), NOON)
            self.events += [event] if event else []
        return [event.type for event in self.events[begun:]]


@pytest.mark.parametrize("trouble", [FAILING, STUCK, replace(FINE, stopped=GONE)])
def test_trouble_is_told_once_and_so_is_its_end(trouble: SourceState) -> None:
    source = Told()
    assert source.after(FINE, FINE) == []
    assert source.after(trouble, trouble, trouble) == [EventType.SOURCE_FAILING]
    assert source.after(FINE, FINE) == [EventType.SOURCE_RECOVERED]
    assert source.after(trouble) == [EventType.SOURCE_FAILING]
    assert len({event.id for event in source.events}) == 3
    revisions = [event.revision for event in source.events]
    assert revisions == sorted(set(revisions)), "also where no time passes between them"
    assert [event.follows for event in source.events] == [None, *revisions[:-1]]


def test_one_or_two_failed_rounds_are_ordinary() -> None:
    source = Told()
    two = replace(FINE, failures=2, failure=FAILURE)
    assert source.after(replace(FINE, failures=1, failure=FAILURE), two, FINE) == []
    assert source.after(two, FAILING, two) == [EventType.SOURCE_FAILING], "nor does fewer end it"


def test_what_was_never_gathered_and_fails_is_told() -> None:
    assert Told().after(SourceState(failures=3, failure=FAILURE)) == [EventType.SOURCE_FAILING]


def test_a_paused_source_is_left_alone() -> None:
    source = Told()
    assert source.after(
        FAILING, replace(FAILING, paused=True, pause=PAUSE), replace(FINE, paused=True, pause=PAUSE)
    ) == [EventType.SOURCE_FAILING]
    assert source.after(FINE) == [EventType.SOURCE_RECOVERED]


def test_silence_is_told_and_that_it_fails_then() -> None:
    published = [at for at in publications(daytime, weeks=WEEKS, seed=1) if at < FRIDAY_NIGHT]
    until = FRIDAY_NIGHT + 72 * HOUR
    known = gathered(Every(interval_s=1800), published, weeks=WEEKS, until=until).state
    quiet = replace(known, next_due_at=None)
    source = Told()
    assert source.after(quiet, quiet) == [EventType.SOURCE_QUIET]
    details = source.events[0].details
    assert isinstance(details, SourceNotice)
    assert (details.standing, details.since) == ("quiet", known.last_new_at)
    assert "articles usually come" in details.why
    assert source.after(FAILING, FINE) == [EventType.SOURCE_FAILING, EventType.SOURCE_RECOVERED]


def test_why_and_since_when_is_told() -> None:
    source = Told()
    source.after(FAILING)
    (event,) = source.events
    assert (event.subject, event.at) == (SOURCE.id, NOON)
    assert event.details == SourceNotice(
        title="City",
        standing="failing",
        why="the last 3 rounds failed (http_503): It answered 503.",
        since=NOON,
    )
