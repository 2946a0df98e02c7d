"""In which encoding a document is written, where its labels are missing, wrong or at odds with each other.

What the bytes show beats what is said of them: a byte order mark wins, then text that is valid UTF-8. Else
the charset of the HTTP response counts before that of the XML declaration (RFC 7303), unless it is Latin-1,
which servers send by default. What does not decode by any label is guessed; Latin text is
windows-1252 then, unless its language is written in another code page.
"""

import codecs
import re
from email.message import Message

from msgspec import Struct

from syndicator.gather.documents.text import plain_text

_DECLARED = re.compile(r"<\?xml[^<>]{0,200}?encoding\s*+=\s*+[\"']([\w.:-]{1,40})")
_META = re.compile(r"<meta[^>]{0,200}?charset\s*+=\s*+[\"']?\s*+([\w.:-]{1,40})", re.IGNORECASE)
_HEAD = 2048
_GUESSED_FROM = 200_000
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WIDE = (
    (b"<\x00\x00\x00", "utf-32-le"),
    (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
    (b"{\x00", "utf-16-le"),
    (b"\x00{", "utf-16-be"),
)
_LARGER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}
"""What is meant in practice by a label: the larger set (as the Encoding Standard of the WHATWG says)."""
_NO_TEXT = frozenset({"utf-7", "unicode_escape", "raw-unicode-escape", "punycode", "idna", "undefined"})
_CONTROLS = re.compile(rb"[\x80-\x9f]")
"""Where ISO 8859 has control characters, and the code pages of Windows have quotes, dashes and the euro."""
_LANGUAGE = re.compile(
    r"(?:<(?:dc:)?language>\s{0,20}|\b(?:xml:)?lang\s{0,3}=\s{0,3}[\"']|\"language\"\s{0,3}:\s{0,3}\")([a-zA-Z]{2,3})\b"
)
_CODE_PAGES = {
    **dict.fromkeys(("bs", "cs", "hr", "hu", "pl", "ro", "sk", "sl", "sq", "sr"), ("cp1250", "iso8859-2")),
    **dict.fromkeys(("az", "tr"), ("cp1254", "iso8859-9")),
    **dict.fromkeys(("et", "lt", "lv"), ("cp1257", "iso8859-13", "iso8859-4")),
    "vi": ("cp1258",),
}
"""In what Latin text is written where not in windows-1252, the most usual first, by language (ISO 639)."""
_SEVERAL_BYTES = ("big5", "cp932", "cp949", "cp950", "euc", "gb", "hz", "iso2022", "johab", "shift", "utf")
_RUNS = re.compile(rb"[\x80-\xff]{3,}")
_FOREIGN = re.compile(r"[ÐÝÞðýþ]|[¼½¾²³¹¤¦¬¶¸¯](?=[a-zß-ÿ])|(?<=[a-zß-ÿ])[¡¿«»±](?=[a-zß-ÿ])")
"""What Latin text of other code pages becomes as windows-1252, and what its languages have not, Icelandic
aside."""
_ERRORS_BORNE = 10
"""Characters beyond ASCII for each byte that is not UTF-8, in what still passes for UTF-8."""


class Decoded(Struct, frozen=True, kw_only=True):
    """A document as text, and what was odd about its encoding, a sentence each."""

    text: str
    warnings: tuple[str, ...] = ()


class _Label(Struct, frozen=True, kw_only=True):
    said_by: str
    name: str
    """As written."""
    codec: str


def decode(body: bytes, content_type: str = "", language: str = "") -> Decoded:
    """Decode a document; some text always comes of it. `language` is what else is known of it."""
    labels, unknown = _labels(body, content_type)
    decoded = _decode(body, labels, language)
    return Decoded(text=decoded.text, warnings=(*unknown, *decoded.warnings))


def _decode(body: bytes, labels: list["_Label"], language: str) -> Decoded:
    for mark, codec in _MARKS:
        if body.startswith(mark):
            beaten = _beaten(labels, _plain(codec), "the byte order mark")
            return Decoded(text=body.decode(codec, "replace"), warnings=beaten)
    for start, codec in _WIDE:
        if body.startswith(start):
            beaten = _beaten(labels, _plain(codec), "its first bytes")
            return Decoded(text=body.decode(codec, "replace"), warnings=beaten)
    if b"\x1b" not in body and (text := _utf_8(body)) is not None:
        return Decoded(
            text=text, warnings=() if body.isascii() else _beaten(labels, "utf-8", "the text itself")
        )
    return _by_labels(body, labels) or _damaged_utf_8(body) or _guessed(body, labels, language)


def label_doubt(body: bytes, content_type: str = "") -> tuple[str, str]:
    """Return what a strict XML parser, which knows the XML declaration only, would not see.

    Gives a doubt, for which the document must be decoded by us, and a warning; mostly both are empty.
    """
    if body.isascii():
        return "", ""
    labels, _unknown = _labels(body, content_type)
    for mark, codec in _MARKS[:2] + _MARKS[3:]:  # the parser heeds them, and what is declared after them not
        if body.startswith(mark):
            return "", "; ".join(_beaten(labels, _plain(codec), "the byte order mark"))
    if all(label.codec == "utf-8" for label in labels):
        return "", ""
    declared = next((label.codec for label in labels if label.said_by != _HTTP), "utf-8")
    if declared == "utf-8":  # the parser checks that it is
        return "", "; ".join(_beaten(labels, "utf-8", "the text itself"))
    if len({label.codec for label in labels}) > 1 or _utf_8(body) is not None:
        return "labels of the encoding that contradict the text or each other", ""
    larger = any(_is_larger(label, body) for label in labels)
    return ("characters that its encoding does not have", "") if larger else ("", "")


