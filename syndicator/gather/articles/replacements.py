"""Replacements of a source's rules (`article.replace`), each of them noted in the provenance.

Expressions come from people's configuration and can be slow without end: for the pool's workers only, which
are killed at their deadline.
"""

import re
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from syndicator.gather.documents.html_cleaning import MAX_HTML, HtmlCleaner, check_weight
from syndicator.gather.documents.text import MAX_LEAD, MAX_NAME, MAX_TITLE, plain_text
from syndicator.model.article import Candidate, Change, Photo
from syndicator.model.source import Replacement

MAX_RECEIVED = 200
"""Characters of `Change.received`."""
_MAX_QUOTE = 1000


class Replaced(Struct, frozen=True, kw_only=True):
    """An article after its replacements."""

    candidate: Candidate
    changes: tuple[Change, ...] = ()
    warnings: tuple[str, ...] = ()


def replaced(candidate: Candidate, rules: Iterable[Replacement], base: str) -> Replaced:
    """Apply the rules in their order. One that would leave no headline, or is no expression, is refused.

    `base` is the URL that relative links in a new body are resolved against.
    """
    work = _Work(candidate, base)
    for rule in rules:
        if rule.find:
            try:
                work.apply(rule)
            except (re.error, LookupError, RecursionError, OverflowError) as error:
                work.warnings.append(f"{_name(rule)} was not applied: {error}")
    return Replaced(
        candidate=work.candidate, changes=tuple(work.changes), warnings=tuple(dict.fromkeys(work.warnings))
    )


class _Work:
    """One article under replacement."""

    def __init__(self, candidate: Candidate, base: str) -> None:
        self.candidate = candidate
        self.changes: list[Change] = []
        self.warnings: list[str] = []
        self._base = base

    def apply(self, rule: Replacement) -> None:
        name = rule.field
        if name in {"title", "lead", "quote", "section"}:
            self._text(rule)
        elif name in {"authors", "tags"}:
            before: tuple[str, ...] = getattr(self.candidate, name)
            texts = (self._line(rule, text, MAX_NAME) for text in before)
            self._set(name, tuple(dict.fromkeys(filter(None, texts))))
        elif name in {"caption", "credit"}:
            self._set("photos", tuple(self._photo(rule, photo) for photo in self.candidate.photos))
        elif name == "body":
            self._body(rule)

    def _text(self, rule: Replacement) -> None:
        before = getattr(self.candidate, rule.field)
        if not before:
            return
        limit = {"title": MAX_TITLE, "lead": MAX_LEAD, "quote": _MAX_QUOTE}.get(rule.field, MAX_NAME)
        after = _sub(rule, before)
        if rule.field == "title" and not plain_text(after, limit):
            self.warnings.append(f"{_name(rule)} was not applied: it leaves nothing of the headline")
            return
        self._note(rule, before, after)
        text = plain_text(after, limit)
        self._set(rule.field, text or (None if rule.field in {"quote", "section"} else ""))

    def _photo(self, rule: Replacement, photo: Photo) -> Photo:
        before: str | None = getattr(photo, rule.field)
        limit = MAX_LEAD if rule.field == "caption" else MAX_NAME
        return replace(photo, **{rule.field: self._line(rule, before, limit) or None}) if before else photo

    def _body(self, rule: Replacement) -> None:
        before = self.candidate.body_html
        after = _sub(rule, before)
        if after == before:
            return
        if len(after) > MAX_HTML:
            self.warnings.append(f"{_name(rule)} was not applied: the body grows too long by it")
            return
        try:
            check_weight(after)
            cleaned = HtmlCleaner(self._base).clean(after)
        except ValueError as error:
            self.warnings.append(f"{_name(rule)} was not applied: {error}")
            return
        self._note(rule, _where_they_part(before, after), after)
        self._set("body_html", cleaned)

    def _line(self, rule: Replacement, before: str, limit: int) -> str:
        after = _sub(rule, before)
        self._note(rule, before, after)
        return plain_text(after, limit)

    def _note(self, rule: Replacement, before: str, after: str) -> None:
        if before != after:
            by = f'replaced by "{_short(rule.by)}"' if rule.by else "taken out"
            why = f'"{_short(rule.find)}" was {by}, as article.replace says'
            self.changes.append(Change(field=rule.field, received=plain_text(before, MAX_RECEIVED), why=why))

    def _set(self, field: str, value: object) -> None:
        self.candidate = replace(self.candidate, **{field: value})


def _sub(rule: Replacement, text: str) -> str:
    return re.sub(rule.find, rule.by, text) if rule.regex else text.replace(rule.find, rule.by)


def _where_they_part(before: str, after: str) -> str:
    """Return the part of a long text in which it is changed first."""
    pairs = zip(before, after, strict=False)
    at = next((at for at, (one, other) in enumerate(pairs) if one != other), min(len(before), len(after)))
    start = max(0, at - MAX_RECEIVED // 4)
    return before[start : start + MAX_RECEIVED]


def _name(rule: Replacement) -> str:
    return f'article.replace of "{_short(rule.find)}" in {rule.field}'


def _short(text: str) -> str:
    return plain_text(text, 60)
