"""What administrators do to sources by program: pause, resume, run."""

from collections.abc import Awaitable
from datetime import datetime
from typing import Annotated, TypeVar

from aiohttp import web
from msgspec import Meta, Struct

from syndicator.model.ids import SourceId
from syndicator.model.token import TokenScope
from syndicator.pipeline.queries import Queries
from syndicator.pipeline.sources.source_control import (
    Choice,
    ControlRefused,
    RunOrder,
    SourceControl,
    Steered,
)
from syndicator.web.api.json_api import ApiRoute, Handler, document, list_document, read_json
from syndicator.web.http.problems import Problem, ProblemRaised, not_found

T = TypeVar("T")

_Instant = Annotated[datetime, Meta(tz=True)]
_Reason = Annotated[str, Meta(max_length=200, description="Why; shown wherever the source is shown.")]
_End = Annotated[_Instant | None, Meta(description="When it ends by itself; left out: when it is resumed.")]


class SourcePause(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pause of one source."""

    until: _End = None
    reason: _Reason = ""


class Scope(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which sources are meant: one of group, tag and all."""

    group: Annotated[str | None, Meta(description="All sources of this group.")] = None
    tag: Annotated[str | None, Meta(description="All sources with this tag.")] = None
    all: Annotated[bool, Meta(description="All sources.")] = False

    @property
    def choice(self) -> Choice:
        return Choice(group=self.group, tag=self.tag, all=self.all)


class ScopePause(Scope, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pause of many sources; it also holds for sources that join later."""

    until: _End = None
    reason: _Reason = ""


class SourceRoutes:
    """Handlers of what is done to sources."""

    def __init__(self, source_control: SourceControl, reading: Queries) -> None:
        self._source_control = source_control
        self._reading = reading

    def table(self) -> list[ApiRoute]:
        one = "/{source}"
        return [
            _route(f"{one}/pause", self.pause, Steered, body=SourcePause, refusals=(400, 404, 409, 415)),
            _route(f"{one}/resume", self.resume, Steered, refusals=(404,)),
            _route(
                "/pause", self.pause_many, Steered, body=ScopePause, is_list=True, refusals=(400, 409, 415)
            ),
            _route(f"{one}/run", self.run, RunOrder, status=202, refusals=(404,)),
            _route("/run", self.run_many, RunOrder, body=Scope, status=202, refusals=(400, 409, 415)),
            _route("/resume", self.resume_many, Steered, body=Scope, is_list=True, refusals=(400, 409, 415)),
        ]

    async def pause(self, request: web.Request) -> web.Response:
        """Ask a source nothing more until the pause ends or it is resumed; its articles stay published."""
        wanted = await read_json(
            request, SourcePause, '{"reason": "moving", "until": "2027-01-31T06:00:00Z"}'
        )
        paused = self._source_control.pause(self._named(request), until=wanted.until, reason=wanted.reason)
        (done,) = await _or_conflict(paused)
        return document(done)

    async def resume(self, request: web.Request) -> web.Response:
        """End the pause of a source: it is due now, also where it was stopped because it is gone (410).

        Where its group, one of its tags or everything is paused, it rests still: see `pause`.
        """
        (done,) = await _or_conflict(self._source_control.resume(self._named(request)))
        return document(done)

    async def pause_many(self, request: web.Request) -> web.Response:
        """Pause a group, a tag or all sources; it also holds for sources that join later."""
        wanted = await read_json(request, ScopePause, '{"group": "regional", "reason": "moving"}')
        paused = self._source_control.pause(wanted.choice, until=wanted.until, reason=wanted.reason)
        return list_document(await _or_conflict(paused))

    async def resume_many(self, request: web.Request) -> web.Response:
        """End the pause of a group, a tag or all sources: what rested for it is due now."""
        wanted = await read_json(request, Scope, '{"group": "regional"}')
        return list_document(await _or_conflict(self._source_control.resume(wanted.choice)))

    async def run(self, request: web.Request) -> web.Response:
        """Make a source due now; its history shows the round, once a worker has done it."""
        return document(await _or_conflict(self._source_control.run(self._named(request))), status=202)

    async def run_many(self, request: web.Request) -> web.Response:
        """Make a group, a tag or all sources due now, but for those that are paused."""
        wanted = await read_json(request, Scope, '{"group": "regional"}')
        return document(await _or_conflict(self._source_control.run(wanted.choice)), status=202)

    def _named(self, request: web.Request) -> Choice:
        name = SourceId(request.match_info["source"])
        if name not in self._reading.source_ids:
            raise not_found("No source has this name.")
        return Choice(sources=(name,))


def _route(path: str, handler: Handler, answer: object, **more: object) -> ApiRoute:
    return ApiRoute(
        method="POST",
        path=f"/api/v1/sources{path}",
        handler=handler,
        scope=TokenScope.ADMIN,
        topic="Sources",
        answer=answer,
        **more,  # type: ignore[arg-type]  # keywords of the class
    )


async def _or_conflict(answer: Awaitable[T]) -> T:
    try:
        return await answer
    except ControlRefused as error:
        text = str(error)
        detail = f"{text[:1].upper()}{text[1:]}."
        raise ProblemRaised(Problem(name="conflict", status=409, detail=detail)) from error
