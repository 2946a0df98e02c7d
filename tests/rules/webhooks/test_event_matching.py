"""What an endpoint asks for, and what concerns it."""

import re

import pytest
from push.push_values import ID, NOON, article, endpoint, event

from syndicator.model.event import ARTICLE_EVENTS, Event, EventType, FeedRef, Grown, Renewed, SourceNotice
from syndicator.model.feed import Filter
from syndicator.model.ids import ArticleId, FeedId
from syndicator.rules.webhooks.event_matching import event_types, wants

ALL = tuple(EventType)


@pytest.mark.parametrize(
    ("patterns", "types"),
    [
        (["*"], ALL),
        (["article.*"], ARTICLE_EVENTS),
        (["article.updated"], (EventType.ARTICLE_UPDATED,)),
        (["source.quiet", "article.created", "*"], ALL),
        (["source.quiet", "article.created"], (EventType.ARTICLE_CREATED, EventType.SOURCE_QUIET)),
        ([], ()),
    ],
)
def test_patterns_name_types(patterns: list[str], types: tuple[EventType, ...]) -> None:
    assert event_types(patterns) == types


@pytest.mark.parametrize("pattern", ["article", "article.", "art*", "*.created", ".*", "", "article.gone"])
def test_what_names_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(pattern)}$"):
        event_types(["article.*", pattern])


def renewed(feed: str) -> Event:
    url = f"https://news.example/feeds/{feed}"
    ref = FeedRef(id=FeedId(feed), title="x", url=url, rss=url, atom=url, json=url)
    return event(type=EventType.FEED_UPDATED, subject=feed, details=Renewed(feed=ref))


def troubled(source: str) -> Event:
    notice = SourceNotice(title="x", standing="failing", why="x", since=NOON)
    return event(type=EventType.SOURCE_FAILING, subject=source, details=notice)


def test_an_article_is_told_to_those_whose_filter_it_passes() -> None:
    assert wants(endpoint("x"), event(), [article()])
    assert wants(endpoint("x", filter=Filter(section=("kota",))), event(), [article()])
    assert not wants(endpoint("x", filter=Filter(section=("olahraga",))), event(), [article()])
    assert not wants(endpoint("x"), event(), [])
    assert not wants(endpoint("x", events=(EventType.ARTICLE_CREATED,)), event(), [article()])


def test_a_story_is_told_where_one_of_its_articles_is_wanted() -> None:
    details = Grown(joined=ArticleId("ponmlkjihgfedcba"), owners=2, articles=2)
    grown = event(type=EventType.STORY_GROWN, subject=ID, details=details)
    partner = endpoint("x", events=ALL, filter=Filter(source=("beritakota",)))
    assert wants(partner, grown, [article(source="other"), article()])
    assert not wants(partner, grown, [article(source="other")])


def test_feeds_are_chosen_by_their_ids() -> None:
    assert wants(endpoint("x", events=ALL, filter=Filter(section=("none",))), renewed("latest"), [])
    some = endpoint("x", events=ALL, feeds=(FeedId("popular"),))
    assert wants(some, renewed("popular"), [])
    assert not wants(some, renewed("latest"), [])
    assert wants(some, event(), [article()])


def test_of_sources_those_of_the_filter_are_told() -> None:
    assert wants(endpoint("x", events=ALL), troubled("beritakota"), [])
    some = endpoint("x", events=ALL, filter=Filter(source=("beritakota",), section=("none",)))
    assert wants(some, troubled("beritakota"), [])
    assert not wants(some, troubled("other"), [])


def test_nobody_is_told_of_more_than_articles_unasked() -> None:
    assert not wants(endpoint("x"), renewed("latest"), [])
    assert not wants(endpoint("x"), troubled("beritakota"), [])
