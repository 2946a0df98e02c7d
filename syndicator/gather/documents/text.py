"""Plain text and addresses: what titles, names and links are made of."""

import html
import re
from urllib.parse import urljoin, urlsplit

from syndicator.rules.identity.addresses import PLAIN_PORT

MAX_TITLE = 500
MAX_NAME = 200
MAX_LEAD = 1000
MAX_URL = 4096
MAX_DIGITS = 10
"""Lengths in characters; what is longer is cut, a longer URL is none."""
MAX_AUTHORS, MAX_TAGS, MAX_PHOTOS, MAX_ENCLOSURES = 20, 50, 20, 20
"""Of one article."""

CUT = re.compile(r"(?<!\s)\s*+(?:…|\.\.\.)\s*+\Z")
"""How a text ends that was cut."""
# Both stay in the basic plane: beyond it, sets of characters are ten times slower.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\ufffd\u200b\u2060\ufeff]"
)
_ORDINARY = re.compile(
    "[\t\n\r -~\xa0-\u200a\u200c-\u205f\u2061-\ud7ff\ue000-\ufdcf\ufdf0-\ufefe\uff00-\ufffc]*+"
)
"""All else in that plane: to run through it takes half the time of looking for what is not in it."""
_MARKED = bytes(0 if _UNWANTED.match(chr(code)) else code for code in range(0x100))
"""Of ASCII, what is unwanted becomes 0 by this table: to look for it takes a third of the time then."""
_TITLE_TAGS = re.compile(
    r"</?(?:a|abbr|b|big|br|cite|code|del|div|em|font|h[1-6]|i|img|ins|mark|p|q|s|small|span|strike|strong|sub|sup"
    r"|time|tt|u|wbr)(?:\s[^<>]{0,2000})?/?>",
    re.IGNORECASE,
)
_ADDRESS_NOISE = re.compile(r"[\x00-\x1f\x7f]+")
_PLAIN_ADDRESS = re.compile(
    rf"https?://[a-zA-Z0-9][a-zA-Z0-9.-]{{0,250}}(?::(?:{PLAIN_PORT}))?"
    r"(?:[/?#][a-zA-Z0-9._~:/?#\[\]@!$&'()*+,;=%-]{0,3800})?"
)
_ENCODED = {code: f"%{code:02X}" for code in (*range(0x21), *b'"<>\\^`{|}', 0x7F)}
_NO_WORD = re.compile(r"[\W_]+")
# Both begin only where a word begins: tried from each of its letters, a long word takes quadratic time.
_MAIL_AND_NAME = re.compile(r"(?<![^\s@()])[^\s@()]++@[^\s@()]++\s*+\((?P<name>[^()]*+)\)")
_MAIL = re.compile(r"<?(?<![^\s@<>()])[^\s@<>()]++@[^\s@<>()]++>?")


def without_unwanted(text: str) -> str:
    """Strip what XML 1.0 forbids, C1 controls, lone surrogates, noncharacters and zero-width fillers."""
    if text.isascii():
        is_clean = b"\0" not in text.encode("ascii").translate(_MARKED)
    else:
        is_clean = _ORDINARY.fullmatch(text) is not None
    return text if is_clean else _UNWANTED.sub("", text)


def plain_text(text: str, limit: int = MAX_TITLE) -> str:
    """Return one line of text: unwanted characters stripped, white space folded, cut at a word."""
    return shortened(one_line(text[: limit * 20]), limit)


def one_line(text: str) -> str:
    """Strip unwanted characters, and fold white space."""
    line = text.replace("\n", " ").replace("\t", " ").replace("\r", " ") if "\n" in text else text
    # Of what is unwanted, only U+FFFD is printable; of white space, only the space is.
    if not line.isprintable() or "\ufffd" in line:
        return " ".join(without_unwanted(text).split())
    while "  " in line:
        line = line.replace("  ", " ")
    return line.strip()


def title_text(text: str, limit: int = MAX_TITLE) -> str:
    """Return a headline as plain text. Feeds disagree whether a title is text or HTML: known tags are taken
    out and entities decoded, all else ("5 < 6", "<3") stays.
    """
    text = text[: limit * 20]
    if "<" in text:
        text = _TITLE_TAGS.sub(" ", text)
    if "&" in text:
        text = html.unescape(text)
    return plain_text(text, limit)


def without_mail(text: str) -> str:
    """Return a name without mail addresses: "a@b.example (Nama)" is "Nama"."""
    if "@" not in text:
        return text
    if match := _MAIL_AND_NAME.search(text):
        text = match["name"]
    return _MAIL.sub("", text).strip()


def shortened(text: str, limit: int) -> str:
    """Cut a text to at most `limit` characters, between words where that is possible, and say so with …"""
    if len(text) <= limit:
        return text
    cut, follows = text[: limit - 1], text[limit - 1]
    words = cut if follows == " " else cut.rsplit(" ", 1)[0]
    return (words if len(words) > limit // 2 else cut).rstrip() + "…"


def absolute_url(base: str, reference: str) -> str | None:
    """Resolve a reference as RFC 3986 5.2 says; None unless that gives an http(s) address with a host.

    A name and password (userinfo, 3.2.1) are left out: what comes of it is published.
    """
    if _PLAIN_ADDRESS.fullmatch(reference):
        return reference
    reference = _ADDRESS_NOISE.sub("", reference).strip()
    if not reference or len(reference) > MAX_URL:
        return None
    try:
        url = reference if reference.startswith(("https://", "http://")) else urljoin(base, reference)
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0:
            return None
    except ValueError:
        return None
    if "@" in parts.netloc:
        url = url.replace(parts.netloc, parts.netloc.rpartition("@")[2], 1)
    return without_unwanted(url).translate(_ENCODED)


def folded(text: str) -> str:
    """Return a text without case, punctuation and spaces, for comparison."""
    return _NO_WORD.sub("", text.casefold())


def whole_number(text: str) -> int | None:
    """Read a size as attributes give it ("640", "640px"); None for all else, and for zero."""
    digits = text.strip().removesuffix("px")
    if not digits.isascii() or not digits.isdigit() or len(digits) > MAX_DIGITS:
        return None
    return int(digits) or None
