"""What stands around the headline of a page: its date, who wrote it, and the lines that say so.

Only whole dates count, with day, month and year: "2 jam lalu" stands in lists of other articles too.
"""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborNode

from syndicator.gather import clues
from syndicator.gather.bylines import reporters
from syndicator.gather.selectors import Doomed, Page, Selector, text_of, within
from syndicator.gather.text import folded, plain_text
from syndicator.rules.date_words import MONTHS

NEAR_HEADLINE = "text near the headline"
MAX_LINE = 250
"""Characters: what is longer is a text."""
_MAX_AFTER, _MAX_BEFORE, _LEVELS = 80, 15, 4
_PARAGRAPH = 80
_LEFT_OVER = 25
"""Letters beside date, names and counts that a line of these may have."""
_PARAGRAPHS = frozenset({"p", "blockquote", "ul", "ol", "table", "article"})
_MONTH = "|".join(sorted(map(re.escape, MONTHS), key=len, reverse=True))
_DATE = re.compile(
    rf"(?<!\w)(?:[a-z']{{4,9}}\s*,\s*)?(?:\d\d?\s+(?:{_MONTH})\.?\s+20\d\d|(?:{_MONTH})\.?\s+\d\d?,?\s+20\d\d"
    r"|\d\d?[/-]\d\d?[/-]20\d\d|20\d\d-\d\d-\d\d)(?!\d)"
    r"(?P<clock>[\s,|•·/\-–—]{0,5}(?:(?:pukul|jam|at)\s+)?\d\d?[:.]\d\d(?:[:.]\d\d)?(?:\s*[ap]m\b)?"
    r"(?:\s*\(?(?:wib|wita|wit|gmt|utc)\b(?:\s*[+-]\d\d?(?:[:.]?\d\d)?)?\)?)?)?",
    re.IGNORECASE,
)
_ROLE = (
    r"(?:reporter|wartawan|penulis|jurnalis|pewarta|kontributor|editor|redaktur|penyunting|fotografer|author|writer"
    r"|oleh|by)\s*[:：]"
)
_LABELLED = re.compile(rf"\b{_ROLE}\s*[^|:：\d]{{2,60}}?(?=\s+{_ROLE}|[|\d]|\Z)", re.IGNORECASE)
_REPORTER = re.compile(
    r"\b(?:reporter|wartawan|penulis|jurnalis|pewarta|author|writer|oleh|by)\s*[:：]\s*\S", re.IGNORECASE
)
_COUNT = re.compile(
    r"(?:dibaca|dilihat|views?|hits?|kali|pembaca|reads?|min(?:ute)?s?|\d[\d.,]*)", re.IGNORECASE
)
_TELLING = re.compile(r"\d|[:：]")
"""What a line of date or names has: no other is looked at closely."""
_NO_LETTER = re.compile(r"[\W\d_]+")
_HEADINGS = Selector(name="headline", css="h1, h2")
_LINES = Selector(name="lines", css="p, div, span, ul, ol, li, time, small, h2, h3, h4, h5, address")
_BLOCKS = frozenset({"p", "div", "ul", "ol", "section", "article", "table"})
_ANY = Selector(name="near", css="*")


def headline_of(page: Page, title: str) -> LexborNode | None:
    """Find the headline: what says the same as the title, else the only `<h1>`."""
    found = page.find(_HEADINGS)
    known = folded(title)
    same = (node for node in found if known and folded(text_of(node)) == known)
    alone = [node for node in found if node.tag == "h1"]
    return next(same, alone[0] if len(alone) == 1 else None)


def lines_near(page: Page, title: str) -> list[str]:
    """Give the short texts between headline and text, then those right before the headline."""
    headline = headline_of(page, title)
    if headline is None:
        return []
    scope = headline
    for _ in range(_LEVELS):
        if scope.parent is None or scope.parent.tag in {"body", "html", "-document"}:
            break
        scope = scope.parent
    if scope is headline and headline.parent is not None:
        scope = headline.parent
    nodes = page.find(_ANY, scope)
    places = [place for place, node in enumerate(nodes) if node.mem_id == headline.mem_id]
    if not places:
        return []
    after = nodes[places[0] + 1 :]
    before = nodes[: places[0]][: -_MAX_BEFORE - 1 : -1] if scope.tag != "body" else []
    return [*_lines(after[:_MAX_AFTER], headline, stop=True), *_lines(before, headline, stop=False)]


def _lines(nodes: list[LexborNode], headline: LexborNode, *, stop: bool) -> Iterator[str]:
    around = {headline.mem_id}
    for node in nodes:
        if within(node, around) or _is_of_others(node):
            continue
        text = text_of(node, None, MAX_LINE + 1)
        if stop and node.tag in _PARAGRAPHS and len(text) >= _PARAGRAPH and not is_meta(text):
            return
        if 0 < len(text) <= MAX_LINE and folded(text) != folded(text_of(headline)):
            yield text


def _is_of_others(node: LexborNode) -> bool:
    """Whether something stands in navigation, in a side box, or in an item with a headline of its own."""
    at: LexborNode | None = node
    while at is not None and at.tag not in {"body", "html", "-document"}:
        named = f"{at.attributes.get('id') or ''} {at.attributes.get('class') or ''}"
        if at.tag in {"nav", "aside", "footer"} or clues.ASIDE.search(named):
            return True
        if at.tag in {"li", "ul", "ol"} and at.css_first("h2, h3, h4") is not None:
            return True
        at = at.parent
    return False


def date_near(lines: list[str]) -> str:
    """Give the first whole date, one with a time before one without; empty for none."""
    found = [match for line in lines if (match := _DATE.search(line)) and is_meta(line)]
    return next((match[0] for match in found if match["clock"]), found[0][0] if found else "").strip(" ()")


def reporters_near(lines: list[str]) -> tuple[str, ...]:
    """Give the names behind a label such as "Reporter :"; none without a label."""
    labelled = [line[match.start() :] for line in lines if (match := _REPORTER.search(line))]
    return reporters(map(_without_date, sorted(labelled, key=len)[:1]))


def _without_date(line: str) -> str:
    match = _DATE.search(line)
    return line[: match.start()] if match else line


def is_meta(text: str, title: str = "") -> bool:
    """Whether a text is the headline, or a line of date, names and counts: no text of an article."""
    if len(text) > MAX_LINE:
        return False
    if title and folded(text) == folded(title):
        return True
    if not _TELLING.search(text):
        return False
    rest, dates = _DATE.subn(" ", text)
    rest, names = _LABELLED.subn(" ", rest)
    return bool(dates or names) and len(_NO_LETTER.sub("", _COUNT.sub("", rest))) <= _LEFT_OVER


def cut_headline(page: Page, title: str) -> None:
    """Take the headline out of a page, and the lines around it that say when and by whom."""
    headline = headline_of(page, title)
    doomed = [] if headline is None else [headline]
    reached = False
    for node in page.find(_LINES):
        if any(child.tag in _BLOCKS for child in node.iter()):
            continue
        words = node.text()
        if node.tag != "p" and words != title and not _TELLING.search(words):
            continue  # most elements of a page: what follows takes time
        text = plain_text(words, MAX_LINE + 1)
        if node.tag == "p" and len(text) >= _PARAGRAPH and not is_meta(text):
            reached = True
        elif is_meta(text, title) and (not reached or _LABELLED.search(text)):
            doomed.append(node)
    Doomed(doomed).cut()
