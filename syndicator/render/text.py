"""Text that every format can carry: legal in XML 1.0, in UTF-8, and plain where it must be plain."""

import re
from collections.abc import Iterable
from urllib.parse import quote

# Everything that is no Char by XML 1.0, 2.2: control characters, surrogates, U+FFFE and U+FFFF.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WEB_URL = re.compile(r"https?://[^/?#\s]", re.IGNORECASE)
# RFC 3986: what may stand in a URL as it is; the percent sign, because URLs come encoded already.
_URL_SAFE = "%:/?#[]@!$&'()*+,;=-._~"
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_QUOTES = " \"'“”„«»‘’‚"
_CUT_MARK = re.compile(r"\s*[\[(]?(?:…|\.\.\.)[\])]?\s*$")


def legal(text: str) -> str:
    """Take out what XML 1.0 and UTF-8 cannot carry; line ends become line feeds."""
    return _ILLEGAL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def line(text: str) -> str:
    """Make one line of plain text: legal, white space folded."""
    return " ".join(legal(text).split())


def web_url(url: str) -> str | None:
    """Give an absolute http(s) URL in ASCII (RFC 3986), or None where it is none."""
    cleaned = legal(url).strip()
    if not _WEB_URL.match(cleaned):
        return None
    return quote(_STRAY_PERCENT.sub("%25", cleaned), safe=_URL_SAFE)


def distinct(texts: Iterable[str]) -> tuple[str, ...]:
    """Give the lines that say something, each once, whatever its case; the first spelling wins."""
    seen: dict[str, str] = {}
    for text in texts:
        cleaned = line(text)
        if cleaned:
            seen.setdefault(cleaned.casefold(), cleaned)
    return tuple(seen.values())


def holds(text: str, part: str) -> bool:
    """Tell whether `text` says `part` already: case, space, outer quotes and a mark of cutting aside."""
    wanted = _CUT_MARK.sub("", part.strip(_QUOTES)).strip(_QUOTES)
    return _folded(wanted) in _folded(text)


def _folded(text: str) -> str:
    # Without any white space: a tag inside a word must not make two words of it.
    return "".join(text.casefold().split())
