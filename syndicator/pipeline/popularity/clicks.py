"""Click links of feeds and pages: where each redirects, and which readers are counted."""

from datetime import date

from syndicator.errors import StoreUnavailable
from syndicator.model.article import Article
from syndicator.model.clock import Clock
from syndicator.model.ids import ArticleId
from syndicator.model.signal import Signal, SignalKind
from syndicator.observe.logs import get_logger
from syndicator.render.text import web_url
from syndicator.rules.least_recent import LeastRecent
from syndicator.rules.popularity.visitors import (
    FOLLOWED_AT_ONCE,
    FOLLOWED_EVERY_S,
    Visit,
    household_key,
    is_reader,
    visitor_key,
)
from syndicator.rules.rate_limit import RateLimit
from syndicator.store.store import Store

_log = get_logger(__name__)

_ADDRESSES = 10_000
"""Most client addresses with a rate limit in memory; the least recently seen is dropped."""

_TARGETS = 1_000
"""Most recently followed articles whose addresses are remembered for when the store is away."""


class ClickLinks:
    """Resolves click links, and counts each reader once per article and day."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._salt: tuple[date, bytes] | None = None
        self._households = RateLimit[bytes](
            FOLLOWED_AT_ONCE, FOLLOWED_EVERY_S, lambda: clock().timestamp(), _ADDRESSES
        )
        self._targets = LeastRecent[ArticleId, str](_TARGETS)

    async def follow(self, article_id: ArticleId, visit: Visit) -> str | None:
        """Return the address that a link leads to, and count the reader; None without such an article.

        While the store is away no reader is counted, and the address is the one returned last. Raises
        StoreUnavailable where there is none.
        """
        try:
            article = await self._stored(article_id)
        except StoreUnavailable:
            if (known := self._targets.peek(article_id)) is None:
                raise
            return known
        self._targets.pop(article_id)
        url = web_url(article.url) if article else None
        if article is None or url is None:
            return None
        self._targets.put(article_id, url)
        if is_reader(visit):
            await self._count(article.id, visit)
        return url

    async def is_withdrawn(self, article_id: ArticleId) -> bool:
        return await self._store.withdrawals.get(article_id) is not None

    async def _count(self, article_id: ArticleId, visit: Visit) -> None:
        now = self._clock()
        try:
            salt = await self._salt_of(now.date())
            if self._households.take(household_key(visit, salt)):
                return
            readers = await self._store.clicks.add(article_id, now.date(), visitor_key(visit, salt))
            if readers:
                click = Signal(article_id=article_id, kind=SignalKind.CLICKS, at=now, count=readers)
                await self._store.signals.add([click], now)
        except StoreUnavailable as error:
            _log.warning("click_not_counted", article=article_id, reason=str(error))

    async def _stored(self, article_id: ArticleId) -> Article | None:
        articles = self._store.articles
        (article,) = await articles.get_many([article_id], bodies=False)
        if article is None and (leader := await articles.led_by(article_id)) is not None:
            (article,) = await articles.get_many([leader], bodies=False)
        return article

    async def _salt_of(self, day: date) -> bytes:
        if self._salt is None or self._salt[0] != day:
            self._salt = day, await self._store.clicks.salt(day)
            self._households.clear()  # their keys were hashed with the salt of another day
        return self._salt[1]
