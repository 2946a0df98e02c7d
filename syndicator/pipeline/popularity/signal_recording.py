"""What a round tells of how popular its articles are: the portal's counters, its box, comments."""

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
    """Keep what a source shows of its own articles: on their pages, in its feed, in its popular box."""
    now = clock()
    own = [one for one in admitted if one.verdict is not AdmissionVerdict.DUPLICATE]
    views = {
        one.article_id: _reading(one, one.candidate.views) for one in own if one.candidate.views is not None
    }
    comments = [_reading(one, one.candidate.comments) for one in own if one.candidate.comments is not None]
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
            "counters of views began anew or leapt: not counted",
            source=source,
            reset=noted.reset,
            leapt=noted.jumped,
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
    """Find the articles that a box names; what belongs to other sources is left out."""
    found = await store.articles.resolve([url_key(item.url) for item in popular])
    named: dict[ArticleId, PopularItem] = {}
    for item, known in zip(popular, found, strict=True):
        if known is not None and known.source == source:
            named.setdefault(known.article_id, item)
    return named


def _reading(one: Admitted, count: int) -> CounterReading:
    candidate = one.candidate
    return CounterReading(
        article_id=one.article_id,
        source=candidate.source,
        count=count,
        published_at=candidate.published_at or candidate.provenance.fetched_at,
    )
