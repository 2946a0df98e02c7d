"""The table `[endpoint.ID]`: who receives which events, and how; what of it is also chosen over the API."""

import re
from datetime import timedelta
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator

from syndicator.model.delivery import Digest, Endpoint, Payload, Rate, RetryPolicy, Secret
from syndicator.model.event import EventType
from syndicator.model.ids import EndpointId, FeedId
from syndicator.rules.suggestions import suggestion
from syndicator.rules.webhooks.event_matching import event_types
from syndicator.settings.form import Form, Headers
from syndicator.settings.secret_files import SigningSecretsFile
from syndicator.settings.tables.feeds import FilterForm
from syndicator.settings.value_texts import (
    Line,
    PositiveDuration,
    SigningSecrets,
    Url,
    Words,
    refuse_beside,
    wrong,
)

T = TypeVar("T")

LONGEST_MAX_AGE = timedelta(days=14)
"""Events are kept for 30 days; dead deliveries stay for another two weeks."""

_EVENTS = ["*", *dict.fromkeys(f"{kind.family}.*" for kind in EventType), *(kind.value for kind in EventType)]


_LONGEST_EVENT = 64


def _event(value: str) -> str:
    if value not in _EVENTS:
        near = suggestion(value[:_LONGEST_EVENT].lower(), _EVENTS)
        meant = f"did you mean {near}? there are" if near else "use"
        raise wrong(f"names {value!r}, which is not an event type", f"{meant} {', '.join(_EVENTS)}")
    return value


def some(values: tuple[T, ...]) -> tuple[T, ...]:
    """Return a list; refuse an empty one."""
    if not values:
        raise wrong("is empty", "name at least one, or remove the key")
    return values


def _not_for_ever(value: timedelta) -> timedelta:
    if value > LONGEST_MAX_AGE:
        raise wrong("is longer than events are kept for a partner", 'write at most "14d"')
    return value


def within_a_day(value: timedelta) -> timedelta:
    """Return a time between a second and a day; refuse others."""
    if not timedelta(seconds=1) <= value <= timedelta(days=1):
        raise wrong("is shorter than 1 s or longer than 24 h", 'write "1s" to "24h"')
    return value


EventName = Annotated[str, AfterValidator(_event), WithJsonSchema({"type": "string", "enum": _EVENTS})]
PayloadName = Annotated[
    Payload, WithJsonSchema({"type": "string", "enum": [payload.value for payload in Payload]})
]


_RATE = re.compile(r"([1-9][0-9]{0,5})/(s|m|h)", re.ASCII)
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def parse_rate(value: object) -> Rate:
    """Read a rate; raises a fault that says how to write one."""
    if isinstance(value, Rate):
        return value
    found = _RATE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise wrong("is not a rate", 'write how many per second, minute or hour, as in "10/s" or "300/m"')
    return Rate(count=int(found[1]), per_s=_SECONDS[found[2]])


RateText = Annotated[
    Rate, BeforeValidator(parse_rate), WithJsonSchema({"type": "string", "pattern": f"^{_RATE.pattern}$"})
]


class RetryForm(Form):
    """`retry`: when a failed delivery is tried again."""

    delays: Annotated[tuple[PositiveDuration, ...], AfterValidator(some)] = Field(
        default=tuple(timedelta(seconds=delay_s) for delay_s in RetryPolicy().delays_s),
        description="Pauses before the second attempt, the third, and so on.",
    )
    jitter: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.2, description="Part of the pause by which it is moved either way, by chance."
    )


class DigestForm(Form):
    """`digest`: several events in one push, once there are so many or so much time has passed."""

    items: Annotated[int, Field(strict=True, ge=2, le=100)] = Field(
        default=20, description="How many at most: with so many it is sent at once."
    )
    every: Annotated[PositiveDuration, AfterValidator(within_a_day)] = Field(
        default=timedelta(minutes=10),
        description="How long an event waits for others; at most `24h`.",
    )

    def value(self) -> Digest:
        return Digest(items=self.items, every_s=self.every.total_seconds())


