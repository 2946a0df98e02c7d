"""The index for search finds what the pure matcher would, in the order that was asked for."""

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import json
from rules.search_queries import languages, queries, texts
from support import NOON, candidate

from syndicator.errors import StoreUnavailable
from syndicator.model.article import Article
from syndicator.model.feed import Filter
from syndicator.model.ids import ArticleId
from syndicator.rules.articles.admission import decide
from syndicator.rules.filter_matching import marks_for, marks_of, matches_keys
from syndicator.rules.identity.identity import identify
from syndicator.rules.search.query import QueryError, matches_query, parse_query
from syndicator.rules.search.search_words import searchable, words_and_stems
from syndicator.store.search.search_index import FORM, Indexed, Limits, Progress, SearchIndex


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SearchIndex]:
    opened = SearchIndex(tmp_path / "search")
    yield opened
    opened.close()


def indexed(name: str, title: str, text: str = "", *, age_s: int = 0, language: str | None = "id") -> Indexed:
    return Indexed(
        article_id=ArticleId(name),
        listed_at=NOON - timedelta(seconds=age_s),
        published_at=NOON - timedelta(seconds=age_s),
        words=words_and_stems(title, text, language),
    )


def of_portal(number: int, section: str, tags: tuple[str, ...]) -> Article:
    one = candidate(
        number, title="Banjir", section=section, tags=tags, published_at=NOON - timedelta(hours=number)
    )
    first = identify([one])[0]
    article = decide(one, first, None, specs=(), now=NOON, backfill=False, rechecked=False).article
    assert article is not None
    return article


_names = st.sampled_from(["Olahraga", "olahraga", "Kota & Desa", 'a"b', "x) OR (y"])
_filters = st.builds(
    Filter,
    section=st.lists(_names, max_size=2).map(tuple),
    tag=st.lists(_names, max_size=2).map(tuple),
    since=st.sampled_from([None, NOON - timedelta(hours=2)]),
    until=st.sampled_from([None, NOON - timedelta(hours=1), NOON]),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shapes=st.lists(st.tuples(_names, st.lists(_names, max_size=2).map(tuple)), max_size=4), wanted=_filters
)
def test_the_other_keys_of_a_filter_are_those_of_feeds(
    index: SearchIndex, shapes: list[tuple[str, tuple[str, ...]]], wanted: Filter
) -> None:
    index.clear()
    articles = [of_portal(number, *shape) for number, shape in enumerate(shapes)]
    index.put(
        [
            Indexed(
                article_id=one.id,
                listed_at=one.listed_at,
                published_at=one.published_at,
                words=words_and_stems(one.title, "", "id"),
                marks=marks_of(one),
            )
            for one in articles
        ]
    )
    limits = Limits(marks=marks_for(wanted), since=wanted.since, until=wanted.until)
    expected = {one.id for one in articles if matches_keys(wanted, one)}
    assert set(index.search(parse_query("banjir"), 100, limits=limits)) == expected
    assert set(index.search(parse_query("banjir"), 100, best=True, limits=limits)) == expected
    index.remove([one.id for one in articles])
    assert index.search(parse_query("banjir"), 100) == []


def found(index: SearchIndex, query: str, *, best: bool = False, limit: int = 100) -> list[str]:
    return list(index.search(parse_query(query), limit, best=best))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    articles=st.lists(st.tuples(texts, texts, languages), min_size=1, max_size=8),
    asked=st.lists(queries, min_size=1, max_size=5),
    later=st.lists(st.tuples(st.integers(0, 7), texts, texts, languages), max_size=4),
)
def test_it_finds_what_the_matcher_would(
    index: SearchIndex,
    articles: list[tuple[str, str, str | None]],
    asked: list[str],
    later: list[tuple[int, str, str, str | None]],
) -> None:
    index.clear()
    kept = {f"a{n}": indexed(f"a{n}", *one[:2], language=one[2], age_s=n) for n, one in enumerate(articles)}
    index.put(list(kept.values()))
    for number, title, text, language in later:
        kept[f"a{number}"] = indexed(f"a{number}", title, text, language=language, age_s=number)
        index.put([kept[f"a{number}"]])
    if later:
        gone = kept.pop(f"a{later[0][0]}")
        index.remove([gone.article_id])
    newest_first = sorted(kept.values(), key=lambda one: (-one.listed_at.timestamp(), one.article_id))
    for query in asked:
        try:
            parsed = parse_query(query)
        except QueryError:
            continue
        expected = [one.article_id for one in newest_first if matches_query(parsed, one.words)]
        assert index.search(parsed, 100) == expected
        assert sorted(index.search(parsed, 100, best=True)) == sorted(expected)
    assert index.count() == len(kept)


@given(text=st.text(max_size=60), query=st.text(max_size=20))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_stands_in_texts_and_queries(index: SearchIndex, text: str, query: str) -> None:
    one = indexed("one", text, text, language=None)
    index.put([one])
    try:
        parsed = parse_query(query or "x")
    except QueryError:
        return
    assert found(index, query or "x") == (["one"] if matches_query(parsed, one.words) else [])


