"""When a source is gathered: its schedule."""

from msgspec import Struct


class Every(Struct, frozen=True, kw_only=True, tag="every"):
    """Due again a fixed time after the last round began, moved by up to `jitter_s` either way."""

    interval_s: float
    jitter_s: float = 0.0
    sooner_s: float = 0.0
    """Besides, up to so much sooner: sources that began together part, and none comes late for that."""


class Cron(Struct, frozen=True, kw_only=True, tag="cron"):
    """Due by a five-field cron expression, read in a zone of its own."""

    expression: str
    timezone: str
    jitter_s: float = 0.0


class Adaptive(Struct, frozen=True, kw_only=True, tag="adaptive"):
    """Due when something new is likely, as the source's own rhythm and the last rounds say."""

    min_s: float = 120.0
    max_s: float = 12 * 3600.0
    jitter_s: float = 0.0


Schedule = Every | Cron | Adaptive
