"""The tables of a source whose pages are read: where its lists, articles and boxes keep their parts."""

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from syndicator.model.source import ArticleRule, Replacement
from syndicator.settings.form import Form
from syndicator.settings.value_texts import Element, Line, LinkRule, Selector, Url, regex_fault, wrong

Replaced = Literal["title", "lead", "quote", "authors", "section", "tags", "caption", "credit", "body"]


class ListForm(Form):
    """`list`: where a list page keeps its articles."""

    item: Element = Field(
        description="One article of the list; all keys below but `next` are looked up inside it."
    )
    url: LinkRule = Field(
        default="a",
        description="The link to the article page; or `re:` and a regular expression: every link of an item "
        "whose address holds it.",
    )
    title: Selector | None = Field(default=None, description="Its title.")
    date: Selector | None = Field(default=None, description="Its date.")
    section: Selector | None = Field(default=None, description="Its section.")
    image: Selector | None = Field(default=None, description="Its picture.")
    next: Selector | None = Field(default=None, description="The link to the next list page.")


class ReplaceForm(Form):
    """`article.replace`: what a portal writes into its articles that is no news."""

    field: Replaced = Field(description="Where it stands.")
    find: Line = Field(description="What is replaced, as it stands in the field (`body`: in its HTML).")
    by: str = Field(default="", description="What takes its place.")
    regex: bool = Field(
        default=False,
        validate_default=True,
        strict=True,
        description="Whether `find` is a regular expression.",
    )

    @field_validator("regex")
    @classmethod
    def _can_be_read(cls, value: bool, info: ValidationInfo) -> bool:
        if value and (fault := regex_fault(info.data.get("find", ""), info.data.get("by", ""))):
            raise wrong(f"cannot be used: {fault}", "mend the expression, or leave regex out", key="find")
        return value

    def value(self) -> Replacement:
        """Return the rule."""
        return Replacement(field=self.field, find=self.find, by=self.by, regex=self.regex)


class ArticleForm(Form):
    """`article`: where an article page keeps its parts. What is left out is taken from what the page says
    of itself (JSON-LD, microdata, OpenGraph), the full text from where the page is densest.
    """

    title: Selector | None = Field(default=None, description="The title.")
    body: Selector | None = Field(default=None, description="The full text.")
    date: Selector | None = Field(default=None, description="The date.")
    authors: Selector | None = Field(default=None, description="The names of its reporters.")
    lead: Selector | None = Field(default=None, description="The lead.")
    quote: Selector | None = Field(default=None, description="A quotation set apart.")
    photo: Selector | None = Field(default=None, description="The photograph.")
    caption: Selector | None = Field(default=None, description="Its caption.")
    credit: Selector | None = Field(default=None, description="Who took it.")
    section: Selector | None = Field(default=None, description="The section.")
    tags: Selector | None = Field(default=None, description="The tags.")
    related: Selector | None = Field(
        default=None,
        description="Links to related articles: those inside `body` are inline, the others boxed.",
    )
    views: Selector | None = Field(default=None, description="The portal's own counter of views.")
    embargo: Selector | None = Field(default=None, description="The time until which it is held back.")
    remove: Selector | None = Field(default=None, description="What is cut out before anything is read.")
    replace: tuple[ReplaceForm, ...] = Field(
        default=(), description="Words to put in the place of others; tables as below."
    )

    def value(self) -> ArticleRule:
        """Return the rule."""
        parts = {name: getattr(self, name) for name in ArticleForm.model_fields if name != "replace"}
        return ArticleRule(**parts, replace=tuple(each.value() for each in self.replace))


class PopularForm(Form):
    """`popular`: where a page keeps its box of popular articles; rank is the order of the items."""

    item: Element = Field(
        description="One line of the box; all keys below but `url` are looked up inside it."
    )
    url: Url | None = Field(default=None, description="The page that holds the box. Left out: the list page.")
    title: Selector | None = Field(default=None, description="The title.")
    link: Selector = Field(default="a", description="The link to the article.")
    date: Selector | None = Field(default=None, description="The date.")
    views: Selector | None = Field(default=None, description="The number of views.")
    author: Selector | None = Field(default=None, description="The reporter.")
