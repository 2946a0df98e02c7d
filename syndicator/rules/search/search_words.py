"""The words that an article is found by: folded, and beside them their stems.

A word is a run of letters and digits, in small letters, without accents. Stems are those of Snowball
(https://snowballstem.org, package `snowballstemmer`): of an Indonesian text the Indonesian ones, of an
English text the English ones, of any other text both; what is asked for has both.
"""

import re
import threading
import unicodedata
from functools import cache, cached_property, lru_cache

import snowballstemmer
from msgspec import Struct

from syndicator.model.article import Article
from syndicator.rules.words import plain_body

MAX_WORDS = 5_000
"""Only the first words of an article are indexed. Stemming as many unknown words takes 0.2 s."""
MAX_BODY_CHARACTERS = 100_000
"""Only the first characters of the body, as HTML, are read."""
MAX_LETTERS = 64
"""Only the first letters of a word count."""

_LANGUAGES = {"id": "indonesian", "ms": "indonesian", "en": "english"}
_BOTH = ("indonesian", "english")
_SWALLOWING = re.compile(r"[mp]eng?(?=[aeiou])")
_WORD = re.compile(r"[^\W_]+")
_KEPT_STEMS = 100_000
_KEPT_ARTICLES = 128
"""One is looked at for several feeds and partners."""
_one_at_a_time = threading.Lock()
"""A stemmer keeps the word that it works on in itself."""


class Searchable(Struct, frozen=True, kw_only=True, dict=True):
    """The words of an article in order, and their stems in any order."""

    title: tuple[str, ...]
    text: tuple[str, ...]
    """Lead, quote, body, section, tags and reporters, one after the other."""
    title_stems: tuple[str, ...]
    text_stems: tuple[str, ...]

    @cached_property
    def all_words(self) -> frozenset[str]:
        """Every word, made ready once for all queries."""
        return frozenset((*self.title, *self.text))

    @cached_property
    def all_stems(self) -> frozenset[str]:
        return frozenset((*self.title_stems, *self.text_stems))


def searchable(article: Article) -> Searchable:
    """Return the searchable words of an article; without those of the body where it is not loaded."""
    text = "\n".join((article.section or "", *article.tags, *article.authors))
    before = f"{article.lead}\n{article.quote or ''}"
    return _searchable(article.title, before, article.body_html[:MAX_BODY_CHARACTERS], text, article.language)


@lru_cache(_KEPT_ARTICLES)
def _searchable(title: str, before: str, body_html: str, after: str, language: str | None) -> Searchable:
    return words_and_stems(title, f"{before}\n{plain_body(body_html)}\n{after}", language)


def words_and_stems(title: str, text: str, language: str | None) -> Searchable:
    """Return the searchable words of a headline and a text in a language (BCP 47)."""
    title_words = search_words(title)[:MAX_WORDS]
    text_words = search_words(text)[:MAX_WORDS]
    stemmers = _stemmers_of(language)
    return Searchable(
        title=tuple(title_words),
        text=tuple(text_words),
        title_stems=_stems(title_words, stemmers),
        text_stems=_stems(text_words, stemmers),
    )


def search_words(text: str) -> list[str]:
    """Return the folded words of a text, in order."""
    return [word[:MAX_LETTERS] for word in _WORD.findall(folded(text))]


def folded(text: str) -> str:
    """Return a text in lower case without accents: `Café` as `cafe`."""
    small = text.casefold()
    if small.isascii():
        return small
    parts = unicodedata.normalize("NFKD", small)
    return "".join(sign for sign in parts if not unicodedata.combining(sign)).casefold()


def stems_asked(word: str) -> tuple[str, ...]:
    """Return all stems under which a folded word is searched."""
    return tuple(sorted({found for stemmer in _BOTH for found in stems_of(word, stemmer)}))


@lru_cache(_KEPT_STEMS)
def stems_of(word: str, stemmer: str) -> tuple[str, ...]:
    """Return the stems of a folded word by one of Snowball's algorithms: one, or in Indonesian two.

    `men-` and `meng-` (`pen-`, `peng-`) swallow the first letter of many stems, which Snowball does not put
    back: `penerbangan` is of `terbang`, `menaikkan` of `naik`, `mengirim` of `kirim`, `mengatur` of `atur`.
    """
    with _one_at_a_time:
        found = str(_stemmer(stemmer).stemWord(word)) or word
    prefix = _SWALLOWING.match(word) if stemmer == "indonesian" else None
    if prefix is None or not word.startswith(found, prefix.end()):
        return (found,)
    return ("t" + found, "n" + found) if prefix[0].endswith("n") else (found, "k" + found)


def _stems(words: list[str], stemmers: tuple[str, ...]) -> tuple[str, ...]:
    if len(stemmers) == 1:
        (only,) = stemmers
        return tuple([found for word in words for found in stems_of(word, only)])
    # One stem twice, where both agree, would let a text without a language stand for two.
    return tuple([found for word in words for found in stems_asked(word)])


def _stemmers_of(language: str | None) -> tuple[str, ...]:
    known = _LANGUAGES.get((language or "").casefold().partition("-")[0])
    return (known,) if known else _BOTH


@cache
def _stemmer(name: str) -> snowballstemmer.stemmer:
    return snowballstemmer.stemmer(name)
