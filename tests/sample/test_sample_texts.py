import subprocess
import sys
from collections import Counter
from itertools import combinations, pairwise

import pytest
from sample.sample_values import NOON
from support import candidate

from syndicator.rules.articles.correction import correction_of
from syndicator.sample.chance import Chance
from syndicator.sample.language import load_language
from syndicator.sample.scene import Scene, Setting
from syndicator.sample.writer import SampleText, Writer

MANY = 320


@pytest.fixture(scope="module")
def city() -> Writer:
    return Writer(load_language("city"), 1, "city")


@pytest.fixture(scope="module")
def texts(city: Writer) -> list[SampleText]:
    return [city.text(n, NOON) for n in range(MANY)]


def shingles(text: SampleText) -> set[tuple[str, ...]]:
    words = " ".join((text.lead, *text.paragraphs)).lower().split()
    return {tuple(words[at : at + 6]) for at in range(len(words) - 5)}


def test_headlines_and_slugs_are_all_different(texts: list[SampleText]) -> None:
    assert len({text.title for text in texts}) == MANY
    assert len({text.slug for text in texts}) == MANY


def test_no_two_bodies_share_a_fifth_of_their_shingles(texts: list[SampleText]) -> None:
    bodies = [shingles(text) for text in texts]
    worst = max(len(one & other) / min(len(one), len(other)) for one, other in combinations(bodies, 2))
    assert worst < 0.2


def test_articles_have_the_length_and_parts_of_city_news(texts: list[SampleText]) -> None:
    for text in texts:
        assert 120 <= text.words <= 250, text.title
        assert 4 <= len(text.paragraphs) <= 7
        assert sum(text.quote in paragraph for paragraph in text.paragraphs) >= 1
        assert text.reporter
        assert text.photographer
        assert text.editor
        assert len(text.tags) >= 3
        assert "{" not in "".join((text.title, text.lead, *text.paragraphs, text.caption))


def test_all_ten_sections_are_written_for(city: Writer, texts: list[SampleText]) -> None:
    counts = Counter(text.section for text in texts)
    assert set(counts) == set(city.sections)
    assert len(counts) == 10
    assert max(counts.values()) < 3 * min(counts.values())


@pytest.mark.parametrize("name", ["city", "wire"])
def test_every_sentence_fits_every_topic(name: str) -> None:
    language = load_language(name)
    for topic in language.topics:
        setting = Setting(
            topic=topic,
            thing=topic.phrases["thing"][0],
            verb=topic.verbs[0],
            place="Tegalwangi",
            site="Sagaratama",
        )
        scene = Scene(language, setting, NOON, Chance("fit", topic.agency))
        for use, lines in language.sentences.items():
            for line in lines:
                filled = scene.fill(line, quote="kutipan", title="Judul")
                assert filled[0] == filled[0].upper(), use
                assert "{" not in filled


def test_a_text_is_the_same_in_another_process(city: Writer) -> None:
    program = (
        "from datetime import datetime, UTC\n"
        "from syndicator.sample.language import load_language\n"
        "from syndicator.sample.writer import Writer\n"
        "text = Writer(load_language('city'), 1, 'city').text(7, datetime(2026, 5, 4, 5, 0, tzinfo=UTC), 2)\n"
        "print(repr(text))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    assert told.stdout.strip() == repr(city.text(7, NOON, 2))


def test_another_seed_makes_other_articles(texts: list[SampleText]) -> None:
    other = Writer(load_language("city"), 2, "city")
    assert sum(other.text(n, NOON).title == texts[n].title for n in range(50)) <= 1


@pytest.mark.parametrize("n", range(12))
def test_every_edit_is_seen_and_moves_no_address(city: Writer, n: int) -> None:
    revisions = [city.text(n, NOON, revision) for revision in range(7)]
    for before, after in pairwise(revisions):
        assert (before.title, before.lead, before.paragraphs) != (after.title, after.lead, after.paragraphs)
        assert after.slug == before.slug
        assert after.reporter == before.reporter
    first, third = revisions[0], revisions[3]
    assert first.title != third.title
    assert first.lead != third.lead
    assert len(first.paragraphs) < len(third.paragraphs)


def test_a_copy_is_rewritten_a_little(city: Writer, texts: list[SampleText]) -> None:
    for n in range(60):
        copy, original = city.copy(n, NOON), texts[n]
        assert copy.title != original.title
        assert copy.lead != original.lead
        assert len(copy.paragraphs) == len(original.paragraphs) - 1
        assert set(copy.paragraphs) < set(original.paragraphs)
        shared = len(shingles(copy) & shingles(original)) / len(shingles(copy))
        assert 0.6 < shared < 1, n


def test_edits_of_a_copy_are_seen_too(city: Writer) -> None:
    first, second = city.copy(3, NOON), city.copy(3, NOON, 1)
    assert first.slug == second.slug
    assert (first.title, first.lead, first.paragraphs) != (second.title, second.lead, second.paragraphs)


def test_english_articles_are_stories_of_their_own(texts: list[SampleText]) -> None:
    writer = Writer(load_language("wire"), 1, "english")
    english = [writer.text(n, NOON) for n in range(200)]
    assert len({text.title for text in english}) == 200
    assert {text.title for text in english}.isdisjoint({text.title for text in texts})
    assert all(" the " in f" {' '.join(text.paragraphs)} " for text in english)


def test_corrections_are_marked_as_readers_know_them(city: Writer) -> None:
    english = Writer(load_language("wire"), 1, "english")
    for writer, mark in ((city, "Ralat: "), (english, "Correction: ")):
        edited = [writer.text(n, NOON, 3) for n in range(80)]
        corrected = [text for text in edited if text.paragraphs[-1].startswith(mark)]
        assert 5 < len(corrected) < len(edited)
        for text in corrected:
            body = "".join(f"<p>{paragraph}</p>" for paragraph in text.paragraphs)
            assert correction_of(candidate(1, body_html=body)) == text.paragraphs[-1]
