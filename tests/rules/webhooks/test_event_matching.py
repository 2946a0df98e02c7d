"""What an endpoint asks for, and what concerns it."""

import re

import pytest
from push.push_values import ID, NOON, article, endpoint, event

from syndicator.model.event import ARTICLE_EVENTS, Event, EventType, FeedRef, Grown, Renewed, SourceNotice
from syndicator.model.feed import Filter
from syndicator.model.ids import ArticleId, FeedId
from syndicator.rules.webhooks.event_matching import event_types, refused_by

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
    assert refused_by(endpoint("x"), event(), [article()]) is None
    assert refused_by(endpoint("x", filter=Filter(section=("kota",))), event(), [article()]) is None
    assert refused_by(endpoint("x", filter=Filter(section=("olahraga",))), event(), [article()]) == (
        "filter.section"
    )
    assert refused_by(endpoint("x", filter=Filter(query="jembatan")), event(), [article()]) == "filter.query"
    assert refused_by(endpoint("x"), event(), []) == "article_gone"
    assert refused_by(endpoint("x", events=(EventType.ARTICLE_CREATED,)), event(), [article()]) == "events"


def test_a_story_is_told_where_one_of_its_articles_is_wanted() -> None:
    details = Grown(joined=ArticleId("ponmlkjihgfedcba"), owners=2, articles=2)
    grown = event(type=EventType.STORY_GROWN, subject=ID, details=details)
    partner = endpoint("x", events=ALL, filter=Filter(source=("beritakota",)))
    assert refused_by(partner, grown, [article(source="other"), article()]) is None
    assert refused_by(partner, grown, [article(source="other")]) == "filter.source"


def test_feeds_are_chosen_by_their_ids() -> None:
    assert (
        refused_by(endpoint("x", events=ALL, filter=Filter(section=("none",))), renewed("latest"), []) is None
    )
    some = endpoint("x", events=ALL, feeds=(FeedId("popular"),))
    assert refused_by(some, renewed("popular"), []) is None
    assert refused_by(some, renewed("latest"), []) == "feeds"
    assert refused_by(some, event(), [article()]) is None


def test_of_sources_those_of_the_filter_are_told() -> None:
    assert refused_by(endpoint("x", events=ALL), troubled("beritakota"), []) is None
    some = endpoint("x", events=ALL, filter=Filter(source=("beritakota",), section=("none",)))
    assert refused_by(some, troubled("beritakota"), []) is None
    assert refused_by(some, troubled("other"), []) == "filter.source"


def test_nobody_is_told_of_more_than_articles_unasked() -> None:
    assert refused_by(endpoint("x"), renewed("latest"), []) == "events"
    assert refused_by(endpoint("x"), troubled("beritakota"), []) == "events"
