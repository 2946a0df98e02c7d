"""The console's pages of what happened: who changed what, and the log of this process."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from time import monotonic
from typing import Any

import msgspec
from aiohttp import hdrs, web

from syndicator.observe.logs import LEVELS
from syndicator.observe.recent_lines import RECENT, LogLine
from syndicator.store.ops.audit import PLACE
from syndicator.web.console.console import Console
from syndicator.web.http.forms import chosen
from syndicator.web.http.problems import bad_request
from syndicator.web.use_cases import UseCases

ON_PAGE = 200
_BEAT_S = 15.0
"""So often a stream says that it lives, so that no proxy ends it, and asks whether its reader may go on."""
_LONGEST = 200


class LogPages:
    """Handlers of `/admin/changes` and `/admin/log`."""

    def __init__(self, cases: UseCases, console: Console) -> None:
        self._audit = cases.audit
        self._console = console

    def routes(self) -> list[web.RouteDef]:
        return [
            self._console.get("/changes", self.changes),
            self._console.get("/log", self.log),
            self._console.get("/log/live", self.live),
        ]

    async def changes(self, request: web.Request) -> web.Response:
        """List who changed what, the newest first; `?before=` goes on."""
        before = request.query.get("before") or None
        if before is not None and not PLACE.fullmatch(before):
            raise bad_request("The place is none that was given out here.")
        entries, more = await self._audit.list(ON_PAGE, before)
        return self._console.page(
            request,
            "console/changes.html",
            "changes",
            entries=[(entry, _differences(entry.before, entry.after)) for entry in entries],
            more=more,
        )

    async def log(self, request: web.Request) -> web.Response:
        """Show the last lines of this process, of a level or above and with a word."""
        level, word = _asked(request)
        lines = [line for line in RECENT.newest() if _takes(line, level, word)]
        return self._console.page(
            request,
            "console/log.html",
            "log",
            lines=[(line, _pairs(line.fields)) for line in lines[:ON_PAGE]],
            levels=list(LEVELS),
            level=level,
            word=word,
        )

    async def live(self, request: web.Request) -> web.StreamResponse:
        """Send each new line as a server-sent event, as `log` chooses them, while its reader is signed in."""
        level, word = _asked(request)
        headers: dict[str, str] = {
            hdrs.CONTENT_TYPE: "text/event-stream; charset=utf-8",
            hdrs.CACHE_CONTROL: "no-store",
            "X-Accel-Buffering": "no",
        }
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        with RECENT.listening() as lines, suppress(ConnectionResetError):  # whoever looked has gone
            while await self._console.still_admits(request):
                until_s = monotonic() + _BEAT_S
                while monotonic() < until_s:
                    await response.write(await _next_part(lines, level, word))
        return response


async def _next_part(lines: asyncio.Queue[LogLine], level: str, word: str) -> bytes:
    """Return the next line that is asked for as an event, or a beat where none comes for some time."""
    try:
        async with asyncio.timeout(_BEAT_S):
            while not _takes(line := await lines.get(), level, word):
                pass
    except TimeoutError:
        return b":\n\n"
    shown = {"at": line.at, "level": line.level, "event": line.event, "fields": _pairs(line.fields)}
    return b"data: " + msgspec.json.encode(shown) + b"\n\n"


def _asked(request: web.Request) -> tuple[str, str]:
    return chosen(request, "level", LEVELS) or "info", request.query.get("word", "").strip()[:_LONGEST]


def _takes(line: LogLine, level: str, word: str) -> bool:
    if LEVELS.get(line.level, LEVELS["error"]) < LEVELS[level]:
        return False
    words = (line.event, *(f"{key}={value}" for key, value in line.fields.items()))
    return not word or any(word.lower() in text.lower() for text in words)


def _pairs(fields: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(key, str(value)) for key, value in fields.items() if value is not None]


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return each key with what was there and what is there now; empty for nothing."""
    keys = dict.fromkeys((*before, *after))
    return [(key, _word(before.get(key)), _word(after.get(key))) for key in keys]


def _word(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
