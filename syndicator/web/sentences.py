"""Sentences of use cases in the language of a page: they are made in English, with values in them."""

import string
from collections.abc import Iterable, Mapping

from msgspec import Struct

from syndicator.web.texts.sentence_texts import INDONESIAN

LONGEST = 1000
_DEEPEST = 3
"""So deep sentences may stand inside another."""


class _Pattern(Struct, frozen=True):
    """A sentence with gaps: the text before each gap, the names of the gaps, and the text at the end."""

    before: tuple[str, ...]
    names: tuple[str, ...]
    end: str
    translated: str

    @property
    def begins(self) -> str:
        """The text with which the sentence begins; empty where that is a gap."""
        return self.before[0] if self.before else self.end

    def values(self, text: str) -> dict[str, str] | None:
        """Return what fills the gaps; None where the text is another one. Takes linear time."""
        values: dict[str, str] = {}
        if not text.startswith(self.begins):
            return None
        at = len(self.begins)
        for place, name in enumerate(self.names):
            is_last = place == len(self.names) - 1
            if is_last:
                stop = len(text) - len(self.end) if text.endswith(self.end) else -1
            else:
                stop = text.find(self.before[place + 1], at)
            if stop < at:
                return None
            values[name] = text[at:stop]
            if name.startswith("word") and " " in values[name]:
                return None
            at = stop + (0 if is_last else len(self.before[place + 1]))
        return values if self.names or text == self.end else None


def _pattern(english: str, translated: str) -> _Pattern:
    english, translated = _begun(english.removesuffix(".")), translated.removesuffix(".")
    parts = [(text, name) for text, name, _, _ in string.Formatter().parse(english)]
    end = parts.pop()[0] if parts[-1][1] is None else ""
    return _Pattern(
        tuple(text for text, _ in parts), tuple(name for _, name in parts if name), end, translated
    )


class Sentences:
    """Translates sentences by patterns, of which the first that fits counts."""

    def __init__(self, texts: Iterable[tuple[str, str]]) -> None:
        self._patterns = tuple(_pattern(english, translated) for english, translated in texts)

    def translated(self, text: str, depth: int = 0) -> str | None:
        """Return a sentence in the other language, with those inside it; None where it is not known."""
        if len(text) > LONGEST or depth == _DEEPEST:
            return None
        said = text.removesuffix(".")
        begun = _begun(said)
        for pattern in self._patterns:
            values = pattern.values(begun if pattern.begins else said)
            if values is not None:
                inner = {name: self.translated(value, depth + 1) or value for name, value in values.items()}
                done = pattern.translated.format_map(inner)
                return (done[:1].upper() + done[1:] if begun != said else _begun(done)) + text[len(said) :]
        return None


def _begun(text: str) -> str:
    """Return a sentence as it stands inside another: with a small letter."""
    return text[:1].lower() + text[1:]


SENTENCES: Mapping[str, Sentences] = {"id": Sentences(INDONESIAN)}
"""By language; English is what they are made in."""
