"""HTML so simple that what cleaning makes of it is known without parsing.

Paragraphs, headings and figures without attributes; in them text, line breaks, plain emphasis, links and
images with absolute addresses. The parser of `html.HtmlCleaner` would change nothing but how links and
images end.
Everything else, and whatever is empty, goes through the parser.
"""

import re

from syndicator.gather.documents.opening_tags import RELATION
from syndicator.rules.identity.addresses import PLAIN_PORT

_TEXT = "[\t\n -%'-;=?-~\xa1-\u200a\u200c-\u205f\u2061-\ud7ff\ue000-\ufdcf\ufdf0-\ufefe\uff00-\ufffc]++"
"""Neither markup nor a reference, and nothing that is written as one (a no-break space) or left out."""
_NOT_EMPTY = r"(?!(?:\s|<br ?/?>)*+</)"
_BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_HOST = rf"(?:{_BYTE}(?:\.{_BYTE}){{3}}|(?:(?!xn--)[a-z0-9-]++\.)*+(?!xn--)[a-z][a-z0-9-]*+)"
"""A host that no parser of addresses refuses: an IPv4 address, or a name whose last label is no number."""
_URL = rf"https?://{_HOST}(?::(?:{PLAIN_PORT}))?(?:[/?#][A-Za-z0-9_.~:/?#\[\]@!$'()*+,;=%-]*+)?"
_ALT = "[ -!#-%'-;=?-~\xa1-\u200a\u200c-\u205f\u2061-\ud7ff\ue000-\ufdcf\ufdf0-\ufefe\uff00-\ufffc]*+"
_IMAGE = rf'<img src="{_URL}"(?: alt="{_ALT}")?(?: width="[0-9]{{1,5}}")?(?: height="[0-9]{{1,5}}")? ?/?>'
_EMPHASIS = "|".join(rf"<{tag}>{_NOT_EMPTY}{_TEXT}</{tag}>" for tag in ("b", "i", "em", "strong"))
_INLINE = rf'{_TEXT}|<a href="{_URL}">{_TEXT}</a>|<br ?/?>|{_EMPHASIS}|{_IMAGE}'
_BLOCK = "|".join(rf"<{tag}>{_NOT_EMPTY}(?:{_INLINE})++</{tag}>" for tag in ("p", "h2", "h3", "h4"))
_FIGURE = rf"<figure>{_IMAGE}(?:<figcaption>{_TEXT}</figcaption>)?</figure>"
_SIMPLE = re.compile(rf"(?:{_BLOCK}|{_INLINE}|{_FIGURE})*+")
_END_OF_LINK = re.compile(r'(<a href="[^"]*+")>')


def cleaned_if_simple(markup: str) -> str | None:
    """Return what the parser of `html.HtmlCleaner` makes of simple HTML; None where that is not known."""
    if _SIMPLE.fullmatch(markup) is None:
        return None
    markup = markup.replace(" />", ">").replace("/>", ">")
    if "<a " in markup:
        markup = _END_OF_LINK.sub(rf"\1{RELATION}>", markup)
    return markup
