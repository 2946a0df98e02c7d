"""The audit log by program: who changed what while the service runs; for administrators."""

from aiohttp import web

from syndicator.model.ops.audit import AuditEntry
from syndicator.model.token import TokenScope
from syndicator.store.ops.audit import PLACE, AuditLog
from syndicator.web.api.json_api import PAGED, ApiRoute, cursor_of, limit_of, list_document
from syndicator.web.http.problems import bad_request


class AuditRoutes:
    """The handler of `/api/v1/audit`."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    def table(self) -> list[ApiRoute]:
        return [
            ApiRoute(
                method="GET", path="/api/v1/audit", handler=self.entries, scope=TokenScope.ADMIN,
                topic="Audit log", answer=AuditEntry, is_list=True, query=PAGED, refusals=(400,),
            ),
        ]  # fmt: skip

    async def entries(self, request: web.Request) -> web.Response:
        """List what was changed by commands and over the API, the newest first: who, when, before, after."""
        cursor = cursor_of(request)
        if cursor is not None and not PLACE.fullmatch(cursor):
            raise bad_request("The cursor is none that was given out here: take the `next` of a list.")
        entries, more = await self._audit.list(limit_of(request), cursor)
        return list_document(entries, more)
