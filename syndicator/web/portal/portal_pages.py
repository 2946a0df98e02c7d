"""The portal's front page, and its page of code that verifies signatures."""

from aiohttp import web

from syndicator.model.feed import Format
from syndicator.model.ops.status import EndpointStatus
from syndicator.web.console.console import Console
from syndicator.web.console.endpoint_rows import endpoint_rows
from syndicator.web.http.auth import TOKEN
from syndicator.web.portal.verification_code import VERIFICATION_CODE
from syndicator.web.use_cases import UseCases


class PortalPages:
    """Handlers of `/partners/` and `/partners/verification`."""

    def __init__(self, cases: UseCases, portal: Console) -> None:
        self._cases = cases
        self._portal = portal

    def routes(self) -> list[web.RouteDef]:
        return [
            self._portal.get("", self.page),
            self._portal.get("/", self.page),
            self._portal.get("/verification", self.verification),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """Show a partner's endpoints and how they stand, and the private feeds that the token opens."""
        reading, now = self._cases.reading, self._cases.clock()
        statuses = list[EndpointStatus]()
        for listed in await self._cases.registration.seen(self._portal.asker(request)):
            statuses += (await reading.deliveries(listed.endpoint.id)).endpoints
        specs = reading.publisher.specs
        opened = [specs[name] for name in request[TOKEN].feeds if name in specs and specs[name].private]
        return self._portal.page(
            request,
            "portal/home.html",
            "endpoints",
            now=now,
            rows=endpoint_rows(statuses, now),
            owner=request[TOKEN].belongs_to,
            feeds=[(spec, reading.site.url(f"/feeds/{spec.id}.{Format.RSS.value}")) for spec in opened],
        )

    async def verification(self, request: web.Request) -> web.Response:
        """Show code that verifies our signatures and answers the challenge."""
        return self._portal.page(request, "portal/verification.html", "verification", codes=VERIFICATION_CODE)
