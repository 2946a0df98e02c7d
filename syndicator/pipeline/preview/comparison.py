"""Two states of an article field by field: what was lost, what came, what reads differently."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from difflib import SequenceMatcher
from enum import StrEnum

from msgspec import Struct

from syndicator.model.article import Article, Candidate, Identity, Photo
from syndicator.model.ids import ArticleId, SourceId
from syndicator.model.source import Source
from syndicator.pipeline.articles.pictures import as_known
from syndicator.pipeline.preview.body_lines import lines_of
from syndicator.pipeline.preview.dry_run_counts import as_taken
from syndicator.rules.articles.admission import AdmissionVerdict, KnownArticle, judge
from syndicator.rules.articles.embargo import is_held
from syndicator.rules.identity.addresses import clean_url
from syndicator.rules.identity.identity import identified_by, identify
from syndicator.rules.identity.recognition import recognise
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
    """One field that is not as it was."""

    field: str
    kind: ChangeKind
    before: str
    now: str
    difference: str
    """The words that differ with a few around them: `tiga [-warga-] {+orang+} mengungsi`."""


class Judged(Struct, frozen=True, kw_only=True):
    """What would become of a candidate, were it gathered now."""

    url: str
    title: str
    verdict: AdmissionVerdict
    article: ArticleId
    owner: SourceId | None = None
    """The source whose article it is; None where it is new, or its article is gone."""
    held_until: datetime | None = None
    """The end of the embargo that it would be kept back for."""
    changes: tuple[FieldChange, ...] = ()


def fields_of(article: Candidate | Article) -> dict[str, str]:
    """Return what a reader would notice, each field as text; a field without a value is left out."""
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
        "enclosures": "\n".join(one.url for one in article.enclosures),
        "related": "\n".join(
            f"{link.placement}: {link.title} <{clean_url(link.url)}>" for link in article.related
        ),
    }
    return {name: value for name, value in fields.items() if value}


def compare(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[FieldChange, ...]:
    """Return the fields that differ, in the order in which they are kept."""
    return tuple(
        _change(name, before.get(name, ""), now.get(name, ""))
        for name in dict.fromkeys((*before, *now))
        if before.get(name, "") != now.get(name, "")
    )


def _change(name: str, before: str, now: str) -> FieldChange:
    kind = ChangeKind.LOST if not now else ChangeKind.GAINED if not before else ChangeKind.CHANGED
    result = line_difference if name == "body" and kind is ChangeKind.CHANGED else word_difference
    return FieldChange(field=name, kind=kind, before=before, now=now, difference=result(before, now))


def line_difference(before: str, now: str, limit: int = _MAX_DIFFERENCE) -> str:
    """Write which paragraphs of a text differ, and how: a line each, with the number that each has now."""
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
    """Write how two texts differ, word by word, in at most `limit` characters; what is equal is cut short."""
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
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        number += 1
    return number


def _shortened(words: Sequence[str]) -> str:
    """Leave out the middle of a long run of words, and say how many those are."""
    left_out = len(words) - 4 * _CONTEXT_WORDS
    if left_out <= _CONTEXT_WORDS:
        return " ".join(words)
    head, tail = words[: 3 * _CONTEXT_WORDS], words[-_CONTEXT_WORDS:]
    return " ".join([*head, f"…({left_out} words)…", *tail])


def _photo(photo: Photo) -> str:
    chosen = [clean_url(photo.url), *(f"{name}: {value}" for name, value in _words_of(photo) if value)]
    return " | ".join(chosen)


def _words_of(photo: Photo) -> tuple[tuple[str, str | None], ...]:
    return ("caption", photo.caption), ("credit", photo.credit)


async def judge_all(
    store: Store, source: Source, candidates: Sequence[Candidate], now: datetime
) -> tuple[Judged, ...]:
    """Return what admission would make of each candidate. Reads the store, and writes nothing.

    What is known of pictures is applied; those that are new are not looked at.
    """
    described = [identified_by(one, source.identity) for one in as_taken(source, candidates, now)]
    taken = await as_known(store.pictures, described)
    known = list(zip(taken, identify(taken), strict=True))
    judged: list[Judged] = []
    for start in range(0, len(known), _BATCH):
        batch = known[start : start + _BATCH]
        some, identities = [candidate for candidate, _ in batch], [identity for _, identity in batch]
        found = await store.articles.lookup(identities, now)
        for candidate, one in zip(some, recognise(some, identities, found), strict=True):
            judged.append(_judged(candidate, one.identity, one.known, now))
    return tuple(judged)


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
"""What makes no new revision: a date stands once it is set, boxes come and go."""


def _noticed(stored: Article, candidate: Candidate) -> tuple[FieldChange, ...]:
    changes = compare(fields_of(stored), fields_of(candidate))
    return tuple(change for change in changes if change.field not in _NEVER_CHANGES)
