"""The table `[story]`: from where on articles are copies, or tell the same."""

from typing import Annotated

from pydantic import Field

from syndicator.rules.stories.clustering import StoriesPolicy
from syndicator.rules.stories.near_duplicates import CopyPolicy
from syndicator.rules.stories.story_match import StoryPolicy
from syndicator.settings.form import Form
from syndicator.settings.value_texts import PositiveDuration

Share = Annotated[float, Field(ge=0, le=1)]

_COPY, _STORY = CopyPolicy(), StoryPolicy()


class StorySection(Form):
    """`[story]`: thresholds, shares from 0 to 1, explained in docs/stories.md. What was placed stays so."""

    similarity: Share = Field(
        default=_STORY.similarity, description="Of an article's terms with a story's: from here on it joins."
    )
    ageing: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=_STORY.ageing, description="How much of its similarity a story loses over three days."
    )
    containment: Share = Field(
        default=_COPY.containment, description="Of the shorter text in the longer: from here on derived."
    )
    copied: Share = Field(default=_COPY.copied, description="The same: from here on perhaps a copy.")
    resemblance: Share = Field(
        default=_COPY.resemblance, description="Of both texts in both: from here on headlines may differ."
    )
    headline: Share = Field(default=_COPY.headline, description="Agreement of the headlines of copies.")
    beginning: Share = Field(default=_COPY.beginning, description="Agreement of the beginnings of copies.")
    numbers: Share = Field(default=_COPY.numbers, description="Agreement of the numbers of copies.")
    length: Share = Field(default=_COPY.length, description="Of the shorter copy to the longer.")
    words: Annotated[int, Field(strict=True, ge=5, le=1000)] = Field(
        default=_COPY.words, description="Words of the shorter copy, at least."
    )
    assign_within: PositiveDuration = Field(
        default=StoriesPolicy().assign_within,
        description="An article that is not assigned to a story by then is shown as one of its own.",
    )

    def value(self) -> StoriesPolicy:
        values = self.model_dump()
        return StoriesPolicy(
            copies=CopyPolicy(**{key: values[key] for key in CopyPolicy.__struct_fields__}),
            stories=StoryPolicy(**{key: values[key] for key in StoryPolicy.__struct_fields__}),
            assign_within=self.assign_within,
        )
