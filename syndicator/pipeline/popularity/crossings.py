"""Announces articles that rise to the top of a popular feed, in one step with the ranking that shows them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from syndicator.model.clock import to_ms
from syndicator.model.event import Crossed, Event, EventType, FeedRef
from syndicator.model.feed import EntryPopularity, FeedSpec, Site
from syndicator.model.ids import ArticleId
from syndicator.rules.identity.identity import new_event
from syndicator.rules.popularity.crossings import Passed, crossings, in_question, thresholds
from syndicator.store.feeds.feeds import Ranked
from syndicator.store.store import Store


async def announce(
    store: Store,
    site: Site,
    spec: FeedSpec,
    *,
    shown: Sequence[Ranked],
    ranking: Sequence[Ranked],
    now: datetime,
) -> bool:
    """Store a new ranking with its events, if its order differs or an article has crossed a threshold.

    Returns whether it was stored. Where another worker has stored events at the same moment, nothing is
    written; the next ranking goes on from there.
    """
    if spec.announce is None:
        return False
    measures = [measure for measure, _ in thresholds(spec.announce)]
    places = _places(ranking)
    asked = in_question(spec.announce, places)
    remembered = await store.crossings.remembered(spec.id, asked, measures)
    crossed = crossings(spec.announce, _places(shown), places, remembered, now)
    is_other = list(places) != [place.article_id for place in shown]
    if not (is_other or crossed.near):
        return False
    events = [_event(site, spec, passed, now) for passed in crossed.announced]
    is_shown = is_other or bool(events)
    written = await store.crossings.show(
        spec.id,
        ranking if is_shown else None,
        events=events,
        near=crossed.near,
        remembered=remembered,
        now=now,
    )
    return written and is_shown


def _places(ranking: Sequence[Ranked]) -> Mapping[ArticleId, EntryPopularity]:
    return {
        place.article_id: EntryPopularity(rank=rank, score=place.score, views=place.views)
        for rank, place in enumerate(ranking, start=1)
    }


def _event(site: Site, spec: FeedSpec, passed: Passed, now: datetime) -> Event:
    return new_event(
        EventType.POPULARITY_CROSSED,
        passed.article,
        to_ms(now),
        now,
        spec.id,
        passed.measure,
        details=Crossed(
            feed=feed_ref(site, spec),
            window=spec.window,
            measure=passed.measure,
            threshold=passed.threshold,
            rank=passed.place.rank,
            score=passed.place.score,
            views=passed.place.views,
        ),
    )


def feed_ref(site: Site, spec: FeedSpec) -> FeedRef:
    """Return the reference to a feed, with its public addresses."""
    url = site.url(f"/feeds/{spec.id}")
    return FeedRef(
        id=spec.id,
        title=spec.title,
        url=url,
        rss=f"{url}.rss",
        atom=f"{url}.atom",
        json=f"{url}.json",
        private=spec.private,
    )
