"""The words of an article: what copies, stories and related articles are judged by.

Clean HTML in, words out: small letters, no punctuation, no markup, and none of the lines that portals put
between all paragraphs ("Baca juga: …", "SCROLL TO CONTINUE"), nor the dateline before the first.
"""

import html
import re

_BLOCK_ENDS = re.compile(
    r"<(?:/(?:p|div|li|h[1-6]|blockquote|figcaption|figure|tr|table|ul|ol|pre)|br|hr)\b[^<>]*>"
)
_TAG = re.compile(r"<[^<>]*>")
LONGEST = 40
"""Characters of a word. As longer ones are taken apart, none is so large that remembering it costs memory."""
_WORD = re.compile(rf"\w{{1,{LONGEST}}}")
_SMALL = "".join(chr(code).lower() if chr(code).isalnum() or chr(code) == "_" else " " for code in range(128))
"""For each character of ASCII its small letter, a blank for what stands between words."""
_MARKS = "\u00a0\u00ab\u00ad\u00bb\u200b\u2013\u2014\u2018\u2019\u201c\u201d\u2022\u2026"
"""Most texts that are not ASCII are so only by these, which stand between words."""
_FURNITURE = re.compile(
    r"\s*(?:baca|simak|lihat|tonton|cek|ikuti)\s*(?:juga|pula|selengkapnya|artikel|berita|video|saluran|kami)\b"
    r"|\s*(?:saksikan|ikuti)\b[^.]{0,40}\b(?:video|channel|saluran|whatsapp|google news)\b"
    r"|\W*(?:gambas\s*:|advertisement\b|scroll to (?:continue|resume)|iklan\s*$|read (?:also|more)\b"
    r"|also read\b|see also\b|related\s*:|\(?artikel ini telah tayang|copyright\b|©|all rights reserved"
    r"|sign up for\b|follow us\b|halaman selanjutnya|pilihan editor\b|editor\s*:|reporter\s*:|penulis\s*:)",
    re.IGNORECASE,
)
_DATELINE = re.compile(
    r"\s*(?:(?-i:[A-Z][\w.,'’/ -]{1,60}?)\s*(?:\([^)]{2,30}\)\s*)?)(?:—|–|--|-)\s+", re.IGNORECASE
)
"""A place in capitals, perhaps a portal's name, and a dash: "JAKARTA, KOMPAS.com - …"."""


MOST_CHARACTERS = 60_000
"""Of a body: some seven thousand words, ten times those of a long article. More of it is not compared."""


def words_of(text: str) -> list[str]:
    """Return the words of a plain text, folded, in order; digits count as words."""
    words = unlimited_words(text)
    return words if len(max(words, key=len, default="")) <= LONGEST else _WORD.findall(text.casefold())


def unlimited_words(text: str) -> list[str]:
    """Return the same as `words_of`, or longer words: for who finds out about those without measuring all."""
    plain = text
    if not plain.isascii():
        for mark in _MARKS:
            plain = plain.replace(mark, " ")
    # A third of the time of the expression.
    return plain.translate(_SMALL).split() if plain.isascii() else _WORD.findall(text.casefold())


def plain_body(body_html: str) -> str:
    """Return the text of a clean HTML body, one paragraph a line, without furniture and dateline.

    Of a very long one, its beginning.
    """
    text = body_html[:MOST_CHARACTERS]
    if "<" in text:
        text = _TAG.sub("", _BLOCK_ENDS.sub("\n", text))
    if "&" in text:
        text = html.unescape(text)
    lines = [line for line in text.split("\n") if line.strip() and not _FURNITURE.match(line)]
    if lines:
        lines[0] = _without_dateline(lines[0])
    return "\n".join(lines)


def _without_dateline(line: str) -> str:
    beginning = line[:80]
    if "-" not in beginning and "–" not in beginning and "—" not in beginning:
        return line
    found = _DATELINE.match(beginning)
    # Few letters of a dateline are small ones: "Partai itu - yang baru berdiri - …" is a sentence.
    if found is None or sum(map(str.isupper, found[0])) * 3 < sum(map(str.isalpha, found[0])):
        return line
    return line[found.end() :]
