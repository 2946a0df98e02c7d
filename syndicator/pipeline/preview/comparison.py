"""Compares two states of an article field by field: lost, gained and changed values."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from difflib import SequenceMatcher
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.article import Article, Candidate, Identity, Photo
from syndicator.model.ids import ArticleId, SourceId
from syndicator.model.source import Source
from syndicator.pipeline.articles.pictures import as_known
from syndicator.pipeline.preview.body_lines import lines_of
from syndicator.pipeline.preview.dry_run_counts import as_taken
from syndicator.rules.articles.admission import AdmissionVerdict, judge
from syndicator.rules.articles.embargo import is_held
from syndicator.rules.identity.addresses import clean_url
from syndicator.rules.identity.identity import identified_by, identify
from syndicator.rules.identity.recognition import KnownArticle, recognise
from syndicator.store.store import Store

MAX_BODY = 100_000
"""Characters of a body that are compared."""
_CONTEXT_WORDS = 3
_MAX_COMPARED_WORDS = 1500
_MAX_COMPARED_LINES = 500
_MAX_DIFFERENCE = 400
_BATCH = 40


class ChangeKind(StrEnum):
    LOST = "lost"
    GAINED = "gained"
    CHANGED = "changed"


class FieldChange(Struct, frozen=True, kw_only=True):
    """One field that differs between two states of an article."""

    field: str
    kind: ChangeKind
    before: str
    now: str
    difference: str
    """The words that differ, with some context: `tiga [-warga-] {+orang+} mengungsi`."""


class Judged(Struct, frozen=True, kw_only=True):
    """The verdict that admission would give on a candidate now."""

    url: str
    title: str
    verdict: AdmissionVerdict
    article: ArticleId
    owner: SourceId | None = None
    """The source that owns the known article; None where it is new, or the article is gone."""
    copy_of: ArticleId | None = None
    """The article whose text the stored article has."""
    held_until: datetime | None = None
    """The end of the embargo for which it would be held."""
    changes: tuple[FieldChange, ...] = ()


def fields_of(article: Candidate | Article) -> dict[str, str]:
    """Return the visible fields of an article as text; fields without a value are left out."""
    fields = {
        "title": article.title,
        "lead": article.lead,
        "body": "\n".join(lines_of(article.body_html[:MAX_BODY])),
        "quote": article.quote or "",
        "authors": ", ".join(article.authors),
        "section": article.section or "",
        "tags": ", ".join(article.tags),
        "language": article.language or "",
        "published": article.published_at.isoformat() if article.published_at else "",
        "photos": "\n".join(map(_photo, article.photos)),
        "enclosures": "\n".join(enclosure.url for enclosure in article.enclosures),
        "related": "\n".join(
            f"{link.placement}: {link.title} <{clean_url(link.url)}>" for link in article.related
        ),
    }
    return {name: value for name, value in fields.items() if value}


def compare(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[FieldChange, ...]:
    """Return the fields that differ, those of `before` first."""
    return tuple(
        _change(name, before.get(name, ""), now.get(name, ""))
        for name in dict.fromkeys((*before, *now))
        if before.get(name, "") != now.get(name, "")
    )


def _change(name: str, before: str, now: str) -> FieldChange:
    kind = ChangeKind.LOST if not now else ChangeKind.GAINED if not before else ChangeKind.CHANGED
    differ = line_difference if name == "body" and kind is ChangeKind.CHANGED else word_difference
    return FieldChange(field=name, kind=kind, before=before, now=now, difference=differ(before, now))


def line_difference(before: str, now: str, limit: int = _MAX_DIFFERENCE) -> str:
    """Return the paragraphs of a text that differ, one per line, each with its number in `now`."""
    old, new = before.split("\n")[:_MAX_COMPARED_LINES], now.split("\n")[:_MAX_COMPARED_LINES]
    text = ""
    for item in _changed_lines(old, new):
        text += f"\n{item}" if text else item
        if len(text) > limit:
            return f"{text[: limit - 1]}…"
    return text or f"what follows paragraph {_MAX_COMPARED_LINES}"


def _changed_lines(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    for name, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if name == "equal":
            continue
        paired = min(b - a, d - c)
        for number in range(paired):
            yield f"¶ {c + number + 1}: {word_difference(old[a + number], new[c + number])}"
        for line in old[a + paired : b]:
            yield f"¶ {d} lost after it: {word_difference(line, '')}"
        for number in range(c + paired, d):
            yield f"¶ {number + 1} is new: {word_difference('', new[number])}"


def word_difference(before: str, now: str, limit: int = _MAX_DIFFERENCE) -> str:
    """Return a word diff of two texts, at most `limit` characters; long equal runs are shortened."""
    old, new = before.split(), now.split()
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    skip = max(0, start - _CONTEXT_WORDS)
    old_part = old[skip : len(old) - max(0, end - _CONTEXT_WORDS)][:_MAX_COMPARED_WORDS]
    new_part = new[skip : len(new) - max(0, end - _CONTEXT_WORDS)][:_MAX_COMPARED_WORDS]
    pieces = ["…"] if skip else []
    for name, a, b, c, d in SequenceMatcher(None, old_part, new_part, autojunk=False).get_opcodes():
        if name == "equal":
            pieces.append(_shortened(old_part[a:b]))
            continue
        pieces += [f"[-{_shortened(old_part[a:b])}-]"] if b > a else []
        pieces += [f"{{+{_shortened(new_part[c:d])}+}}"] if d > c else []
    pieces += ["…"] if end > _CONTEXT_WORDS else []
    text = " ".join(pieces)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _common(left: Sequence[str], right: Sequence[str]) -> int:
    number = 0
    for left_word, right_word in zip(left, right, strict=False):
        if left_word != right_word:
            break
        number += 1
    return number


def _shortened(words: Sequence[str]) -> str:
    """Return a run of words, with the number of words in place of the middle of a long one."""
    left_out = len(words) - 4 * _CONTEXT_WORDS
    if left_out <= _CONTEXT_WORDS:
        return " ".join(words)
    head, tail = words[: 3 * _CONTEXT_WORDS], words[-_CONTEXT_WORDS:]
    return " ".join([*head, f"…({left_out} words)…", *tail])


def _photo(photo: Photo) -> str:
    words = (("caption", photo.caption), ("credit", photo.credit))
    return " | ".join([clean_url(photo.url), *(f"{name}: {value}" for name, value in words if value)])


async def judge_all(
    store: Store, source: Source, candidates: Sequence[Candidate], now: datetime
) -> tuple[Judged, ...]:
    """Return the verdict of admission on each candidate. Reads the store and writes nothing.

    Stored findings about pictures are applied; unknown pictures are not requested.
    """
    described = [identified_by(candidate, source.identity) for candidate in as_taken(source, candidates, now)]
    taken = await as_known(store.pictures, described)
    identified = list(zip(taken, identify(taken), strict=True))
    judged: list[Judged] = []
    for start in range(0, len(identified), _BATCH):
        batch = identified[start : start + _BATCH]
        portion, identities = [candidate for candidate, _ in batch], [identity for _, identity in batch]
        found = await store.articles.lookup(identities, now)
        for candidate, recognised in zip(portion, recognise(portion, identities, found), strict=True):
            judged.append(_judged(candidate, recognised.identity, recognised.known, now))
    places = await store.stories.places([one.article for one in judged])
    return tuple(replace(one, copy_of=place.copy_of) for one, place in zip(judged, places, strict=True))


def _judged(candidate: Candidate, identity: Identity, known: KnownArticle | None, now: datetime) -> Judged:
    verdict = judge(candidate, identity, known)
    stored = known.article if known and verdict is AdmissionVerdict.CHANGED else None
    return Judged(
        url=clean_url(candidate.url),
        title=candidate.title,
        verdict=verdict,
        article=known.article_id if known else identity.article_id,
        owner=(known.source or None) if known else None,
        held_until=candidate.embargo_until if is_held(candidate, now) else None,
        changes=_noticed(stored, candidate) if stored else (),
    )


_NEVER_CHANGES = frozenset({"published", "related", "language"})
"""Fields whose change makes no new revision."""


def _noticed(stored: Article, candidate: Candidate) -> tuple[FieldChange, ...]:
    changes = compare(fields_of(stored), fields_of(candidate))
    return tuple(change for change in changes if change.field not in _NEVER_CHANGES)
