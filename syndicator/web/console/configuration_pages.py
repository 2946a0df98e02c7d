"""The console's pages of the configuration: what runs where, and what was added beside the files."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from syndicator.errors import ConfigError
from syndicator.pipeline.configuration.configuration_editing import NotAdded
from syndicator.pipeline.configuration.table_changes import ChangedMeanwhile
from syndicator.pipeline.preview.toml_blocks import table_block
from syndicator.web.api.json_api import sentence
from syndicator.web.console.block_faults import BlockFault, block_faults
from syndicator.web.console.console import Console
from syndicator.web.console.sources.trial_pages import tables_of
from syndicator.web.http.forms import fields
from syndicator.web.http.problems import not_found
from syndicator.web.use_cases import UseCases

ON_PAGE = 100
_LONGEST_BLOCK = 20_000


class ConfigurationPages:
    """Handlers of `/admin/configuration`."""

    def __init__(self, cases: UseCases, console: Console) -> None:
        self._editing = cases.editing
        self._reload = cases.reload
        self._clock = cases.clock
        self._console = console

    def routes(self) -> list[web.RouteDef]:
        console, one = self._console, "/configuration/{kind}/{name}"
        return [
            console.get("/configuration", self.page),
            console.post("/configuration/reload", self.reload),
            console.get(one, self.table),
            console.post(one, self.change),
            console.post(f"{one}/remove", self.remove),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """Show the version that runs, each process, and what was added, from `?from=` on."""
        page = await self._editing.page(request.query.get("from", ""), ON_PAGE)
        return self._console.page(
            request,
            "console/configuration.html",
            "configuration",
            shown=page.shown,
            added=[(f"{one.kind}.{one.id}", one) for one in page.shown.added],
            more=page.next,
            without_effect=frozenset(page.shown.in_files_too),
            now=self._clock(),
        )

    async def reload(self, request: web.Request) -> web.Response:
        """Have this process read its files again, and publish them for all."""
        del request
        self._reload()
        return self._console.done("/configuration", "files_reloaded")

    async def table(self, request: web.Request) -> web.Response:
        """Show an added table to be changed."""
        kind, name = _named(request)
        found = await self._editing.to_edit(kind, name)
        if found is None:
            raise not_found("It was not added while the service runs: it stands in a file, or nowhere.")
        return self._page(request, table_block(kind, name, found.table), found.mark)

    async def change(self, request: web.Request) -> web.Response:
        """Show what the table of the form would change; write it once that was seen (`step=save`).

        With `step=edit`, and where something is wrong, the form is there again with what was sent.
        """
        sent = await fields(request)
        block, seen = sent.get("block", "").replace("\r\n", "\n").strip(), sent.get("seen", "")
        if sent.get("step") == "edit":
            return self._page(request, block, seen)
        kind, name = _named(request)
        try:
            table = _only(_read(block), kind, name)
            if sent.get("step") == "save" and await self._is_saved(kind, name, table, seen):
                return self._console.done("/configuration", "table_changed")
            plan = await self._editing.planned(kind, name, table)
        except (ValueError, NotAdded, ConfigError) as error:
            return self._page(request, block, seen, block_faults(error, block))
        return self._console.page(
            request,
            "console/configuration_change.html",
            "configuration",
            http_status=200 if seen == plan.mark else 409,
            kind=kind,
            name=name,
            block=block,
            plan=plan,
            meanwhile=None if seen == plan.mark else await self._editing.one(kind, name),
        )

    async def _is_saved(self, kind: str, name: str, table: Mapping[str, object], seen: str) -> bool:
        """Write a table; False, and nothing is written, where it is not the one any more that was seen."""
        try:
            await self._editing.edited(kind, name, table, seen)
        except ChangedMeanwhile:
            return False
        return True

    async def remove(self, request: web.Request) -> web.Response:
        """Remove an added table."""
        kind, name = _named(request)
        try:
            await self._editing.remove((kind, name))
        except NotAdded as error:
            raise not_found(sentence(error)) from None
        return self._console.done("/configuration", "table_removed")

    def _page(
        self, request: web.Request, block: str, seen: str, faults: Sequence[BlockFault] = ()
    ) -> web.Response:
        kind, name = _named(request)
        return self._console.page(
            request,
            "console/configuration_table.html",
            "configuration",
            http_status=422 if faults else 200,
            kind=kind,
            name=name,
            block=block,
            seen=seen,
            faults=faults,
            wrong_lines=frozenset(one.line for one in faults if one.line),
        )


def _read(block: str) -> dict[str, dict[str, Any]]:
    if len(block) > _LONGEST_BLOCK:
        raise ValueError(f"a table has at most {_LONGEST_BLOCK} characters here")
    try:
        return tables_of(block)
    except RecursionError:
        raise ValueError("the table is nested too deeply") from None


def _named(request: web.Request) -> tuple[str, str]:
    return request.match_info["kind"], request.match_info["name"]


def _only(tables: Mapping[str, Mapping[str, dict[str, object]]], kind: str, name: str) -> dict[str, object]:
    """Return the one table of a block. Raises ValueError for any other."""
    if list(tables) != [kind] or list(tables[kind]) != [name]:
        raise ValueError(f"write [{kind}.{name}] alone: another id is another table")
    return tables[kind][name]
