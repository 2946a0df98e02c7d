"""The portal's form of an endpoint: what it is sent is chosen by fields, and shown before it is saved."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web
from msgspec import Struct
from multidict import MultiMapping

from syndicator.errors import ConfigError, EndpointRefused
from syndicator.model.delivery import Payload
from syndicator.model.event import EventType
from syndicator.model.ids import EndpointId
from syndicator.pipeline.webhooks.event_preview import EventPreview
from syndicator.web.api.json_api import sentence
from syndicator.web.api.rate_limit import PaceLimit
from syndicator.web.console.console import Console
from syndicator.web.console.endpoint_pages import EndpointPages, named, shown_probe
from syndicator.web.http.forms import FieldFault, fields
from syndicator.web.http.problems import bad_request
from syndicator.web.use_cases import UseCases

EVENTS = tuple(kind for kind in EventType if kind.family != "source")
"""What partners may ask for."""
_USUAL = frozenset(kind for kind in EVENTS if kind.family == "article")
_LISTS = ("section", "source", "tag", "language", "author")
"""Keys of a filter with several values, which a field has with commas between."""
_LONGEST = 2_000
_SOMEWHERE = "https://partner.invalid/"
"""Takes the place of an address that is not known yet, for a preview."""


class EndpointTyped(Struct, frozen=True, kw_only=True):
    """What a form holds, as it was typed."""

    url: str = ""
    description: str = ""
    events: frozenset[str] = _USUAL
    payload: str = Payload.FULL
    section: str = ""
    source: str = ""
    tag: str = ""
    language: str = ""
    author: str = ""
    query: str = ""


class EndpointFormPages:
    """Handlers of `/partners/add-endpoint`, and of changes."""

    def __init__(self, cases: UseCases, portal: Console, pages: EndpointPages, pace: PaceLimit) -> None:
        self._cases = cases
        self._portal = portal
        self._pages = pages
        self._pace = pace

    def routes(self) -> list[web.RouteDef]:
        return [
            self._portal.get("/add-endpoint", self.form),
            self._portal.post("/add-endpoint", self.add),
            self._portal.get("/endpoints/{endpoint}/change", self.change_form),
            self._portal.post("/endpoints/{endpoint}/change", self.change),
        ]

    async def form(self, request: web.Request) -> web.Response:
        """Show the form for a new endpoint."""
        return self._form(request, EndpointTyped())

    async def add(self, request: web.Request) -> web.Response:
        """Add an endpoint, send it the challenge, and show its secret, this once; or show a preview."""
        sent, asker = await _sent(request), self._portal.asker(request)
        typed = _typed(sent)
        self._pace.draw(asker.owner)
        try:
            if "preview" in sent:
                return await self._preview(request, typed, {})
            made = await self._cases.registration.add(asker, _settings(typed, {}))
        except (ConfigError, EndpointRefused) as error:
            return self._form(request, typed, faults=_faults(error))
        return await self._pages.shown(
            request,
            name=made.endpoint.id,
            secret=made.secret or made.public_key,
            probe=shown_probe(made.verified) if made.verified else None,
        )

    async def change_form(self, request: web.Request) -> web.Response:
        """Show the form with what an endpoint has now."""
        known = await self._cases.registration.show(self._portal.asker(request), named(request))
        return self._form(request, _written(known.settings), name=known.id)

    async def change(self, request: web.Request) -> web.Response:
        """Change an endpoint; what the form does not show stays as it is. Or show a preview."""
        sent, asker, name = await _sent(request), self._portal.asker(request), named(request)
        typed = _typed(sent)
        before = (await self._cases.registration.show(asker, name)).settings
        try:
            if "preview" in sent:
                self._pace.draw(asker.owner)
                return await self._preview(request, typed, before, name)
            await self._cases.registration.change(asker, name, _settings(typed, before))
        except (ConfigError, EndpointRefused) as error:
            return self._form(request, typed, name=name, faults=_faults(error))
        return self._portal.done(f"/endpoints/{name}", "endpoint_changed")

    async def _preview(
        self,
        request: web.Request,
        typed: EndpointTyped,
        before: Mapping[str, Any],
        name: EndpointId | None = None,
    ) -> web.Response:
        values = _settings(typed, before)
        asker = self._portal.asker(request)
        endpoint = self._cases.registration.described(asker, {**values, "url": values["url"] or _SOMEWHERE})
        preview = await self._cases.event_previews.look(endpoint, asker.owner)
        headlines = await self._cases.reading.headlines(event.subject for event in preview.newest)
        return self._form(request, typed, name=name, preview=preview, headlines=headlines)

    def _form(
        self,
        request: web.Request,
        typed: EndpointTyped,
        *,
        name: EndpointId | None = None,
        faults: Sequence[FieldFault] = (),
        preview: EventPreview | None = None,
        headlines: Mapping[str, str] | None = None,
    ) -> web.Response:
        return self._portal.page(
            request,
            "portal/endpoint_form.html",
            "endpoints" if name else "add-endpoint",
            http_status=422 if faults else 200,
            name=name,
            typed=typed,
            faults={one.field: one for one in faults},
            preview=preview,
            headlines=headlines or {},
            kinds=EVENTS,
            payloads=list(Payload),
        )


async def _sent(request: web.Request) -> MultiMapping[str]:
    sent = await fields(request)
    for name in sent:
        if any(len(value) > _LONGEST for value in sent.getall(name)):
            raise bad_request(f'The field "{name}" has at most {_LONGEST} characters.')
    return sent


def _typed(sent: MultiMapping[str]) -> EndpointTyped:
    texts = {
        name: sent.get(name, "").strip()
        for name in EndpointTyped.__struct_fields__
        if name not in {"events", "payload"}
    }
    payload = sent.get("payload", Payload.FULL)
    return EndpointTyped(**texts, events=frozenset(sent.getall("events", [])), payload=payload)


def _written(settings: Mapping[str, Any]) -> EndpointTyped:
    """Return what a form holds of an endpoint."""
    chosen = settings.get("filter") or {}
    return EndpointTyped(
        url=settings["url"],
        description=settings.get("description") or "",
        events=frozenset(settings["events"]),
        payload=settings["payload"],
        query=chosen.get("query", ""),
        **{name: ", ".join(_several(chosen.get(name))) for name in _LISTS},
    )


def _settings(typed: EndpointTyped, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return an endpoint as the API takes it; of its filter, keys that no field has stay."""
    kept = {key: value for key, value in (before.get("filter") or {}).items() if key in {"since", "until"}}
    lists = {name: _several(getattr(typed, name)) for name in _LISTS}
    query = {"query": typed.query} if typed.query else {}
    return {
        "url": typed.url,
        "events": [kind for kind in EVENTS if kind in typed.events],
        "payload": typed.payload,
        "filter": {**kept, **{name: values for name, values in lists.items() if values}, **query},
        **({"description": typed.description} if typed.description or before.get("description") else {}),
    }


def _several(value: object) -> list[str]:
    values = value.split(",") if isinstance(value, str) else value if isinstance(value, list | tuple) else ()
    return [one.strip() for one in values if one.strip()]


def _faults(error: ConfigError | EndpointRefused) -> list[FieldFault]:
    """Return what is wrong, each with its field; what is of no field stands at the top."""
    if isinstance(error, EndpointRefused):
        return [FieldFault(field="", text=sentence(error))]
    found = []
    for fault in error.faults:
        name = fault.key.removeprefix("filter.").partition(".")[0]
        is_shown = name in EndpointTyped.__struct_fields__
        parts = (f"it {fault.reason}", fault.remedy)
        said = ". ".join(part[0].upper() + part[1:] for part in parts if part)
        found.append(FieldFault(field=name if is_shown else "", text=f"{said}." if is_shown else str(fault)))
    return found
