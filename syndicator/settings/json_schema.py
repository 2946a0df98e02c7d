"""The configuration as JSON Schema (2020-12), for editors and other programs."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from syndicator.settings.form import Form
from syndicator.settings.tables.configuration import Configuration
from syndicator.settings.tables.sources import NOT_INHERITED
from syndicator.settings.value_texts import SLUG

DIALECT = "https://json-schema.org/draft/2020-12/schema"


_INHERITING = ("SourceForm", "ListForm", "ArticleForm", "PopularForm")
"""What `[defaults]` and groups can fill in, so that nothing of it must be written there."""


class _Generator(GenerateJsonSchema):
    """Without nulls, which TOML has not, and without defaults, which the reference shows as people write."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


def configuration_schema() -> dict[str, Any]:
    """Return the schema of all files together; one file alone may leave out what others hold."""
    schema = Configuration.model_json_schema(schema_generator=_Generator)
    properties, definitions = schema["properties"], schema["$defs"]
    for section in ("group", "source", "feed", "endpoint", "alert", "token"):
        properties[section]["propertyNames"] = {"pattern": f"^{SLUG.pattern}$"}
    for name in _INHERITING:
        definitions[name].pop("required", None)
    source = definitions["SourceForm"]
    inherited = {
        "additionalProperties": False,
        "properties": {key: value for key, value in source["properties"].items() if key not in NOT_INHERITED},
    }
    properties["defaults"] |= inherited
    properties["group"]["additionalProperties"] |= inherited
    source["required"] = ["title", "url"]
    return {"$schema": DIALECT, **_without_titles(schema)}


def form_schema(form: type[Form]) -> dict[str, Any]:
    """Return the schema of one table."""
    found: dict[str, Any] = _without_titles(form.model_json_schema(schema_generator=_Generator))
    return found


def _without_titles(node: Any) -> Any:
    """Leave out the titles that are made from names: they say nothing."""
    if isinstance(node, dict):
        return {
            key: _without_titles(value)
            for key, value in node.items()
            if not (key == "title" and isinstance(value, str))
        }
    return [_without_titles(each) for each in node] if isinstance(node, list) else node
