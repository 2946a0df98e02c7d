"""The configuration by program: what runs, what is newer, and what is added beside the files."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web
from msgspec import Struct

from syndicator.errors import ConfigError
from syndicator.model.ops.configuration import AddedTable
from syndicator.model.token import TokenScope
from syndicator.pipeline.configuration.configuration_editing import (
    ConfigurationEditing,
    ConfigurationShown,
    NotAdded,
    files_named,
    without_secrets,
)
from syndicator.web.api.json_api import ApiRoute, Handler, Method, document, read_json
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
            _putting("source", self.put_source),
            _removing("source", self.remove_source),
            _putting("feed", self.put_feed),
            _removing("feed", self.remove_feed),
            _putting("group", self.put_group),
            _removing("group", self.remove_group),
        ]

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

    async def put_source(self, request: web.Request) -> web.Response:
        """Add a source beside the files, or change one that was added.

        The body is its table, as it would stand in a file. The whole configuration is checked with it, and
        all processes apply it within seconds. What stands in a file is changed there (409). Secrets are sent
        as they are: keys that name files (`…_file`) are refused.
        """
        return await self._put("source", request)

    async def put_feed(self, request: web.Request) -> web.Response:
        """Add a feed beside the files, or change one that was added: as sources are."""
        return await self._put("feed", request)

    async def put_group(self, request: web.Request) -> web.Response:
        """Add a group of sources beside the files, or change one that was added: as sources are."""
        return await self._put("group", request)

    async def remove_source(self, request: web.Request) -> web.Response:
        """Remove a source that was added over the API or the command line.

        All processes apply it within seconds. Its articles stay until retention removes them.
        """
        return await self._remove("source", request)

    async def remove_feed(self, request: web.Request) -> web.Response:
        """Remove a feed that was added over the API or the command line."""
        return await self._remove("feed", request)

    async def remove_group(self, request: web.Request) -> web.Response:
        """Remove a group that was added over the API or the command line, and that no source names."""
        return await self._remove("group", request)

    async def _put(self, kind: str, request: web.Request) -> web.Response:
        table = await read_json(request, dict[str, Any], _EXAMPLES[kind])
        name = request.match_info[kind]
        with _refusing():
            if faults := tuple(files_named(table, f"{kind}.{name}")):
                raise ConfigError(faults)
            (added,) = await self._editing.put({kind: {name: table}})
        return document(without_secrets(added))

    async def _remove(self, kind: str, request: web.Request) -> web.Response:
        name = request.match_info[kind]
        with _refusing():
            await self._editing.remove((kind, name))
        return document(Removed(kind=kind, id=name))


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn a refused change into a problem."""
    try:
        yield
    except NotAdded as error:
        problem, status = ("conflict", 409) if error.in_files else ("not-found", 404)
        raise ProblemRaised(Problem(name=problem, status=status, detail=str(error))) from None
    except ConfigError as error:
        faults = tuple(
            FieldFault(key=each.key, reason=each.reason, remedy=each.remedy) for each in error.faults
        )
        detail = "The configuration would not be valid: nothing was changed."
        raise ProblemRaised(Problem(name="invalid", status=422, detail=detail, errors=faults)) from None


def _putting(kind: str, handler: Handler) -> ApiRoute:
    path, refusals = f"/api/v1/{kind}s/{{{kind}}}", (400, 409, 415, 422)
    return _route("PUT", path, handler, AddedTable, body=dict[str, Any], refusals=refusals)


def _removing(kind: str, handler: Handler) -> ApiRoute:
    path, refusals = f"/api/v1/{kind}s/{{{kind}}}", (404, 409, 422)
    return _route("DELETE", path, handler, Removed, refusals=refusals)


def _route(method: Method, path: str, handler: Any, answer: Any, **more: Any) -> ApiRoute:
    return ApiRoute(
        method=method, path=path, handler=handler, scope=TokenScope.ADMIN, topic=_TOPIC, answer=answer, **more
    )
