"""Renders the body of an article as text lines, one a block, independent of how its HTML is written."""
# ruff: noqa: SIM905 -- lists of tag names are easier to read as words

import html
import re
from itertools import chain

from syndicator.rules.identity.addresses import clean_url

_TAG = re.compile(r'<(/?)([a-z][a-z0-9]*+)((?:[^<>"]++|"[^"]*+")*+)>', re.IGNORECASE)
_ATTRIBUTE = re.compile(r'(?<![a-z-])([a-z-]++)="([^"]*+)"', re.IGNORECASE)
_BLOCKS = frozenset(
    "blockquote br caption div dd dl dt figcaption figure h1 h2 h3 h4 h5 h6 hr li ol p pre table tbody td "
    "tfoot th thead tr ul".split()
)
_SILENT = frozenset({"p", "br", "div", "tbody", "span", "figure"})
"""Elements whose tags are not shown: plain blocks and elements without a visible effect."""
_ADDRESSES = frozenset({"href", "src"})
_UNSEEN = frozenset({"rel", "title", "alt"})


def lines_of(body_html: str) -> list[str]:
    """Return the blocks of clean HTML as lines: words with their markup, links and pictures by address.

    White space, the order of attributes and tracking parameters make no difference.
    """
    pieces: list[str] = []
    at = 0
    for match in _TAG.finditer(body_html):
        pieces += (html.unescape(body_html[at : match.start()]), _marked(*match.groups()))
        at = match.end()
    text = "".join(chain(pieces, [html.unescape(body_html[at:])]))
    return [words for line in text.split("\x00") if (words := " ".join(line.split()))]


def _marked(closing: str, name: str, attributes: str) -> str:
    """Return a tag as far as readers notice it; a null character separates blocks."""
    name = name.lower()
    separator = "\x00" if name in _BLOCKS else ""
    if name in _SILENT or (closing and separator):
        return separator
    shown = sorted(
        (key.lower(), clean_url(html.unescape(value)) if key.lower() in _ADDRESSES else value)
        for key, value in _ATTRIBUTE.findall(attributes)
        if key.lower() not in _UNSEEN
    )
    return f"{separator}<{closing}{' '.join([name, *(f'{key}={value}' for key, value in shown)])}>"
