"""The text of an article by its density, for pages that no selector describes: trafilatura.

It gets HTML that was fetched already, never an address. Its own reading of dates and names is not used: it
takes dates from the URL before those that the page states.
"""

import logging

from syndicator.errors import NotReadable
from syndicator.gather.html import HtmlCleaner, to_text, weight
from syndicator.gather.text import shortened
from syndicator.model.fetch import Reason

MAX_PAGE = 3_000_000
"""Characters of a page that is looked at; longer ones are no article."""
MAX_STEPS = 30_000_000
"""See `html.Weight`: an article page of 100 KB has a million."""
MIN_TEXT = 150
"""Characters: less is a notice, a menu or a caption, not a text."""
_RAISED = (ValueError, TypeError, AttributeError, LookupError, AssertionError, RecursionError)
"""What trafilatura has been seen to raise on odd pages (lxml's errors of parsing are SyntaxErrors)."""


def full_text(markup: str, base: str) -> str:
    """Find the article's text on a page and give it as clean HTML; empty where there is none.

    Comments, tables and pictures are left out. A page of 100 KB takes 5 to 10 ms.
    NotReadable("malformed") for what is too heavy to be looked at.
    """
    if len(markup) > MAX_PAGE or weight(markup).steps > MAX_STEPS:
        raise NotReadable(Reason.MALFORMED, "the page is too heavy to look for its text")
    found = _extracted(markup)
    if not found:
        return ""
    try:
        cleaned = HtmlCleaner(base).clean(found)
    except ValueError:
        return ""
    return cleaned if len(to_text(cleaned, 2 * MIN_TEXT)) >= MIN_TEXT else ""


def _extracted(markup: str) -> str:
    import trafilatura  # noqa: PLC0415 -- takes a quarter of a second and is needed in the pool's workers only

    logging.getLogger("trafilatura").addHandler(logging.NullHandler())  # a page without a text is no event
    try:
        return (
            trafilatura.extract(
                markup,
                output_format="html",
                include_comments=False,
                include_tables=False,
                include_images=False,
                include_formatting=True,
                include_links=True,
            )
            or ""
        )
    except (*_RAISED, SyntaxError) as error:
        detail = shortened(f"its text cannot be found: {error}", 200)
        raise NotReadable(Reason.MALFORMED, detail) from error
