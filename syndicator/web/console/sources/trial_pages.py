"""The console's pages that try sources: what an address has, and to add it; what a source would bring."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import tomli
from aiohttp import hdrs, web
from msgspec import Struct

from syndicator.errors import ConfigError
from syndicator.observe.redact import hide_secrets
from syndicator.pipeline.configuration.configuration_editing import NameTaken, files_named
from syndicator.pipeline.preview.finds import BARE
from syndicator.pipeline.preview.trials import AddressTrial, Find, TrialFailed
from syndicator.web.access.sign_in import is_from_own_page
from syndicator.web.api.json_api import sentence, source_of
from syndicator.web.console.console import Console
from syndicator.web.console.shown_failures import shown_failure
from syndicator.web.http.departures import ends_with_client
from syndicator.web.http.forms import FieldFault, field, fields
from syndicator.web.use_cases import UseCases

SHOWN_ARTICLES = 5
MOST_FINDS = 25
_LONGEST_URL, _LONGEST_BLOCK, _LONGEST_TITLE = 2000, 20_000, 500
_KINDS = ("source", "feed", "group")
"""Tables that may be added beside the files."""


class AddressShown(Struct, frozen=True, kw_only=True):
    """What the page of an address shows."""

    whole: AddressTrial
    find: Find
    """The best, or what was chosen."""
    trial: AddressTrial | None
    """How it would be gathered; None where it could not be read."""
    why: str = ""
    """In that case."""


class SourceTrialPages:
    """Handlers of `/admin/add`, and of previews of sources."""

    def __init__(self, cases: UseCases, console: Console) -> None:
        self._cases = cases
        self._console = console

    def routes(self) -> list[web.RouteDef]:
        return [
            self._console.get("/add", ends_with_client(self.page)),
            self._console.post("/add", ends_with_client(self.look)),
            self._console.post("/add/found", self.add),
            self._console.post("/sources/{source}/preview", ends_with_client(self.preview)),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """Show the form for an address, with what is at `?url=`; `?by=hand` one for tables of TOML.

        An address is looked at for a page of the console alone: a link elsewhere must not send requests.
        """
        if request.query.get("by") == "hand":
            return self._page(request, typed={"block": ""})
        asked = {name: request.query.get(name, "").strip()[:_LONGEST_URL] for name in _ASKED}
        if not asked["url"] or not is_from_own_page(request):
            return self._page(request, typed=asked)
        return await self._found(request, asked)

    async def look(self, request: web.Request) -> web.Response:
        """Look at an address, or at one of the finds there.

        Leads to an address with both in its query, which can be reloaded and gone back to; one with a secret
        in it is shown at once instead.
        """
        asked = {name: await field(request, name, _LONGEST_URL) for name in _ASKED}
        if not asked["find"]:
            self._cases.trials.forget(asked["url"])
        if _is_url(asked["url"]) and not _is_private(asked):
            query = urlencode({name: value for name, value in asked.items() if value})
            headers: dict[str, str] = {
                hdrs.LOCATION: f"{self._console.base}/add?{query}#found",
                hdrs.CACHE_CONTROL: "no-store",
            }
            return web.Response(status=303, headers=headers)
        return await self._found(request, asked)

    async def add(self, request: web.Request) -> web.Response:
        """Add what was found as the form has it: a source, and a feed of it. The same again does nothing."""
        by_hand = "block" in await fields(request)
        sent = {name: await field(request, name, longest) for name, longest in _SENT.items()}
        typed = {name: value for name, value in sent.items() if (name == "block") == by_hand}
        try:
            tables = tables_of(sent["block"]) if by_hand else tables_of_form(sent)
            _refuse_files(tables)
            added = await self._cases.editing.add(tables)
        except ValueError as error:
            text = sentence(error).replace("..", ".")
            fault = FieldFault(field="block" if by_hand else "settings", text=text)
        except NameTaken as error:
            fault = FieldFault(field="block" if by_hand else "id", text=sentence(error))
        except ConfigError as error:
            fault = fault_of(error, sent, by_hand=by_hand)
        else:
            names = [one.id for one in added if one.kind == "source"]
            return self._console.done("/add", "source_added", {"added": names[0]} if names else None)
        return self._page(request, fault=fault, typed=typed)

    async def preview(self, request: web.Request) -> web.Response:
        """Show what a source would bring now, beside what is stored."""
        name = source_of(request, self._cases.reading.source_ids)
        try:
            trial = await self._cases.trials.source(name, SHOWN_ARTICLES)
        except TrialFailed as error:
            why = _words(error)
            return self._console.page(
                request,
                "console/source_preview.html",
                "sources",
                http_status=422,
                name=name,
                trial=None,
                why=why,
            )
        return self._console.page(
            request, "console/source_preview.html", "sources", name=name, trial=trial, why=""
        )

    async def _found(self, request: web.Request, asked: Mapping[str, str]) -> web.Response:
        if not _is_url(asked["url"]):
            return self._page(request, fault=FieldFault(field="url", key="no_url"), typed=asked)
        trials = self._cases.trials
        try:
            whole = await trials.address(asked["url"], None, SHOWN_ARTICLES)
        except TrialFailed as error:
            return self._page(request, fault=FieldFault(field="url", text=_words(error)), typed=asked)
        chosen = (
            one for one in whole.finds if (one.found.url, one.found.kind) == (asked["find"], asked["kind"])
        )
        find = next(chosen, whole.best)
        try:
            trial = await trials.chosen(whole, find, SHOWN_ARTICLES)
        except TrialFailed as error:
            return self._page(
                request, AddressShown(whole=whole, find=find, trial=None, why=_words(error)), typed=asked
            )
        typed = {**asked, "id": trial.name, "title": trial.title, "settings": trial.settings, "feed": "yes"}
        return self._page(request, AddressShown(whole=whole, find=find, trial=trial), typed=typed)

    def _page(
        self,
        request: web.Request,
        looked: AddressShown | None = None,
        *,
        fault: FieldFault | None = None,
        typed: Mapping[str, str],
    ) -> web.Response:
        return self._console.page(
            request,
            "console/add_source.html",
            "sources",
            http_status=422 if fault else 200,
            fault=fault,
            looked=looked,
            typed=typed,
            added=request.query.get("added", ""),
            is_private=_is_private(typed),
            most_finds=MOST_FINDS,
            bare=BARE,
            shown_failure=shown_failure,
        )


_ASKED = ("url", "find", "kind")
_SENT: Mapping[str, int] = {
    "url": _LONGEST_URL,
    "id": _LONGEST_TITLE,
    "title": _LONGEST_TITLE,
    "feed": 10,
    "settings": _LONGEST_BLOCK,
    "block": _LONGEST_BLOCK,
}
"""Fields of the forms that add, with the most characters of each."""


def _is_url(text: str) -> bool:
    return text.startswith(("http://", "https://"))


def _is_private(asked: Mapping[str, str]) -> bool:
    """Return whether an address holds what must not stand in logs and histories of browsers."""
    urls = [asked.get("url", ""), asked.get("find", "")]
    return any(hide_secrets(url) != url for url in urls)


def _words(error: TrialFailed) -> str:
    text = error.detail.rstrip(".")
    return f"{text[:1].upper()}{text[1:]}. → {error.remedy}"


def fault_of(error: ConfigError, sent: Mapping[str, str], *, by_hand: bool) -> FieldFault:
    """Return what is wrong beside the field that it is about."""
    source, text = f"source.{sent['id']}", " ".join(map(str, error.faults))
    fields = {source: "id", f"feed.{sent['id']}": "id", f"{source}.title": "title"}
    named = "block" if by_hand else fields.get(error.faults[0].key, "settings")
    return FieldFault(field=named, text=text)


def tables_of_form(sent: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the tables of a source and of a feed of it. Raises ValueError for settings that are no TOML."""
    name, title = sent["id"], sent["title"]
    table = {"title": title} | tomli.loads(sent["settings"]) | {"title": title}
    tables: dict[str, dict[str, Any]] = {"source": {name: table}}
    if sent["feed"]:
        tables["feed"] = {name: {"title": title, "filter": {"source": [name]}}}
    return tables


def tables_of(block: str) -> dict[str, dict[str, Any]]:
    """Read the tables of a block of TOML. Raises ValueError for what is none, or may not be added."""
    tables = tomli.loads(block)
    for kind, named in tables.items():
        if kind not in _KINDS:
            raise ValueError(f"[{kind}] cannot be added while the service runs: write it in a file")
        if not isinstance(named, dict) or not all(isinstance(one, dict) for one in named.values()):
            raise ValueError(f"write [{kind}.ID] with an id")
    if not tables:
        raise ValueError("there is no table: write [source.ID], with title, kind and url")
    return tables


def _refuse_files(tables: Mapping[str, Mapping[str, object]]) -> None:
    if faults := tuple(fault for kind, named in tables.items() for fault in files_named(named, kind)):
        raise ConfigError(faults)
