"""The console's forms for the settings of endpoints, as TOML: to add one for a partner, and to change one."""

import re
from collections.abc import Mapping

import tomli
from aiohttp import web

from syndicator.errors import ConfigError, EndpointRefused
from syndicator.pipeline.webhooks.endpoint_views import OPERATOR, Asker
from syndicator.web.api.json_api import sentence
from syndicator.web.console.console import Console
from syndicator.web.console.endpoint_pages import EndpointPages, named, shown_probe
from syndicator.web.http.forms import FieldFault, field
from syndicator.web.use_cases import UseCases

_LONGEST = 20_000
_OWNER = re.compile(r"[a-z0-9][a-z0-9-]{0,49}")
_EXAMPLE = 'url = "https://partner.example/hook"\nevents = ["article.*"]\n'


class EndpointSettings:
    """Handlers of `/admin/add-endpoint` and of changes."""

    def __init__(self, cases: UseCases, console: Console, pages: EndpointPages) -> None:
        self._cases = cases
        self._console = console
        self._pages = pages

    def routes(self) -> list[web.RouteDef]:
        return [
            self._console.get("/add-endpoint", self.form),
            self._console.post("/add-endpoint", self.add),
            self._console.post("/endpoints/{endpoint}/change", self.change),
        ]

    async def form(self, request: web.Request) -> web.Response:
        """Show the form for a new endpoint."""
        return self._form(request, {"settings": _EXAMPLE})

    async def add(self, request: web.Request) -> web.Response:
        """Add an endpoint for a partner, send it the challenge, and show its secret, this once."""
        owner, text = await field(request, "owner", 50), await field(request, "settings", _LONGEST)
        typed = {"owner": owner, "settings": text}
        if not _OWNER.fullmatch(owner):
            return self._form(request, typed, FieldFault(field="owner", key="no_owner"))
        try:
            made = await self._cases.registration.add(Asker(owner=owner), tomli.loads(text))
        except (ValueError, ConfigError, EndpointRefused) as error:
            return self._form(request, typed, FieldFault(field="settings", text=_words(error)))
        return await self._pages.shown(
            request,
            name=made.endpoint.id,
            secret=made.secret or made.public_key,
            probe=shown_probe(made.verified) if made.verified else None,
        )

    async def change(self, request: web.Request) -> web.Response:
        """Change settings; what was left out of the form goes back to its default."""
        name, text = named(request), await field(request, "settings", _LONGEST)
        before = (await self._cases.registration.show(OPERATOR, name)).settings
        try:
            wanted = tomli.loads(text)
            changed = {key: value for key, value in wanted.items() if before.get(key) != value}
            gone = {key: None for key, value in before.items() if value and key not in wanted}
            await self._cases.registration.change(OPERATOR, name, {**changed, **gone})
        except (ValueError, ConfigError, EndpointRefused) as error:
            fault = FieldFault(field="settings", text=_words(error))
            return await self._pages.shown(request, fault=fault, typed=text)
        return self._console.done(f"/endpoints/{name}", "endpoint_changed")

    def _form(
        self, request: web.Request, typed: Mapping[str, str], fault: FieldFault | None = None
    ) -> web.Response:
        return self._console.page(
            request,
            "console/add_endpoint.html",
            "deliveries",
            http_status=422 if fault else 200,
            typed=typed,
            fault=fault,
        )


def _words(error: Exception) -> str:
    return " ".join(map(str, error.faults)) if isinstance(error, ConfigError) else sentence(error)
