"""Text that every format can carry: legal in XML 1.0, in UTF-8, and plain where it must be plain."""

import re
from collections.abc import Iterable
from urllib.parse import quote, urlsplit

# Everything that is no Char by XML 1.0, 2.2: control characters, surrogates, U+FFFE and U+FFFF; and what it
# discourages there: DEL and the controls of old code pages, which are never meant.
_ILLEGAL = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]{0,80}")
_WEB_URL = re.compile(r"https?://[^/?#\s]", re.IGNORECASE)
# RFC 3986: what may stand in a URL as it is; the percent sign, because URLs come encoded already.
_URL_SAFE = "%:/?#[]@!$&'()*+,;=-._~"
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_TYPES_BY_ENDING = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "avif": "image/avif",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "aac": "audio/aac",
    "ogg": "audio/ogg",
    "oga": "audio/ogg",
    "opus": "audio/ogg",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "mp4": "video/mp4",
    "m4v": "video/mp4",
    "mov": "video/quicktime",
    "webm": "video/webm",
    "ogv": "video/ogg",
    "pdf": "application/pdf",
    "epub": "application/epub+zip",
    "zip": "application/zip",
}
_QUOTES = " \"'“”„«»‘’‚"
_CUT_MARK = re.compile(r"(?<!\s)\s*+[\[(]?(?:…|\.\.\.)[\])]?\s*+$")


def legal(text: str) -> str:
    """Take out what XML 1.0 and UTF-8 cannot carry; line ends become line feeds."""
    return _ILLEGAL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def line(text: str) -> str:
    """Make one line of plain text: legal, white space folded."""
    return " ".join(legal(text).split())


def web_url(url: str) -> str | None:
    """Return an absolute http(s) URL in ASCII (RFC 3986), or None where it is none."""
    cleaned = legal(url).strip()
    if not _WEB_URL.match(cleaned) or not _has_host(cleaned):
        return None
    return quote(_STRAY_PERCENT.sub("%25", cleaned), safe=_URL_SAFE)


def _has_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:  # brackets of no IPv6 address, a port of no number
        return False
    return bool(parts.hostname)


def language_tag(tag: str) -> str | None:
    """Return a tag that has the form of one (BCP 47), or None."""
    return tag.strip() if _LANGUAGE.fullmatch(tag.strip()) else None


def media_type(name: str) -> str | None:
    """Return a media type without its parameters (RFC 6838), or None where it is none."""
    bare = name.partition(";")[0].strip().lower()
    return bare if _MEDIA_TYPE.fullmatch(bare) else None


def own_language(tag: str | None) -> str:
    """Return the language of words of ours beside a text of this language: `id` or `en`."""
    return "id" if (tag or "").startswith("id") else "en"


def media_type_of(url: str) -> str | None:
    """Return the media type that the ending of a URL's path names, or None."""
    path = url.partition("#")[0].partition("?")[0]
    return _TYPES_BY_ENDING.get(path.rpartition(".")[2].lower())


def distinct(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the lines that say something, each once, whatever its case; the first spelling wins."""
    seen: dict[str, str] = {}
    for text in texts:
        cleaned = line(text)
        if cleaned:
            seen.setdefault(cleaned.casefold(), cleaned)
    return tuple(seen.values())


def holds(text: str, part: str) -> bool:
    """Return whether `text` says `part` already: case, space, outer quotes and a mark of cutting aside."""
    wanted = _CUT_MARK.sub("", part.strip(_QUOTES)).strip(_QUOTES)
    return _folded(wanted) in _folded(text)


def _folded(text: str) -> str:
    # Without any white space: a tag inside a word must not make two words of it.
    return "".join(text.casefold().split())