_HTTP = "the HTTP header"


def _labels(body: bytes, content_type: str) -> tuple[list[_Label], list[str]]:
    """Return the labels, that of HTTP first unless it is a server's default, and warnings of unknown ones."""
    head = body[:_HEAD].decode("latin-1").replace("\0", "")
    said = [(_HTTP, _charset(content_type))]
    if match := _DECLARED.search(head):
        said.append(("the XML declaration", match[1]))
    elif match := _META.search(head):
        said.append(("the meta element", match[1]))
    labels, unknown = [], []
    for said_by, name in said:
        if codec := _codec(name):
            labels.append(_Label(said_by=said_by, name=name, codec=codec))
        elif name:
            unknown.append(f"{said_by} names an encoding that is not known here: {plain_text(name, 40)}")
    if len(labels) > 1 and labels[0].codec == "cp1252":
        labels.reverse()
    return labels, unknown


def _charset(content_type: str) -> str:
    message = Message()
    message["content-type"] = content_type.replace("\r", " ").replace("\n", " ")
    return str(message.get_param("charset") or "")


def _codec(name: str) -> str | None:
    try:
        codec = codecs.lookup(name.strip("'\" ")).name
        "".encode(codec)  # raises for what is no encoding of text
    except (LookupError, ValueError, TypeError):
        return None
    family = _plain(codec)
    return None if family in _NO_TEXT else _LARGER.get(family, family)


def _plain(codec: str) -> str:
    """Return the family: byte order is nothing that labels differ about."""
    if codec.startswith(("utf-16", "utf-32")):
        return codec[:6]
    return "utf-8" if codec == "utf-8-sig" else codec


def _beaten(labels: list[_Label], winner: str, because: str) -> tuple[str, ...]:
    wrong = [f"{label.said_by} says {label.name}" for label in labels if label.codec != winner]
    return (f"{' and '.join(wrong)}, but {because} is {winner.upper()}, which counts",) if wrong else ()


def _utf_8(body: bytes) -> str | None:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _by_labels(body: bytes, labels: list[_Label]) -> Decoded | None:
    for number, label in enumerate(labels):
        try:
            text = body.decode(label.codec)
        except UnicodeDecodeError:
            continue
        others = [other for other in labels if other.codec != label.codec]
        meant = _meant(label) if _is_larger(label, body) else ()
        if not others:
            return Decoded(text=text, warnings=meant)
        why = "which it is not" if number else "which it yields to"
        verdict = (
            f"{others[0].said_by} says {others[0].name}, {why}: {label.name}, as {label.said_by} says, counts"
        )
        return Decoded(text=text, warnings=(verdict, *meant))
    return None


def _is_larger(label: _Label, body: bytes) -> bool:
    """Return whether text uses what only the larger set has that is meant by a label."""
    narrow = codecs.lookup(label.name.strip("'\" ")).name
    if narrow == "ascii":
        return not body.isascii()
    return narrow.startswith("iso8859") and narrow != label.codec and bool(_CONTROLS.search(body))


def _meant(label: _Label) -> tuple[str, ...]:
    meant = label.codec.replace("cp", "windows-")
    return (f"{label.said_by} says {label.name}: it is read as {meant}, which is meant by it",)


def _damaged_utf_8(body: bytes) -> Decoded | None:
    """Take what is UTF-8 but for a few bytes as it."""
    text = body.decode("utf-8", "replace")
    lost = text.count("\ufffd")
    beyond_ascii = sum(1 for character in text if character > "\x7f") - lost
    if beyond_ascii < lost * _ERRORS_BORNE:
        return None
    return Decoded(text=text, warnings=(f"{lost} bytes are not UTF-8 and are lost",) if lost else ())


def _guessed(body: bytes, labels: list[_Label], language: str) -> Decoded:
    import chardet  # noqa: PLC0415 -- see `charset_preload`; needed in the workers of the pool only

    said = (
        f"the text is not {labels[0].name}, as {labels[0].said_by} says"
        if labels
        else "no encoding is declared"
    )
    guess = _codec(chardet.detect(body[:_GUESSED_FROM]).get("encoding") or "")
    for codec in (*_latin(body, guess, language), guess):
        try:
            if codec is not None:
                named = re.sub(r"^cp(?=\d)", "windows-" if codec.startswith("cp12") else "cp", codec)
                return Decoded(text=body.decode(codec), warnings=(f"{said}: {named} is guessed",))
        except UnicodeDecodeError:
            continue
    return Decoded(
        text=body.decode("cp1252", "replace"), warnings=(f"{said}: windows-1252 is taken for want of better",)
    )


def _latin(body: bytes, guess: str | None, language: str) -> tuple[str, ...]:
    """Return the code pages of Latin text, the likeliest first; none where the bytes are of another script.

    Of Latin text a few letters are beyond ASCII, each mostly by itself: too few for a guess. Of other scripts
    they come in words.
    """
    if guess is not None and guess.startswith(_SEVERAL_BYTES):
        return ()
    part = body[:_GUESSED_FROM]
    beyond_ascii = len(part) - len(part.translate(None, bytes(range(0x80, 0x100))))
    if 2 * sum(map(len, _RUNS.findall(part))) > beyond_ascii:
        return ()
    said = _LANGUAGE.search(body[:_HEAD].decode("latin-1"))
    pages = _CODE_PAGES.get((said[1] if said else language)[:2].lower(), ())
    if guess in pages:
        return (guess,)
    if pages:
        return pages
    return () if _FOREIGN.search(part.decode("cp1252", "replace")) else ("cp1252",)
