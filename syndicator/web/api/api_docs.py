"""The API described: as OpenAPI for programs, and as a page for the people who write them."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import hdrs, web
from markupsafe import Markup
from msgspec import Struct

from syndicator.web.api.json_api import ApiRoute
from syndicator.web.api.openapi import openapi_for, written
from syndicator.web.http.responses import StaticDocument
from syndicator.web.pages.templates import Drawing, page_headers

_MAX_AGE_S = 300
_MOST_NAMES = 6
_LONGEST_KEYS = 80
"""Characters of the keys of an object, of which all are named."""


class Field(Struct, frozen=True, kw_only=True):
    """One field or parameter as the page shows it."""

    name: str
    kind: str
    where: str = ""
    is_required: bool = False
    description: Markup = Markup()


class Operation(Struct, frozen=True, kw_only=True):
    """One route as the page shows it."""

    id: str
    method: str
    path: str
    scope: str
    summary: Markup
    description: Markup
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    answer: tuple[Field, ...]
    status: str
    is_list: bool
    refusals: tuple[str, ...]


class DescribingRoutes:
    """Handlers of `/api/v1/openapi.json` and `/api/docs`: for everybody."""

    def __init__(self, table: Sequence[ApiRoute], drawing: Drawing) -> None:
        described = openapi_for(table, drawing.site.public_url)
        self._document = StaticDocument(written(described).encode())
        self._topics = _topics(table, described)
        self._drawing = drawing
        self._pages: dict[str, StaticDocument] = {}
        """By language, as they are asked for."""

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/v1/openapi.json", self.openapi), web.get("/api/docs", self.page)]

    async def openapi(self, request: web.Request) -> web.Response:
        """Send the description for programs."""
        headers: dict[str, str] = {
            hdrs.CONTENT_TYPE: "application/json; charset=utf-8",
            hdrs.CACHE_CONTROL: f"public, max-age={_MAX_AGE_S}",
            hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
        }
        return self._document.answer(request, headers)

    async def page(self, request: web.Request) -> web.Response:
        """Send the description for people."""
        say = self._drawing.wording(request)
        if say.language not in self._pages:
            self._pages[say.language] = StaticDocument(
                self._drawing.draw("api.html", say, topics=self._topics)
            )
        headers = page_headers(say, cache_control=f"public, max-age={_MAX_AGE_S}")
        return self._pages[say.language].answer(request, headers)


def _topics(table: Sequence[ApiRoute], described: Mapping[str, Any]) -> Mapping[str, list[Operation]]:
    topics: dict[str, list[Operation]] = {}
    for route in table:
        operation = described["paths"][route.plain_path][route.method.lower()]
        topics.setdefault(route.topic, []).append(
            _operation(route, operation, described["components"]["schemas"])
        )
    return topics


def _operation(route: ApiRoute, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> Operation:
    answer = operation["responses"][str(route.status)]["content"]["application/json"]["schema"]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    return Operation(
        id=operation["operationId"],
        method=route.method,
        path=route.plain_path,
        scope=route.scope.value,
        summary=_marked(route.summary),
        description=_marked(route.description),
        parameters=tuple(
            Field(
                name=one["name"],
                kind=_kind(one["schema"], schemas),
                where=one["in"],
                is_required=one.get("required", False),
                description=_marked(one["description"]),
            )
            for one in operation.get("parameters", ())
        ),
        body=_fields(body, schemas),
        answer=_fields(answer["properties"]["items"]["items"] if route.is_list else answer, schemas),
        status=str(route.status),
        is_list=route.is_list,
        refusals=tuple(str(one) for one in sorted(route.refusals)),
    )


def _fields(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> tuple[Field, ...]:
    """Return the fields of an object; nested fields are in the document for programs alone."""
    found = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    required = found.get("required", ())
    return tuple(
        Field(
            name=name,
            kind=_kind(inner, schemas),
            is_required=name in required,
            description=_marked(inner.get("description", "")),
        )
        for name, inner in found.get("properties", {}).items()
    )


def _kind(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    """Return in a few words what kind of value it is."""
    if "$ref" in schema:
        return _named_kind(schema["$ref"].rpartition("/")[2], schemas)
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(one, schemas) for one in schema["anyOf"]))
    if "enum" in schema:
        names = [f'"{one}"' for one in schema["enum"]]
        return " or ".join(names if len(names) <= _MOST_NAMES else [*names[: _MOST_NAMES - 1], "…"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items') or {}, schemas)}"
    if schema.get("format") == "date-time":
        return "date and time"
    kind = schema.get("type", "any value")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _named_kind(name: str, schemas: Mapping[str, Any]) -> str:
    found = schemas[name]
    if found.get("type") != "object":
        return _kind(found, schemas)
    keys = ", ".join(found.get("properties", {}))
    return f"object: {keys}" if 0 < len(keys) <= _LONGEST_KEYS else name


def _marked(text: str) -> Markup:
    """Set what stands between backticks as code."""
    parts = text.split("`")
    return Markup().join(
        Markup("<code>{}</code>").format(part) if at % 2 else part for at, part in enumerate(parts)
    )
