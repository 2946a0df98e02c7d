import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicator.web.http.negotiation import Coding, choose_coding, choose_language, joined


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        (None, "identity"),
        ("", "identity"),
        ("gzip", "gzip"),
        ("GZip", "gzip"),
        ("x-gzip", "gzip"),
        ("br", "br"),
        ("gzip, br", "br"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, zstd", "zstd"),
        ("gzip, zstd;q=0.9", "gzip"),
        ("zstd;q=0, br;q=0", "identity"),
        ("br;q=0.9, *", "zstd"),
        ("deflate", "identity"),
        ("gzip;q=0", "identity"),
        ("gzip; q=0.0, br ; q=0.000", "identity"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("identity;q=1, gzip;q=0.5", "identity"),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("*", "br"),
        ("*;q=0", "identity"),
        ("br;q=0, *", "zstd"),
        ("*;q=0.5, gzip;q=0", "br"),
        ("identity;q=0", "gzip"),
        ("identity;q=0, deflate", "gzip"),
        ("identity;q=0, gzip;q=0", "identity"),
        ("identity;q=0, br", "br"),
        ("identity;q=0, *;q=0", "identity"),
        ("gzip;q=0.001", "gzip"),
        ("gzip;q=2", "identity"),
        ("gzip;q=high, br;q=", "identity"),
        ("gzip;level=9", "identity"),
        (",,;;, gzip", "gzip"),
        ("gzipped, notgzip", "identity"),
    ],
)
def test_content_coding(header: str | None, coding: str) -> None:
    assert choose_coding(header) == coding


@given(st.text())
def test_any_header_gets_an_answer(header: str) -> None:
    assert choose_coding(header) in Coding
    assert choose_language(header, ("id", "en"), "id") in {"id", "en"}


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "id"),
        ("", "id"),
        ("en", "en"),
        ("en-GB,en;q=0.9,id;q=0.8", "en"),
        ("id-ID,id;q=0.9,en;q=0.8", "id"),
        ("fr, en;q=0.5", "en"),
        ("en;q=0, fr", "id"),
        ("fr", "id"),
        ("*", "id"),
        ("en;q=0.8, id;q=0.9", "id"),
        ("enx", "id"),
    ],
)
def test_language(header: str | None, language: str) -> None:
    assert choose_language(header, ("id", "en"), "id") == language


def test_a_header_that_came_twice_is_one_list() -> None:
    assert joined(["gzip", "br"]) == "gzip,br"
    assert joined([]) is None
