"""What partners ask of events: which there are, the schema of each, and a sample."""

from functools import partial

from aiohttp import web

from syndicator.model.token import TokenScope
from syndicator.push.catalogue import Described, catalogue
from syndicator.web.api.json_api import ApiRoute, document, list_document
from syndicator.web.http.problems import not_found


class EventRoutes:
    """Handlers of `/api/v1/events`."""

    def table(self) -> list[ApiRoute]:
        route = partial(ApiRoute, scope=TokenScope.PARTNER, topic="Events")
        return [
            route("GET", "/api/v1/events", self.events, Described, is_list=True),
            route("GET", "/api/v1/events/{event}", self.event, Described, refusals=(404,)),
        ]

    async def events(self, request: web.Request) -> web.Response:
        """List all types of events, each with the JSON Schema of its body and a sample."""
        del request
        return list_document(list(catalogue().values()))

    async def event(self, request: web.Request) -> web.Response:
        """Show one type of event: when it is sent, the JSON Schema of its body, a sample."""
        name = request.match_info["event"]
        found = catalogue().get(name)
        if found is None:
            raise not_found("There is no event of this type.")
        return document(found)
