"""Lead and body of entries: made of what a feed says, cleaned, and remembered."""

import html
import re
from collections.abc import Callable, Sequence
from hashlib import blake2b
from sys import getsizeof

from msgspec import Struct

from syndicator.gather.documents.html_cleaning import HtmlCleaner, check_weight, first_image, to_text
from syndicator.gather.documents.opening_tags import OpeningTags
from syndicator.gather.documents.text import MAX_LEAD, shortened
from syndicator.gather.feeds.entry import Entry
from syndicator.gather.provenance_changes import Adjustments
from syndicator.model.article import Change
from syndicator.rules.least_recent import LeastRecent

MAX_BYTES = 16 * 1024 * 1024
"""Of all that is remembered: the bodies of some three hundred feeds of twenty whole articles."""
_BYTES_AROUND = 300
"""Of a body, its place and its key, and of each change: measured, rounded up."""
Key = tuple[str, bytes, str]
"""The base of links, the digest of a text, and what was made of it."""


class CleanBody(Struct, frozen=True):
    """A cleaned body, and what cleaning took out of it; or its words, or the address of its first picture."""

    html: str
    changes: tuple[Change, ...] = ()


class CleanedBodies:
    """The bodies that were cleaned last, by what they were made of."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._longest_bytes = max_bytes // 100
        self._bodies = LeastRecent[Key, CleanBody](max_bytes, _size)

    def get(self, key: Key) -> CleanBody | None:
        """Return a body that is remembered, which makes it the latest."""
        return self._bodies.get(key)

    def put(self, key: Key, body: CleanBody) -> None:
        """Remember a body, unless it is longer than a hundredth of all; forget the oldest for it."""
        if _size(body) <= self._longest_bytes:
            self._bodies.put(key, body)


def digest_of(markup: str) -> bytes:
    """Return by what a text is known again: 128 bits, which nobody can make two texts share."""
    return blake2b(markup.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _size(body: CleanBody) -> int:
    return getsizeof(body.html) + _BYTES_AROUND * (1 + len(body.changes))


LEFT_OUT = "left out: "
"""How the reason begins why a text of an entry is not kept, though the entry is."""
POISON = (ValueError, TypeError, LookupError, OverflowError, RecursionError)
"""What odd data can raise in parsers and converters (UnicodeError is a ValueError)."""
_TYPOGRAPHY = r"nbsp|amp|quot|apos|[lr][sd]quo|hellip|[nm]dash|#0?39|#160|#82(?:1[1-9]|2[0-9]|30)"
_TYPOGRAPHIC = re.compile(rf"&(?:{_TYPOGRAPHY});")
_ESCAPED_TWICE = re.compile(rf"&amp;({_TYPOGRAPHY});")

_BODIES = CleanedBodies()
"""Of what is read in this process: the workers of the pool have no memory to spare."""


class EntryTexts(Struct, frozen=True, kw_only=True):
    """The texts of an entry."""

    lead: str = ""
    body_html: str = ""
    lost_picture: str | None = None
    """The address of one that stood in a summary of which only the words are kept."""
    changes: tuple[Change, ...] = ()
    fault: Exception | None = None
    """Why nothing could be made of them: one of `POISON`."""


def texts_of(entries: Sequence[Entry], *, is_light: bool) -> list[EntryTexts]:
    """Return the texts of all entries of one document; see `candidates.to_reading`.

    They are made apart from what else is made of entries: by turns, both are slower, for the caches of a
    processor do not hold the code of both. It is 5 % of what reading a feed takes.
    """
    maker = _Maker(is_light=is_light)
    return [maker.texts(entry) for entry in entries]


class _Maker:
    """Makes the texts of one document."""

    def __init__(self, *, is_light: bool) -> None:
        self._is_light = is_light
        self._cleaners: dict[str, HtmlCleaner] = {}
        self._markup, self._digest = "", digest_of("")

    def texts(self, entry: Entry) -> EntryTexts:
        changes = Adjustments()
        try:
            lead, body_html, lost_picture = self._texts(entry, changes)
        except POISON as fault:
            return EntryTexts(fault=fault)
        return EntryTexts(lead=lead, body_html=body_html, lost_picture=lost_picture, changes=changes.all())

    def _texts(self, entry: Entry, changes: Adjustments) -> tuple[str, str, str | None]:
        """Return lead, body, and the picture that stood in a summary of which only the words are kept.

        A summary beside the content is the lead. Alone it is the lead if it is short, else the body.
        """
        summary = self._bearable("lead", entry.summary.strip(), changes)
        content = self._bearable("body_html", entry.content.strip(), changes)
        if entry.content_is_plain:
            content = _paragraphs(content)
        if not summary:
            return "", self._clean(entry.base, content, changes), None
        as_html = html.escape(summary, quote=False) if entry.summary_is_plain else summary
        lead = self._lead(entry.base, as_html)
        if "&" in lead:  # what a feed escaped twice
            lead = " ".join(_decoded(lead).split())
        if not content and len(lead) > MAX_LEAD:
            if entry.summary_is_plain:
                content = _paragraphs(_decoded(entry.summary))
            else:
                content = summary if "<" in summary else _ESCAPED_TWICE.sub(r"&\1;", summary)
            return "", self._clean(entry.base, content, changes), None
        picture = self._picture(entry.base, as_html)
        shown = shortened(lead, MAX_LEAD)
        changes.note_text("lead", summary, shown)
        return shown, self._clean(entry.base, content, changes), picture

    def _bearable(self, field: str, markup: str, changes: Adjustments) -> str:
        """Return the markup; where reading it would take too long, "" and a warning."""
        try:
            if not self._is_light:
                check_weight(markup)
        except ValueError as error:
            changes.note(field, markup, f"{LEFT_OUT}{error}")
            return ""
        return markup

    def _clean(self, base: str, markup: str, changes: Adjustments) -> str:
        if not markup:
            return ""
        try:
            body = self._remembered("body", self._body, base, markup)
        except ValueError as error:
            changes.note("body_html", markup, f"{LEFT_OUT}{error}")
            return ""
        changes.add(body.changes)
        return body.html

    def _lead(self, base: str, markup: str) -> str:
        if "<" not in markup:
            return to_text(markup, 2 * MAX_LEAD)
        return self._remembered("lead", _words, base, markup).html

    def _picture(self, base: str, markup: str) -> str | None:
        if "<img" not in markup:
            return None
        try:
            return self._remembered("picture", self._first_image, base, markup).html or None
        except ValueError:  # what cannot be cleaned has no picture for us
            return None

    def _remembered(
        self, made: str, make: Callable[[str, str], CleanBody], base: str, markup: str
    ) -> CleanBody:
        """Return what is made of the markup: in this process, what was made of it lately."""
        if not self._is_light:
            return make(base, markup)
        if markup is not self._markup:  # of one text, lead, picture and body may be made
            self._markup, self._digest = markup, digest_of(markup)
        key = base, self._digest, made
        body = _BODIES.get(key)
        if body is None:
            body = make(base, markup)
            _BODIES.put(key, body)
        return body

    def _body(self, base: str, markup: str) -> CleanBody:
        tags = OpeningTags(markup)
        cleaned, left = self._cleaner(base).clean_tags(markup, tags)
        changes = Adjustments()
        if cleaned != markup:
            changes.note_markup("body_html", markup, tags, left, base)
        return CleanBody(cleaned, changes.all())

    def _first_image(self, base: str, markup: str) -> CleanBody:
        return CleanBody(first_image(self._cleaner(base).clean(markup)) or "")

    def _cleaner(self, base: str) -> HtmlCleaner:
        cleaner = self._cleaners.get(base)
        if cleaner is None:
            cleaner = self._cleaners[base] = HtmlCleaner(base)
        return cleaner


def _decoded(text: str) -> str:
    """Decode what is no more than typography; `&lt;` may be what the text is about."""
    return _TYPOGRAPHIC.sub(lambda match: html.unescape(match[0]), text)


def _words(_base: str, markup: str) -> CleanBody:
    return CleanBody(to_text(markup, 2 * MAX_LEAD))


def _paragraphs(text: str) -> str:
    """Return plain text as HTML, an empty line ending a paragraph."""
    parts = (" ".join(part.split()) for part in text.replace("\r\n", "\n").split("\n\n"))
    return "".join(f"<p>{html.escape(part, quote=False)}</p>" for part in parts if part)
