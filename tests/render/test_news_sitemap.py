from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from render.render_values import NOON, SITE
from render.test_hostile import ODD_DATE, ODD_TEXT

from syndicator.model.ids import ArticleId
from syndicator.render.news_sitemap import Announced, render_news_sitemap

NAMES = {"n": "http://www.google.com/schemas/sitemap-news/0.9"}


def told(name: str, *pages: Announced) -> list[str]:
    tree: Any = etree.fromstring(render_news_sitemap(SITE, pages))
    found: list[str] = tree.xpath(f"//n:{name}/text()", namespaces=NAMES)
    return found


def page(number: int = 1, **changes: Any) -> Announced:
    values: dict[str, Any] = {"article_id": ArticleId(f"a{number}"), "title": "Judul", "published_at": NOON}
    return Announced(**(values | changes))


@pytest.mark.parametrize(
    ("language", "code"),
    [(None, "id"), ("id-ID", "id"), ("jv", "jv"), ("zh-Hant-HK", "zh-tw"), ("zh", "zh-cn"), ('x" y', "id")],
)
def test_languages_are_written_as_the_extension_wants_them(language: str | None, code: str) -> None:
    assert told("language", page(language=language)) == [code]


@settings(max_examples=50)
@given(title=ODD_TEXT, language=st.none() | ODD_TEXT, at=ODD_DATE)
def test_whatever_one_holds_the_others_are_told(title: str, language: str | None, at: datetime) -> None:
    pages = (page(1), page(2, title=title, language=language, published_at=at), page(3, title="Akhir"))
    titles = told("title", *pages)
    assert (titles[0], titles[2]) == ("Judul", "Akhir")
    assert titles[1]
    assert len(told("publication_date", *pages)) == 3
