"""Records what a round shows about popularity: view counters, the popular box, comments."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from syndicator.model.article import PopularItem
from syndicator.model.clock import Clock
from syndicator.model.ids import ArticleId, SourceId
from syndicator.model.signal import Signal, SignalKind
from syndicator.observe.logs import get_logger
from syndicator.pipeline.articles.admission import Admitted
from syndicator.rules.articles.admission import AdmissionVerdict
from syndicator.rules.identity.identity import url_key
from syndicator.rules.popularity.popularity_score import place_weight
from syndicator.store.popularity.portal_counters import CounterReading
from syndicator.store.store import Store

log = get_logger(__name__)

_HOUR = timedelta(hours=1)


async def note_popularity(
    store: Store,
    clock: Clock,
    source: SourceId,
    admitted: Iterable[Admitted],
    popular: Sequence[PopularItem] = (),
) -> None:
    """Record views, comments and ranks that a source shows of its own articles."""
    now = clock()
    own = [entry for entry in admitted if entry.verdict is not AdmissionVerdict.DUPLICATE]
    views = {
        entry.article_id: _reading(entry, entry.candidate.views)
        for entry in own
        if entry.candidate.views is not None
    }
    comments = [
        _reading(entry, entry.candidate.comments) for entry in own if entry.candidate.comments is not None
    ]
    boxed = await _boxed(store, source, popular)
    for article, item in boxed.items():
        if item.views is not None and article not in views:
            since = item.published_at or now
            views[article] = CounterReading(
                article_id=article, source=source, count=item.views, published_at=since, boxed=True
            )
    noted = await store.popularity.record(list(views.values()), now)
    if noted.reset or noted.jumped:
        log.info(
            "view_counters_ignored",
            source=source,
            reset=noted.reset,
            jumped=noted.jumped,
        )
    await store.popularity.record(comments, now, SignalKind.COMMENTS)
    if boxed:
        hours = await store.popularity.box_stood(source, now) / _HOUR
        await store.signals.add(_places(boxed, hours, now), now)


def _places(boxed: Mapping[ArticleId, PopularItem], hours: float, now: datetime) -> list[Signal]:
    return [
        Signal(article_id=article, kind=SignalKind.BOX, at=now, count=hours * place_weight(item.rank))
        for article, item in boxed.items()
        if hours > 0
    ]


async def _boxed(
    store: Store, source: SourceId, popular: Sequence[PopularItem]
) -> Mapping[ArticleId, PopularItem]:
    """Return the items of a popular box by article, without articles of other sources."""
    owners = await store.articles.resolve([url_key(item.url) for item in popular])
    boxed: dict[ArticleId, PopularItem] = {}
    for item, owner in zip(popular, owners, strict=True):
        if owner is not None and owner.source == source:
            boxed.setdefault(owner.article_id, item)
    return boxed


def _reading(admitted: Admitted, count: int) -> CounterReading:
    candidate = admitted.candidate
    return CounterReading(
        article_id=admitted.article_id,
        source=candidate.source,
        count=count,
        published_at=candidate.published_at or candidate.provenance.fetched_at,
    )