def test_a_headline_counts_more_than_a_text_and_a_rare_word_more_than_a_common_one(
    index: SearchIndex,
) -> None:
    filler = [indexed(f"f{n}", "Kabar", "banjir di kota", age_s=9 + n) for n in range(20)]
    index.put(
        [
            *filler,
            indexed("text", "Kabar", "gempa di desa"),
            indexed("head", "Gempa", "kabar dari desa", age_s=5),
        ]
    )
    assert found(index, "gempa", best=True) == ["head", "text"]
    assert found(index, "gempa") == ["text", "head"]
    assert found(index, "banjir OR gempa", best=True)[:2] == ["head", "text"]


def test_no_more_than_the_newest_are_looked_at(index: SearchIndex) -> None:
    index.put([indexed(f"a{n}", "banjir", age_s=n) for n in range(30)])
    assert found(index, "banjir", limit=3) == ["a0", "a1", "a2"]
    assert set(found(index, "banjir", best=True, limit=3)) == {"a0", "a1", "a2"}


def test_many_articles_of_one_second_have_room(index: SearchIndex) -> None:
    index.put([indexed(f"a{n}", "banjir") for n in range(9000)])
    assert index.count() == 9000
    assert len(set(found(index, "banjir", limit=9999))) == 9000


def test_what_the_last_look_did_not_find_goes(index: SearchIndex) -> None:
    index.put([indexed("a", "banjir"), indexed("b", "banjir")], walk=1)
    index.put([indexed("b", "banjir")], walk=2)
    assert index.remove_before(2, 10) == 1
    assert found(index, "banjir") == ["b"]


DONE = Progress(origin="here", position="7-0", walk=3, absent=1)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix == ".db")


def test_the_next_process_goes_on_with_it(index: SearchIndex, tmp_path: Path) -> None:
    index.put([indexed("a", "banjir")])
    assert index.progress() is None
    index.note(DONE)
    index.close()
    index.put([indexed("b", "banjir", age_s=1)])
    assert found(index, "banjir") == ["a", "b"]
    assert index.progress() == DONE
    index.note(None)
    assert index.progress() is None, "as long as it is not whole"
    assert files(tmp_path / "search") == ["index-0.db"]


def test_a_killed_process_leaves_what_it_noted(index: SearchIndex, tmp_path: Path) -> None:
    """Nothing is closed here: the files are taken as they lie there."""
    index.put([indexed(f"a{n}", "banjir", age_s=n) for n in range(50)])
    index.note(DONE)
    index.put([indexed("later", "banjir", age_s=99)])
    copy = tmp_path / "copy"
    shutil.copytree(tmp_path / "search", copy)
    next(copy.glob("*.lock")).unlink()
    other = SearchIndex(copy)
    assert other.progress() == DONE
    assert len(found(other, "banjir")) in {50, 51}
    other.close()


def test_an_index_of_another_form_is_not_gone_on_with(
    index: SearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.note(DONE)
    monkeypatch.setattr("syndicator.store.search.search_index.FORM", "other")
    assert index.progress() is None


def test_processes_have_a_file_each_and_leave_it(tmp_path: Path) -> None:
    one, two, three = (SearchIndex(tmp_path) for _ in range(3))
    one.put([indexed("a", "banjir")])
    two.put([indexed("b", "banjir")])
    assert files(tmp_path) == ["index-0.db", "index-1.db"]
    one.close()
    assert found(three, "banjir") == ["a"]
    assert stat.S_IMODE((tmp_path / "index-0.db").stat().st_mode) == 0o600
    for index in (two, three):
        index.close()


def test_a_file_that_nobody_takes_any_more_is_removed(tmp_path: Path) -> None:
    one, two, three = (SearchIndex(tmp_path) for _ in range(3))
    for index in (one, two):
        index.count()
    os.utime(tmp_path / "index-1.db", (0, 0))
    one.close()
    three.count()
    assert files(tmp_path) == ["index-0.db", "index-1.db"], "while somebody has it, it stays"
    two.close()
    three.close()
    os.utime(tmp_path / "index-1.db", (0, 0))
    three.count()
    assert files(tmp_path) == ["index-0.db"]
    three.close()


def test_a_damaged_file_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "index-0.db").write_bytes(b"no database" * 1000)
    index = SearchIndex(tmp_path)
    with pytest.raises(StoreUnavailable):
        index.count()
    assert index.count() == 0
    index.close()


def test_where_files_cannot_be_locked_it_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks here")

    monkeypatch.setattr("fcntl.flock", refuse)
    index = SearchIndex(tmp_path)
    index.put([indexed("a", "banjir")])
    index.note(DONE)
    assert found(index, "banjir") == ["a"]
    index.close()
    assert not [*tmp_path.glob("search-*"), *tmp_path.glob("index-*.db")]
    assert index.progress() is None
    index.close()


def test_the_form_tells_what_is_in_it() -> None:
    """Are words, stems or marks others now? Then raise the number in `FORM`, so that indexes are built anew."""
    article = of_portal(1, "Kota & Desa", ("MRT", "Café"))
    texts = ("Kebanjiran lagi", "The floods have been covid-19 penerbangan")
    found = [searchable(article), *(words_and_stems(*texts, language) for language in ("id", "en", None))]
    told = [
        marks_of(article),
        [(one.title, one.text, sorted(one.title_stems), sorted(one.text_stems)) for one in found],
    ]
    digest = hashlib.sha256(json.encode(told)).hexdigest()[:16]
    assert (FORM.split()[0], digest) == ("1", "063de24baebfa728")
