"""The console's list of sources: all of them, the worst first, by state, group and words."""

from urllib.parse import urlencode

from aiohttp import web

from syndicator.model.ids import SourceId
from syndicator.model.ops.states import SourceStanding
from syndicator.pipeline.ops.source_standings import SourceFilter, StandingCursor
from syndicator.web.console.console import Console
from syndicator.web.console.sources.source_rows import source_rows, with_strips
from syndicator.web.http.forms import chosen
from syndicator.web.http.problems import bad_request
from syndicator.web.use_cases import UseCases

ON_PAGE = 150
"""Sources that one page shows at most: 290 kB where all of them have much to say."""

MOST_NAMES = 300
"""Groups that the form offers; with more of them it offers none."""

_LONGEST = 100
"""Characters of what is looked for."""


class SourceList:
    """Handler of `/admin/sources`."""

    def __init__(self, cases: UseCases, console: Console) -> None:
        self._reading = cases.reading
        self._console = console
        self._groups = sorted({one.group for one in cases.schedule_preview.sources.values() if one.group})

    def routes(self) -> list[web.RouteDef]:
        return [self._console.get("/sources", self.page)]

    async def page(self, request: web.Request) -> web.Response:
        """List sources: `?state=`, `?group=` and words (`?q=`) choose them, `?from=` begins a page."""
        state = chosen(request, "state", list(SourceStanding))
        wanted = SourceFilter(
            standings=(SourceStanding(state),) if state else (),
            group=request.query.get("group", "").strip()[:_LONGEST],
            words=request.query.get("q", "").strip()[:_LONGEST],
        )
        page = await self._reading.standings.page(_begin(request), ON_PAGE, wanted)
        now, statuses = await self._reading.source_statuses(page.sources)
        rows = with_strips(source_rows(statuses, now), await self._reading.strips(page.sources), page.sources)
        asked = {name: text for name, text in (("q", wanted.words), ("group", wanted.group)) if text}
        return self._console.page(
            request,
            "console/source_list.html",
            "sources",
            now=now,
            sources=rows,
            counts=page.counts,
            configured=len(self._reading.source_ids),
            state=state,
            wanted=wanted,
            asked=urlencode(asked),
            more=_spelled(page.next) if page.next else None,
            groups=self._groups if len(self._groups) <= MOST_NAMES else (),
            has_groups=bool(self._groups),
        )


def _begin(request: web.Request) -> StandingCursor | None:
    """Read where the page begins; a 400 for what is no place in the list."""
    text = request.query.get("from", "")
    standing, _, source = text.partition(".")
    if not text:
        return None
    if standing not in list(SourceStanding):
        raise bad_request(f'The parameter "from" begins with one of: {", ".join(SourceStanding)}.')
    return StandingCursor(standing=SourceStanding(standing), source=SourceId(source) or None)


def _spelled(spot: StandingCursor) -> str:
    return f"{spot.standing}.{spot.source}" if spot.source else str(spot.standing)
