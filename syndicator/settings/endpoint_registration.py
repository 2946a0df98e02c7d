"""Endpoints as partners describe them over the API: keys of `[endpoint.ID]`, by the same rules, as JSON."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from msgspec.structs import asdict
from pydantic import AfterValidator, Field, ValidationError, ValidationInfo, field_validator

from syndicator.errors import ConfigError, Fault
from syndicator.model.delivery import Endpoint, Secret
from syndicator.model.event import EventType
from syndicator.model.feed import FeedSpec
from syndicator.model.ids import EndpointId, FeedId, SourceId
from syndicator.settings.fault_messages import faults_of, nearest
from syndicator.settings.form import PlainHeaders
from syndicator.settings.json_schema import form_schema
from syndicator.settings.tables.endpoints import ChoicesForm, RetryForm
from syndicator.settings.value_texts import PositiveDuration, Url, wrong

_LONGEST_TIMEOUT = timedelta(seconds=30)
_LONGEST_AGE = timedelta(days=7)
_MOST_RETRIES = 20
_ALL = tuple(dict.fromkeys(f"{kind.family}.*" for kind in EventType if kind.family != "source"))


def _at_most(value: timedelta, most: timedelta) -> timedelta:
    if value > most:
        raise wrong("is too long", f'write "{spelled(most.total_seconds())}" at most')
    return value


def _patient(value: timedelta) -> timedelta:
    return _at_most(value, _LONGEST_TIMEOUT)


def _fresh(value: timedelta) -> timedelta:
    return _at_most(value, _LONGEST_AGE)


class RegistrationForm(ChoicesForm):
    """What is sent to add an endpoint or to change one."""

    url: Annotated[Url, Field(max_length=2000)] = Field(description="Where events are sent.")
    headers: PlainHeaders = Field(default={}, description="Headers of each request.")
    max_in_flight: Annotated[int, Field(strict=True, ge=1, le=50)] = Field(
        default=4, description="How many deliveries are on their way at once."
    )

    timeout: Annotated[PositiveDuration, AfterValidator(_patient)] = Field(
        default=timedelta(seconds=10), description="Longest time of one attempt; at most `30s`."
    )
    connect_timeout: Annotated[PositiveDuration, AfterValidator(_patient)] = Field(
        default=timedelta(seconds=5), description="Longest time to connect; at most `30s`."
    )
    max_age: Annotated[PositiveDuration, AfterValidator(_fresh)] = Field(
        default=timedelta(days=3), description="Older events are no longer tried; at most `7d`."
    )

    @field_validator("retry")
    @classmethod
    def _few(cls, value: RetryForm) -> RetryForm:
        if len(value.delays) > _MOST_RETRIES:
            raise wrong("holds too many delays", f"write {_MOST_RETRIES} at most", key="retry.delays")
        return value

    @field_validator("events")
    @classmethod
    def _for_partners(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        """Spell out `*` as all that its asker may hear of; sources are the business of who runs this service.

        Of `endpoint.*` a partner hears what concerns his own.
        """
        if info.context and info.context["is_operator"]:
            return value
        refused = [one for one in value if one.startswith("source.")]
        if refused:
            raise wrong(f"names {refused[0]!r}, which is for those who run this service", "leave it out")
        return tuple(dict.fromkeys(one for each in value for one in (_ALL if each == "*" else (each,))))


class Registrations:
    """Reads and writes endpoints as JSON has them, against the sources and feeds that there are."""

    def __init__(self, sources: Collection[SourceId], feeds: Mapping[FeedId, FeedSpec]) -> None:
        self._sources = sources
        self._feeds = feeds

    def read(
        self,
        values: Mapping[str, Any],
        endpoint: EndpointId,
        secrets: tuple[Secret, ...],
        *,
        is_operator: bool,
    ) -> Endpoint:
        """Read the description of an endpoint; raise ConfigError with all its faults."""
        faults = list(self._unknown(values, is_operator=is_operator))
        try:
            form = RegistrationForm.model_validate(values, context={"is_operator": is_operator})
        except ValidationError as error:
            found = faults_of(RegistrationForm, error)
            faults[:0] = [_fault(".".join(map(str, one.path)), one.reason, one.remedy) for one in found]
            raise ConfigError(tuple(faults)) from None
        if faults:
            raise ConfigError(tuple(faults))
        return form.chosen(endpoint, secrets)

    def _unknown(self, values: Mapping[str, Any], *, is_operator: bool) -> Iterable[Fault]:
        """Return faults for names of unknown sources and feeds: no event of them would ever be sent."""
        wanted = values.get("filter")
        sources = wanted.get("source") if isinstance(wanted, Mapping) else None
        feeds = [name for name, spec in self._feeds.items() if is_operator or not spec.private]
        for key, named, known in (
            ("filter.source", sources, self._sources),
            ("feeds", values.get("feeds"), feeds),
        ):
            for name in [named] if isinstance(named, str) else named if isinstance(named, list) else []:
                if isinstance(name, str) and name not in known:
                    yield _fault(key, f"names {name!r}, which is not known here", nearest(name, known))


def written(endpoint: Endpoint) -> dict[str, Any]:
    """Write an endpoint as it is read, so that it may be sent back. Headers are whole, secrets left out."""
    wanted = {key: value for key, value in asdict(endpoint.filter).items() if value}
    return {
        "url": endpoint.url,
        "description": endpoint.description or None,
        "events": [kind.value for kind in endpoint.events],
        "filter": {key: _plain(value) for key, value in wanted.items()},
        "feeds": list(endpoint.feeds),
        "payload": endpoint.payload.value,
        "digest": {"items": endpoint.digest.items, "every": f"{endpoint.digest.every_s:g}s"}
        if endpoint.digest
        else None,
        "headers": dict(endpoint.headers),
        "max_in_flight": endpoint.max_in_flight,
        "rate": endpoint.rate.text if endpoint.rate else None,
        "timeout": spelled(endpoint.timeout_s),
        "connect_timeout": spelled(endpoint.connect_timeout_s),
        "max_age": spelled(endpoint.retry.max_age_s),
        "retry": {
            "delays": [spelled(delay_s) for delay_s in endpoint.retry.delays_s],
            "jitter": endpoint.retry.jitter,
        },
    }


def spelled(seconds: float) -> str:
    """Write a duration as people would: in its largest unit that gives a whole number."""
    for unit, length_s in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length_s and seconds % length_s == 0:
            return f"{seconds / length_s:.0f}{unit}"
    return f"{seconds:.6f}".rstrip("0").rstrip(".") + "s"


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def registration_schema() -> dict[str, Any]:
    """Return the JSON Schema of what is sent; `$defs` are its parts."""
    return form_schema(RegistrationForm)


def _fault(key: str, reason: str, remedy: str) -> Fault:
    return Fault(file="", key=key, reason=reason, remedy=remedy)
