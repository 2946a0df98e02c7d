"""The keys that lie over a schedule (`active`, `holidays`, `blackouts`, …), and how they become a value."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from itertools import combinations
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from syndicator.model.schedule import (
    ALWAYS_OPEN,
    ActiveHours,
    Adaptive,
    Blackout,
    Burst,
    Calendar,
    CatchUp,
    Holidays,
)
from syndicator.rules.sources.timetable.calendar import existing
from syndicator.rules.sources.timetable.national_holidays import country_fault
from syndicator.settings.fault_messages import faults_of
from syndicator.settings.form import Form
from syndicator.settings.tables.schedules import ScheduleForm
from syndicator.settings.value_texts import (
    SLUG,
    Line,
    PositiveDuration,
    Words,
    in_calendar,
    wrong,
    wrong_inside,
)

MOST_TIMES = 100
"""Blackouts, bursts or one-off runs of one source: all are looked at after each round."""
REST = "rest"

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_MINUTES = 1440
_WEEK_MINUTES = 7 * _DAY_MINUTES
_TIME = r"(\d{1,2}):(\d{2})"
_WINDOW = re.compile(rf"(?:(?P<days>[a-z,-]+)\s+)?{_TIME}\s*-\s*{_TIME}", re.ASCII)
_WINDOW_REMEDY = 'write hours as "05:00-23:30", with days as "mon-fri 05:00-23:30" or "sat,sun 22:00-02:00"'
_MOMENT_REMEDY = "write date and time without quotes, as in 2027-02-14T19:00:00; local, or with an offset"


def _window(text: str) -> ActiveHours:
    match = _WINDOW.fullmatch(text.strip().lower())
    if match is None:
        raise wrong(f"holds {text!r}, which are no hours", _WINDOW_REMEDY)
    opens, closes = (_minutes(text, *match.group(at, at + 1)) for at in (2, 4))
    if opens in {closes, _DAY_MINUTES}:
        raise wrong(f"holds {text!r}, which opens when it closes", 'write "00:00-24:00" for the whole day')
    closes += _DAY_MINUTES if closes < opens else 0
    return ActiveHours(weekdays=_weekdays(text, match["days"]), opens=opens, closes=closes, text=text.strip())


def _minutes(text: str, hour: str, minute: str) -> int:
    minutes = int(hour) * 60 + int(minute)
    if int(minute) > 59 or minutes > _DAY_MINUTES:  # noqa: PLR2004  of an hour
        raise wrong(f"holds {text!r}: {hour}:{minute} is no time of the day", "write 00:00 to 24:00")
    return minutes


def _weekdays(text: str, days: str | None) -> tuple[int, ...]:
    if days is None:
        return tuple(range(7))
    found: list[int] = []
    for part in days.split(","):
        first, _, last = part.partition("-")
        if not {first, last or first} <= set(_WEEKDAYS):
            names = ", ".join(_WEEKDAYS)
            raise wrong(f"holds {text!r}: {part} are no days of the week", f"write days as {names}")
        start = _WEEKDAYS.index(first)
        end = _WEEKDAYS.index(last or first)
        found += [day % 7 for day in range(start, end + 1 + (7 if end < start else 0))]
    return tuple(sorted(set(found)))


def _windows(value: object) -> tuple[ActiveHours, ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple):
        raise wrong("must be a text, or a list of texts", _WINDOW_REMEDY)
    if all(isinstance(text, ActiveHours) for text in texts):
        return tuple(texts)
    if not all(isinstance(text, str) for text in texts):
        raise wrong("must be a text, or a list of texts", _WINDOW_REMEDY)
    windows = tuple(map(_window, texts))
    for one, other in combinations(windows, 2):
        if _overlap(one, other):
            raise wrong(
                f"holds {one.text!r} and {other.text!r}, which overlap", "make them one, or move one of them"
            )
    return windows


def _overlap(one: ActiveHours, other: ActiveHours) -> bool:
    return any(
        (other_day * _DAY_MINUTES + other.opens - start) % _WEEK_MINUTES < one.closes - one.opens
        or (start - other_day * _DAY_MINUTES - other.opens) % _WEEK_MINUTES < other.closes - other.opens
        for day in one.weekdays
        for start in (day * _DAY_MINUTES + one.opens,)
        for other_day in other.weekdays
    )


def _moment(value: object) -> datetime:
    """Read a date with a time; one without an offset is local."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise wrong("is no date with a time", _MOMENT_REMEDY) from None
    if isinstance(value, datetime):
        return in_calendar(value)
    if isinstance(value, date):
        return in_calendar(datetime.combine(value, time()))
    raise wrong("is no date with a time", _MOMENT_REMEDY)


def _day(value: object) -> date:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            value = None
    if not isinstance(value, date) or isinstance(value, datetime):
        raise wrong("is no date", 'write it as "2027-03-08"')
    return value


def _then(value: object, info: ValidationInfo) -> tuple[ActiveHours, ...] | ScheduleForm:
    """Read what holds on holidays: `rest`, hours, or a schedule."""
    if isinstance(value, ScheduleForm):
        return value
    if value == REST:
        return ()
    if not isinstance(value, Mapping):
        return _windows(value)
    try:
        form = ScheduleForm.model_validate(value, context=info.context)
    except ValidationError as error:
        faults = [(fault.path, fault.reason, fault.remedy) for fault in faults_of(ScheduleForm, error)]
        raise wrong_inside(faults) from None
    if form.adaptive:
        raise wrong("cannot be adaptive: holidays are too few to learn from", 'write { every = "1h" }')
    return form


