"""The reference of events in `docs/events.md`, made from what bodies are made from."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from syndicator.push.catalogue import catalogue, data_schemas
from syndicator.push.digest import DIGEST


def event_reference() -> str:
    """Return types, objects and samples."""
    return "\n".join((*_types(), *_objects(), *_samples()))


def _types() -> Iterator[str]:
    yield "## Types\n\n| `type` | when | `data` |\n| --- | --- | --- |"
    for kind, one in catalogue().items():
        name = one.schema["properties"]["data"]["$ref"].rpartition("/")[2]
        yield f"| `{kind}` | {one.when} | [{name}](#{name.lower()}) |"


def _objects() -> Iterator[str]:
    yield "\n## Objects"
    digest = catalogue()[DIGEST].schema["$defs"]
    for name, schema in (data_schemas() | digest).items():
        if "enum" in schema:
            continue
        yield f"\n### {name}\n\n| field | type | |\n| --- | --- | --- |"
        needed = schema.get("required", ())
        for field, item in schema.get("properties", {}).items():
            optional = "" if field in needed else ", not always there"
            yield f"| `{field}` | {_kind(item)}{optional} | {item.get('description', '')} |"


def _samples() -> Iterator[str]:
    yield "\n## Samples"
    for kind, one in catalogue().items():
        body = json.dumps(one.sample, ensure_ascii=False, indent=1)
        yield f"\n### {kind}\n\n```json\n{body}\n```"
    yield ""


def _kind(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        named = data_schemas()[name]
        return _kind(named) if "enum" in named else f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    return str(schema.get("format", schema.get("type", "any")))
