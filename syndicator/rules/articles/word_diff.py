"""Word diff of two revisions of an article: removed and added words."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from enum import StrEnum

from msgspec import Struct

from syndicator.model.article import Article
from syndicator.rules.identity.content_fingerprint import noticeable

MAX_ALIGNED = 1200
"""Most words on either side that are aligned, because the time grows with their product. A longer text is
shown as replaced as a whole."""
MAX_CHARACTERS = 20_000
"""Limit of a whole diff; the rest is left out, and `Diff.shortened` is set."""
CONTEXT = 6
"""Unchanged words shown on either side of a change."""


class Kind(StrEnum):
    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


class Piece(Struct, frozen=True, kw_only=True):
    kind: Kind
    text: str


class FieldDiff(Struct, frozen=True, kw_only=True):
    """The differences in one field, with some unchanged words around each."""

    field: str
    pieces: tuple[Piece, ...]


class Diff(Struct, frozen=True, kw_only=True):
    fields: tuple[FieldDiff, ...]
    shortened: bool = False
    """Whether differences were left out."""


def word_diff(before: Article, after: Article) -> Diff:
    """Return the differences between two revisions, field by field, in visible words."""
    old, new = noticeable(before), noticeable(after)
    room, fields, shortened = MAX_CHARACTERS, [], False
    for name in old.__struct_fields__:
        old_words, new_words = _words(getattr(old, name)), _words(getattr(new, name))
        if old_words == new_words:
            continue
        pieces = []
        for piece in _pieces(old_words, new_words):
            if len(piece.text) > room:
                shortened = True
                break
            room -= len(piece.text)
            pieces.append(piece)
        fields.append(FieldDiff(field=name, pieces=tuple(pieces)))
    return Diff(fields=tuple(fields), shortened=shortened)


def _words(value: str | tuple[str, ...] | tuple[tuple[str, ...], ...]) -> Sequence[str]:
    """Return a field as words; each photo or name is one word, so that it is shown whole."""
    if isinstance(value, str):
        return (value,) if value else ()
    return tuple(" ".join(item).replace("\x1d", "–") if isinstance(item, tuple) else item for item in value)


def _pieces(old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    start = _shared(old, new)
    end = _shared(old[start:][::-1], new[start:][::-1])
    yield from _same(old[:start], first=True, last=False)
    yield from _aligned(old[start : len(old) - end], new[start : len(new) - end])
    yield from _same(old[len(old) - end :], first=False, last=True)


def _shared(old: Sequence[str], new: Sequence[str]) -> int:
    for place, (left, right) in enumerate(zip(old, new, strict=False)):
        if left != right:
            return place
    return min(len(old), len(new))


def _aligned(old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    if max(len(old), len(new)) > MAX_ALIGNED:
        yield from _replaced(old, new)
        return
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            yield from _same(old[i1:i2], first=False, last=False)
        else:
            yield from _replaced(old[i1:i2], new[j1:j2])


def _replaced(old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    if old:
        yield Piece(kind=Kind.REMOVED, text=" ".join(old))
    if new:
        yield Piece(kind=Kind.ADDED, text=" ".join(new))


def _same(words: Sequence[str], *, first: bool, last: bool) -> Iterator[Piece]:
    """Yield unchanged words, without those that are far from any change."""
    head = () if first else words[:CONTEXT]
    tail = () if last else words[max(len(head), len(words) - CONTEXT) :]
    gap = ("…",) if len(head) + len(tail) < len(words) else ()
    if text := " ".join((*head, *gap, *tail)):
        yield Piece(kind=Kind.SAME, text=text)
