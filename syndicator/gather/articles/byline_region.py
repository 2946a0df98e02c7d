"""What stands around the headline of a page: its date, who wrote it, and the lines that say so.

Only whole dates count, with day, month and year: "2 jam lalu" stands in lists of other articles too.
"""

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import NamedTuple

from selectolax.lexbor import LexborNode

from syndicator.gather.articles import clues
from syndicator.gather.articles.content_root import named
from syndicator.gather.bylines import labelled_others, labelled_reporters, reporters, signed_reporters
from syndicator.gather.documents.selectors import Doomed, Page, Selector, text_of, within
from syndicator.gather.documents.text import folded, plain_text
from syndicator.rules.dates.labels import parted_by_label
from syndicator.rules.dates.words import MONTHS, REGIONS, ZONE_NAMES

NEAR_HEADLINE = "text near the headline"
MAX_LINE = 250
"""Characters: what is longer is a text."""
_MAX_AFTER, _MAX_BEFORE, _LEVELS = 80, 15, 4
_PARAGRAPH = 80
_LEFT_OVER = 25
"""Letters beside date, names and counts that a line of these may have."""
_PARAGRAPHS = frozenset({"p", "blockquote", "ul", "ol", "table", "article"})
_MONTH = "|".join(sorted(map(re.escape, MONTHS), key=len, reverse=True))
_ZONE = "|".join(sorted(map(re.escape, {*ZONE_NAMES, *REGIONS}), key=len, reverse=True))
_TIME = (
    r"(?:\d\d?[:.]\d\d(?:[:.]\d\d)?(?:\s*[ap]\.?m\b\.?)?|\d\d?\s*[ap]\.?m\b\.?)"
    rf"(?:\s*\(?(?:{_ZONE})\b(?:\s*[+-]\d\d?(?:[:.]?\d\d)?)?\)?)?"
)
_DATE = re.compile(
    rf"(?<!\w)(?:(?P<before>{_TIME})\s*[,|]\s*(?:[a-z]{{2,9}}\.?,?\s+)?)?"
    rf"(?:[a-z']{{4,9}}\s*,\s*)?(?:\d\d?\s+(?:{_MONTH})\.?\s+20\d\d|(?:{_MONTH})\.?\s+\d\d?,?\s+20\d\d"
    r"|\d\d?[/-]\d\d?[/-]20\d\d|20\d\d-\d\d-\d\d)(?!\d)"
    rf"(?P<clock>[\s,|•·/\-–—)]{{0,5}}(?:(?:pukul|jam|at)\s+)?{_TIME})?",
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
_SIGNATURE = re.compile(
    r"\W{0,3}(?:reporter|wartawan|penulis|jurnalis|pewarta|kontributor|editor|redaktur|penyunting|author|writer"
    r"|(?:written|reporting|edited|editing)\s+by|oleh)\s{0,3}[:：]\s{0,3}\S",
    re.IGNORECASE,
)
_GLUED = re.compile(
    r"\A((?i:reporter|wartawan|penulis|jurnalis|pewarta|editor|redaktur|penyunting))(?=[A-Z][a-z])"
)
"""Label and name in two elements without a blank between them."""
_NAMES_FOR_TESTS = ("data-testid", "data-component", "data-test-id", "data-qa")
_COUNT = re.compile(
    r"(?:dibaca|dilihat|views?|hits?|kali|pembaca|reads?|min(?:ute)?s?|\d[\d.,]*)", re.IGNORECASE
)
_DATE_OR_LABEL = re.compile(r"\d|[:：]")
"""What a line of date or names has: no other is looked at closely."""
_NO_LETTER = re.compile(r"[\W\d_]+")
_LINKED_HEADING = ":is(h2, h3, h4):has(a[href]), a[href] :is(h2, h3, h4)"
_MAX_CARD = 300
"""Characters of what announces another article."""
_TOP = re.compile(
    r"(?:^|[\s_-])(?:masthead|top-?(?:bar|nav|menu)|clock|jam|today|hari-?ini)(?:$|[\s_-])"
    r"|(?<!\S)(?:(?:site|main|page|web|global|top)[_-]?)?header(?!\S)",
    re.IGNORECASE,
)
_HEADINGS = Selector(name="headline", css="h1, h2")
_LINES = Selector(name="lines", css="p, div, span, ul, ol, li, time, small, h2, h3, h4, h5, address, a")
_BLOCKS = frozenset({"p", "div", "ul", "ol", "section", "article", "table"})
_ANY = Selector(name="near", css="*")


class Lines(NamedTuple):
    """Short texts around a headline, the nearest first."""

    after: Sequence[str] = ()
    """Between headline and text."""
    before: Sequence[str] = ()
    signed: Sequence[str] = ()
    """Those of them whose element says that it names the author."""
    below: Sequence[str] = ()
    """Behind the text, those that begin with a label: "Pewarta: …"."""


def headline_of(page: Page, title: str = "") -> LexborNode | None:
    """Find the headline: what says the same as the title, else the only `<h1>`."""
    found = page.find(_HEADINGS)
    known = folded(title)
    same = (node for node in found if known and folded(text_of(node)) == known)
    alone = [node for node in found if node.tag == "h1"]
    return next(same, alone[0] if len(alone) == 1 else None)


def scope_of(headline: LexborNode) -> LexborNode:
    """Return the element around a headline in which what belongs to it is looked for."""
    scope = headline
    for _ in range(_LEVELS):
        if scope.parent is None or scope.parent.tag in {"body", "html", "-document"}:
            break
        scope = scope.parent
    return headline.parent if scope is headline and headline.parent is not None else scope


def lines_near(page: Page, title: str) -> Lines:
    """Return the short texts between headline and text, and those right before the headline."""
    headline = headline_of(page, title)
    if headline is None:
        return Lines()
    scope = scope_of(headline)
    nodes = page.find(_ANY, scope)
    places = [place for place, node in enumerate(nodes) if node.mem_id == headline.mem_id]
    if not places:
        return Lines()
    after = nodes[places[0] + 1 :]
    before = nodes[: places[0]][: -_MAX_BEFORE - 1 : -1] if scope.tag != "body" else []
    below = list(_lines(after[:_MAX_AFTER], headline, stop=True))
    on_top = list(_lines(before, headline, stop=False))
    return Lines(
        tuple(text for _, text in below),
        tuple(text for _, text in on_top),
        tuple(text for node, text in _innermost([one for one in (*below, *on_top) if is_signed(one[0])])),
        tuple(_behind_the_text(after, headline)),
    )


def is_signed(node: LexborNode) -> bool:
    """Return whether an element says that it names the author.

    So do `rel="author"`, a class such as `byline`, `<address>`, and a link to the page of an author.
    """
    attributes = node.attributes
    if "author" in (attributes.get("rel") or "").lower().split() or node.tag == "address":
        return True
    if node.tag == "a" and clues.AUTHOR_PATH.search(attributes.get("href") or ""):
        return True
    name = " ".join((named(node), *(attributes.get(each) or "" for each in _NAMES_FOR_TESTS)))
    return bool(clues.AUTHOR.search(name)) and not clues.EDITOR.search(name)


def _behind_the_text(nodes: Sequence[LexborNode], headline: LexborNode) -> Iterator[str]:
    """Yield the lines that begin with a label of who did what, of those right behind the last paragraph."""
    around = above(headline)
    first = next((node for node in nodes if _is_paragraph(node) and not is_of_others(node, around)), None)
    if first is None or first.parent is None:
        return
    holder = first.parent.mem_id
    places = [
        place
        for place, node in enumerate(nodes)
        if node.parent is not None and node.parent.mem_id == holder and _is_paragraph(node)
    ]
    for node in nodes[places[-1] + 1 :][:_MAX_AFTER]:
        words = node.text().strip()
        if len(words) <= MAX_LINE and _SIGNATURE.match(words) and not is_of_others(node, around):
            yield text_of(node, None, MAX_LINE + 1)


def _is_paragraph(node: LexborNode) -> bool:
    return node.tag == "p" and len(node.text().strip()) >= _PARAGRAPH


def _innermost(found: Sequence[tuple[LexborNode, str]]) -> list[tuple[LexborNode, str]]:
    """Leave out what holds another one."""
    holders: set[int] = set()
    for node, _ in found:
        if node.parent is not None:
            holders |= above(node.parent)
    return [one for one in found if one[0].mem_id not in holders]


def _lines(nodes: list[LexborNode], headline: LexborNode, *, stop: bool) -> Iterator[tuple[LexborNode, str]]:
    around = above(headline)
    for node in nodes:
        if node.mem_id in around or within(node, {headline.mem_id}):
            continue
        if is_of_others(node, around) or (not stop and is_of_the_portal(node, around)):
            continue
        text = text_of(node, None, MAX_LINE + 1)
        if stop and node.tag in _PARAGRAPHS and len(text) >= _PARAGRAPH and not is_meta(text):
            return
        if 0 < len(text) <= MAX_LINE and folded(text) != folded(text_of(headline)):
            yield node, text


def above(headline: LexborNode) -> set[int]:
    """Return an element, such as the headline, and what it stands in."""
    found: set[int] = set()
    at: LexborNode | None = headline
    while at is not None:
        found.add(at.mem_id)
        at = at.parent
    return found


def _below(node: LexborNode, around: Container[int]) -> Iterator[LexborNode]:
    """Yield an element and what it stands in, up to what holds the headline too."""
    at: LexborNode | None = node
    while at is not None and at.mem_id not in around and at.tag not in {"body", "html", "-document"}:
        yield at
        at = at.parent


def is_of_others(node: LexborNode, around: Container[int]) -> bool:
    """Return whether something is in navigation, a side box, or an item with a headline of its own."""
    return any(
        at.tag in {"nav", "aside", "footer"}
        or clues.ASIDE.search(named(at))
        or (at.tag in {"li", "ul", "ol"} and at.css_first("h2, h3, h4") is not None)
        or (len(at.text()) < _MAX_CARD and at.css_first(_LINKED_HEADING) is not None)
        for at in _below(node, around)
    )


def is_of_the_portal(node: LexborNode, around: Container[int]) -> bool:
    """Return whether something stands at the top of every page, as today's date does."""
    holders = list(_below(node, around))
    tags = {at.tag for at in holders}
    return ("header" in tags and "article" not in tags) or any(_TOP.search(named(at)) for at in holders)


def date_near(near: Lines) -> str:
    """Return the first whole date, one with a time before one without, that of a change last.

    Else nothing.
    """
    lines = [line for line in (*near.after, *near.before) if is_meta(line)]
    after = len([line for line in near.after if is_meta(line)])
    parted = [parted_by_label(line) for line in lines]
    parts = [
        [published for published, _ in parted[:after]],
        [published for published, _ in parted[after:]],
        [changed for _, changed in parted],
    ]
    return next(filter(None, map(_date_in, parts)), "")


def _date_in(lines: Iterable[str]) -> str:
    found = [match for line in lines if (match := _DATE.search(line))]
    exact = (match[0] for match in found if match["clock"] or match["before"])
    return next(exact, found[0][0] if found else "").strip(" ()")


def reporters_near(near: Lines, site: str = "") -> tuple[str, ...]:
    """Return the names behind a label such as "Reporter :" or "Oleh", else those in elements of the author.

    None without either. `site` is the portal's own name, which is nobody's.
    """
    lines = [_GLUED.sub(r"\1 ", line) for line in (*near.after, *near.before)]
    labelled = [line[match.start() :] for line in lines if (match := _REPORTER.search(line))]
    names = reporters(map(_without_date, sorted(labelled, key=len)[:1]))
    names = names or next(filter(None, map(labelled_reporters, map(_without_date, lines))), ())
    names = names or next(filter(None, map(labelled_reporters, near.below)), ())
    if names:
        return names
    others = editors_near(near)
    return tuple(
        name for name in signed_reporters(map(_without_date, near.signed), site) if name not in others
    )


def editors_near(near: Lines) -> tuple[str, ...]:
    """Return the names behind a label of another role ("Editor:") around the headline and the text."""
    lines = (*near.after, *near.before, *near.below)
    return labelled_others([_GLUED.sub(r"\1 ", _without_date(line)) for line in lines])


def _without_date(line: str) -> str:
    match = _DATE.search(line)
    return line[: match.start()] if match else line


def is_meta(text: str, title: str = "") -> bool:
    """Return whether a text is the headline, a byline, or a line of date, names and counts."""
    if len(text) > MAX_LINE:
        return False
    if (title and folded(text) == folded(title)) or labelled_reporters(text):
        return True
    if not _DATE_OR_LABEL.search(text):
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
        if not reached and is_signed(node) and signed_reporters([plain_text(words, MAX_LINE)]):
            doomed.append(node)
            continue
        if node.tag == "a" or (node.tag != "p" and words != title and not _DATE_OR_LABEL.search(words)):
            continue  # most elements of a page: what follows takes time
        text = _GLUED.sub(r"\1 ", plain_text(words, MAX_LINE + 1))
        if node.tag == "p" and len(text) >= _PARAGRAPH and not is_meta(text):
            reached = True
        elif is_meta(text, title) and (not reached or _LABELLED.search(text)):
            doomed.append(node)
    Doomed(doomed).cut()
