"""The table of the comparison of a feed with a sitemap, and how it becomes a value."""

from pydantic import Field

from syndicator.model.sources.completeness import CompletenessRule
from syndicator.settings.form import Form
from syndicator.settings.value_texts import Url


class CompletenessForm(Form):
    """`completeness`: compares a feed once a day with a sitemap, and counts what the feed lost."""

    sitemap: Url | None = Field(
        default=None,
        description="The sitemap, of the same part of the portal. Left out: the one that robots.txt names.",
    )
    gather: bool = Field(
        default=False, strict=True, description="Whether what the feed lost is gathered from its pages."
    )

    def value(self) -> CompletenessRule:
        """Return the rule."""
        return CompletenessRule(sitemap=self.sitemap, gather=self.gather)
