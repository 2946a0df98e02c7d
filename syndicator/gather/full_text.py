"""The text of an article by its density, for pages that no selector describes: trafilatura.

It gets HTML that was fetched already, never an address. Its own reading of dates and names is not used: it
takes dates from the URL before those that the page states.
"""

import logging
import re
from typing import Final

from selectolax.lexbor import LexborNode

from syndicator.errors import NotReadable
from syndicator.gather import clues
from syndicator.gather.html import HtmlCleaner, to_text
from syndicator.gather.near_headline import cut_headline
from syndicator.gather.selectors import Doomed, Page, Selector
from syndicator.gather.text import folded, plain_text, shortened
from syndicator.gather.text_holder import named, text_holder
from syndicator.model.fetch import Reason

MAX_PAGE = 3_000_000
"""Characters of a page that is looked at; longer ones are no article."""
MAX_STEPS = 30_000_000
"""See `html.Weight`: an article page of 100 KB has a million."""
MIN_TEXT = 150
"""Characters: less is a notice, a menu or a caption, not a text."""
SHORT_TEXT = 600
"""Characters from which on the quick way is relied on."""
_NO_TEXT = Selector(
    name="no text",
    css="nav, footer, aside, iframe, svg, select, button, dialog, img, picture, amp-img, link, meta, input, "
    ":is(ul, ol, div):is([id*='breadcrumb' i], [class*='breadcrumb' i]):not(:has(h1))",
)
"""What holds no text of an article: without it the rest is looked through faster."""
_MAYBE_COMMENTS = Selector(
    name="comments",
    css=":is(div, section, ul, ol, li, article):is([id*='cmt' i], [class*='cmt' i], [id*='comment' i], "
    "[class*='comment' i], [id*='komentar' i], [class*='komentar' i], [id*='tanggapan' i], "
    "[class*='tanggapan' i], [id*='disqus' i], [class*='disqus' i]):not(:has(h1))",
)
_COMMENTS = re.compile(
    r"(?<![^\s_-])(?<!no-)(?:cmts?(?![a-z])|comments?(?!ary|ator|s?-(?:open|closed|off))|disqus)"
    r"|komentar|tanggapan",
    re.IGNORECASE,
)
_BOXES = re.compile(
    r"(?:berita|artikel) (?:terkait|terpopuler|populer|lainnya)|\b(?:editor|redaktur|reporter) ?:",
    re.IGNORECASE,
)
"""What says that the extracted text is the whole page, not the article."""
_LISTS = Selector(name="lists", css="ul:not(:has(h1, ul, ol)), ol:not(:has(h1, ul, ol))")
_LABELS = Selector(name="labels", css="h2, h3, h4, h5")
_LONG_TITLE = 15
_SILENT: Final = logging.NullHandler()
_RAISED = (ValueError, TypeError, AttributeError, LookupError, AssertionError, RecursionError)
"""What trafilatura has been seen to raise on odd pages (lxml's errors of parsing are SyntaxErrors)."""


def full_text(page: Page, title: str = "") -> str:
    """Find the article's text on a page as it stands now, and give it as clean HTML; else nothing.

    What holds no text is cut out of a copy of the page, and the headline with what stands around it;
    comments and tables are left out. The text is looked for in what holds most of the paragraphs, and only
    where there is no such element on the whole page: what then has the headline, or boxes, in it is no text.
    A page of 100 KB takes 5 to 10 ms.
    NotReadable("malformed") for what is too heavy to be looked at.
    """
    if page.steps > MAX_STEPS:
        raise _too_heavy()
    page = page.copy()
    page.doomed(_NO_TEXT).cut()
    Doomed(node for node in page.find(_MAYBE_COMMENTS) if _COMMENTS.search(named(node))).cut()
    cut_headline(page, title)
    Doomed(
        node for wanted in (_LISTS, _LABELS) for node in page.find(wanted) if _points_elsewhere(node)
    ).cut()
    markup = page.html()
    if len(markup) > MAX_PAGE:
        raise _too_heavy()
    holder = text_holder(page)
    if holder is not None:
        found = _found(f"<html><body><article>{holder.html}</article></body></html>", page.base)
        if found:
            return found
    found = _found(markup, page.base)
    return "" if _is_whole_page(found, title) else found


def _points_elsewhere(node: LexborNode) -> bool:
    """Whether a list holds little but links, or a heading announces such a list."""
    text = plain_text(node.text(), MAX_PAGE)
    if node.tag not in {"ul", "ol"}:
        return bool(clues.RELATED_HEADING.fullmatch(text) or clues.POPULAR_HEADING.fullmatch(text))
    links = node.css("a[href]")
    return len(links) > 1 and 2 * sum(len(plain_text(link.text())) for link in links) > len(text)


def _too_heavy() -> NotReadable:
    return NotReadable(Reason.MALFORMED, "the page is too heavy to look for its text")


def _is_whole_page(found: str, title: str) -> bool:
    text = to_text(found, MAX_PAGE)
    known = folded(title)
    return bool(_BOXES.search(text)) or (len(known) >= _LONG_TITLE and known in folded(text))


def _found(markup: str, base: str) -> str:
    quick = _cleaned(_extracted(markup, fast=True), base)
    if len(to_text(quick, 2 * SHORT_TEXT)) >= SHORT_TEXT:
        return quick
    # Little was found: the slower way also compares what other methods find.
    thorough = _cleaned(_extracted(markup, fast=False), base)
    return thorough if len(to_text(thorough, 2 * MIN_TEXT)) >= MIN_TEXT else ""


def _cleaned(found: str, base: str) -> str:
    try:
        return HtmlCleaner(base).clean(found) if found else ""
    except ValueError:
        return ""


def _extracted(markup: str, *, fast: bool) -> str:
    import trafilatura  # noqa: PLC0415 -- takes a quarter of a second and is needed in the pool's workers only

    logging.getLogger("trafilatura").addHandler(_SILENT)  # a page without a text is no event
    try:
        found = trafilatura.extract(
            markup,
            fast=fast,
            output_format="html",
            include_comments=False,
            include_tables=False,
            include_images=False,
            include_formatting=True,
            include_links=True,
        )
    except (*_RAISED, SyntaxError) as error:
        detail = shortened(f"its text cannot be found: {error}", 200)
        raise NotReadable(Reason.MALFORMED, detail) from error
    return found or ""
