"""The table `[hub]`: our own hub, where others subscribe to what we publish."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field, ValidationInfo, WithJsonSchema, field_validator

from syndicator.model.hub import HubPolicy, Signature
from syndicator.settings.form import Form
from syndicator.settings.value_texts import PositiveDuration, Url, wrong

_POLICY = HubPolicy()
_WHOLE_SECOND = timedelta(seconds=1)

Method = Annotated[Signature, WithJsonSchema({"type": "string", "enum": [one.value for one in Signature]})]
Bound = Annotated[int, Field(strict=True, ge=1, le=10_000_000)]


class HubSection(Form):
    """`[hub]`: the WebSub hub at /hub and rssCloud beside it; docs/websub.md tells how they are used."""

    enabled: bool = Field(default=True, strict=True, description="Whether there is a hub of our own.")
    rsscloud: bool = Field(
        default=True, strict=True, description="Whether the hub also speaks rssCloud, and RSS feeds say so."
    )
    external: tuple[Url, ...] = Field(
        default=(),
        description="Hubs of others that feeds name, too; they are told of news by `hub.mode=publish`.",
    )
    min_lease: PositiveDuration = Field(
        default=timedelta(seconds=_POLICY.min_lease_s), description="A subscription holds at least that long."
    )
    max_lease: PositiveDuration = Field(
        default=timedelta(seconds=_POLICY.max_lease_s), description="It holds at most that long."
    )
    default_lease: PositiveDuration = Field(
        default=timedelta(seconds=_POLICY.default_lease_s),
        description="It holds that long where the subscriber asks for nothing.",
    )
    retries: tuple[PositiveDuration, ...] = Field(
        default=tuple(timedelta(seconds=pause_s) for pause_s in _POLICY.retries_s),
        description="Pauses before what failed is tried again; after the last, the next update.",
    )
    jitter: Annotated[float, Field(ge=0, le=1)] = Field(
        default=_POLICY.jitter, description="Part of a pause by which it is moved either way, by chance."
    )
    timeout: PositiveDuration = Field(
        default=timedelta(seconds=_POLICY.timeout_s), description="Longest time of one request to a callback."
    )
    signature: Method = Field(
        default=_POLICY.signature,
        description="How deliveries are signed; `sha1` for subscribers that know nothing else.",
    )
    spacing: PositiveDuration = Field(
        default=timedelta(seconds=_POLICY.spacing_s),
        description="Subscribers of a feed are sent what is new no more often than that.",
    )
    max_in_flight: Annotated[int, Field(strict=True, ge=1, le=1000)] = Field(
        default=_POLICY.max_in_flight,
        description="Requests to one host of callbacks at once; a quarter as many more to new callbacks.",
    )
    max_subscriptions: Bound = Field(
        default=_POLICY.max_subscriptions,
        description="Subscriptions in all, confirmed or not. One more takes the place of the oldest that "
        "never confirmed; where all have, it is told to come later.",
    )
    max_per_host: Bound = Field(
        default=_POLICY.max_per_host,
        description="Subscriptions of one host of callbacks, confirmed or not; more are told to come later.",
    )

    @field_validator("max_lease")
    @classmethod
    def _above_min(cls, value: timedelta, info: ValidationInfo) -> timedelta:
        if value < info.data.get("min_lease", value):
            raise wrong("is shorter than min_lease", "raise it, or lower min_lease")
        return value

    @field_validator("default_lease")
    @classmethod
    def _within(cls, value: timedelta, info: ValidationInfo) -> timedelta:
        if not info.data.get("min_lease", value) <= value <= info.data.get("max_lease", value):
            raise wrong("is not between min_lease and max_lease", "choose one that is")
        return value

    def value(self) -> HubPolicy | None:
        """Return the policy of the hub; None where there is none."""
        if not (self.enabled or self.external):
            return None
        return HubPolicy(
            rsscloud=self.enabled and self.rsscloud,
            external=self.external,
            min_lease_s=max(self.min_lease // _WHOLE_SECOND, 1),
            default_lease_s=max(self.default_lease // _WHOLE_SECOND, 1),
            max_lease_s=max(self.max_lease // _WHOLE_SECOND, 1),
            retries_s=tuple(pause.total_seconds() for pause in self.retries),
            jitter=self.jitter,
            signature=self.signature,
            timeout_s=self.timeout.total_seconds(),
            max_in_flight=self.max_in_flight,
            max_subscriptions=self.max_subscriptions,
            max_per_host=self.max_per_host,
            spacing_s=self.spacing.total_seconds(),
        )
