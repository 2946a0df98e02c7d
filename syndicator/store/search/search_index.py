"""An index for search, of this process alone: SQLite's FTS5 over words and stems that are made here.

It is fed from Redis (`pipeline/search/article_search.py`), and lies in a file that the next process goes on
with (`store/search/index_files.py`), if what it says of itself fits. Its journal is written ahead, so that
neither a process that is killed nor a power cut leaves half a change. FTS5 splits at blanks only: folding and
stemming are those of `rules.search.search_words`, so that it finds what `rules.search.query.matches_query`
would.
"""

import hashlib
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from msgspec import Struct, json

from syndicator.errors import StoreUnavailable
from syndicator.model.clock import to_ms
from syndicator.model.ids import ArticleId
from syndicator.rules.search.query import All, AnyOf, Phrase, Prefix, Query, Word
from syndicator.rules.search.search_words import Searchable
from syndicator.store.search.index_files import IndexFile, take_file

MEMORY_KIB = 16 * 1024
"""Of the index are kept at hand; the operating system keeps more where it has room."""

FORM = f"1 {version('snowballstemmer')}"
"""Of what is in an index. The number is raised whenever words, stems, marks or tables become others."""

_TABLES = """
CREATE TABLE kept (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE articles (
    row INTEGER PRIMARY KEY, id TEXT UNIQUE, listed_ms INTEGER, published_ms INTEGER, walk INTEGER, words BLOB
);
CREATE VIRTUAL TABLE found USING fts5(
    title, text, title_stems, text_stems, marks, content='', tokenize='ascii', prefix='3'
);
"""
_PUT = "INSERT INTO found(rowid, title, text, title_stems, text_stems, marks) VALUES (?, ?, ?, ?, ?, ?)"
_REMOVE = (
    "INSERT INTO found(found, rowid, title, text, title_stems, text_stems, marks)"
    " VALUES ('delete', ?, ?, ?, ?, ?, ?)"
)
_SCORE = "bm25(found, 4, 1, 4, 1, 0) AS score"
"""A headline counts four times, where an article comes from not at all."""
_IN_SPAN = "(SELECT published_ms FROM articles WHERE row = found.rowid) BETWEEN ? AND ?"
_IS_IN_SPAN = "published_ms BETWEEN ? AND ?"
_EARLIEST_MS, _LATEST_MS = -(2**62), 2**62
_TIES = 12
"""Bits of a row's number for articles of the same second."""


class Indexed(Struct, frozen=True, kw_only=True):
    """An article as it goes into the index."""

    article_id: ArticleId
    listed_at: datetime
    published_at: datetime
    words: Searchable
    marks: tuple[str, ...] = ()
    """See `rules.filter_matching.marks_of`."""


class Limits(Struct, frozen=True, kw_only=True):
    """What else an article must be, beside what its words say."""

    marks: tuple[tuple[str, ...], ...] = ()
    """Of each group it has to have one."""
    since: datetime | None = None
    until: datetime | None = None


UNLIMITED = Limits()


class Progress(Struct, frozen=True, kw_only=True):
    """How far an index has come."""

    origin: str
    """Which data it is of: see `Changes.origin`."""
    position: str
    """Of the last change that is in it."""
    walk: int
    absent: int = 0
    """Articles that are listed and could not be read."""


