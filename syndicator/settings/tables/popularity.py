"""The table `[popularity]`: what each signal weighs, and how lists are varied."""

from typing import Annotated

from pydantic import Field, model_validator

from syndicator.model.feed import Announce
from syndicator.rules.popularity.popularity_score import PopularityPolicy
from syndicator.settings.form import Form
from syndicator.settings.value_texts import wrong

Weight = Annotated[float, Field(ge=0, le=100)]
Number = Annotated[int, Field(strict=True, ge=1, le=1000)]

_POLICY = PopularityPolicy()


class AnnounceForm(Form):
    """`announce` of a popular feed: when `popularity.crossed` is told of an article; see events.md."""

    top: Annotated[int, Field(strict=True, ge=1, le=1000)] | None = Field(
        default=None, description="Once it is among so many."
    )
    score: Annotated[float, Field(gt=0, le=1e6)] | None = Field(
        default=None, description="Once its score is so high."
    )
    views: Annotated[int, Field(strict=True, ge=1, le=10**12)] | None = Field(
        default=None, description="Once its portal's own counter shows so many views."
    )

    @model_validator(mode="after")
    def _something(self) -> "AnnounceForm":
        if self.top is None and self.score is None and self.views is None:
            raise wrong("names no threshold", "write one of top, score and views, or remove the key")
        return self

    def value(self) -> Announce:
        return Announce(**self.model_dump())


class PopularitySection(Form):
    """`[popularity]`: weights of the signals, 0 leaves one out; docs/popularity.md tells what they are."""

    coverage: Weight = Field(default=_POLICY.coverage, description="Other owners that tell the same story.")
    views: Weight = Field(default=_POLICY.views, description="Views, beside what is usual at the portal.")
    clicks: Weight = Field(default=_POLICY.clicks, description="Readers who followed our links.")
    reads: Weight = Field(default=_POLICY.reads, description="Readers that partner sites report.")
    box: Weight = Field(default=_POLICY.box, description="Places in a portal's box of popular articles.")
    comments: Weight = Field(default=_POLICY.comments, description="Comments that a feed counts.")
    smoothing: Annotated[float, Field(ge=0.1, le=1e6)] = Field(
        default=_POLICY.smoothing, description="So many views, clicks, reads or comments say little yet."
    )
    partner_most: Annotated[int, Field(strict=True, ge=1, le=10**9)] = Field(
        default=_POLICY.partner_most,
        description="So many reads, or clicks, that one partner reports of an article in a day count.",
    )
    in_a_row: Number = Field(
        default=_POLICY.in_a_row, description="Articles of one portal that may follow each other in a list."
    )
    of_a_story: Number = Field(
        default=_POLICY.of_a_story, description="Articles of one story that a list may hold."
    )

    def value(self) -> PopularityPolicy:
        return PopularityPolicy(**self.model_dump())
