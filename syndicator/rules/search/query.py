"""What is searched for: one language, for pages, feeds and endpoints alike.

    query   = all ("OR" all)*
    all     = each (("AND")? each)*
    each    = ("NOT" | "-")? atom                  at least one of an `all` without NOT
    atom    = word | letters "*" | '"' words '"' | "(" query ")"

A word is found in every form that has its stem, a phrase as it is written, `letters*` at the beginning of
words. Operators are written in capitals. A word with signs in it (`COVID-19`) is a phrase.

`matches_query` decides; an engine that answers faster has to find the same (`store/search/search_index.py`).
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct

from syndicator.rules.search.search_words import Searchable, search_words, stems_asked

MAX_CHARACTERS = 300
MAX_TERMS = 16
"""Words, phrases and prefixes."""
MAX_PHRASE_WORDS = 12
MIN_PREFIX = 3
"""Letters: less begins half of all words."""
_MAX_DEPTH = 8

_TOKEN = re.compile(
    r'(?:(?<!\s)\s++)?(?:(?P<open>\()|(?P<close>\))|(?P<minus>-(?=[\w("]))|"(?P<phrase>[^"]*)"|(?P<quote>")'
    r'|(?P<word>[^\s()"]+))'
)


class QueryError(ValueError):
    """A query that cannot be understood. `position` counts characters from 1."""

    def __init__(self, code: str, reason: str, remedy: str, position: int) -> None:
        super().__init__(f"{reason} at character {position}")
        self.code = code
        """Names the fault for those who say it in another language."""
        self.reason = reason
        self.remedy = remedy
        self.position = position


class Word(Struct, frozen=True, tag=True):
    """Any word that has one of the stems."""

    stems: tuple[str, ...]


class Phrase(Struct, frozen=True, tag=True):
    """These words, one after the other, as they are written."""

    words: tuple[str, ...]


class Prefix(Struct, frozen=True, tag=True):
    """Any word that begins so."""

    letters: str


class All(Struct, frozen=True, tag=True):
    """Every part, and none of those without which it is to be."""

    parts: "tuple[Query, ...]"
    without: "tuple[Query, ...]" = ()


class AnyOf(Struct, frozen=True, tag=True):
    """At least one part."""

    parts: "tuple[Query, ...]"


Query = Word | Phrase | Prefix | All | AnyOf


@lru_cache(1024)
def parse_query(text: str) -> Query:
    """Understand a query. Raise QueryError, which names the place and what to write instead."""
    if len(text) > MAX_CHARACTERS:
        raise QueryError(
            "long",
            f"has more than {MAX_CHARACTERS} characters",
            "search for fewer words",
            MAX_CHARACTERS + 1,
        )
    parser = _Parser(text)
    found = parser.query(0)
    if parser.kind == "close":
        raise parser.fault("close", "has a ) without a (", "remove it, or write a ( before")
    return found


def matches_query(query: Query, found: Searchable) -> bool:
    """Return whether an article is what is searched for."""
    match query:
        case Word(stems):
            return not found.all_stems.isdisjoint(stems)
        case Phrase(words):
            return _has_phrase(found, words)
        case Prefix(letters):
            return any(word.startswith(letters) for word in found.all_words)
        case All(parts, without):
            wanted = all(matches_query(part, found) for part in parts)
            return wanted and not any(matches_query(part, found) for part in without)
        case AnyOf(parts):
            return any(matches_query(part, found) for part in parts)


def _has_phrase(found: Searchable, words: tuple[str, ...]) -> bool:
    if not found.all_words.issuperset(words):
        return False
    length = len(words)
    return any(
        field[at : at + length] == words
        for field in (found.title, found.text)
        for at, word in enumerate(field)
        if word == words[0]
    )


class _Parser:
    """Reads from left to right, one token ahead."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._terms = 0
        self._end = len(text) + 1
        self.kind, self._value, self._at = "", "", 0
        self._next()

    def fault(self, code: str, reason: str, remedy: str) -> QueryError:
        return QueryError(code, reason, remedy, self._at)

    def query(self, depth: int) -> Query:
        if depth > _MAX_DEPTH:
            raise self.fault("depth", f"has more than {_MAX_DEPTH} ( inside each other", "write it flatter")
        parts = [self._all(depth)]
        while self.kind == "OR":
            self._next()
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _all(self, depth: int) -> Query:
        parts: list[Query] = []
        without: list[Query] = []
        begin = self._at
        while True:
            is_without = self.kind in {"NOT", "minus"}
            if is_without:
                self._next()
            (without if is_without else parts).append(self._atom(depth))
            if self.kind == "AND":
                self._next()
            elif self.kind in {"OR", "close", "end"}:
                break
        if not parts:
            remedy = "write before NOT what is to be found"
            raise QueryError("only_not", "says only what is not to be found", remedy, begin)
        return parts[0] if len(parts) == 1 and not without else All(tuple(parts), tuple(without))

    def _atom(self, depth: int) -> Query:
        if self.kind == "open":
            self._next()
            found = self.query(depth + 1)
            if self.kind != "close":
                raise self.fault("open", "has a ( without a )", "write the ) that is missing")
            self._next()
            return found
        if self.kind == "quote":
            raise self.fault("quote", 'has a " without a second one', 'write "…" around the phrase')
        if self.kind not in {"word", "phrase"}:
            raise self._missing()
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise self.fault("many", f"has more than {MAX_TERMS} words", "search for fewer words")
        found = self._phrase() if self.kind == "phrase" else self._word()
        self._next()
        return found

    def _missing(self) -> QueryError:
        if self._end == 1 or (self.kind == "end" and not self._terms and self._at == self._end):
            return self.fault("empty", "holds no words", "write what is to be found")
        return self.fault(
            "missing",
            "misses a word",
            'write one here, or put AND, OR or NOT in quotes to search for it: "NOT"',
        )

    def _phrase(self) -> Query:
        words = search_words(self._value)
        if not words:
            raise self.fault("signs", "holds no letters or digits", "write words between the quotes")
        if len(words) > MAX_PHRASE_WORDS:
            reason = f"has a phrase of more than {MAX_PHRASE_WORDS} words"
            raise self.fault("phrase", reason, "shorten it")
        return Phrase(tuple(words))

    def _word(self) -> Query:
        value = self._value
        words = search_words(value)
        if value.endswith("*"):
            if len(words) != 1 or "*" in value[:-1] or len(words[0]) < MIN_PREFIX:
                reason = f"has a * that does not follow {MIN_PREFIX} letters or more"
                raise self.fault("prefix", reason, "write as in bencana*")
            return Prefix(words[0])
        if "*" in value:
            raise self.fault("star", "has a * inside a word", "write * at the end, as in bencana*")
        if not words:
            raise self.fault("signs", "holds no letters or digits", "write a word")
        if len(words) > MAX_PHRASE_WORDS:
            reason = f"has a word of more than {MAX_PHRASE_WORDS} parts"
            raise self.fault("phrase", reason, "shorten it")
        return Word(stems_asked(words[0])) if len(words) == 1 else Phrase(tuple(words))

    def _next(self) -> None:
        self.kind, self._value, self._at = next(self._tokens, ("end", "", self._end))


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield kind, value and position (from 1) of each token."""
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup or ""
        value = found[kind]
        at = found.start(kind) + 1 - (kind == "phrase")
        yield (value if kind == "word" and value in {"AND", "OR", "NOT"} else kind), value, at
