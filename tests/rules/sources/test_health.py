"""How a source stands."""

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace
from rules.portals import MONDAY, daytime, gathered, publications
from support import NOON

from syndicator.model.ids import SourceId
from syndicator.model.ops.pause import Pause
from syndicator.model.ops.states import SourceStanding
from syndicator.model.schedule import Every
from syndicator.model.source import Failure, Round, Source, SourceKind, SourceState
from syndicator.model.sources.source_findings import Walled
from syndicator.rules.sources.cadence import GONE
from syndicator.rules.sources.health import LATE_AFTER, Health, health, outlook

SOURCE = Source(
    id=SourceId("city"),
    title="City",
    kind=SourceKind.FEED,
    url="https://city.example/rss",
    schedule=Every(interval_s=300),
    timezone="Asia/Jakarta",
)
HOUR = timedelta(hours=1)
FINE = SourceState(
    first_success_at=NOON - HOUR, last_success_at=NOON, last_round=Round(new=1), next_due_at=NOON + HOUR
)
FAILURE = Failure(reason="http_503", detail="It answered 503.", at=NOON)

STANDINGS = [
    (FINE, SourceStanding.OK, ""),
    (SourceState(), SourceStanding.NEW, "it has not been gathered yet"),
    (replace(FINE, stopped=GONE, failures=3), SourceStanding.STOPPED, GONE),
    (
        replace(FINE, failures=1, failure=FAILURE),
        SourceStanding.FAILING,
        "the last round failed (http_503): It answered 503.",
    ),
    (
        replace(FINE, failures=4, failure=replace(FAILURE, detail="")),
        SourceStanding.FAILING,
        "the last 4 rounds failed (http_503)",
    ),
    (
        replace(FINE, excused=50, failure=replace(FAILURE, reason="http_429", detail="")),
        SourceStanding.FAILING,
        "the last 50 rounds failed (http_429)",
    ),
    (
        replace(FINE, failure=replace(FAILURE, reason="busy", detail="Its turn did not come.")),
        SourceStanding.FAILING,
        "the last round failed (busy): Its turn did not come.",
    ),
    (replace(FINE, failures=2), SourceStanding.FAILING, "the last 2 rounds failed"),
    (replace(FINE, next_due_at=NOON - timedelta(minutes=2)), SourceStanding.OK, ""),
    (replace(FINE, next_due_at=NOON - 3 * HOUR), SourceStanding.LATE, "it has been due for 3 h"),
    (
        replace(FINE, next_due_at=NOON - HOUR, failures=1, failure=FAILURE),
        SourceStanding.FAILING,
        "the last round failed (http_503): It answered 503.",
    ),
    (
        replace(FINE, last_round=Round(), warnings=("no entry was readable",)),
        SourceStanding.STUCK,
        "nothing could be read: no entry was readable",
    ),
    (replace(FINE, last_round=Round(unchanged=9), warnings=("odd",)), SourceStanding.OK, ""),
    (
        replace(FINE, last_round=Round(), warnings=("odd",), read_at=NOON - HOUR, last_new_at=NOON - HOUR),
        SourceStanding.OK,
        "",
    ),
    (
        replace(FINE, last_round=Round(), warnings=("odd",), read_at=NOON, last_new_at=NOON - HOUR),
        SourceStanding.STUCK,
        "nothing could be read: odd",
    ),
    (
        replace(FINE, last_round=Round(), warnings=("odd",), read_at=NOON - HOUR),
        SourceStanding.STUCK,
        "nothing could be read: odd",
    ),
    (
        # All that it lists is another source's, and today it was unchanged.
        replace(FINE, last_round=Round(), warnings=("odd",), read_at=NOON - HOUR, fruitful=True),
        SourceStanding.OK,
        "",
    ),
    (replace(FINE, last_round=Round()), SourceStanding.OK, ""),
    (
        replace(FINE, missing={"article.body": 3, "list.item": 7, "article.quote": 9}),
        SourceStanding.STUCK,
        "these selectors find nothing any more: article.body, list.item",
    ),
    (replace(FINE, walled=Walled(rounds=9, pages=9, why="http_403")), SourceStanding.OK, ""),
    (replace(FINE, missing={"article.body": 2, "article.quote": 99}), SourceStanding.OK, ""),
]


