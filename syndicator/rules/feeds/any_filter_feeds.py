"""Parameters of a feed that is not configured, as its address spells them: filter, order and size."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode

from msgspec import Struct

from syndicator.model.feed import Filter, Order, Per, Window
from syndicator.model.ids import ArticleId, is_article_id
from syndicator.rules.filter_language import FilterError, filter_from, parts_of

LARGEST, USUAL = 200, 50
"""Entries."""

Choice = TypeVar("Choice", bound=StrEnum)


class AdHoc(Struct, frozen=True, kw_only=True):
    """The parameters of one feed. Equivalent parameters are equal and have one spelling."""

    filter: Filter = Filter()
    story: ArticleId | None = None
    """An article of a story, to list only the articles of that story; None lists all."""
    order: Order = Order.LATEST
    window: Window = Window.DAY
    size: int = USUAL
    per: Per = Per.STORY

    def spelled(self) -> str:
        """Return the query of the address: the filter first, without default values."""
        parts = parts_of(self.filter)
        if self.story is not None:
            parts.append(("story", self.story))
        if self.order is Order.POPULAR:
            parts.append(("sort", self.order.value))
            if self.window is not Window.DAY:
                parts.append(("window", self.window.value))
        if self.story is None and self.per is not usual_per(self.filter, self.order):
            parts.append(("per", self.per.value))
        if self.size != USUAL:
            parts.append(("limit", str(self.size)))
        return urlencode(parts)


def ad_hoc_from(values: Mapping[str, Sequence[str]]) -> AdHoc:
    """Return the parameters in a query; other keys and empty values are ignored.

    Raises:
        FilterError: names the key, what is wrong, and what to write instead.

    """
    wanted = filter_from(values)
    order = _choice("sort", values, Order) or Order.LATEST
    window = _choice("window", values, Window) or Window.DAY
    per = _choice("per", values, Per)
    story = _story(values)
    if order is Order.POPULAR and story is not None:
        raise FilterError("story", "has no use in the order popular", "leave one of them out")
    if story is not None:
        per = Per.ARTICLE
    return AdHoc(
        filter=wanted,
        story=story,
        order=order,
        window=window if order is Order.POPULAR else Window.DAY,
        size=_size(values),
        per=per or usual_per(wanted, order),
    )


def usual_per(wanted: Filter, order: Order) -> Per:
    """Return the default for what an entry represents."""
    return Per.ARTICLE if order is Order.POPULAR or len(wanted.source) == 1 else Per.STORY


def _one(key: str, values: Mapping[str, Sequence[str]]) -> str | None:
    found = sorted({text.strip() for text in values.get(key, ()) if text.strip()})
    if len(found) > 1:
        raise FilterError(key, "is given twice", "give it once")
    return found[0] if found else None


def _choice(key: str, values: Mapping[str, Sequence[str]], of: type[Choice]) -> Choice | None:
    text = _one(key, values)
    if text is None:
        return None
    if text not in {choice.value for choice in of}:
        names = [choice.value for choice in of]
        raise FilterError(key, f"is not {', '.join(names[:-1])} or {names[-1]}", f"write {names[0]}")
    return of(text)


def _size(values: Mapping[str, Sequence[str]]) -> int:
    text = _one("limit", values)
    if text is None:
        return USUAL
    digits = len(str(LARGEST))
    if not (text.isascii() and text.isdigit() and len(text) <= digits and 1 <= int(text) <= LARGEST):
        raise FilterError("limit", f"is not a number from 1 to {LARGEST}", f"write limit={USUAL}")
    return int(text)


def _story(values: Mapping[str, Sequence[str]]) -> ArticleId | None:
    text = _one("story", values)
    if text is not None and not is_article_id(text):
        remedy = "take it from the address of an article, /articles/…"
        raise FilterError("story", "is not the id of an article", remedy)
    return ArticleId(text) if text else None
