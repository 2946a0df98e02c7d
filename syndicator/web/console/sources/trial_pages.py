"""The console's pages that try sources: what an address has, and to add it; what a source would bring."""

from collections.abc import Mapping
from typing import Any

import tomli
from aiohttp import web

from syndicator.errors import ConfigError
from syndicator.model.source import SourceKind
from syndicator.pipeline.ops.configuration_editing import NotAdded, files_named
from syndicator.pipeline.preview.trials import AddressTrial, TrialFailed
from syndicator.web.api.json_api import sentence, source_of
from syndicator.web.console.console import Console
from syndicator.web.console.forms import FieldFault, field
from syndicator.web.http.departures import ends_with_client
from syndicator.web.use_cases import UseCases

SHOWN_ARTICLES = 5
_LONGEST_URL, _LONGEST_BLOCK = 2000, 20_000
_KINDS = ("source", "feed", "group")
"""Tables that may be added beside the files."""


class SourceTrialPages:
    """Handlers of `/admin/add`, and of previews of sources."""

    def __init__(self, cases: UseCases, console: Console) -> None:
        self._cases = cases
        self._console = console

    def routes(self) -> list[web.RouteDef]:
        return [
            self._console.get("/add", self.form),
            self._console.post("/add", ends_with_client(self.find)),
            self._console.post("/add/found", self.add),
            self._console.post("/sources/{source}/preview", ends_with_client(self.preview)),
        ]

    async def form(self, request: web.Request) -> web.Response:
        """Show the form for an address; `?by=hand` one for a table of the configuration."""
        return self._page(request, typed={"block": ""} if request.query.get("by") == "hand" else None)

    async def find(self, request: web.Request) -> web.Response:
        """Show what can be gathered at an address, and what would come."""
        url, kind = await field(request, "url", _LONGEST_URL), await field(request, "kind", 20)
        typed = {"url": url, "kind": kind}
        if not url.startswith(("http://", "https://")):
            fault = FieldFault(field="url", key="no_url")
            return self._page(request, fault=fault, typed=typed)
        wanted = SourceKind(kind) if kind in list(SourceKind) else None
        try:
            found = await self._cases.trials.address(url, wanted, SHOWN_ARTICLES)
        except TrialFailed as error:
            fault = FieldFault(field="url", text=f"{sentence(error)} → {error.remedy}")
            return self._page(request, fault=fault, typed=typed)
        return self._page(request, found=found, typed={**typed, "block": found.block})

    async def add(self, request: web.Request) -> web.Response:
        """Add what was found, as it was written in the form: a source, and a feed of it."""
        block = await field(request, "block", _LONGEST_BLOCK)
        try:
            tables = tables_of(block)
            _refuse_files(tables)
            added = await self._cases.editing.put(tables)
        except (ValueError, NotAdded) as error:
            fault = FieldFault(field="block", text=sentence(error).replace("..", "."))
        except ConfigError as error:
            fault = FieldFault(field="block", text=" ".join(map(str, error.faults)))
        else:
            names = [one.id for one in added if one.kind == "source"]
            return self._console.done("/add", "source_added", {"added": names[0]} if names else None)
        return self._page(request, fault=fault, typed={"block": block})

    async def preview(self, request: web.Request) -> web.Response:
        """Show what a source would bring now, beside what is stored."""
        name = source_of(request, self._cases.reading.source_ids)
        try:
            trial = await self._cases.trials.source(name, SHOWN_ARTICLES)
        except TrialFailed as error:
            why = f"{sentence(error)} → {error.remedy}"
            return self._console.page(
                request, "source_preview.html", "sources", http_status=422, name=name, trial=None, why=why
            )
        return self._console.page(request, "source_preview.html", "sources", name=name, trial=trial, why="")

    def _page(
        self,
        request: web.Request,
        *,
        fault: FieldFault | None = None,
        found: AddressTrial | None = None,
        typed: Mapping[str, str] | None = None,
    ) -> web.Response:
        return self._console.page(
            request,
            "add_source.html",
            "sources",
            http_status=422 if fault else 200,
            fault=fault,
            found=found,
            typed=typed or {},
            added=request.query.get("added", ""),
            kinds=list(SourceKind),
        )


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
