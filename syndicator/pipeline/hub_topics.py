"""What can be subscribed to at our hub: every public feed in every format, by its own URL."""

from collections.abc import Iterable, Sequence

from syndicator.model.feed import FeedSpec, Format, Site
from syndicator.model.hub import Topic, TopicName
from syndicator.model.ids import FeedId
from syndicator.rules.hub import same_url


class Topics:
    """Finds topics by their names and by their URLs, however those are spelled."""

    def __init__(self, site: Site, specs: Iterable[FeedSpec]) -> None:
        self._by_name = {
            topic.name: topic
            for spec in specs
            if not spec.private
            for name in spec.names  # who subscribed to a feed by an earlier name goes on getting its news
            for form in Format
            for topic in (_topic(site, spec, name, form),)
        }
        self._by_url = {same_url(topic.url): topic for topic in self._by_name.values()}

    def get(self, name: TopicName) -> Topic | None:
        """Give a topic; None where this configuration has none of the name."""
        return self._by_name.get(name)

    def find(self, url: str) -> Topic | None:
        """Give the topic that a URL is of; None for all that is not ours."""
        return self._by_url.get(same_url(url))

    def all(self) -> Sequence[Topic]:
        return tuple(self._by_name.values())


def _topic(site: Site, spec: FeedSpec, named: FeedId, form: Format) -> Topic:
    name = TopicName(f"{named}.{form.value}")
    return Topic(name=name, url=site.url(f"/feeds/{name}"), feed=spec.id, form=form)
