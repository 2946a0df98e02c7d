"""What administrators do to sources by program: pause, resume, run, gather their past."""

from datetime import datetime
from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct
from msgspec.structs import asdict

from syndicator.model.ids import SourceId
from syndicator.model.sources.backfill import BackfillPath, BackfillProgress, BackfillWish
from syndicator.model.token import TokenScope
from syndicator.pipeline.queries import Queries
from syndicator.pipeline.sources.backfill_control import MOST_ARTICLES, MOST_REQUESTS, BackfillControl
from syndicator.pipeline.sources.source_control import (
    Choice,
    RunOrder,
    SourceControl,
    Steered,
)
from syndicator.web.api.json_api import (
    ApiRoute,
    Handler,
    Method,
    document,
    list_document,
    read_json,
    source_of,
)
from syndicator.web.http.problems import not_found

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


class SourceBackfill(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of a source's past is gathered."""

    since: Annotated[_Instant | None, Meta(description="Only what was published then or later.")] = None
    articles: Annotated[int, Meta(ge=1, le=MOST_ARTICLES, description="New articles, at most.")] = 500
    requests: Annotated[
        int, Meta(ge=1, le=MOST_REQUESTS, description="Documents and pages that are requested, at most.")
    ] = 2000
    path: Annotated[
        BackfillPath | None,
        Meta(description="Where the articles are listed; left out: the first that the source offers."),
    ] = None
    announce: Annotated[bool, Meta(description="Whether endpoints hear of the articles.")] = False


class SourceRoutes:
    """Handlers of what is done to sources."""

    def __init__(
        self, source_control: SourceControl, backfill_control: BackfillControl, reading: Queries
    ) -> None:
        self._source_control = source_control
        self._backfill_control = backfill_control
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
            _route(
                f"{one}/backfill",
                self.gather_past,
                BackfillProgress,
                body=SourceBackfill,
                status=202,
                refusals=(400, 404, 409, 415),
            ),
            _route(f"{one}/backfill", self.past, BackfillProgress, method="GET", refusals=(404,)),
            _route(f"{one}/backfill", self.stop_past, BackfillProgress, method="DELETE", refusals=(404, 409)),
            _route("/resume", self.resume_many, Steered, body=Scope, is_list=True, refusals=(400, 409, 415)),
        ]

    async def pause(self, request: web.Request) -> web.Response:
        """Ask a source nothing more until the pause ends or it is resumed; its articles stay published."""
        wanted = await read_json(
            request, SourcePause, '{"reason": "moving", "until": "2027-01-31T06:00:00Z"}'
        )
        paused = self._source_control.pause(self._named(request), until=wanted.until, reason=wanted.reason)
        (done,) = await paused
        return document(done)

    async def resume(self, request: web.Request) -> web.Response:
        """End the pause of a source: it is due now, also where it was stopped because it is gone (410).

        Where its group, one of its tags or everything is paused, it rests still: see `pause`.
        """
        (done,) = await self._source_control.resume(self._named(request))
        return document(done)

    async def pause_many(self, request: web.Request) -> web.Response:
        """Pause a group, a tag or all sources; it also holds for sources that join later."""
        wanted = await read_json(request, ScopePause, '{"group": "regional", "reason": "moving"}')
        paused = self._source_control.pause(wanted.choice, until=wanted.until, reason=wanted.reason)
        return list_document(await paused)

    async def resume_many(self, request: web.Request) -> web.Response:
        """End the pause of a group, a tag or all sources: what rested for it is due now."""
        wanted = await read_json(request, Scope, '{"group": "regional"}')
        return list_document(await self._source_control.resume(wanted.choice))

    async def run(self, request: web.Request) -> web.Response:
        """Make a source due now; its history shows the round, once a worker has done it."""
        return document(await self._source_control.run(self._named(request)), status=202)

    async def run_many(self, request: web.Request) -> web.Response:
        """Make a group, a tag or all sources due now, but for those that are paused."""
        wanted = await read_json(request, Scope, '{"group": "regional"}')
        return document(await self._source_control.run(wanted.choice), status=202)

    async def gather_past(self, request: web.Request) -> web.Response:
        """Begin to gather older articles of a source, from its sitemap, list pages or archives.

        They stand in feeds at their own dates, and endpoints hear of them only where that is asked for.
        Workers read a portion at a time within the limits, and go on after a restart.
        """
        source = self._source(request)
        wanted = await read_json(request, SourceBackfill, '{"since": "2026-01-01T00:00:00Z"}')
        wish = BackfillWish(**asdict(wanted))
        begun = await self._backfill_control.begin(source, wish)
        return document(begun.progress, status=202)

    async def past(self, request: web.Request) -> web.Response:
        """Return how far the newest gathering of a source's past is; those that ended stay for 30 days."""
        backfill = await self._backfill_control.get(self._source(request))
        if backfill is None:
            raise not_found("The past of this source was not gathered lately.")
        return document(backfill.progress)

    async def stop_past(self, request: web.Request) -> web.Response:
        """Stop gathering the past of a source; what was gathered stays."""
        stopped = await self._backfill_control.stop(self._source(request))
        return document(stopped.progress)

    def _named(self, request: web.Request) -> Choice:
        return Choice(sources=(self._source(request),))

    def _source(self, request: web.Request) -> SourceId:
        return source_of(request, self._reading.source_ids)


def _route(
    path: str, handler: Handler, answer: object, *, method: Method = "POST", **more: object
) -> ApiRoute:
    return ApiRoute(
        method=method,
        path=f"/api/v1/sources{path}",
        handler=handler,
        scope=TokenScope.ADMIN,
        topic="Sources",
        answer=answer,
        **more,  # type: ignore[arg-type]  # keywords of the class
    )
