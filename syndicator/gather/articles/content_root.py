"""Which element of a page holds the paragraphs of its article: what stands beside stays out."""

from msgspec import Struct
from selectolax.lexbor import LexborNode

from syndicator.gather.documents.selectors import Page, Selector, within
from syndicator.gather.documents.text import plain_text

_PARAGRAPH = 40
"""Characters, those in links not counted, from which on a text counts as a paragraph."""
_MIN_HELD = 150
_WIDER = 0.3
"""By what share a larger element must hold more of the same text to be taken instead."""
_MAX_CLIMB = 4
_PARAGRAPHS = Selector(name="paragraphs", css="p")


class _Paragraph(Struct, frozen=True):
    holder: LexborNode
    words: int
    is_before: bool
    """Whether it stands ahead of the longest text."""


def named(node: LexborNode) -> str:
    """Return id and classes as one text."""
    attributes = node.attributes
    return f"{attributes.get('id') or ''} {attributes.get('class') or ''}".strip()


def text_holder(page: Page) -> LexborNode | None:
    """Return the element with the most text in paragraphs of its own; None where there is little.

    A larger one is given where that holds much more of the same text: paragraphs of its own, some ahead of
    the others, or in elements of the same class. What stands in other elements behind them is something else.
    """
    found = [
        (node.parent, words) for node in page.find(_PARAGRAPHS) if node.parent and (words := _words(node))
    ]
    weights: dict[int, int] = {}
    for holder, words in found:
        weights[holder.mem_id] = weights.get(holder.mem_id, 0) + words
    best = max(weights, key=lambda mem_id: weights[mem_id], default=None)
    if best is None or weights[best] < _MIN_HELD:
        return None
    first = next(place for place, (holder, _) in enumerate(found) if holder.mem_id == best)
    paragraphs = [_Paragraph(holder, words, place < first) for place, (holder, words) in enumerate(found)]
    return _climbed(found[first][0], weights[best], paragraphs)


def _climbed(start: LexborNode, held: int, paragraphs: list[_Paragraph]) -> LexborNode:
    classes = set(named(start).split())
    best = at = start
    for _ in range(_MAX_CLIMB):
        if at.parent is None or at.parent.tag in {"html", "-document"}:
            break
        at = at.parent
        inside = sum(
            each.words
            for each in paragraphs
            if within(each.holder, {at.mem_id})
            and not within(each.holder, {best.mem_id})
            and (
                each.is_before or each.holder.mem_id == at.mem_id or classes & set(named(each.holder).split())
            )
        )
        if inside >= _WIDER * held:
            best, held = at, held + inside
    return best


def _words(node: LexborNode) -> int:
    text = plain_text(node.text(), 2000)
    linked = sum(len(link.text()) for link in node.css("a"))
    return max(0, len(text) - linked) if len(text) - linked >= _PARAGRAPH else 0
