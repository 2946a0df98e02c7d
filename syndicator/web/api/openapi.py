"""The API as an OpenAPI 3.1 document, made from the table of routes."""

import json
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from syndicator.model.token import TokenScope
from syndicator.observe.cautions import Caution
from syndicator.web.api.json_api import CAUTION_HEADER, ApiRoute, Header, Parameter

BEGIN = "<!-- routes: made by `make docs`, do not edit -->"
END = "<!-- end of routes -->"

_VERSION = "1"
_REF = "#/components/schemas/{name}"
_LINK = re.compile(r"\[([^][]*)\]\([\w.#-]*\)")
_VARIABLES: Mapping[str, str] = {
    "source": "Id of a source.",
    "feed": "Id of a feed.",
    "group": "Id of a group of sources.",
    "article": "Id of an article.",
    "other": "Id of another article.",
    "revision": "Number of a revision, from 1.",
    "token": "Id of a token.",
    "endpoint": "Id of an endpoint.",
    "replay": "Id of a replay.",
    "event_id": "Id of an event, as `webhook-id` has it.",
    "event": "A type of events, as `article.created`.",
}
_PROBLEM: Mapping[str, Any] = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "Never changes for one kind of problem."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "description": "Where single fields or items are to blame.",
            "items": {
                "type": "object",
                "properties": {
                    "key": {"type": "string"},
                    "reason": {"type": "string"},
                    "remedy": {"type": "string"},
                },
                "required": ["key", "reason", "remedy"],
            },
        },
    },
    "required": ["type", "title", "status", "detail"],
}
_CAUTIONS: Mapping[str, Any] = {
    "description": "; ".join(f"`{one}`: {one.sentence}" for one in Caution),
    "schema": {"type": "string", "enum": [one.value for one in Caution]},
}


def openapi_for(table: Sequence[ApiRoute], public_url: str | None = None) -> dict[str, Any]:
    """Describe the routes; `public_url` is where they are, where that is known."""
    kinds = {
        id(one): one
        for route in table
        for one in (route.answer, route.body)
        if not isinstance(one, Mapping | None)
    }
    refs, schemas = msgspec.json.schema_components(list(kinds.values()), ref_template=_REF)
    named: dict[int, Any] = dict(zip(kinds, refs, strict=True))
    for body in (route.body for route in table if isinstance(route.body, Mapping)):
        named[id(body)], parts = _lifted(body)
        schemas |= parts
    paths: dict[str, dict[str, Any]] = {}
    for route in table:
        paths.setdefault(route.plain_path, {})[route.method.lower()] = _operation(route, named)
    described: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "Syndicator",
            "version": _VERSION,
            "description": "Fields are only ever added: leave aside those that you do not know.",
        },
        **({"servers": [{"url": public_url}]} if public_url else {}),
        "tags": [{"name": topic} for topic in dict.fromkeys(route.topic for route in table)],
        "paths": paths,
        "components": {
            "schemas": dict(sorted({**schemas, "Problem": dict(_PROBLEM)}.items())),
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": f"A token with the scope that is named: {', '.join(TokenScope)}.",
                }
            },
        },
    }
    return described


def _lifted(schema: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Make components of the parts of a schema that was written elsewhere, for pages that are not here."""
    text = _LINK.sub(r"\1", json.dumps(schema)).replace("#/$defs/", _REF.format(name=""))
    whole: dict[str, Any] = json.loads(text)
    parts: dict[str, Any] = whole.pop("$defs", {})
    return whole, parts


def _operation(route: ApiRoute, named: Mapping[int, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "tags": [route.topic],
        "summary": route.summary,
        **({"description": route.description} if route.description else {}),
        "security": [{"bearer": [route.scope.value]}],
    }
    parameters = [_variable(name) for name in re.findall(r"{(\w+)}", route.plain_path)]
    parameters += [_parameter(one) for one in route.query]
    parameters += [_header(one) for one in route.headers]
    if parameters:
        fields["parameters"] = parameters
    if route.body is not None:
        fields["requestBody"] = {"required": True, "content": _json(named[id(route.body)])}
    fields["responses"] = _responses(route, named)
    return fields


def _responses(route: ApiRoute, named: Mapping[int, Any]) -> dict[str, Any]:
    answer = named[id(route.answer)]
    shown = _listed(answer) if route.is_list else answer
    done: dict[str, Any] = {"description": HTTPStatus(route.status).phrase, "content": _json(shown)}
    if route.method != "GET":
        done["headers"] = {CAUTION_HEADER: _CAUTIONS}
    fields: dict[str, Any] = {str(route.status): done}
    for status in sorted({*route.refusals, 401, 403, 429, 503}):
        content = {"application/problem+json": {"schema": {"$ref": _REF.format(name="Problem")}}}
        fields[str(status)] = {"description": HTTPStatus(status).phrase, "content": content}
    return fields


def _listed(item: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "ok": {"const": True},
            "items": {"type": "array", "items": item},
            "next": {
                "type": ["string", "null"],
                "description": "Cursor of the next piece; null: that was all.",
            },
            "errors": {"type": "array", "maxItems": 0},
        },
        "required": ["ok", "items", "next", "errors"],
    }


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _variable(name: str) -> dict[str, Any]:
    kind = "integer" if name == "revision" else "string"
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": _VARIABLES[name],
        "schema": {"type": kind},
    }


def _parameter(one: Parameter) -> dict[str, Any]:
    schema = {"type": "array", "items": dict(one.schema)} if one.several else dict(one.schema)
    return {"name": one.name, "in": "query", "description": one.description, "schema": schema}


def _header(one: Header) -> dict[str, Any]:
    schema = {"type": "string"}
    return {
        "name": one.name,
        "in": "header",
        "required": True,
        "description": one.description,
        "schema": schema,
    }


def written(document: Mapping[str, Any]) -> str:
    """Write the document as people read it."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def routes_table(table: Sequence[ApiRoute]) -> str:
    """Return the table of routes for the page in docs."""
    rows = (f"| `{one.method}` | `{one.plain_path}` | `{one.scope}` | {one.summary} |" for one in table)
    return "\n".join(("| | path | scope | |", "| --- | --- | --- | --- |", *rows))


def with_routes(page: str, table: Sequence[ApiRoute]) -> str:
    """Return the page with the part between its marks made anew."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{routes_table(table)}\n\n{END}{rest.partition(END)[2]}"
