"""What is commonly wrong with XML, put right, each repair with a warning that names it and its line.

Put right are encodings, what stands around the document, characters that XML has not, bare ampersands and
brackets, entities of HTML, and prefixes that nobody declared. All else (tags left open or crossed) is left
to the tolerant parser. Every step is linear in the length of the document.
"""

import re
from collections import deque
from collections.abc import Iterator
from html.entities import html5
from itertools import islice

from syndicator.gather.documents.encoding import decode
from syndicator.gather.documents.text import plain_text
from syndicator.gather.documents.xml_names import WELL_KNOWN
from syndicator.model.fetch import Fetched

_ROOT = re.compile(
    r"<((?:[a-z_][\w.-]{0,40}:)?(?:rss|rdf|feed|channel|urlset|sitemapindex))(?=[\s>])", re.IGNORECASE
)
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""XML 1.0, 2.2."""
_NAME = r"(?:#(?:x[0-9a-fA-F]{1,8}|[0-9]{1,9})|[a-zA-Z][a-zA-Z0-9]{0,31});"
_REFERENCE = re.compile(
    r"&(?!(?:amp|lt|gt|quot|apos);)(?:#(?:x([0-9a-fA-F]{1,8})|([0-9]{1,9}))|([a-zA-Z][a-zA-Z0-9]{0,31}));"
)
_BARE_AMPERSAND = re.compile(f"&(?!{_NAME})")
_ESCAPED_REFERENCE = re.compile(f"&amp;({_NAME})")
_AMPERSANDS = "bare ampersands are escaped"
_BARE_BRACKET = re.compile(r"<(?![a-zA-Z_/!?])")
_PREFIX = re.compile(
    r"<([a-zA-Z_][\w.-]{0,40}):[a-zA-Z_]|\s([a-zA-Z_][\w.-]{0,40}):[a-zA-Z_][\w.-]{0,60}\s?=\s?[\"']"
)
_BOUND = re.compile(r"\sxmlns:([a-zA-Z_][\w.-]{0,40})\s?=")
_ENTRY_END = re.compile(r"</(?:[\w.-]{1,40}:)?(?:item|entry|url|sitemap)\s{0,20}>")
_CHANNEL = re.compile(r"<(/?)channel(?=[\s>])")
_VERBATIM = {"<![CDATA[": "]]>", "<!--": "-->"}
_MOST_PREFIXES = 50
_ROOTS_TRIED = 100
_SHOWN = 60
_SPACE = "\0 \t\r\n"
_LARGEST = 0x10FFFF


def repaired(fetched: Fetched, language: str = "") -> tuple[bytes, list[str]]:
    """Return a document as UTF-8, put right as far as that is beyond doubt, and what was wrong with it.

    `language` is that of its source, where it is known. Lines in the warnings are those of the document as
    it came.
    """
    decoded = decode(fetched.body, fetched.headers.get("content-type", ""), language)
    text, warnings = decoded.text, list(decoded.warnings)
    del decoded  # a text may take four times the room of its bytes: not more of them at once than needed
    text, around = _unwrapped(text)
    repair = _Repair()
    text = repair.without_illegal(text)
    text = repair.with_escapes(text)
    text = repair.with_prefixes(text)
    return text.encode("utf-8", "replace"), [*warnings, *around, *repair.warnings]


def _unwrapped(text: str) -> tuple[str, list[str]]:
    """Cut off what stands before and after the root element; lines keep their numbers."""
    roots = islice(_ROOT.finditer(text), _ROOTS_TRIED)
    root = next((match for match in roots if not _in_comment(text, match.start())), None)
    if root is None:
        return text, []
    warnings = []
    lines_before = "\n" * text.count("\n", 0, root.start())
    before = text[: root.start()].lstrip("\ufeff")
    if before[:1].isspace() and before.lstrip().startswith("<?xml"):
        warnings.append("white space stands before the XML declaration, at line 1")
    elif stray := _stray(before):
        warnings.append(f"text before the document is skipped, at line 1: “{stray}”")
    closings = re.finditer(rf"</{re.escape(root[1])}\s{{0,20}}>", text, re.IGNORECASE)
    last = deque(closings, maxlen=1)
    if not last or last[0].start() < root.start():
        line = text.count("\n") + 1
        warnings.append(f"the document is cut off at line {line}: what is complete is read")
        return lines_before + _closed(text[root.start() :], root[1]), warnings
    end = last[0].end()
    if rest := text[end:].strip(_SPACE):
        line = text.count("\n", 0, len(text) - len(text[end:].lstrip(_SPACE))) + 1
        warnings.append(f"text after the document is skipped, at line {line}: “{plain_text(rest, _SHOWN)}”")
    return lines_before + text[root.start() : end], warnings


def _closed(text: str, root: str) -> str:
    """End a document that was cut off behind its last whole entry, which is better than half of one."""
    whole = deque(_ENTRY_END.finditer(text), maxlen=1)
    if not whole:
        return text
    kept = text[: whole[0].end()]
    channels = [match[1] for match in _CHANNEL.finditer(kept)]
    inside = "</channel>" if root.lower() == "rss" and channels and channels[-1] == "" else ""
    return f"{kept}{inside}</{root}>"


def _in_comment(text: str, at: int) -> bool:
    return text.rfind("<!--", max(0, at - 10_000), at) > text.rfind("-->", max(0, at - 10_000), at)


def _stray(before: str) -> str:
    """Return what stands ahead of a root besides declarations, instructions and comments."""
    parts, at = [], 0
    for match in re.finditer(r"<(?:\?|!--|!)", before):
        if match.start() < at:
            continue
        parts.append(before[at : match.start()])
        end = {"<?": "?>", "<!--": "-->", "<!": ">"}[match[0]]
        found = before.find(end, match.end())
        at = found + len(end) if found >= 0 else len(before)
    return plain_text("".join([*parts, before[at:]])[:1000], _SHOWN)


class _Repair:
    """Repairs of one document."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def without_illegal(self, text: str) -> str:
        first = _ILLEGAL.search(text)
        if first is None:
            return text
        cleared, count = _ILLEGAL.subn("", text)
        self._warn(text, first.start(), count, "characters that XML does not have are taken out")
        return cleared

    def with_escapes(self, text: str) -> str:
        """Put bare ampersands, bare brackets and entities of HTML right, outside of CDATA and comments."""
        found = _Found(text)
        parts: list[str] = []
        done = 0
        for start, part, verbatim in _parts(text):
            mended = part if verbatim else found.put_right(part, start)
            if mended != part:
                parts += [text[done:start], mended]
                done = start + len(part)
        self.warnings += found.warnings()
        return "".join([*parts, text[done:]]) if parts else text

    def with_prefixes(self, text: str) -> str:
        """Declare prefixes that are used but bound to nothing, on the root element."""
        used: dict[str, int] = {}
        bound = {"xml", "xmlns", *_BOUND.findall(text)}
        for start, part, verbatim in _parts(text):
            for match in () if verbatim else _PREFIX.finditer(part):
                prefix = match[1] or match[2]
                if prefix not in bound and len(used) < _MOST_PREFIXES:
                    used.setdefault(prefix, start + match.start())
        root = _ROOT.search(text)
        if not used or root is None:
            return text
        declarations = "".join(
            f' xmlns:{prefix}="{WELL_KNOWN.get(prefix.lower(), f"urn:undeclared:{prefix}")}"'
            for prefix in used
        )
        for prefix, at in list(used.items())[:5]:
            self.warnings.append(
                f"the prefix {prefix} is not declared, first used at line {self._line(text, at)}"
            )
        return text[: root.end()] + declarations + text[root.end() :]

    def _warn(self, text: str, at: int, count: int, what: str) -> None:
        self.warnings.append(f"{what}: {count}, the first at line {self._line(text, at)}")

    def _line(self, text: str, at: int) -> int:
        return text.count("\n", 0, at) + 1


