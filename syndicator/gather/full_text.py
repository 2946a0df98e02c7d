"""The text of an article by its density, for pages that no selector describes: trafilatura.

It gets HTML that was fetched already, never an address. Its own reading of dates and names is not used: it
takes dates from the URL before those that the page states.
"""

import logging
from typing import Final

from syndicator.errors import NotReadable
from syndicator.gather.html import HtmlCleaner, to_text
from syndicator.gather.selectors import Page, Selector
from syndicator.gather.text import shortened
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
    ":is(div, section, ul, ol, li):is([id*='komentar' i], [class*='komentar' i]):not(:has(h1))",
)
"""What holds no text of an article, Indonesian comments too: without it the rest is looked through faster."""
_SILENT: Final = logging.NullHandler()
_RAISED = (ValueError, TypeError, AttributeError, LookupError, AssertionError, RecursionError)
"""What trafilatura has been seen to raise on odd pages (lxml's errors of parsing are SyntaxErrors)."""


def full_text(page: Page) -> str:
    """Find the article's text on a page as it stands now, and give it as clean HTML; else nothing.

    What holds no text is cut out of the page; comments and tables are left out. A page of 100 KB takes 5 to
    10 ms.
    NotReadable("malformed") for what is too heavy to be looked at.
    """
    page.doomed(_NO_TEXT).cut()
    markup = page.html()
    if len(markup) > MAX_PAGE or page.steps > MAX_STEPS:
        raise NotReadable(Reason.MALFORMED, "the page is too heavy to look for its text")
    quick = _cleaned(_extracted(markup, fast=True), page.base)
    if len(to_text(quick, 2 * SHORT_TEXT)) >= SHORT_TEXT:
        return quick
    # Little was found: the slower way also compares what other methods find.
    thorough = _cleaned(_extracted(markup, fast=False), page.base)
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
