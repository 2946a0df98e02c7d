import re
import string
from collections import Counter
from datetime import UTC, datetime
from importlib import resources
from importlib.resources.abc import Traversable

import pytest

from syndicator.model.feed import Site
from syndicator.model.fetch import Reason
from syndicator.web.i18n import Wording, default_language
from syndicator.web.texts.state_texts import STATE_TEXTS
from syndicator.web.texts.texts import DAYS, LANGUAGES, MONTHS, TEXTS

AT = datetime(2026, 11, 5, 5, 4, tzinfo=UTC)


FOLDER = resources.files("syndicator.web") / "templates"
TEMPLATES = [
    one
    for folder in (FOLDER, FOLDER / "console", FOLDER / "portal")
    for one in folder.iterdir()
    if one.name.endswith(".html")
]


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_say_the_same() -> None:
    for key, (indonesian, english) in TEXTS.items():
        assert indonesian, key
        assert english, key
        assert fields(indonesian) == fields(english), key


def test_every_text_is_used_and_every_used_text_is_there() -> None:
    source = "".join(one.read_text() for one in TEMPLATES)
    used = set(re.findall(r'say\("([a-z_]+)"', source)) | {"and", "ago", "ahead"}
    plain = {key for key in TEXTS if "." not in key}
    assert used == plain


@pytest.mark.parametrize(
    "template", [one for one in TEMPLATES if one.name != "api.html"], ids=lambda one: one.name
)
def test_templates_say_nothing_by_themselves(template: Traversable) -> None:
    """The description of the API is for programmers, and English as the API is."""
    source = re.sub(r"{[#%{].*?[#%}]}", "", template.read_text(), flags=re.DOTALL)
    assert re.findall(r'\b(?:aria-label|alt|title|placeholder)="[^"]*[a-z][^"]*"', source) == []
    words = re.sub(r'<[^>]*>|[a-z-]+="[^"]*"', "", source)
    assert set(re.findall(r"[^\W\d_]+", words)) <= {"API"}


def test_every_reason_has_words() -> None:
    assert {f"reason.{reason}" for reason in Reason} == {key for key in TEXTS if key.startswith("reason.")}


def test_every_problem_has_a_title_and_an_explanation() -> None:
    names = {key.split(".")[1] for key in TEXTS if key.startswith("problem.")}
    plain = {"not-found", "gone", "method-not-allowed", "bad-request", "unavailable", "internal"}
    assert names == plain | {
        "precondition-failed", "unauthorized", "sign-in", "sign-in-later", "forbidden",
        "too-many-requests", "conflict", "key-reused", "locked", "feed-retired", "invalid",
    }  # fmt: skip
    assert {f"problem.{name}.text" for name in names} <= TEXTS.keys()


def test_the_calendar_is_whole() -> None:
    assert {len(MONTHS[language]) for language in LANGUAGES} == {12}
    assert {len(DAYS[language]) for language in LANGUAGES} == {7}


@pytest.mark.parametrize(
    ("language", "zone", "text"),
    [
        ("id", "Asia/Jakarta", "Kamis, 5 November 2026, 12.04 WIB"),
        ("en", "Asia/Jakarta", "Thursday, 5 November 2026, 12:04 WIB"),
        ("en", "UTC", "Thursday, 5 November 2026, 05:04 UTC"),
        ("en", "Asia/Kathmandu", "Thursday, 5 November 2026, 10:49 UTC+0545"),
        ("id", "Pacific/Auckland", "Kamis, 5 November 2026, 18.04 NZDT"),
    ],
)
def test_dates(language: str, zone: str, text: str) -> None:
    assert Wording(language, zone).moment(AT) == text


def test_short_dates_numbers_and_names() -> None:
    indonesian, english = Wording("id", "UTC"), Wording("en", "UTC")
    assert indonesian.short(AT) == "5 Nov 2026, 05.04"
    assert english.short(AT) == "5 Nov 2026, 05:04"
    assert (indonesian.number(1234567), english.number(1234567)) == ("1.234.567", "1,234,567")
    assert english.names([]) == ""
    assert english.names(["A"]) == "A"
    assert indonesian.names(["A", "B", "C"]) == "A, B dan C"


@pytest.mark.parametrize(("site", "language"), [("id", "id"), ("en-GB", "en"), ("ID-id", "id"), ("fr", "en")])
def test_the_default_is_the_language_of_the_site(site: str, language: str) -> None:
    assert default_language(Site(title="x", public_url="https://x.example", language=site)) == language


def test_no_key_has_two_texts() -> None:
    """Texts of several modules are merged: the last one would win, without a word."""
    found = [
        key
        for one in (resources.files("syndicator.web") / "texts").iterdir()
        if one.name.endswith("_texts.py")
        for key in re.findall(r'^    "([^"]+)": \(', one.read_text("utf-8"), flags=re.MULTILINE)
    ]
    assert [key for key, times in Counter(found).items() if times > 1] == []
    assert {*found, *STATE_TEXTS} == set(TEXTS)
