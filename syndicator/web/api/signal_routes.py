"""Where partners report what their readers do: `POST /api/v1/signals`."""

import asyncio
import re
from weakref import WeakValueDictionary

from aiohttp import web

from syndicator.model.clock import Clock
from syndicator.model.token import TokenScope
from syndicator.pipeline.popularity.partner_reports import (
    KeyReused,
    PartnerReports,
    Report,
    Reported,
    ReportRefused,
)
from syndicator.web.api.json_api import ApiRoute, Header, document, not_json, read_body, sentence
from syndicator.web.api.rate_limit import PaceLimit
from syndicator.web.http.auth import owner_of
from syndicator.web.http.problems import FieldFault, Problem, ProblemRaised, bad_request

MAX_BODY_BYTES = 4 * 1024 * 1024
"""When unpacked: 10,000 items with addresses."""
_COUNTED_AT_ONCE = 4
"""Batches, in each process: decoding and counting one takes memory and the event loop."""

# RFC 8941, 3.3.3: a text in quotes, in which nothing needs escaping here; the quotes may be left out.
_KEY = re.compile(r'"([!#-\[\]-~]{1,255})"|([!#-\[\]-~]{1,255})')

KEY_HEADER = Header(
    name="Idempotency-Key",
    description="A text of your own for this batch: sent again with it, within a day, it counts once.",
)


class SignalRoutes:
    """The handler of `/api/v1/signals`."""

    def __init__(self, partner_reports: PartnerReports, clock: Clock) -> None:
        self._partner_reports = partner_reports
        self._pace = PaceLimit("batches", clock)
        self._uploads = WeakValueDictionary[str, asyncio.Lock]()
        """By owner, as long as one of theirs is under way: a body may take half a minute to come."""
        self._counting = asyncio.Semaphore(_COUNTED_AT_ONCE)

    def table(self) -> list[ApiRoute]:
        return [
            ApiRoute(
                "POST", "/api/v1/signals", self.report, Reported, scope=TokenScope.PARTNER, topic="Signals",
                headers=(KEY_HEADER,), body=Report, refusals=(400, 413, 415, 422),
            )
        ]  # fmt: skip

    async def report(self, request: web.Request) -> web.Response:
        """Report what readers did with articles: up to 10,000 items, each for itself.

        Items that are wrong are named in `errors`, and the others are counted. One partner's word counts for
        so much of an article and day, and no more; a visitor counts once per article and day. The body may be
        compressed (Content-Encoding: gzip) and holds 4 MiB at most when unpacked.
        """
        key, owner = _key(request), owner_of(request)
        if request.content_type != "application/json":
            raise not_json("Send it with the header Content-Type: application/json.")
        self._pace.draw(owner)
        upload = self._uploads.setdefault(owner, asyncio.Lock())
        async with upload:
            body = await read_body(request, MAX_BODY_BYTES)
            return await self._counted(owner, key, body)

    async def _counted(self, owner: str, key: str, body: bytes) -> web.Response:
        async with self._counting:
            try:
                return document(await self._partner_reports.take(owner, key, body))
            except KeyReused:
                detail = "This Idempotency-Key came with another batch before: take a new one for each batch."
                raise ProblemRaised(Problem(name="key-reused", status=422, detail=detail)) from None
            except ReportRefused as error:
                raise _refused(error) from error


def _key(request: web.Request) -> str:
    """Read the key (IETF draft-ietf-httpapi-idempotency-key-header, 2.1)."""
    given = request.headers.getall(KEY_HEADER.name, ())
    match = _KEY.fullmatch(given[0].strip()) if len(given) == 1 else None
    if match is None:
        raise bad_request(
            'Send a header Idempotency-Key with a new text for each batch, as in "2026-11-05-0001".'
        )
    return match[1] or match[2]


def _refused(error: ReportRefused) -> ProblemRaised:
    faults = tuple(
        FieldFault(key=f"signals[{one.index}].{one.key}".rstrip("."), reason=one.reason, remedy=one.remedy)
        for one in error.errors
    )
    detail = f"{sentence(error).removesuffix('.')}: nothing was counted."
    return ProblemRaised(Problem(name="bad-request", status=400, detail=detail, errors=faults))
