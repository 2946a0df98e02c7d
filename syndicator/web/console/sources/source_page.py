"""The console's page of one source: how it stands and why, when it is due, what it brought."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web
from msgspec import Struct

from syndicator.model.ids import SourceId
from syndicator.pipeline.articles.explanation import SourceShown
from syndicator.pipeline.ops.source_groups import plan_of
from syndicator.pipeline.preview.remedies import remedy_of
from syndicator.pipeline.sources.backfill_control import MOST_ARTICLES, MOST_REQUESTS
from syndicator.rules.sources.backfill import paths_of
from syndicator.rules.sources.rests import scope_of
from syndicator.rules.sources.round_history import HistoryLine
from syndicator.web.api.json_api import source_of
from syndicator.web.console.console import Console
from syndicator.web.console.shown_failures import ShownFailure, shown_failure
from syndicator.web.console.sources.schedule_words import plan_in_words
from syndicator.web.console.sources.source_rows import source_row, with_strips
from syndicator.web.http.forms import FieldFault
from syndicator.web.http.problems import bad_request
from syndicator.web.use_cases import UseCases

ON_PAGE = 50
"""Rounds that one page shows at most."""
LATEST = 10
"""Articles of the source that its page shows."""


class HistoryRow(Struct, frozen=True, kw_only=True):
    """A round, or an hour of rounds."""

    line: HistoryLine
    failure: ShownFailure | None


class SourcePage:
    """Handler of `/admin/sources/{source}`."""

    def __init__(self, cases: UseCases, console: Console) -> None:
        self._reading = cases.reading
        self._backfill = cases.backfill_control
        self._tables = cases.tables
        self._console = console

    def routes(self) -> list[web.RouteDef]:
        return [self._console.get("/sources/{source}", self.page)]

    async def page(self, request: web.Request) -> web.Response:
        """Show a source, with its rounds from `?before=` on."""
        return await self.draw(request)

    async def draw(
        self, request: web.Request, fault: FieldFault | None = None, typed: Mapping[str, Any] | None = None
    ) -> web.Response:
        """Show a source; `fault` is that of a form on the page, which was sent with `typed`."""
        reading, name = self._reading, source_of(request, self._reading.source_ids)
        shown, now = await reading.source(name, for_operator=True), reading.clock()
        (row,) = with_strips(
            [source_row(shown.source, shown.state, now)], await reading.strips([name]), [name]
        )
        history, more = _piece(await reading.round_history(name), request.query.get("before", ""))
        walk = await self._backfill.get(name)
        return self._console.page(
            request,
            "console/source.html",
            "sources",
            http_status=422 if fault else 200,
            now=now,
            shown=shown,
            row=row,
            remedy=_remedy(shown),
            plan=plan_of(shown.source),
            words=plan_in_words,
            pause_of_others=_pause_of_others(shown),
            history=history,
            more=more,
            newest=await reading.newest_articles(name),
            latest=await reading.latest_articles(name, LATEST),
            backfill=walk.progress if walk else None,
            paths=paths_of(shown.source),
            most_articles=MOST_ARTICLES,
            most_requests=MOST_REQUESTS,
            table=await self._tables.standing(name, "source"),
            fault=fault,
            typed=typed or {},
        )


def _piece(lines: Sequence[HistoryLine], before: str) -> tuple[list[HistoryRow], int | None]:
    """Return the rounds from a position on, and where the next piece begins."""
    if before and not (before.isascii() and before.isdecimal() and len(before) < 16):  # noqa: PLR2004  ms since 1970
        raise bad_request('The parameter "before" is a number that a list of rounds gave out.')
    rest = [line for line in lines if not before or line.position < int(before)]
    rows = [
        HistoryRow(line=line, failure=shown_failure(line.reason) if line.reason else None)
        for line in rest[:ON_PAGE]
    ]
    return rows, rest[ON_PAGE - 1].position if len(rest) > ON_PAGE else None


def _remedy(shown: SourceShown) -> str:
    """Return what can be done about the last failure."""
    failure = shown.state.failure
    return remedy_of(failure.reason, failure.detail, shown.asked_url) if failure else ""


def _pause_of_others(shown: SourceShown) -> str:
    """Return the scope whose pause holds for a source, where that is not its own: `group:regional`."""
    pause = shown.state.pause
    return pause.scope if pause and pause.scope != scope_of(SourceId(shown.source.id)) else ""
