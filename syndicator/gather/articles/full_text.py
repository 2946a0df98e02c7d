"""The text of an article by its density, for pages that no selector describes: trafilatura.

It gets HTML that was fetched already, never an address. Its own reading of dates and names is not used: it
takes dates from the URL before those that the page states.
"""

import logging
import re
from typing import Final

from msgspec import Struct
from selectolax.lexbor import LexborNode

from syndicator.errors import NotReadable
from syndicator.gather.articles import clues
from syndicator.gather.articles.byline_region import cut_headline
from syndicator.gather.articles.content_root import named, text_holder
from syndicator.gather.documents.html_cleaning import HtmlCleaner, to_text
from syndicator.gather.documents.selectors import Doomed, Page, Selector
from syndicator.gather.documents.text import plain_text, shortened
from syndicator.model.fetch import Reason

MAX_PAGE = 3_000_000
"""Characters of a page that is looked at; longer ones are no article."""
MAX_STEPS = 30_000_000
"""See `html.Weight`: an article page of 100 KB has a million."""
MIN_TEXT = 150
"""Characters: less is a notice, a menu or a caption, not a text."""
SHORT_TEXT = 600
"""Characters: of a text that is shorter, most may have been cut."""
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
_LISTS = Selector(name="lists", css="ul:not(:has(h1, ul, ol)), ol:not(:has(h1, ul, ol))")
_LABELS = Selector(name="labels", css="h2, h3, h4, h5")
_MUCH_MORE = 1.5
"""Times the text of a part: then the part is not all of the article. On 181 and 990 labelled pages this
raises F1 from 0.954 to 0.970 and from 0.883 to 0.911."""
_BEGINNING, _MOSTLY = 60, 0.9
"""Characters that show where a part begins; the share of what is more that must stand before it, as a lead
does. What stands behind the text is rather something else."""
_SILENT: Final = logging.NullHandler()
_RAISED = (ValueError, TypeError, AttributeError, LookupError, AssertionError, RecursionError)
"""What trafilatura has been seen to raise on odd pages (lxml's errors of parsing are SyntaxErrors)."""


class _Text(Struct, frozen=True):
    """Clean HTML, and the words of it."""

    html: str
    plain: str


_NONE = _Text("", "")


def full_text(page: Page, title: str = "") -> str:
    """Find the article's text on a page as it stands now, and give it as clean HTML; else nothing.

    What holds no text is cut out of a copy of the page, and the headline with what stands around it;
    comments and tables are left out. The text is looked for in what holds most of the paragraphs and on the
    whole page. The former is taken, which has less of what stands beside an article, unless it lacks much.
    A page of 100 KB takes 20 ms.
    NotReadable("malformed") for what is too heavy to be looked at.
    """
    if page.steps > MAX_STEPS:
        raise _too_heavy()
    cut = page.copy()
    cut.doomed(_NO_TEXT).cut()
    _cut_comments(cut)
    cut_headline(cut, title)
    Doomed(node for wanted in (_LISTS, _LABELS) for node in cut.find(wanted) if _points_elsewhere(node)).cut()
    whole = _found(cut.html(), cut.base, fast=False)
    holder = text_holder(cut)
    held = f"<html><body><article>{holder.html}</article></body></html>" if holder else ""
    found = _without_gaps(_found(held, cut.base, fast=True), whole)
    if len(found.plain) < SHORT_TEXT:
        found = _without_gaps(found, _found(_uncut(page, title), page.base, fast=False))
    return found.html if len(found.plain) >= MIN_TEXT else ""


def _uncut(page: Page, title: str) -> str:
    """Return the page without headline and comments: of an odd page, cutting more may take the text."""
    page = page.copy()
    _cut_comments(page)
    cut_headline(page, title)
    return page.html()


def _cut_comments(page: Page) -> None:
    Doomed(node for node in page.find(_MAYBE_COMMENTS) if _COMMENTS.search(named(node))).cut()


def _without_gaps(part: _Text, whole: _Text) -> _Text:
    """Return the whole where the part lacks much of it, or paragraphs at its beginning."""
    more = len(whole.plain) - len(part.plain)
    if more >= (_MUCH_MORE - 1) * len(part.plain):
        return whole
    begins_at = whole.plain.find(part.plain[:_BEGINNING])
    return whole if more > 0 and begins_at >= _MOSTLY * more else part


def _points_elsewhere(node: LexborNode) -> bool:
    """Return whether a list holds little but links, or a heading announces such a list."""
    text = plain_text(node.text(), MAX_PAGE)
    if node.tag not in {"ul", "ol"}:
        return bool(clues.RELATED_HEADING.fullmatch(text) or clues.POPULAR_HEADING.fullmatch(text))
    links = node.css("a[href]")
    return len(links) > 1 and 2 * sum(len(plain_text(link.text())) for link in links) > len(text)


def _too_heavy() -> NotReadable:
    return NotReadable(Reason.MALFORMED, "the page is too heavy to look for its text")


def _found(markup: str, base: str, *, fast: bool) -> _Text:
    if not markup:
        return _NONE
    if len(markup) > MAX_PAGE:
        raise _too_heavy()
    html = _cleaned(_extracted(markup, fast=fast), base)
    return _Text(html, to_text(html, MAX_PAGE))


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