class ChoicesForm(Form):
    """What is chosen of an endpoint, by whomever."""

    url: Url = Field(description="Where events are sent.")
    description: Line | None = Field(default=None, description="A note for people.")
    events: Annotated[tuple[EventName, ...], AfterValidator(some)] = Field(
        default=("article.*",), description="Which [events](events.md), by name, `article.*` or `*`."
    )
    filter: FilterForm = Field(default=FilterForm(), description="Which articles.")
    feeds: Words = Field(
        default=(), description="Of which feeds `feed.updated` and `popularity.crossed` are told; empty: all."
    )
    payload: PayloadName = Field(
        default=Payload.FULL,
        description="`full`: the whole article; `summary`: without its text; `thin`: what tells which it is.",
    )
    digest: DigestForm | None = Field(
        default=None,
        description='Several events in one push, as `{ items = 20, every = "10m" }`: see '
        "[events.md](events.md#digests). Left out: each by itself.",
    )
    headers: Headers = Field(
        default={}, description="Headers of each request; `Name_file` takes a value from a file."
    )
    max_in_flight: Annotated[int, Field(strict=True, ge=1, le=1000)] = Field(
        default=4, description="How many deliveries are on their way at once."
    )
    rate: RateText | None = Field(
        default=None,
        description="How many deliveries in a second, minute or hour: `10/s`, `300/m`, `1000/h`. They are "
        "spread evenly, but for a second's worth. Left out: as fast as it answers.",
    )
    timeout: PositiveDuration = Field(
        default=timedelta(seconds=10), description="Longest time of one attempt."
    )
    connect_timeout: PositiveDuration = Field(
        default=timedelta(seconds=5), description="Longest time to connect."
    )
    max_age: Annotated[PositiveDuration, AfterValidator(_not_for_ever)] = Field(
        default=timedelta(days=3), description="Older events are no longer tried; at most `14d`."
    )
    retry: RetryForm = Field(default=RetryForm(), description="When a failed delivery is tried again.")

    @field_validator("max_age")
    @classmethod
    def _longer_than_a_digest(cls, value: timedelta, info: ValidationInfo) -> timedelta:
        digest: DigestForm | None = info.data.get("digest")
        if digest is not None and value <= digest.every:
            raise wrong("is over before a digest is sent", "write more than digest.every")
        return value

    def chosen(self, endpoint: EndpointId, secrets: tuple[Secret, ...]) -> Endpoint:
        """Return the endpoint that is described, with these secrets."""
        return Endpoint(
            id=endpoint,
            url=self.url,
            description=self.description or "",
            secrets=secrets,
            events=event_types(self.events),
            filter=self.filter.value(),
            feeds=tuple(map(FeedId, self.feeds)),
            payload=self.payload,
            digest=self.digest.value() if self.digest else None,
            headers=self.headers,
            max_in_flight=self.max_in_flight,
            rate=self.rate,
            timeout_s=self.timeout.total_seconds(),
            connect_timeout_s=self.connect_timeout.total_seconds(),
            retry=RetryPolicy(
                delays_s=tuple(delay.total_seconds() for delay in self.retry.delays),
                jitter=self.retry.jitter,
                max_age_s=self.max_age.total_seconds(),
            ),
        )


class EndpointForm(ChoicesForm):
    """`[endpoint.ID]`: a partner's address that receives webhooks."""

    secret: SigningSecrets | None = Field(
        default=None,
        repr=False,
        description="`whsec_…`, or `whsk_…` to sign by ed25519, or a list: every one signs, so that one can "
        "be changed with an overlap.",
    )
    secret_file: SigningSecretsFile = Field(
        default=None,
        repr=False,
        validate_default=True,
        description="File that holds the secret, or one a line.",
    )

    @field_validator("secret_file")
    @classmethod
    def _one_secret(cls, value: tuple[Secret, ...] | None, info: ValidationInfo) -> tuple[Secret, ...] | None:
        given = info.data.get("secret")
        refuse_beside(info, "secret", value)
        if value is None and given is None and "secret" in info.data:
            raise wrong("is missing", 'write secret = "whsec_…", or secret_file = "…"', key="secret")
        return value

    def value(self, endpoint: EndpointId) -> Endpoint:
        return self.chosen(endpoint, self.secret or self.secret_file or ())
