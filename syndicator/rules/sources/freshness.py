"""The freshness objective of a source: 95 of 100 articles are shown within a time after publication.

The error budget is what may be late in 30 days: 5 of 100 articles. A source is behind when the
budget is used up, and has caught up when a tenth of it is left, so that one article does not change that.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from syndicator.model.clock import EPOCH, to_ms
from syndicator.model.event import Event, EventType, SourceNotice
from syndicator.model.ops.states import ObjectiveState
from syndicator.model.source import Source, SourceState
from syndicator.model.sources.freshness import (
    Delay,
    DelayNotes,
    FreshDay,
    Freshness,
    FreshnessStanding,
    Sighting,
    Stage,
)
from syndicator.rules.durations import span
from syndicator.rules.identity.identity import event_id
from syndicator.rules.sources.timetable.calendar import time_open

TARGET = 0.95
WINDOW_DAYS = 30
LEAST_ARTICLES = 20
"""With fewer articles, a source would be behind by one that is late."""
_LEFT_AGAIN = 0.1
"""Of the budget: with so much left a source has caught up."""


def with_freshness(
    source: Source,
    state: SourceState,
    sightings: Sequence[Sighting],
    began: datetime,
    now: datetime,
    *,
    paused_at: datetime | None = None,
) -> tuple[SourceState, DelayNotes | None, Event | None]:
    """Return the state after a round that `began` then, the delays to be counted, and the event of a change.

    `paused_at`: the source was paused from then until the round. Without an objective nothing is counted, and
    what was counted is forgotten.
    """
    if source.fresh_within_s is None:
        return replace(state, freshness=Freshness()), None, None
    before = state.freshness
    if before.within_s != source.fresh_within_s:
        before = Freshness(
            within_s=source.fresh_within_s, cleared_until=before.cleared_until, revision=before.revision
        )
    today = day_of(now)
    credible = [one for one in sightings if is_credible(source, state, one)]
    late = sum(_is_late(source, one, paused_at, began) for one in credible)
    after = replace(
        before,
        days=_with_day(before.days, today, len(credible), late),
        cleared_until=max(before.cleared_until, today + 1),
    )
    notes = DelayNotes(
        day=today,
        delays=tuple(delay for one in credible for delay in _delays(one, began)),
        cleared=range(before.cleared_until + 1, after.cleared_until + 1),
    )
    after, event = _announced(source, after, now)
    return replace(state, freshness=after), notes, event


def standing_of(source: Source, state: SourceState, now: datetime) -> FreshnessStanding | None:
    """Return how a source stands against its objective; None where it has none."""
    if source.fresh_within_s is None:
        return None
    freshness = state.freshness if state.freshness.within_s == source.fresh_within_s else Freshness()
    days = _recent(freshness.days, day_of(now))
    articles, late = sum(day.articles for day in days), sum(day.late for day in days)
    return FreshnessStanding(
        within_s=source.fresh_within_s,
        articles=articles,
        late=late,
        share=1 - late / articles if articles else None,
        target=TARGET,
        budget_left=_budget_left(articles, late) if articles else None,
        breached_since=freshness.breached_since,
    )


def measured_days(state: SourceState, now: datetime) -> range:
    """Return the last 30 days, up to the last one whose counters of delays are known to begin at zero."""
    today = day_of(now)
    return range(today - WINDOW_DAYS + 1, min(today, state.freshness.cleared_until) + 1)


def is_credible(source: Source, state: SourceState, sighting: Sighting) -> bool:
    """Return whether the claimed date says when an article was published, while we were watching.

    That of an older article does not, nor does one ahead of now, nor midnight: most of these are days.
    """
    published, shown = sighting.published_at, sighting.shown_at
    watched_since = state.first_success_at
    if watched_since is None or published < watched_since or published > shown:
        return False
    if shown - published > _seconds(source.announce_age_s):
        return False
    return not (_is_midnight(published) or _is_midnight(published.astimezone(ZoneInfo(source.timezone))))


def day_of(moment: datetime) -> int:
    """Return the day (UTC) of a moment, counted since 1970."""
    return (moment - EPOCH) // timedelta(days=1)


def _is_late(source: Source, sighting: Sighting, paused_at: datetime | None, began: datetime) -> bool:
    """Return whether an article was shown late; time in which the source rested by plan does not count."""
    within = _seconds(source.fresh_within_s or 0.0)
    published, shown = sighting.published_at, sighting.shown_at
    if shown - published <= within:
        return False
    pause_begins = max(published, paused_at or published)
    pause_ends = max(pause_begins, began) if paused_at else pause_begins
    before = time_open(source.calendar, published, pause_begins)
    return before + time_open(source.calendar, pause_ends, shown) > within


def _delays(sighting: Sighting, began: datetime) -> tuple[Delay, Delay]:
    published = sighting.published_at
    return (
        Delay(stage=Stage.SEEN, seconds=max((began - published).total_seconds(), 0.0)),
        Delay(stage=Stage.SHOWN, seconds=(sighting.shown_at - published).total_seconds()),
    )


def _with_day(days: Sequence[FreshDay], today: int, articles: int, late: int) -> tuple[FreshDay, ...]:
    recent = _recent(days, today)
    if not articles:
        return tuple(recent)
    if recent and recent[-1].day == today:
        last = recent.pop()
        articles, late = last.articles + articles, last.late + late
    return (*recent, FreshDay(today, articles, late))


def _recent(days: Sequence[FreshDay], today: int) -> list[FreshDay]:
    return [day for day in days if today - WINDOW_DAYS < day.day <= today]


def _budget_left(articles: int, late: int) -> float:
    return round(1 - late / (articles * (1 - TARGET)), 6)


def _announced(source: Source, freshness: Freshness, now: datetime) -> tuple[Freshness, Event | None]:
    articles = sum(day.articles for day in freshness.days)
    late = sum(day.late for day in freshness.days)
    left = _budget_left(articles, late) if articles >= LEAST_ARTICLES else None
    since = freshness.breached_since
    if since is None and left is not None and left < 0:
        kind, since, breached_since = EventType.SOURCE_BEHIND, now, now
    elif since is not None and (left is None or left >= _LEFT_AGAIN):
        kind, breached_since = EventType.SOURCE_CAUGHT_UP, None
    else:
        return freshness, None
    revision = max(to_ms(now), freshness.revision + 1)
    event = Event(
        id=event_id(source.id, revision, kind),
        type=kind,
        subject=source.id,
        revision=revision,
        follows=freshness.revision or None,
        at=now,
        details=SourceNotice(
            title=source.title,
            standing=(ObjectiveState.BEHIND if breached_since else ObjectiveState.CAUGHT_UP).value,
            why=sentence(freshness.within_s or 0.0, articles, late),
            since=since,
        ),
    )
    return replace(freshness, breached_since=breached_since, revision=revision), event


def sentence(within_s: float, articles: int, late: int) -> str:
    """Return what was shown in time, in words."""
    if not articles:
        return f"no article was measured; the objective is {TARGET:.0%} within {span(within_s)}"
    share = (articles - late) / articles
    return (
        f"{share:.1%} of {articles} articles of {WINDOW_DAYS} days were shown within {span(within_s)}; "
        f"the objective is {TARGET:.0%}"
    )


def _is_midnight(moment: datetime) -> bool:
    return (moment.hour, moment.minute, moment.second) == (0, 0, 0)


def _seconds(length: float) -> timedelta:
    return timedelta(seconds=length)
