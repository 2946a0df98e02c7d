"""The page of a story: who reported it, when, and its ranks in the popular feed."""

from datetime import datetime, timedelta

from aiohttp import hdrs, web
from msgspec import Struct

from syndicator.model.feed import Order
from syndicator.model.ids import ArticleId, StoryId, is_article_id
from syndicator.pipeline.feeds.any_filter_feeds import PATH
from syndicator.pipeline.feeds.page_details import MemberRow, StoryShown
from syndicator.pipeline.queries import Queries
from syndicator.render.dates import whole_seconds
from syndicator.render.items import Item, prepare_entry
from syndicator.rules.feeds.any_filter_feeds import AdHoc
from syndicator.web.http.options import WebOptions
from syndicator.web.http.problems import gone, not_found
from syndicator.web.pages.charts import CHART_HEIGHT, CHART_WIDTH, rank_chart
from syndicator.web.pages.feed_addresses import Address, addresses
from syndicator.web.pages.feed_pages import favourite
from syndicator.web.pages.templates import Drawing


class TimelineEntry(Struct, frozen=True, kw_only=True):
    """A report as the time line shows it."""

    item: Item
    at: datetime
    later: timedelta
    """How long after the first."""
    claimed: datetime | None
    """The portal's own date, where that is not believed."""
    is_copy: bool
    copy_of: str
    """The portal whose text it has; empty where it is no copy, or that portal's article is gone."""


class StoryFeed(Struct, frozen=True, kw_only=True):
    """The feed that follows a story."""

    title: str
    addresses: tuple[Address, ...]


class StoryPages:
    """Handler of `/stories/{article}`: a story is named by any of its articles."""

    def __init__(self, reading: Queries, drawing: Drawing, options: WebOptions, *, as_feeds: bool) -> None:
        """`as_feeds` is whether `/articles.{form}` is served, which can follow a story."""
        self._reading = reading
        self._as_feeds = as_feeds
        self._page_details = reading.page_details
        self._drawing = drawing
        self._lifetime = f"public, max-age={options.page_max_age_s}"

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/stories/{article}", self.story)]

    async def story(self, request: web.Request) -> web.Response:
        """Show a story; lead there from its other articles, and from where it was before it was joined."""
        name = request.match_info["article"]
        if not is_article_id(name):
            raise _unknown()
        story = await self._page_details.story_name(ArticleId(name))
        if story != name:
            headers: dict[str, str] = {hdrs.LOCATION: story, hdrs.CACHE_CONTROL: self._lifetime}
            return web.Response(status=302, headers=headers)
        ranks = favourite(self._reading.publisher.public, Order.POPULAR)
        shown = await self._page_details.story(story, ranks.id if ranks else None)
        if shown is None:
            if await self._reading.withdrawal(ArticleId(name)):
                raise gone("This article was withdrawn.")
            raise _unknown()
        timeline = self._timeline(shown)
        first = next((one for one in timeline if not one.is_copy), timeline[0])
        rank_history = shown.rank_history
        return self._drawing.page(
            request,
            "story.html",
            cache_control=self._lifetime,
            name=story,
            is_whole=shown.is_whole,
            timeline=timeline,
            first=first,
            may_index=self._reading.site.news_sitemap and all(one.item.rights.index for one in timeline),
            portals=len({one.item.source.title for one in timeline}),
            ranked=self._reading.publisher.public[rank_history.feed] if rank_history else None,
            chart=rank_chart(rank_history) if rank_history else None,
            feed=self._feed(story, first.item.title) if self._as_feeds else None,
            chart_size=(CHART_WIDTH, CHART_HEIGHT),
        )

    def _feed(self, story: StoryId, title: str) -> StoryFeed:
        asked = AdHoc(story=ArticleId(story)).spelled()
        return StoryFeed(title=title, addresses=addresses(self._reading.site, PATH, asked))

    def _timeline(self, shown: StoryShown) -> list[TimelineEntry]:
        titles = {one.entry.article.id: one.entry.origin.title for one in shown.reports}
        reports = sorted(shown.reports, key=_at)
        first_at = _at(reports[0])
        return [
            TimelineEntry(
                item=(item := prepare_entry(one.entry, self._reading.site, with_html=False)),
                at=_at(one),
                later=_at(one) - first_at,
                claimed=item.published if item.published != _at(one) else None,
                is_copy=one.copy_of is not None,
                copy_of=titles.get(one.copy_of, "") if one.copy_of else "",
            )
            for one in reports
        ]


def _at(report: MemberRow) -> datetime:
    """Return when it was reported.

    By its date, unless that was long before it was found here, or is yet to come.
    """
    article = report.entry.article
    if article.listed_at > article.published_at:
        return whole_seconds(article.shown_since)
    return whole_seconds(article.listed_at)


def _unknown() -> Exception:
    return not_found("No story with this name is kept here.")