class SearchIndex:
    """Blocking; for one thread. Raises StoreUnavailable where SQLite or the disk fails: it is empty then."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IndexFile | None = None
        self._opened: sqlite3.Connection | None = None

    @property
    def is_open(self) -> bool:
        """Whether what was put in is there."""
        return self._opened is not None

    def close(self) -> None:
        """Leave what is there to the next process."""
        self._end(forgotten=False)

    def _end(self, *, forgotten: bool) -> None:
        if self._opened is not None:
            with suppress(sqlite3.Error):
                self._opened.close()
            self._opened = None
        if self._file is not None:
            (self._file.remove if forgotten or not self._file.stays else self._file.give_back)()
            self._file = None

    def progress(self) -> Progress | None:
        """Return how far what is there has come; None where it is empty, of another form, or not whole."""
        with self._working() as database:
            kept = dict(database.execute("SELECT name, value FROM kept").fetchall())
        if kept.get("form") != FORM or "progress" not in kept:
            return None
        return json.decode(kept["progress"], type=Progress)

    def note(self, progress: Progress | None) -> None:
        """Note how far it has come; None while it is not whole."""
        with self._working() as database:
            database.execute("INSERT OR REPLACE INTO kept VALUES ('form', ?)", (FORM,))
            database.execute("DELETE FROM kept WHERE name = 'progress'")
            if progress is not None:
                record = json.encode(progress).decode()
                database.execute("INSERT INTO kept VALUES ('progress', ?)", (record,))

    def clear(self) -> None:
        """Forget everything; what comes next begins anew."""
        self._end(forgotten=True)

    def count(self) -> int:
        with self._working() as database:
            return int(database.execute("SELECT count(*) FROM articles").fetchone()[0])

    def put(self, articles: Sequence[Indexed], walk: int = 0) -> None:
        """Take articles in, or anew. `walk` numbers the look through all articles by which they came."""
        with self._working() as database:
            for article in articles:
                _put(database, article, walk)

    def remove(self, ids: Sequence[ArticleId]) -> None:
        with self._working() as database:
            for article_id in ids:
                _remove(database, article_id)

    def remove_before(self, walk: int, limit: int) -> int:
        """Take out up to `limit` articles that no look through all articles found lately; count them."""
        with self._working() as database:
            rows = database.execute(
                "SELECT id FROM articles WHERE walk < ? LIMIT ?", (walk, limit)
            ).fetchall()
            for (article_id,) in rows:
                _remove(database, ArticleId(article_id))
        return len(rows)

    def search(
        self, query: Query | None, limit: int, *, best: bool = False, limits: Limits = UNLIMITED
    ) -> list[ArticleId]:
        """Return the newest `limit` articles that are found, the newest first, or the best of these first.

        Without a query, what passes the limits. Equal ones stand in the order of their ids, as in feeds.
        """
        order = "score, listed_ms DESC, id" if best and query is not None else "listed_ms DESC, id"
        matched = spelled(query, limits.marks)
        asked: list[object] = [matched] if matched else []
        where = ["found MATCH ?"] if matched else []
        if limits.since is not None or limits.until is not None:
            where.append(_IN_SPAN if matched else _IS_IN_SPAN)
            asked.append(to_ms(limits.since) if limits.since else _EARLIEST_MS)
            asked.append(to_ms(limits.until) - 1 if limits.until else _LATEST_MS)
        # Put together of parts that stand here; what was searched for is bound to them.
        statement = (
            f"SELECT articles.id FROM (SELECT rowid AS at, {_SCORE if best and query else 0}"  # noqa: S608
            f" FROM {'found' if matched else 'articles'} {'WHERE' if where else ''} {' AND '.join(where)}"
            f" ORDER BY rowid DESC LIMIT ?) JOIN articles ON articles.row = at ORDER BY {order}"
        )
        with self._working() as database:
            rows = database.execute(statement, (*asked, limit)).fetchall()
        return [ArticleId(article_id) for (article_id,) in rows]

    @contextmanager
    def _working(self) -> Iterator[sqlite3.Connection]:
        try:
            if self._opened is None:
                self._file = take_file(self._folder)
                self._opened = _open(self._file.path)
            with self._opened:
                yield self._opened
        except (sqlite3.Error, OSError) as error:
            self.clear()
            raise StoreUnavailable(f"the index for search cannot be used: {error}") from error


def spelled(query: Query | None, marks: Sequence[Sequence[str]] = ()) -> str:
    """Write as FTS5 reads it what words, and what marks of each group, an article has to have."""
    words = [f"({_spelled(query)})"] if query is not None else []
    return " AND ".join([*words, *(f"{{marks}} : ({' OR '.join(map(_token, group))})" for group in marks)])


def _spelled(query: Query) -> str:
    match query:
        case Word(stems):
            return "{title_stems text_stems} : (" + " OR ".join(f'"{stem}"' for stem in stems) + ")"
        case Phrase(words):
            return '{title text} : "' + " ".join(words) + '"'
        case Prefix(letters):
            return f'{{title text}} : "{letters}" *'
        case All(parts, without):
            wanted = "(" + " AND ".join(map(_spelled, parts)) + ")"
            return f"({wanted} NOT ({' OR '.join(map(_spelled, without))}))" if without else wanted
        case AnyOf(parts):
            return "(" + " OR ".join(map(_spelled, parts)) + ")"


def _token(mark: str) -> str:
    """Make one word of a mark, which may hold anything."""
    return f"m{hashlib.blake2b(mark.encode(errors='replace'), digest_size=8).hexdigest()}"


def _open(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, check_same_thread=False)
    for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = NORMAL"):
        database.execute(f"PRAGMA {pragma}")
    database.execute(f"PRAGMA cache_size = -{MEMORY_KIB}")
    if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'kept'").fetchone():
        database.executescript(_TABLES)
    return database


def _put(database: sqlite3.Connection, article: Indexed, walk: int) -> None:
    words = _packed(article.words, article.marks)
    listed_ms, published_ms = to_ms(article.listed_at), to_ms(article.published_at)
    known = database.execute(
        "SELECT row, listed_ms, published_ms, words FROM articles WHERE id = ?", (article.article_id,)
    ).fetchone()
    if known and known[1:] == (listed_ms, published_ms, words):
        database.execute("UPDATE articles SET walk = ? WHERE row = ?", (walk, known[0]))
        return
    if known:
        _remove(database, article.article_id)
    row = _row(database, article.article_id, listed_ms)
    database.execute(
        "INSERT INTO articles VALUES (?, ?, ?, ?, ?, ?)",
        (row, article.article_id, listed_ms, published_ms, walk, words),
    )
    database.execute(_PUT, (row, *_unpacked(words)))


def _remove(database: sqlite3.Connection, article_id: ArticleId) -> None:
    known = database.execute("SELECT row, words FROM articles WHERE id = ?", (article_id,)).fetchone()
    if known:
        # FTS5 keeps no text: to delete a row it needs the same text again.
        database.execute(_REMOVE, (known[0], *_unpacked(known[1])))
        database.execute("DELETE FROM articles WHERE row = ?", (known[0],))


def _row(database: sqlite3.Connection, article_id: ArticleId, listed_ms: int) -> int:
    """Number a row by its second, so that the newest are read first without being sorted."""
    first = listed_ms // 1000 << _TIES
    for attempt in range(32):
        chance = zlib.crc32(f"{attempt} {article_id}".encode())
        row = first + chance % (1 << min(_TIES + attempt // 2, 31))
        if not database.execute("SELECT 1 FROM articles WHERE row = ?", (row,)).fetchone():
            return row
    raise StoreUnavailable("the index for search has no room for so many articles of one second")


def _packed(words: Searchable, marks: Sequence[str]) -> bytes:
    fields = (words.title, words.text, words.title_stems, words.text_stems, tuple(map(_token, marks)))
    return zlib.compress("\n".join(" ".join(field) for field in fields).encode(), 1)


def _unpacked(words: bytes) -> list[str]:
    return zlib.decompress(words).decode().split("\n")
