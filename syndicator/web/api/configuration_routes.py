"""The configuration by program: what runs, what is newer, and what is added beside the files."""

from collections.abc import Callable
from typing import Any

from aiohttp import web
from msgspec import Struct

from syndicator.errors import ConfigError
from syndicator.model.configuration import AddedTable
from syndicator.model.token import TokenScope
from syndicator.pipeline.ops.configuration_editing import (
    ConfigurationEditing,
    ConfigurationShown,
    NotAdded,
    without_secrets,
)
from syndicator.web.api.json_api import ApiRoute, Method, document, read_json
from syndicator.web.http.problems import FieldFault, Problem, ProblemRaised

_TOPIC = "Configuration"
_EXAMPLES = {
    "source": '{"title": "Berita Kota", "kind": "feed", "url": "https://kota.example/rss"}',
    "feed": '{"title": "Olahraga", "filter": {"section": ["Olahraga"]}}',
    "group": '{"schedule": {"every": "10m"}}',
}


class Reloading(Struct, frozen=True, kw_only=True):
    """The files are being read again; `GET /api/v1/configuration` says what became of it."""

    ok: bool = True


class Removed(Struct, frozen=True, kw_only=True):
    """A table that was removed."""

    ok: bool = True
    kind: str
    id: str


class ConfigurationRoutes:
    """Handlers of `/api/v1/configuration`, and of what changes single sources, feeds and groups."""

    def __init__(self, editing: ConfigurationEditing, reload: Callable[[], None]) -> None:
        """`reload`: has this process read its files again."""
        self._editing = editing
        self._reload = reload

    def table(self) -> list[ApiRoute]:
        base = "/api/v1/configuration"
        return [
            _route("GET", base, self.configuration, ConfigurationShown),
            _route("POST", f"{base}/reload", self.reload, Reloading, status=202),
            *(
                route
                for kind in _EXAMPLES
                for route in (
                    _route(
                        "PUT", f"/api/v1/{kind}s/{{{kind}}}", _Of(kind, self._editing).put, AddedTable,
                        body=dict[str, Any], refusals=(400, 409, 415, 422),
                    ),
                    _route(
                        "DELETE", f"/api/v1/{kind}s/{{{kind}}}", _Of(kind, self._editing).remove, Removed,
                        refusals=(404, 409, 422),
                    ),
                )
            ),
        ]  # fmt: skip

    async def configuration(self, request: web.Request) -> web.Response:
        """Show which version runs, what each process runs, and what was added beside the files.

        Of each process: why it does not run what is newer (`refused`), and keys that a restart would apply.
        """
        del request
        return document(await self._editing.shown())

    async def reload(self, request: web.Request) -> web.Response:
        """Have the process that answers read its files again, and publish them for all."""
        del request
        self._reload()
        return document(Reloading(), status=202)


class _Of:
    """Handlers for one kind of table."""

    def __init__(self, kind: str, editing: ConfigurationEditing) -> None:
        self._kind = kind
        self._editing = editing

    async def put(self, request: web.Request) -> web.Response:
        """Add a table as it would stand in a file, or change one that was added.

        The whole configuration is checked with it, and all processes apply it within seconds. What stands in
        a file is changed there (409).
        """
        name = request.match_info[self._kind]
        table = await read_json(request, dict[str, Any], _EXAMPLES[self._kind])
        try:
            (added,) = await self._editing.put({self._kind: {name: table}})
        except ConfigError as error:
            raise _invalid(error) from None
        except NotAdded as error:
            raise ProblemRaised(Problem(name="conflict", status=409, detail=str(error))) from None
        return document(without_secrets(added))

    async def remove(self, request: web.Request) -> web.Response:
        """Remove a table that was added over the API or the command line.

        All processes apply it within seconds. Articles of a source stay until retention removes them.
        """
        name = request.match_info[self._kind]
        try:
            await self._editing.remove(self._kind, name)
        except NotAdded as error:
            problem, status = ("conflict", 409) if error.in_files else ("not-found", 404)
            raise ProblemRaised(Problem(name=problem, status=status, detail=str(error))) from None
        except ConfigError as error:
            raise _invalid(error) from None
        return document(Removed(kind=self._kind, id=name))


def _invalid(error: ConfigError) -> ProblemRaised:
    faults = tuple(FieldFault(key=each.key, reason=each.reason, remedy=each.remedy) for each in error.faults)
    detail = "The configuration would not be valid: nothing was changed."
    return ProblemRaised(Problem(name="invalid", status=422, detail=detail, errors=faults))


def _route(method: Method, path: str, handler: Any, answer: Any, **more: Any) -> ApiRoute:
    return ApiRoute(
        method=method, path=path, handler=handler, scope=TokenScope.ADMIN, topic=_TOPIC, answer=answer, **more
    )
