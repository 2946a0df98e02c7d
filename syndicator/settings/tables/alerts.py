"""The table `[alert.NAME]`: which events are sent to people, by mail or chat, and where."""

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Annotated

from msgspec import Struct
from pydantic import AfterValidator, Field, ValidationInfo, WithJsonSchema, field_validator

from syndicator.model.delivery import Alerting, Digest, Endpoint, Secret
from syndicator.model.event import OPERATORS_EVENTS
from syndicator.model.feed import Filter
from syndicator.model.ids import EndpointId
from syndicator.push.alerts.targets import FORMS, TargetFault, parse_target
from syndicator.rules.suggestions import suggestion
from syndicator.rules.webhooks.event_matching import event_types
from syndicator.settings.form import Form
from syndicator.settings.secret_files import TextFile
from syndicator.settings.tables.endpoints import some, within_a_day
from syndicator.settings.value_texts import Line, PositiveDuration, Words, refuse_beside, wrong

MOST_JOINED = 1000
"""Events of one message."""

_TIMEOUT_S, _CONNECT_TIMEOUT_S = 30.0, 10.0
_EVENTS = [
    *dict.fromkeys(f"{kind.family}.*" for kind in OPERATORS_EVENTS),
    *(kind.value for kind in OPERATORS_EVENTS),
]


def _event(value: str) -> str:
    if value not in _EVENTS:
        near = suggestion(value[:64].lower(), _EVENTS)
        meant = f"did you mean {near}? there are" if near else "use"
        raise wrong(f"names {value!r}, which is no event for operators", f"{meant} {', '.join(_EVENTS)}")
    return value


def _target(value: str) -> str:
    """Check a URL; no message quotes it, for it is a secret."""
    try:
        parse_target(value)
    except TargetFault as fault:
        raise wrong(fault.reason, fault.remedy) from None
    return value.strip()


OperatorsEvent = Annotated[str, AfterValidator(_event), WithJsonSchema({"type": "string", "enum": _EVENTS})]
TargetUrl = Annotated[
    str, AfterValidator(_target), WithJsonSchema({"type": "string", "format": "uri", "writeOnly": True})
]


class AlertForm(Form):
    """`[alert.NAME]`: people who are told of troubles, by mail or chat."""

    url: TargetUrl | None = Field(
        default=None,
        repr=False,
        description=f"Where messages go: {', '.join(f'`{form}`' for form in FORMS)}. See "
        "[Be told](howto/monitoring.md#be-told).",
    )
    url_file: TextFile = Field(
        default=None,
        repr=False,
        validate_default=True,
        description="File that holds `url`, which has a password or tokens.",
    )
    description: Line | None = Field(default=None, description="A note for people.")
    events: Annotated[tuple[OperatorsEvent, ...], AfterValidator(some)] = Field(
        default=("source.*", "endpoint.*"), description="Which [events](events.md), by name or `source.*`."
    )
    sources: Words = Field(
        default=(),
        description="Of which sources, by id. `sources`, `groups` and `owners` add up; all empty: of all "
        "sources. Events of endpoints come in any case.",
    )
    groups: Words = Field(default=(), description="Of the sources of these groups.")
    owners: Words = Field(default=(), description="Of the sources of these owners.")
    join: Annotated[PositiveDuration, AfterValidator(within_a_day)] = Field(
        default=timedelta(minutes=1),
        description="How long an event waits for others that are sent in the same message; at most `24h`.",
    )
    repeat_after: Annotated[PositiveDuration, AfterValidator(within_a_day)] = Field(
        default=timedelta(hours=1),
        description="How soon the same event of the same source or endpoint may come again; at most `24h`. "
        "What comes sooner waits, and is sent if nothing newer took its place.",
    )

    @field_validator("url_file")
    @classmethod
    def _one_url(cls, value: str | None, info: ValidationInfo) -> str | None:
        refuse_beside(info, "url", value)
        if value is None and info.data.get("url") is None and "url" in info.data:
            raise wrong("is missing", 'write url_file = "…", or url = "…"', key="url")
        return None if value is None else _target(value)

    @property
    def choice(self) -> "SourceChoice":
        return SourceChoice(sources=self.sources, groups=self.groups, owners=self.owners)

    def value(self, name: EndpointId, sources: Iterable["Choosable"]) -> Endpoint:
        """Return the endpoint that this is to the queue; `sources` are all that there are."""
        url = self.url or self.url_file or ""
        return Endpoint(
            id=name,
            url=parse_target(url).shown,
            secrets=(Secret(url),),
            description=self.description or "",
            events=event_types(self.events),
            filter=Filter(source=self.choice.of(sources)),
            digest=Digest(items=MOST_JOINED, every_s=self.join.total_seconds()),
            max_in_flight=1,
            timeout_s=_TIMEOUT_S,
            connect_timeout_s=_CONNECT_TIMEOUT_S,
            alert=Alerting(repeat_after_s=self.repeat_after.total_seconds()),
        )


class Choosable(Struct, frozen=True, kw_only=True):
    """What a source may be chosen by."""

    id: str
    group: str | None
    owner: str | None


class SourceChoice(Struct, frozen=True, kw_only=True):
    """Sources by what they are called, belong to, or are published by; empty: all."""

    sources: Collection[str]
    groups: Collection[str]
    owners: Collection[str]

    def of(self, sources: Iterable[Choosable]) -> tuple[str, ...]:
        """Return the ids of the chosen sources; empty: all."""
        if not (self.sources or self.groups or self.owners):
            return ()
        owners = {owner.casefold() for owner in self.owners}
        return tuple(
            one.id
            for one in sources
            if one.id in self.sources or one.group in self.groups or (one.owner or "").casefold() in owners
        )
