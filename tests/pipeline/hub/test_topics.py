"""What can be subscribed to at our hub."""

from web.web_world import SITE

from syndicator.model.feed import FeedSpec, Format
from syndicator.model.hub import TopicName
from syndicator.model.ids import FeedId
from syndicator.pipeline.hub.topics import Topics

CITY = FeedSpec(id=FeedId("city"), title="City", former_ids=(FeedId("town"),))
DESK = FeedSpec(id=FeedId("desk"), title="Desk", private=True)


def test_every_public_feed_in_every_format_and_no_private_one() -> None:
    topics = Topics(SITE, [CITY, DESK])
    assert topics.find(SITE.url("/feeds/city.rss")) is not None
    assert topics.find(SITE.url("/feeds/desk.rss")) is None
    assert topics.get(TopicName("desk.rss")) is None
    assert [topic.form for topic in topics.all()] == list(Format)


def test_who_subscribed_by_an_earlier_name_goes_on_getting_its_news() -> None:
    topics = Topics(SITE, [CITY])
    old = topics.get(TopicName("town.atom"))
    assert old is not None
    assert (old.feed, old.url) == ("city", SITE.url("/feeds/city.atom"))
    assert topics.find(SITE.url("/feeds/town.atom")) == old
