"""`rights`: what a portal lets us show of its articles."""

from typing import Annotated

from pydantic import Field, WithJsonSchema

from syndicator.model.rights import Content, Rights
from syndicator.settings.form import Form
from syndicator.settings.value_texts import Line, Url

HowMuch = Annotated[
    Content, WithJsonSchema({"type": "string", "enum": [content.value for content in reversed(Content)]})
]


class RightsForm(Form):
    """`rights`: what a portal lets us show of its articles, in every output; no feed shows more."""

    content: HowMuch | None = Field(
        default=None,
        description="`full` (the whole text), `summary` (lead and photos) or `headline` (neither text nor "
        "photo). Left out: `summary` where `excerpt` is given, else `full`.",
    )
    excerpt: Annotated[int, Field(strict=True, ge=1, le=100_000)] | None = Field(
        default=None, description="Characters of a summary at most. Left out: the whole lead."
    )
    images: bool = Field(default=True, strict=True, description="Whether its pictures may be shown.")
    index: bool = Field(
        default=True,
        strict=True,
        description="Whether search engines may take up our pages of its articles, where "
        "`[site] news_sitemap` invites them.",
    )
    mining: bool = Field(
        default=True,
        strict=True,
        description="Whether text and data may be mined from what we show of it; `false` reserves that right "
        "(TDMRep).",
    )
    statement: Line | None = Field(
        default=None, description="What it says of its rights, in one line; told in feeds and on pages."
    )
    license: Url | None = Field(default=None, description="Where its licence stands.")

    def value(self) -> Rights:
        """Return the rights."""
        cut = Content.FULL if self.excerpt is None else Content.SUMMARY
        return Rights(
            content=self.content or cut,
            excerpt=self.excerpt,
            images=self.images,
            index=self.index,
            mining=self.mining,
            statement=self.statement,
            license_url=self.license,
        )
