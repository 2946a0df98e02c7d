"""Templates to pages: the language chosen, everything escaped, the safe headers set."""

from collections.abc import Mapping
from importlib import resources
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from jinja2 import Environment, PackageLoader, StrictUndefined

from syndicator.model.feed import Site
from syndicator.rules.feeds.any_filter_feeds import ad_hoc_from
from syndicator.rules.filter_language import FilterError
from syndicator.rules.search.query import QueryError, parse_query
from syndicator.web.http.negotiation import choose_language, joined
from syndicator.web.http.responses import PAGE_POLICY, StaticDocument, respond_with
from syndicator.web.i18n import Wording, default_language, wordings
from syndicator.web.pages.charts import SPARK_HEIGHT, SPARK_WIDTH
from syndicator.web.pages.feed_addresses import app_link, web_readers
from syndicator.web.texts.texts import LANGUAGES

STATIC_TYPES: Mapping[str, str] = {
    "style.css": "text/css; charset=utf-8",
    "console.css": "text/css; charset=utf-8",
    "log.js": "text/javascript; charset=utf-8",
    "icon.png": "image/png",
}
ICON = StaticDocument(
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    b'<rect width="32" height="32" rx="7" fill="#0b5c66"/>'
    b'<g fill="none" stroke="#fff" stroke-width="3.4" stroke-linecap="round">'
    b'<path d="M9 15.5a7.5 7.5 0 0 1 7.5 7.5"/><path d="M9 9a14 14 0 0 1 14 14"/></g>'
    b'<circle cx="10" cy="22" r="2.4" fill="#fff"/></svg>\n'
)
_ICON_HEADERS: Mapping[str, str] = {
    hdrs.CONTENT_TYPE: "image/svg+xml",
    hdrs.CACHE_CONTROL: "public, max-age=86400",
}
_YEAR_S = 365 * 24 * 3600


def path_prefix(site: Site) -> str:
    """Return the path below which the site is published: empty, or `/news`."""
    return urlsplit(site.public_url).path.rstrip("/")


class Drawing:
    """Draws templates for one site."""

    def __init__(
        self,
        site: Site,
        *,
        prefix: str | None = None,
        searches: bool = False,
        counts: bool = False,
        describes: bool = False,
        lists: bool = False,
        operates: bool = False,
    ) -> None:
        """`operates`: pages of the operators' listener, where there is neither a front page nor feeds."""
        self.site = site
        self.prefix = path_prefix(site) if prefix is None else prefix
        """What the path of each link inside the site begins with."""
        self._wordings = wordings(site)
        self._default_language = default_language(site)
        self._static = {name: StaticDocument(body) for name, body in _read_static().items()}
        self._environment = Environment(
            autoescape=True,
            loader=PackageLoader("syndicator.web"),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        # Links inside the site are paths: they work on whatever address a page was reached.
        self._environment.globals.update(
            site=site,
            prefix=self.prefix,
            listing=_listing if lists else None,
            phrase=_phrase if searches else None,
            app_link=app_link,
            web_readers=web_readers,
            spark_size=(SPARK_WIDTH, SPARK_HEIGHT),
            searches=searches,
            counts=counts,
            describes=describes,
            operates=operates,
            asset=self._asset,
        )

    def wording(self, request: web.Request) -> Wording:
        """Choose the language of the answer."""
        wanted = joined(request.headers.getall(hdrs.ACCEPT_LANGUAGE, ()))
        return self._wordings[choose_language(wanted, LANGUAGES, self._default_language)]

    def draw(self, template: str, say: Wording, **values: object) -> bytes:
        return self._environment.get_template(template).render(say=say, **values).encode()

    def page(
        self, request: web.Request, template: str, *, cache_control: str, **values: object
    ) -> web.Response:
        """Answer with a page, with validators and in the client's language."""
        say = self.wording(request)
        return respond_with(
            request, self.draw(template, say, **values), page_headers(say, cache_control=cache_control)
        )

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/static/{name}", self.static), web.get("/favicon.ico", self.icon)]

    def _asset(self, name: str) -> str:
        """Return the address of a file that belongs to the pages."""
        return f"{self.prefix}/static/{name}?v={_short(self._static[name])}"

    async def icon(self, request: web.Request) -> web.Response:
        """Send the picture for tabs; browsers look for it under this name whatever its format."""
        return ICON.answer(request, _ICON_HEADERS)

    async def static(self, request: web.Request) -> web.Response:
        """Send a file that belongs to the pages; its URL carries its digest, so it may be kept for good."""
        name = request.match_info["name"]
        if name not in self._static:
            raise web.HTTPNotFound
        document = self._static[name]
        named = request.query.get("v") == _short(document)
        lifetime = f"public, max-age={_YEAR_S}, immutable" if named else "public, max-age=300"
        headers: dict[str, str] = {hdrs.CONTENT_TYPE: STATIC_TYPES[name], hdrs.CACHE_CONTROL: lifetime}
        return document.answer(request, headers)


def _listing(key: str, value: str) -> str:
    """Return the query of the page that lists what has this value; empty where a filter cannot hold it."""
    try:
        return ad_hoc_from({key: (value,)}).spelled()
    except FilterError:
        return ""


def _phrase(words: str) -> str:
    """Return the query that finds these words as they stand; empty where none can."""
    query = '"{}"'.format(" ".join(words.replace('"', " ").split()))
    try:
        parse_query(query)
    except QueryError:
        return ""
    return query


def page_headers(say: Wording, *, cache_control: str) -> dict[str, str]:
    return {
        hdrs.CONTENT_TYPE: "text/html; charset=utf-8",
        hdrs.CONTENT_LANGUAGE: say.language,
        hdrs.CACHE_CONTROL: cache_control,
        hdrs.VARY: hdrs.ACCEPT_LANGUAGE,
        "Content-Security-Policy": PAGE_POLICY,
    }


def _read_static() -> dict[str, bytes]:
    folder = resources.files("syndicator.web") / "static"
    return {name: (folder / name).read_bytes() for name in STATIC_TYPES}


def _short(document: StaticDocument) -> str:
    return document.digest[:12]
