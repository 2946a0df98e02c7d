"""Whether a feed is in the language that it says: templates say English of portals of any language."""

from collections.abc import Sequence
from itertools import islice

from msgspec.structs import replace

from syndicator.gather.documents.html_cleaning import clean_text
from syndicator.gather.language import NAMES, contradicted, language_of
from syndicator.model.article import Candidate, Change

MAX_CHARS = 4000
"""Of all entries that claim one language: what is looked at of a feed that says what is so."""
MAX_CLAIMS = 5
_OF_MANY, _OF_ONE = 800, 450
"""Characters of an entry: where all are judged together, and where it is judged alone."""


def by_their_words(candidates: Sequence[Candidate], configured: str | None) -> list[Candidate]:
    """Return the entries in the language of their words where these clearly contradict what the feed says.

    What is `configured` for a source is nobody's claim. In a feed that is contradicted, each entry is judged
    by its own words, and by those of all where it has too few.
    """
    claims = dict.fromkeys(one.language for one in candidates if one.language and one.language != configured)
    wrong = {
        claim: found
        for claim in islice(claims, MAX_CLAIMS)
        if (found := contradicted(claim, _text_of_all(claim, candidates)))
    }
    return [_judged(one, wrong[one.language]) if one.language in wrong else one for one in candidates]


def _text_of_all(claim: str, candidates: Sequence[Candidate]) -> str:
    texts: list[str] = []
    length = 0
    for one in candidates:
        if one.language == claim and length < MAX_CHARS:
            texts.append(_text(one, _OF_MANY))
            length += len(texts[-1])
    return " ".join(texts)[:MAX_CHARS]


def _judged(one: Candidate, of_all: str) -> Candidate:
    claim = one.language or ""
    own = language_of(_text(one, _OF_ONE))
    if own is not None and own == claim.partition("-")[0].lower():
        return one
    found = own or of_all
    change = Change(field="language", received=claim, why=f"its words are {NAMES[found]}")
    return replace(one, language=found, provenance=one.provenance.with_changes(change))


def _text(one: Candidate, limit: int) -> str:
    text = f"{one.title} {one.lead}"
    if len(text) < limit:
        text += " " + clean_text(one.body_html[: 2 * limit], limit - len(text))
    return text[:limit]