@pytest.mark.parametrize(("state", "kind", "why"), STANDINGS)
def test_the_worst_is_told(state: SourceState, kind: SourceStanding, why: str) -> None:
    assert health(SOURCE, state, NOON) == Health(kind=kind, why=why)


def test_pages_that_cannot_be_read_are_the_end_of_a_source_without_a_feed() -> None:
    state = replace(FINE, walled=Walled(rounds=4, pages=7, why="http_403"))
    for kind in (SourceKind.PAGE, SourceKind.SITEMAP):
        found = health(replace(SOURCE, kind=kind), state, NOON)
        assert found.kind is SourceStanding.STUCK
        assert found.why == "none of its 7 latest article pages could be read, in 4 rounds: http_403"


WEEKS = 4
FRIDAY_NIGHT = MONDAY + timedelta(days=18, hours=15)
"""22:00 in Jakarta: until Monday morning next to nothing comes."""


def silent(since: datetime, until: datetime) -> Health:
    """Judge a portal that fell silent at one instant at another."""
    published = [at for at in publications(daytime, weeks=WEEKS, seed=1) if at < since]
    state = gathered(Every(interval_s=1800), published, weeks=WEEKS, until=until).state
    return health(SOURCE, replace(state, next_due_at=None), until)


def test_a_quiet_weekend_is_usual_and_a_quiet_monday_is_not() -> None:
    assert silent(FRIDAY_NIGHT, FRIDAY_NIGHT + 40 * HOUR).kind is SourceStanding.OK
    monday = silent(FRIDAY_NIGHT, FRIDAY_NIGHT + 72 * HOUR)
    assert monday.kind is SourceStanding.QUIET
    assert monday.why.startswith("nothing new for 2 d 23 h, in which about ") or monday.why.startswith(
        "nothing new for 3 d"
    )


def test_a_quiet_working_day_is_told_by_its_afternoon() -> None:
    thursday_night = FRIDAY_NIGHT - 24 * HOUR
    assert silent(thursday_night, thursday_night + 8 * HOUR).kind is SourceStanding.OK
    assert silent(thursday_night, thursday_night + 18 * HOUR).kind is SourceStanding.QUIET


def test_a_portal_that_publishes_is_never_quiet() -> None:
    published = publications(daytime, weeks=WEEKS, seed=2)
    for hours in range(14 * 24, 4 * 7 * 24, 11):
        at = MONDAY + hours * HOUR
        state = gathered(Every(interval_s=3600), published, weeks=WEEKS, until=at).state
        assert health(SOURCE, state, at).kind is SourceStanding.OK


def test_of_a_young_source_silence_says_nothing() -> None:
    state = replace(FINE, last_new_at=NOON - 20 * HOUR, rhythm=(50.0,) * 168, rhythm_at=NOON)
    assert health(SOURCE, state, NOON).kind is SourceStanding.OK
    old = replace(state, first_success_at=NOON - timedelta(days=60))
    assert health(SOURCE, old, NOON).kind is SourceStanding.QUIET


@pytest.mark.parametrize(
    "state",
    [state for state, _, _ in STANDINGS] + [replace(FINE, paused=True, pause=Pause(scope="all", since=NOON))],
)
def test_an_outlook_says_what_health_will_say(state: SourceState) -> None:
    seen = outlook(SOURCE, state)
    for now in (NOON - HOUR, NOON, NOON + HOUR, NOON + HOUR + LATE_AFTER, NOON + 2 * HOUR):
        is_late = seen.late_after is not None and now > seen.late_after
        assert health(SOURCE, state, now).kind is (SourceStanding.LATE if is_late else seen.kind)
