"""Where a feed went that is not published under its name any more: to another one, or for good."""

from urllib.parse import urlencode

from aiohttp import hdrs, web

from syndicator.model.ids import FeedId
from syndicator.pipeline.composing import Composer
from syndicator.web.private import PARAMETER
from syndicator.web.problems import Problem, ProblemRaised, not_found

_LIFETIME = "public, max-age=86400"


def moved(request: web.Request, composer: Composer, feed: FeedId, ending: str = "") -> web.Response:
    """Lead to the feed that took this one's place (301): readers note its address.

    Raises:
        ProblemRaised: 410 for a feed that was retired, 404 for one that never was.

    """
    if (title := composer.retired.get(feed)) is not None:
        detail = f'The feed "{title}" is not published any more. Take it out of your reader.'
        raise ProblemRaised(Problem(name="feed-retired", status=410, detail=detail))
    target = composer.moved.get(feed)
    if target is None or not (ending or target in composer.public):  # a private one has no page
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
