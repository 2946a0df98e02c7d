"""What is related to an article, and in which order."""

from datetime import timedelta

from msgspec.structs import replace
from support import NOON, candidate

from syndicator.model.article import Article
from syndicator.model.ids import ArticleId, SourceId
from syndicator.rules.stories.related import Lead, related


def article(name: str, tags: tuple[str, ...] = (), days: float = 0) -> Article:
    at = NOON - timedelta(days=days)
    return Article(
        id=ArticleId(name), revision=1, source=SourceId("s"), url=f"https://s.example/{name}", title=name,
        tags=tags, published_at=at, first_seen_at=at, updated_at=at, listed_at=at,
        provenance=candidate().provenance, content_hash="x",
    )  # fmt: skip


MINE = article("mine", ("Banjir", "Demak"))


def chosen(*leads: Lead) -> list[str]:
    return [one.id for one in related(MINE, leads, NOON)]


def test_the_portals_own_link_counts_most_then_likeness_then_tags() -> None:
    found = chosen(
        Lead(article=article("tagged", ("banjir",))),
        Lead(article=article("alike"), similarity=0.2),
        Lead(article=article("linked"), linked=True),
    )
    assert found == ["linked", "alike", "tagged"]


def test_the_new_comes_before_the_old_and_equals_go_by_age_then_id() -> None:
    found = chosen(
        Lead(article=article("old", days=14), similarity=0.2),
        Lead(article=article("new", days=1), similarity=0.15),
        Lead(article=article("b"), similarity=0.1),
        Lead(article=article("a"), similarity=0.1),
    )
    assert found == ["new", "a", "b", "old"]


def test_what_has_nothing_in_common_is_left_out_and_so_is_the_article_itself() -> None:
    assert (
        chosen(Lead(article=article("other", ("ekonomi",)), similarity=0.05), Lead(article=MINE, linked=True))
        == []
    )


def test_no_more_than_ten() -> None:
    assert len(chosen(*(Lead(article=article(f"a{number}"), similarity=0.2) for number in range(30)))) == 10


def test_a_date_ahead_is_worth_no_more() -> None:
    ahead = replace(article("ahead"), published_at=NOON + timedelta(days=70))
    found = chosen(Lead(article=ahead, similarity=0.1), Lead(article=article("now"), similarity=0.11))
    assert found == ["now", "ahead"]
