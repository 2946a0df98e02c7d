"""What a reader would notice of an article, as words: where that is the same, nothing has changed.

Left out is what changes by itself: clocks ("3 jam lalu"), counters ("dibaca 1.234 kali"), lines that point to
other articles ("Baca juga: …"), advertisements, markup, white space, the shape of quotation marks, tracking
parameters, and all of a picture's address but its name. Everything here is linear in the length of the text:
it is done for every candidate of every round.
"""

import hashlib
import html
import re
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple
from urllib.parse import unquote

import msgspec
from msgspec import Struct

from syndicator.model.article import Article, Candidate, Enclosure, Photo
from syndicator.rules.hashing import hashed
from syndicator.rules.least_recent import Recent

_INLINE_TAG = re.compile(
    r"</?(?:a|abbr|b|bdi|bdo|big|cite|code|del|dfn|em|font|i|ins|kbd|mark|q|s|samp|small|span|strike|strong|sub|sup"
    r"|time|tt|u|var|wbr)(?:\s[^<>]*)?>"
)
"""Tags inside words, as clean HTML has them; all others stand between words."""
_TAG = re.compile(r"<[^<>]*>")
_IMAGE = re.compile(r"<img\s[^<>]*?\bsrc=[\"']([^\"'<>]+)", re.IGNORECASE)
_SAME = {
    **dict.fromkeys("\u2018\u2019\u201a", "'"),
    **dict.fromkeys("\u201c\u201d\u201e", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014", "-"),
    "\u00a0": " ",
    "\u2026": "...",
    "\u00ad": "",
}
"""Characters that editorial systems put in each other's place."""

_OTHER_BLANKS = "\t\r\v\f\x1c\x1d\x1e\x1f"
"""All white space of ASCII but the blank and the end of a line."""

_AMOUNT = r"\d[\d.,]{0,14}\+?\s{0,3}(?:rb|ribu|jt|juta|k|m)?"
_CLOCK = re.compile(
    r"(?<!\d)(?:\d{1,4}|\b(?:se|a|an))\s{0,3}(?:detik|menit|jam|hari|(?:second|minute|hour|day|min|sec|hr)s?)\s{1,3}"
    r"(?:yang\s{1,3})?(?:lalu|ago)\b",
    re.IGNORECASE,
)
_COUNTER = re.compile(
    rf"\b(?:dibaca|dilihat|views?|viewed)\s{{0,3}}:?\s{{0,3}}{_AMOUNT}\s{{0,3}}(?:kali|x|times)?(?!\w)"
    rf"|(?<!\w){_AMOUNT}\s{{0,3}}(?:kali\s{{1,3}}(?:dibaca|dilihat)|(?:page)?views?|pembaca|komentar|comments?)\b",
    re.IGNORECASE,
)
_CHANGING_WORDS = ("lalu", " ago", "dibaca", "dilihat", "view", "pembaca", "komentar", "comment")
"""Lines without any of them are not searched for clocks and counters."""
_UNITS = ("detik", "menit", "jam", "hari", "second", "minute", "hour", "day", "min", "sec", "hr")
_BEFORE_AGO = re.compile(
    rf"(?:\d|(?<![a-z])(?:se|a|an))\s{{0,3}}(?:{'|'.join(_UNITS)})s?\s{{1,3}}(?:yang\s{{1,3}})?\Z"
)
_ENDS_BEFORE_AGO = (*_UNITS, *(f"{unit}s" for unit in _UNITS), "yang")
"""With which of these ends what `_BEFORE_AGO` matches, without white space."""
_BEFORE_COUNTED = re.compile(
    r"\d[\d.,]{0,14}\+?\s{0,3}(?:rb|ribu|jt|juta|k|m)?\s{0,3}(?:kali\s{1,3}|page)?\Z"
)
_AFTER_COUNTED = re.compile(r"(?:s|ed)?\s{0,6}(?::\s{0,3})?\d")
_NEAR = 40
"""Characters, more than any of these matches."""
_NEIGHBOURS = (
    *((word, _BEFORE_AGO, None) for word in ("lalu", "ago")),
    *((word, _BEFORE_COUNTED, _AFTER_COUNTED) for word in _CHANGING_WORDS[2:]),
)
"""Everything that `_CLOCK` and `_COUNTER` match contains one of these words, with this before or after it, in
small letters. Looking at these few places takes a twentieth of the time of searching for the expressions."""
_FURNITURE = re.compile(
    r"\W*(?:(?:baca|simak|lihat|tonton)\s+(?:juga|selengkapnya)\b|(?:read|see)\s+(?:also|more)\b"
    r"|(?:berita|artikel)\s+terkait\b|related\s*:|(?:advertisement|iklan|ads)\W*$"
    r"|(?:scroll|gulir)\s+(?:to|untuk|ke)\b"
    r"|(?:(?:terakhir\s+)?(?:diperbarui|di-?update)|(?:last\s+)?updated?(?:\s+(?:at|on)\b|\s*:))[^.!?]*\d)",
    re.IGNORECASE,
)
"""How a short block of a body begins that is none of its text."""
_FURNITURE_WORDS = frozenset(
    {
        "advertisement", "ads", "artikel", "baca", "berita", "di-update", "diperbarui", "diupdate", "gulir",
        "iklan", "last", "lihat", "read", "related", "scroll", "see", "simak", "terakhir", "tonton", "update",
        "updated",
    }
)  # fmt: skip
"""With which of these it begins."""
_MAX_FURNITURE_CHARACTERS = 250

_SIZE = (
    r"[-_@.,](?:\d{2,4}x\d{0,4}|\d{2,4}|[wh]_?\d{2,4}|\dx|scaled|small|medium|large|thumb(?:nail)?|original"
    r"|resized?|crop(?:ped)?)"
)
_SIZED = re.compile(rf"{_SIZE}(?:{_SIZE}){{0,3}}$")
_WIDTH_LIKE = re.compile(r"[-_@.,]\d{2,4}$")
_SEARCHED_WORDS = 8
"""Number of words of a correction that are searched for in the text."""
_LETTER = re.compile(r"[a-z]")
_SCRIPTS = (".php", ".aspx", ".asp", ".ashx")
_PICTURES_REMEMBERED = 1024
"""Names, some 300 bytes each: most pictures stand both in the body and beside it."""
_PARTS = 4
_FILE_PARTS = 2
_PART_CHARACTERS = 200
_ENDING = re.compile(r"(?:\.(?:jpe?g|png|webp|gif|avif|jfif|bmp|php|aspx?|ashx)){1,3}$")
_SIZE_ALONE = re.compile(r"(?:[wh]?_?\d+x\d*|[wh]_?\d+|small|medium|large|thumb(?:nail)?|original|resized?)")
_MEANS_LITTLE = re.compile(r"(?:\d{1,4}|image|img|photo|foto|picture|default|index)?")
"""Last parts of a path that are no name, and those that need the part before to be one."""


_KEY_BYTES = 16
_hashes = Recent[bytes, str](16_384)
"""Content hashes of articles that were seen lately, some 200 bytes each, by digests of them as they came."""


class Noticed(Struct, frozen=True, kw_only=True):
    """What a reader would notice, in words that can be compared."""

    title: tuple[str, ...]
    lead: tuple[str, ...]
    quote: tuple[str, ...]
    body: tuple[str, ...]
    photos: tuple[tuple[str, ...], ...]
    """Of each its name, then the words of its caption and credit."""
    enclosures: tuple[str, ...]
    """The name of each."""
    authors: tuple[str, ...]
    section: str
    tags: tuple[str, ...]
    correction: tuple[str, ...]
    """A note of a correction that stands nowhere in the texts."""


class _Seen(NamedTuple):
    """The same as `Noticed` before words are taken apart: single blanks separate them.

    The fields stand in the order in which they are hashed.
    """

    title: str
    lead: str
    body: str
    quote: str
    section: str
    authors: tuple[str, ...]
    tags: tuple[str, ...]
    photos: tuple[tuple[str, ...], ...]
    enclosures: tuple[str, ...]
    correction: str


def noticeable(article: Candidate | Article) -> Noticed:
    """Return what a reader would notice of an article."""
    seen = _seen(article)
    texts = ("title", "lead", "quote", "body", "correction")
    return Noticed(**(seen._asdict() | {name: tuple(getattr(seen, name).split()) for name in texts}))


def content_hash(article: Candidate | Article) -> str:
    """Return the digest of what a reader would notice: 80 bits in lower-case base32."""
    # Feeds list the same articles for hours: recognising an unchanged one takes a tenth of the time.
    key = _unread_digest(article)
    found = _hashes.recall(key) if key else None
    if found is None:
        found = _content_hash(article)
        if key:
            _hashes.keep(key, found)
    return found


_read_of = attrgetter(
    "title", "lead", "body_html", "correction", "quote", "section", "authors", "tags", "photos", "enclosures"
)


def _unread_digest(article: Candidate | Article) -> bytes | None:
    """Return a digest of all that `_seen` reads, as it is; None for texts that are no Unicode."""
    try:
        return hashlib.blake2b(msgspec.msgpack.encode(_read_of(article)), digest_size=_KEY_BYTES).digest()
    except UnicodeEncodeError:
        return None


def _content_hash(article: Candidate | Article) -> str:
    seen = _seen(article)
    parts = [
        seen.title,
        seen.lead,
        seen.body,
        seen.quote,
        seen.section,
        "\x1e".join(seen.authors),
        "\x1e".join(seen.tags),
        "\x1e".join([" ".join(photo) for photo in seen.photos]),
    ]
    # Articles that have none of these keep the digest that they had before these were looked at.
    if seen.enclosures:
        parts.append("\x1e".join(("", *seen.enclosures)))
    if seen.correction:
        parts.append(seen.correction)
    return hashed("content", "\x1f".join(parts))


def _seen(article: Candidate | Article) -> _Seen:
    title, lead, body = _spaced(article.title), _still(article.lead), _body(article.body_html)
    noted = _spaced(article.correction) if article.correction else ""
    # No word stands across the two blanks between the texts.
    if noted and " ".join(noted.split()[:_SEARCHED_WORDS]) in f"{title}  {lead}  {body}":
        noted = ""
    return _Seen(
        title=title,
        lead=lead,
        body=body,
        quote=_spaced(article.quote) if article.quote else "",
        section=_folded(article.section) if article.section else "",
        authors=tuple([_folded(author) for author in article.authors]),
        tags=tuple(sorted({_folded(tag) for tag in article.tags})),
        photos=tuple([_photo(photo) for photo in article.photos]),
        enclosures=tuple([_file_name(one) for one in article.enclosures]) if article.enclosures else (),
        correction=noted,
    )


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def _body(body_html: str) -> str:
    """Return the words of a body in clean HTML, separated by single blanks; a picture is a word."""
    text = _INLINE_TAG.sub("", body_html)
    if "<img" in text:
        text = _IMAGE.sub(lambda image: f"<p>\x02{picture_name(image[1])}</p><i ", text)
    text = _TAG.sub("\n", text)
    if "&" in text:
        text = html.unescape(text)
    return _still("\n".join([block for block in text.split("\n") if block and not _is_furniture(block)]))


def text_blocks(body_html: str) -> list[str]:
    """Return the paragraphs of a body in clean HTML as plain texts, without the empty ones."""
    text = html.unescape(_TAG.sub("\n", _INLINE_TAG.sub("", body_html)))
    return [block for line in _uniform(text).split("\n") if (block := line.strip())]


def _still(text: str) -> str:
    """Return the words of a text without clocks and counters, separated by single blanks."""
    lowered = text.lower()
    if not lowered.isascii():
        # `re.IGNORECASE` takes these letters for `s` and `i`.
        lowered = lowered.replace("ſ", "s").replace("ı", "i").replace("i\u0307", "i")
    if _may_change(lowered):
        text = "\n".join([_still_line(line) for line in text.split("\n")])
    return _spaced(text)


def _may_change(lowered: str) -> bool:
    """Return whether anything stands in a text, in small letters, that may be a clock or a counter."""
    for word, before, after in _NEIGHBOURS:
        at = lowered.find(word) if word in lowered else -1  # `in` alone takes half of `find`
        while at >= 0:
            start = max(at - _NEAR, 0)
            # "lalu" is a frequent word: searching the expression before each takes ten times as long.
            is_likely = before is not _BEFORE_AGO or lowered[start:at].rstrip().endswith(_ENDS_BEFORE_AGO)
            if is_likely and before.search(lowered, start, at):
                return True
            if after and after.match(lowered, at + len(word)):
                return True
            at = lowered.find(word, at + 1)
    return False


def _still_line(line: str) -> str:
    lowered = line.lower()
    if not any(word in lowered for word in _CHANGING_WORDS):
        return line
    return _COUNTER.sub(" ", _CLOCK.sub(" ", line))


@lru_cache(maxsize=_PICTURES_REMEMBERED)
def picture_name(url: str) -> str:
    """Return what the addresses of one picture share, in whatever size and from whatever server it comes.

    It is the last part of the path, without size and ending. Parts that are a size ("large.jpg", "640x480")
    are passed over; where one means little ("1.jpg"), the part before it belongs to the name, and of a script
    ("photo.php?id=7") the query.
    """
    address, _, query = url.partition("#")[0].partition("?")
    parts = [unquote(part).lower() for part in address.partition("://")[2].split("/")[-_PARTS:] if part]
    named: list[str] = []
    for part in reversed(parts):
        stem = _stem(part)
        if _SIZE_ALONE.fullmatch(stem):
            continue
        named.append(stem)
        if not _MEANS_LITTLE.fullmatch(stem):
            break
    is_script = not parts or parts[-1].endswith(_SCRIPTS) or "." not in parts[-1]
    return "/".join(named[:2]) + (f"?{query}" if query and is_script else "")


def _stem(part: str) -> str:
    stem = _ENDING.sub("", part[-_PART_CHARACTERS:])
    bare = _SIZED.sub("", stem)
    # A number at the end of a name that consists of numbers distinguishes pictures: it is no size.
    return bare if bare and (_LETTER.search(bare) or not _WIDTH_LIKE.search(stem)) else stem


def _spaced(text: str) -> str:
    """Return the words of a text, separated by single blanks."""
    text = _uniform(text)
    line = text.replace("\n", " ")
    # Looking takes a third of taking apart.
    if "  " not in line and not _has_other_blanks(line):
        return line.strip(" ")
    return " ".join(text.split())


def _has_other_blanks(line: str) -> bool:
    """Return whether a line has white space other than the blank, or may have."""
    if line.isascii():
        # A third of the time of looking at each character.
        return any(map(line.__contains__, _OTHER_BLANKS))
    # The blank is the only white space that counts as printable.
    return not line.isprintable()


def _uniform(text: str) -> str:
    if not text.isascii():
        for odd, usual in _SAME.items():  # `translate` takes ten times as long
            text = text.replace(odd, usual)
    return text


def _is_furniture(block: str) -> bool:
    if len(block) > _MAX_FURNITURE_CHARACTERS:
        return False
    first = block.split(None, 1)[:1]
    if not first or first[0].strip("*-–—>[(:|» ").rstrip(":").lower() not in _FURNITURE_WORDS:
        return False
    return _FURNITURE.match(block) is not None


def _photo(photo: Photo) -> tuple[str, ...]:
    return (
        picture_name(photo.url),
        *_uniform(photo.caption or "").split(),
        "\x1d",
        *_uniform(photo.credit or "").split(),
    )


def _file_name(enclosure: Enclosure) -> str:
    """Return what the addresses of one file share: servers, counters before it and signatures change.

    That is the end of its path, and of a script ("media.php?id=7") its query.
    """
    address, _, query = enclosure.url.partition("#")[0].partition("?")
    parts = address.partition("://")[2].split("/")[-_FILE_PARTS:]
    is_script = "." not in parts[-1] or parts[-1].lower().endswith(_SCRIPTS)
    return "/".join(parts) + (f"?{query}" if query and is_script else "")
