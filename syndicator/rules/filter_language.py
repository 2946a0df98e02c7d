"""The language of filters: one set of rules for configuration, URLs and programs.

A key again means or, different keys mean and. What means the same is written in the same way: keys in one
order, values in small letters, sorted, each once, instants in UTC. So a filter has one address.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import urlencode

from syndicator.model.article import Article
from syndicator.model.feed import Filter
from syndicator.rules.filter_matching import fold, spelled_values
from syndicator.rules.search.query import QueryError, parse_query

WORD_KEYS = ("source", "section", "tag", "language", "author")
QUERY_KEYS = ("query", "q")
"""Two names of one key; the short one is written."""
FILTER_KEYS = (*WORD_KEYS, "since", "until", *QUERY_KEYS)
MAX_VALUES = 40
"""Of one key: each is an index to be read."""
MAX_CHARACTERS = 200
"""Of one value; what a query may have is its own matter."""
MOST_NAMED = 5
"""Values of a key that are named where a filter refuses an article."""

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
"""A tag as BCP 47 forms it, by and large."""
_LOST_PLUS = re.compile(r" (?=\d{2}:?\d{2}$)")


class FilterError(ValueError):
    """A value that no filter can have. `key` is the one that it was written for."""

    def __init__(self, key: str, reason: str, remedy: str) -> None:
        super().__init__(f"{key} {reason}")
        self.key = key
        self.reason = reason
        self.remedy = remedy


def filter_from(values: Mapping[str, Sequence[str]]) -> Filter:
    """Read a filter from texts, as in a query string; other keys are left aside, and so is what is empty.

    Raises:
        FilterError: names the key, what is wrong, and what to write instead.

    """
    words = {key: _words(key, _given(key, values)) for key in WORD_KEYS}
    since = min((_instant("since", text) for text in _given("since", values)), default=None)
    until = max((_instant("until", text) for text in _given("until", values)), default=None)
    if (fault := span_fault(since, until)) is not None:
        raise FilterError("until", *fault)
    return Filter(**words, since=since, until=until, query=_query(values))


def parts_of(wanted: Filter) -> list[tuple[str, str]]:
    """Spell a filter as the parts of a query string, always in the same way; `filter_from` reads them."""
    parts = [(key, value) for key in WORD_KEYS for value in sorted(set(map(fold, getattr(wanted, key))))]
    span = (("since", wanted.since), ("until", wanted.until))
    parts += [(key, _written(instant)) for key, instant in span if instant is not None]
    return parts if wanted.query is None else [*parts, ("q", _one_line(wanted.query))]


def spelled(wanted: Filter) -> str:
    """Write a filter as it stands behind the `?` of a URL."""
    return urlencode(parts_of(wanted))


def refusal_words(wanted: Filter, key: str, article: Article) -> str:
    """Say why a key of a filter refuses an article: `filter.section takes olahraga, the article has Kota`."""
    value = getattr(wanted, key)
    match key:
        case "query":
            return f'filter.query "{value}" does not find the article'
        case "since" | "until":
            relation = "before" if key == "since" else "not before"
            at = _written(article.published_at)
            return f"the article was published at {at}, {relation} filter.{key} {_written(value)}"
    found = spelled_values(article, key)
    has = f"the article has {_named(found)}" if found else "the article has none"
    return f"filter.{key} takes {_named(value)}, {has}"


def _named(values: Sequence[str]) -> str:
    shown, more = ", ".join(values[:MOST_NAMED]), len(values) - MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def word_fault(text: str) -> tuple[str, str] | None:
    """Return what is wrong with a source, section, tag, language or name, and what to do."""
    if not text.strip():
        return "is empty", "write a value, or leave it out"
    if CONTROL.search(text):
        return "holds control characters or line breaks", "write it on one line"
    return None


def language_fault(text: str) -> tuple[str, str] | None:
    """Return what is wrong with a language, and what to do."""
    if LANGUAGE.fullmatch(text):
        return None
    return "is not a language tag", 'use one such as "id", "en" or "en-GB" (BCP 47)'


def span_fault(since: datetime | None, until: datetime | None) -> tuple[str, str] | None:
    """Return what is wrong with a span of time, and what to do."""
    if since is None or until is None or since < until:
        return None
    return "is not after since: nothing could match", "give a later instant, or leave one of them out"


def _given(key: str, values: Mapping[str, Sequence[str]]) -> list[str]:
    """Take what says something: a form sends its empty fields, too."""
    found = [text for text in values.get(key, ()) if text.strip()]
    if len(found) > MAX_VALUES:
        raise FilterError(key, f"has more than {MAX_VALUES} values", "ask for fewer")
    return found


def _words(key: str, texts: Sequence[str]) -> tuple[str, ...]:
    for text in texts:
        fault = word_fault(text) or (language_fault(text.strip()) if key == "language" else None)
        if fault is None and len(text) > MAX_CHARACTERS:
            fault = (f"has more than {MAX_CHARACTERS} characters", "shorten it")
        if fault is not None:
            raise FilterError(key, *fault)
    return tuple(sorted(set(map(fold, texts))))


def _instant(key: str, text: str) -> datetime:
    remedy = "write date, time and offset, as in 2026-11-01T00:00:00Z or 2026-11-01T00:00:00%2B07:00"
    try:
        # A + that was not encoded comes as a blank.
        found = datetime.fromisoformat(_LOST_PLUS.sub("+", text.strip()))
        aware = found.astimezone(UTC) if found.tzinfo else None
    except OverflowError:
        raise FilterError(key, "is beyond the calendar", remedy) from None
    except ValueError:
        raise FilterError(key, "is not a date and time", remedy) from None
    if aware is None:
        raise FilterError(key, "names no offset, so it is not clear when it is", remedy)
    return aware


def _written(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def query_of(values: Mapping[str, Sequence[str]]) -> str:
    """Join the queries by OR: as of every key, what stands there again is an alternative. Checks nothing."""
    texts = sorted({text for key in QUERY_KEYS for one in values.get(key, ()) if (text := _one_line(one))})
    return texts[0] if len(texts) == 1 else " OR ".join(f"({text})" for text in texts)


def _query(values: Mapping[str, Sequence[str]]) -> str | None:
    asked = [(key, text) for key in QUERY_KEYS for text in _given(key, values)]
    joined = query_of(values)
    for key, text in (*asked, (asked[-1][0], joined)) if asked else ():
        _check_query(key, _one_line(text))
    return joined or None


def _check_query(key: str, text: str) -> None:
    try:
        parse_query(text)
    except QueryError as error:
        raise FilterError(key, str(error), error.remedy) from error


def _one_line(text: str) -> str:
    return " ".join(CONTROL.sub(" ", text).split())
