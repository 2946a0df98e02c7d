"""What can be subscribed to at our hub: every public feed in every format, by its own URL.

A renamed feed is distributed under its former names too: a subscriber with an old URL misses nothing until it
renews (WebSub, 6.1). A private or retired feed is no topic under any name.
"""

from collections.abc import Iterable, Iterator, Sequence

from syndicator.model.feed import FeedSpec, Format, Site
from syndicator.model.hub import Topic, TopicName
from syndicator.model.ids import FeedId
from syndicator.rules.hub.subscribers import same_url


class Topics:
    """Finds topics by their names and by their URLs, however those are spelled."""

    def __init__(self, site: Site, specs: Iterable[FeedSpec], retired: Iterable[FeedSpec] = ()) -> None:
        known = list(specs)
        self._base = same_url(site.url("/feeds/"))
        self._own = [topic for spec in known if not spec.private for topic in _topics(site, spec, spec.id)]
        former = [
            topic
            for spec in known
            if not spec.private
            for name in spec.former_ids
            for topic in _topics(site, spec, name)
        ]
        named = (*former, *self._own)  # a name that is in use again is nobody's former one
        self._by_name = {topic.name: topic for topic in named}
        self._by_url = {same_url(site.url(f"/feeds/{topic.name}")): topic for topic in named}
        ended = [*(spec for spec in known if spec.private), *retired]
        closed = [_name(name, form) for spec in ended for name in spec.names for form in Format]
        self._closed = frozenset(closed).difference(self._by_name)

    def get(self, name: TopicName) -> Topic | None:
        """Return a topic; None where this configuration has none of the name."""
        return self._by_name.get(name)

    def find(self, url: str) -> Topic | None:
        """Return the topic that a URL is of; None for all that is not ours, or not public."""
        return self._by_url.get(same_url(url))

    def name_of(self, url: str) -> TopicName | None:
        """Return the name that a topic of this URL has, or had; None for a URL that none of ours ever had."""
        spelled = same_url(url)
        return TopicName(spelled.removeprefix(self._base)) if spelled.startswith(self._base) else None

    def all(self) -> Sequence[Topic]:
        """Return all topics by the names that they have now."""
        return self._own

    def is_closed(self, name: TopicName) -> bool:
        """Return whether a topic is that of a feed which is private now, or retired."""
        return name in self._closed


def _topics(site: Site, spec: FeedSpec, called: FeedId) -> Iterator[Topic]:
    for form in Format:
        url = site.url(f"/feeds/{_name(spec.id, form)}")
        yield Topic(name=_name(called, form), url=url, feed=spec.id, form=form)


def _name(feed: FeedId, form: Format) -> TopicName:
    return TopicName(f"{feed}.{form.value}")