def _tags(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if not SLUG.fullmatch(value):
            raise wrong(f"holds {value!r}", "use lower-case letters, digits and dashes, 64 at most")
    return tuple(dict.fromkeys(values))


_TEXTS = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}

Tags = Annotated[Words, AfterValidator(_tags)]
Active = Annotated[
    tuple[ActiveHours, ...],
    BeforeValidator(_windows),
    WithJsonSchema(_TEXTS | {"examples": ["05:00-23:30", ["mon-fri 05:00-23:30", "sat,sun 07:00-22:00"]]}),
]
Moment = Annotated[
    datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})
]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Then = Annotated[
    Any, BeforeValidator(_then), WithJsonSchema({"anyOf": [*_TEXTS["anyOf"], {"type": "object"}]})
]


class HolidaysForm(Form):
    """`holidays`: days on which a source rests, or has hours or a schedule of its own."""

    country: Line | None = Field(
        default=None, description='Whose public holidays count: a code of two letters, as `"ID"`.'
    )
    subdivision: Line | None = Field(
        default=None,
        validate_default=True,
        description='A part of it with holidays of its own, as `"BY"` of `"DE"`.',
    )
    days: Annotated[tuple[Day, ...], Field(max_length=1000)] = Field(
        default=(), validate_default=True, description="Other days that count, as `2027-03-08`."
    )
    then: Then = Field(
        default=(),
        description='What holds on them: `"rest"` (left out), hours as in `active`, or a schedule as '
        '`{ every = "1h" }`, within the hours of other days.',
    )

    @field_validator("subdivision")
    @classmethod
    def _known(cls, value: str | None, info: ValidationInfo) -> str | None:
        country = info.data.get("country")
        if value is not None and "country" in info.data and country is None:
            raise wrong("is given without a country", 'write country = "ID"', absent=True)
        if country is not None and (fault := country_fault(country, value)):
            key, reason, remedy = fault
            raise wrong(reason, remedy, key=key)
        return value

    @field_validator("days")
    @classmethod
    def _some(cls, value: tuple[date, ...], info: ValidationInfo) -> tuple[date, ...]:
        if not value and "country" in info.data and info.data["country"] is None:
            remedy = 'write country = "ID", or days = ["2027-03-08"]'
            raise wrong("names neither a country nor days", remedy, key="", absent=True)
        return value

    def value(self, timezone: str) -> Holidays:
        """Return the holidays; a cron expression without a zone is read in the source's."""
        schedule = self.then.value(timezone) if isinstance(self.then, ScheduleForm) else None
        return Holidays(
            country=self.country and self.country.upper(),
            subdivision=self.subdivision,
            days=tuple(sorted(set(self.days))),
            windows=() if schedule else self.then,
            schedule=None if isinstance(schedule, Adaptive) else schedule,
        )


class SpanForm(Form):
    """A time from one moment until another, both local or both with an offset."""

    begin: Moment = Field(alias="from", description="When it begins: local, unless it has an offset.")
    until: Moment = Field(description="When it ends.")

    @field_validator("until")
    @classmethod
    def _after_begin(cls, value: datetime, info: ValidationInfo) -> datetime:
        begin = info.data.get("begin")
        if begin is None:
            return value
        if (begin.tzinfo is None) != (value.tzinfo is None):
            raise wrong("has an offset where from has none, or none where it has one", "write both alike")
        if value <= begin:
            raise wrong("is not after from", "write a later time, or exchange the two")
        return value


class BlackoutForm(SpanForm):
    """`blackouts`: times in which a source is never gathered, a list of tables."""

    reason: Line = Field(default="", description="Why, for those who look at the schedule.")


class BurstForm(SpanForm):
    """`bursts`: times in which a source is gathered more often, a list of tables."""

    every: PositiveDuration = Field(description="Time from the beginning of one round to the next.")
    reason: Line = Field(default="", description="Why, for those who look at the schedule.")


def calendar(
    timezone: str,
    *,
    active: tuple[ActiveHours, ...],
    holidays: HolidaysForm | None,
    blackouts: Sequence[BlackoutForm],
    bursts: Sequence[BurstForm],
    runs: Sequence[datetime],
    hints: bool | None,
    catch_up: CatchUp,
) -> Calendar:
    """Return the calendar; local times are read in the source's zone."""
    made = Calendar(
        timezone=timezone,
        windows=active,
        holidays=holidays.value(timezone) if holidays else None,
        blackouts=tuple(
            Blackout(
                begin=_instant(one.begin, timezone), end=_instant(one.until, timezone), reason=one.reason
            )
            for one in blackouts
        ),
        bursts=tuple(
            Burst(
                begin=_instant(one.begin, timezone),
                end=_instant(one.until, timezone),
                interval_s=one.every.total_seconds(),
                reason=one.reason,
            )
            for one in bursts
        ),
        runs=tuple(sorted({_instant(run, timezone) for run in runs})),
        hints=hints,
        catch_up=catch_up,
    )
    return ALWAYS_OPEN if made == Calendar(timezone=timezone) else made


def _instant(moment: datetime, timezone: str) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else existing(moment, ZoneInfo(timezone))
