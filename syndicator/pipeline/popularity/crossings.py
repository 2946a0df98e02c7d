"""Telling partners of what comes to the top of a popular feed, in one step with the ranking that shows it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from syndicator.model.clock import to_ms
from syndicator.model.event import Crossed, Event, EventType
from syndicator.model.feed import EntryPopularity, FeedSpec, Site
from syndicator.model.ids import ArticleId
from syndicator.pipeline.popularity.feed_reference import feed_ref
from syndicator.rules.identity.identity import event_id
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
    """Show a ranking in place of the one that is shown, where its order is another or something is told.

    Tell whether that was so. What another worker told at the same moment is left to it: the next turn goes
    on.
    """
    if spec.announce is None:
        return False
    measures = [measure for measure, _ in thresholds(spec.announce)]
    places = _places(ranking)
    asked = in_question(spec.announce, places)
    remembered = await store.crossings.remembered(spec.id, asked, measures)
    found = crossings(spec.announce, _places(shown), places, remembered, now)
    is_other = list(places) != [place.article_id for place in shown]
    if not (is_other or found.near):
        return False
    events = [_event(site, spec, passed, now) for passed in found.told]
    is_shown = is_other or bool(events)
    written = await store.crossings.show(
        spec.id,
        ranking if is_shown else None,
        events=events,
        near=found.near,
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
    revision, kind = to_ms(now), EventType.POPULARITY_CROSSED
    return Event(
        id=event_id(passed.article, revision, kind, spec.id, passed.measure),
        type=kind,
        subject=passed.article,
        revision=revision,
        at=now,
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
