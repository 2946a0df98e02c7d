"""Where a feed went that is not published under its name any more: to another one, or for good."""

from urllib.parse import urlencode

from aiohttp import hdrs, web

from syndicator.model.ids import FeedId
from syndicator.pipeline.feeds.composer import Composer
from syndicator.web.feeds.private_feeds import PARAMETER
from syndicator.web.http.problems import Problem, ProblemRaised, not_found

_LIFETIME = "public, max-age=86400"


def moved(
    request: web.Request, composer: Composer, feed: FeedId, ending: str = "", *, is_opened: bool = False
) -> web.Response:
    """Lead to the feed that took this one's place (301): readers note its address.

    `is_opened`: whether a token was shown that opens the feed, where it is private; else it is not found.

    Raises:
        ProblemRaised: 410 for a feed that was retired, 404 for one that never was.

    """
    if feed in composer.private and not is_opened:
        raise not_found("No feed has this name.")
    if (title := composer.retired.get(feed)) is not None:
        detail = f'The feed "{title}" is not published any more. Take it out of your reader.'
        raise ProblemRaised(Problem(name="feed-retired", status=410, detail=detail))
    target = composer.moved.get(feed)
    if target is None:
        raise not_found("No feed has this name.")
    location, lifetime = composer.site.url(f"/feeds/{target}{ending}"), _LIFETIME
    if token := request.query.get(PARAMETER):
        # Of a private feed: whoever has it needs it at the new address, and nobody in between is to keep it.
        location, lifetime = f"{location}?{urlencode({PARAMETER: token})}", "private, no-store"
    headers: dict[str, str] = {
        hdrs.LOCATION: location,
        hdrs.CACHE_CONTROL: lifetime,
        hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
        "Referrer-Policy": "no-referrer",
    }
    return web.Response(status=301, headers=headers)
