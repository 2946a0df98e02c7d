"""The table `[popularity]`: what each signal weighs, and how lists are varied."""

from typing import Annotated

from pydantic import Field

from syndicator.rules.popularity import PopularityPolicy
from syndicator.settings.form import Form

Weight = Annotated[float, Field(ge=0, le=100)]
Number = Annotated[int, Field(strict=True, ge=1, le=1000)]

_POLICY = PopularityPolicy()


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
    in_a_row: Number = Field(
        default=_POLICY.in_a_row, description="Articles of one portal that may follow each other in a list."
    )
    of_a_story: Number = Field(
        default=_POLICY.of_a_story, description="Articles of one story that a list may hold."
    )

    def value(self) -> PopularityPolicy:
        return PopularityPolicy(**self.model_dump())