class _Found:
    """What was put right in the parts of a document: how often, and at which line first."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._places: dict[str, tuple[int, int]] = {}
        self._names: dict[str, None] = {}
        self._names_line = 0

    def put_right(self, part: str, start: int) -> str:
        """Put a part right that stands at `start`; line breaks stay where they are."""
        part = self._with_brackets(part, start)
        part = self._with_ampersands(part, start)
        return _REFERENCE.sub(lambda match: self._reference(match, part, start), part)

    def warnings(self) -> list[str]:
        warnings = [
            f"{what}: {count}, the first at line {line}" for what, (line, count) in self._places.items()
        ]
        if self._names:
            named = ", ".join(f"&{name};" for name in list(self._names)[:5])
            warnings.append(
                f"undeclared entities are read as those of HTML, from line {self._names_line}: {named}"
            )
        return warnings

    def _with_brackets(self, part: str, start: int) -> str:
        first = _BARE_BRACKET.search(part)
        if first is None:
            return part
        escaped, count = _BARE_BRACKET.subn("&lt;", part)
        self._note("bare brackets are escaped", part, start, first.start(), count)
        return escaped

    def _with_ampersands(self, part: str, start: int) -> str:
        """Escape all and take that back where it was wrong: of bare ones there may be millions."""
        first = _BARE_AMPERSAND.search(part)
        if first is None:
            return part
        escaped, right = _ESCAPED_REFERENCE.subn(r"&\1", part.replace("&", "&amp;"))
        self._note(_AMPERSANDS, part, start, first.start(), part.count("&") - right)
        return escaped

    def _reference(self, match: re.Match[str], part: str, start: int) -> str:
        name = match[3]
        if name is None:
            number = int(match[1], 16) if match[1] else int(match[2])
            if number <= _LARGEST and not _ILLEGAL.match(chr(number)):
                return match[0]
            what = "references to characters that XML does not have are taken out"
            self._note(what, part, start, match.start(), 1)
            return ""
        if f"{name};" in html5:
            self._names_line = self._names_line or self._line(part, start, match.start())
            self._names[name] = None
            return html5[f"{name};"].replace("&", "&amp;").replace("<", "&lt;")
        self._note(_AMPERSANDS, part, start, match.start(), 1)
        return "&amp;" + match[0][1:]

    def _note(self, what: str, part: str, start: int, at: int, count: int) -> None:
        line, before = self._places.get(what, (0, 0))
        self._places[what] = (line or self._line(part, start, at), before + count)

    def _line(self, part: str, start: int, at: int) -> int:
        return self._text.count("\n", 0, start) + part.count("\n", 0, at) + 1


def _parts(text: str) -> Iterator[tuple[int, str, bool]]:
    """Cut a document into markup and what is verbatim (CDATA, comments): start, part, whether verbatim."""
    at = 0
    places = dict.fromkeys(_VERBATIM, -1)
    while at < len(text):
        for opening, place in places.items():
            if place < at:
                found = text.find(opening, at)
                places[opening] = found if found >= 0 else len(text)
        opening, place = min(places.items(), key=lambda pair: pair[1])
        if place > at:
            yield at, text[at:place], False
        if place == len(text):
            return
        end = _VERBATIM[opening]
        close = text.find(end, place + len(opening))
        at = close + len(end) if close >= 0 else len(text)
        yield place, text[place:at], True
