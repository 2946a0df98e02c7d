"""The table of a schedule, and how it becomes a value."""

from datetime import timedelta
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from syndicator.model.schedule import Adaptive, CatchUp, Cron, Every, Schedule
from syndicator.settings.form import Form
from syndicator.settings.value_texts import CronText, Duration, PositiveDuration, Zone, wrong

SOONER_SHARE, MOST_SOONER_S = 0.1, 30.0
"""Of an interval without a `jitter`: so much sooner a round may come."""


class ScheduleForm(Form):
    """`schedule`: when a source is gathered: one of `every`, `cron` and `adaptive`."""

    every: PositiveDuration | None = Field(
        default=None, description="Time from the beginning of one round to the next."
    )
    cron: CronText | None = Field(
        default=None,
        description="Five fields: minute, hour, day, month, weekday (names, or 0 to 7 from Sunday on).",
    )
    adaptive: Literal[True] | None = Field(
        default=None,
        validate_default=True,
        description="Learn from the source's rhythm by hour and weekday, and from what each round brings.",
    )
    min: PositiveDuration = Field(default=timedelta(minutes=2), description="`adaptive`: never sooner.")
    max: PositiveDuration = Field(default=timedelta(hours=12), description="`adaptive`: never later.")
    timezone: Zone | None = Field(default=None, description="Zone of `cron`. Left out: the source's zone.")
    jitter: Duration | None = Field(
        default=None,
        description="How far a round may be moved either way, by chance. Left out, rounds by `every` come up "
        "to a tenth of it sooner, at most 30 s, so that sources which began together part.",
    )

    catch_up: CatchUp = Field(
        default=CatchUp.ONCE,
        description="What was due while nothing ran: `once` (gathered at once) or `skip` (at its next time).",
    )

    @field_validator("adaptive")
    @classmethod
    def _one_of_three(cls, value: bool | None, info: ValidationInfo) -> bool | None:
        if not {"every", "cron"} <= info.data.keys():
            return value  # one of them is wrong already
        given = [name for name in ("every", "cron") if info.data[name] is not None]
        given += ["adaptive"] if value else []
        if not given:
            remedy = 'write { every = "5m" }, { cron = "*/10 6-22 * * mon-fri" } or { adaptive = true }'
            raise wrong("says neither every, cron nor adaptive", remedy, key="", absent=True)
        if len(given) > 1:
            raise wrong(f"cannot be combined with {given[0]}", "keep one of them", key=given[-1])
        return value

    @field_validator("max")
    @classmethod
    def _not_below_min(cls, value: timedelta, info: ValidationInfo) -> timedelta:
        if value < info.data.get("min", value):
            raise wrong("is shorter than min", "raise it, or lower min")
        return value

    @field_validator("jitter")
    @classmethod
    def _less_than_every(cls, value: timedelta | None, info: ValidationInfo) -> timedelta | None:
        every = info.data.get("every")
        if every is not None and value is not None and value >= every:
            raise wrong("is not shorter than every", "a tenth of it is a good choice")
        return value

    def value(self, timezone: str) -> Schedule:
        """Return the schedule; a cron expression without a zone is read in the source's."""
        jitter_s = self.jitter.total_seconds() if self.jitter is not None else 0.0
        if self.every is not None:
            interval_s = self.every.total_seconds()
            sooner_s = min(interval_s * SOONER_SHARE, MOST_SOONER_S) if self.jitter is None else 0.0
            return Every(interval_s=interval_s, jitter_s=jitter_s, sooner_s=sooner_s)
        if self.cron is not None:
            return Cron(expression=self.cron, timezone=self.timezone or timezone, jitter_s=jitter_s)
        return Adaptive(min_s=self.min.total_seconds(), max_s=self.max.total_seconds(), jitter_s=jitter_s)
