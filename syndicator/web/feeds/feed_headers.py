"""What is said above every feed: how long it is good, who else may read it, where it and its page are."""

from collections.abc import Sequence

from aiohttp import hdrs, web

from syndicator.model.feed import CONTENT_TYPES, Format, Rendition, Site
from syndicator.web.http.options import WebOptions

_PREFLIGHT = {
    hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
    hdrs.ACCESS_CONTROL_ALLOW_METHODS: "GET, HEAD, OPTIONS",
    hdrs.ACCESS_CONTROL_ALLOW_HEADERS: "If-None-Match, If-Modified-Since, A-IM, Cache-Control",
    hdrs.ACCESS_CONTROL_MAX_AGE: "86400",
    hdrs.ALLOW: "GET, HEAD, OPTIONS",
}


async def preflight(request: web.Request) -> web.Response:
    """Answer a browser that asks whether a page elsewhere may read this."""
    del request
    return web.Response(status=204, headers=_PREFLIGHT)


class FeedHeaders:
    """Makes the headers of feeds, but for validators and what depends on the coding."""

    def __init__(self, site: Site, options: WebOptions) -> None:
        self._site = site
        self.shared: dict[str, str] = {
            hdrs.CACHE_CONTROL: (
                f"public, max-age={options.feed_max_age_s}, "
                f"stale-while-revalidate={options.stale_while_revalidate_s}, "
                f"stale-if-error={options.stale_if_error_s}"
            ),
            hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
            hdrs.ACCESS_CONTROL_EXPOSE_HEADERS: "ETag, Last-Modified, Link, Age, IM, Delta-Base, Retry-After",
        }

    def of(self, rendition: Rendition) -> dict[str, str]:
        """Return the headers of a configured feed."""
        page, form = self._site.url(f"/feeds/{rendition.feed}"), rendition.form
        return self.named(f"{page}.{form.value}", page, form, self._site.hubs, rendition.links)

    def named(
        self,
        self_url: str,
        page_url: str,
        form: Format,
        hubs: Sequence[str],
        others: Sequence[tuple[str, str]] = (),
    ) -> dict[str, str]:
        """Return the headers of a feed with these addresses; `others` of its documents by relation."""
        own_type = CONTENT_TYPES[form]
        links = (
            *(f'<{hub}>; rel="hub"' for hub in hubs),
            f'<{self_url}>; rel="self"; type="{own_type.partition(";")[0]}"',
            f'<{page_url}>; rel="alternate"; type="text/html"',
            *(f'<{url}>; rel="{rel}"' for rel, url in others),
        )
        return {**self.shared, hdrs.CONTENT_TYPE: own_type, hdrs.LINK: ", ".join(links)}
