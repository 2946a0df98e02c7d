"""The reference of all configuration keys in `docs/configuration.md`, made from the forms themselves."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import Enum
from typing import Any

from pydantic.fields import FieldInfo

from syndicator.settings.fault_messages import key_names
from syndicator.settings.form import Form
from syndicator.settings.json_schema import configuration_schema
from syndicator.settings.partitions import PartitionsSection
from syndicator.settings.tables.alerts import AlertForm
from syndicator.settings.tables.auth import AuthForm
from syndicator.settings.tables.calendars import BlackoutForm, BurstForm, HolidaysForm
from syndicator.settings.tables.completeness import CompletenessForm
from syndicator.settings.tables.endpoints import DigestForm, EndpointForm, RetryForm
from syndicator.settings.tables.feeds import FeedForm, FilterForm
from syndicator.settings.tables.hub import HubSection
from syndicator.settings.tables.politeness import PolitenessForm
from syndicator.settings.tables.popularity import AnnounceForm, PopularitySection
from syndicator.settings.tables.rights import RightsForm
from syndicator.settings.tables.schedules import ScheduleForm
from syndicator.settings.tables.sections import (
    EgressSection,
    RetentionSection,
    SampleSection,
    ServerSection,
    SiteSection,
    StoreSection,
    WorkSection,
)
from syndicator.settings.tables.selectors import ArticleForm, ListForm, PopularForm, ReplaceForm
from syndicator.settings.tables.sources import SourceForm
from syndicator.settings.tables.stories import StorySection
from syndicator.settings.tables.tokens import TokenForm

_FORMS: tuple[tuple[str, type[Form]], ...] = (
    ("[site]", SiteSection),
    ("[server]", ServerSection),
    ("[work]", WorkSection),
    ("[store]", StoreSection),
    ("[store.partitions]", PartitionsSection),
    ("[egress]", EgressSection),
    ("[retention]", RetentionSection),
    ("[story]", StorySection),
    ("[popularity]", PopularitySection),
    ("[hub]", HubSection),
    ("[sample]", SampleSection),
    ("[source.ID], [group.NAME] and [defaults]", SourceForm),
    ("schedule", ScheduleForm),
    ("holidays", HolidaysForm),
    ("blackouts", BlackoutForm),
    ("bursts", BurstForm),
    ("list", ListForm),
    ("article", ArticleForm),
    ("article.replace", ReplaceForm),
    ("popular", PopularForm),
    ("completeness", CompletenessForm),
    ("auth", AuthForm),
    ("politeness", PolitenessForm),
    ("rights", RightsForm),
    ("[feed.ID]", FeedForm),
    ("announce", AnnounceForm),
    ("[endpoint.ID]", EndpointForm),
    ("filter", FilterForm),
    ("digest", DigestForm),
    ("retry", RetryForm),
    ("[alert.NAME]", AlertForm),
    ("[token.ID]", TokenForm),
)
_KINDS = {
    "string": "text",
    "integer": "number",
    "number": "number",
    "boolean": "true, false",
    "array": "list",
    "object": "table",
}
_TEXTS = {"(ms|s|": "duration", "(B|KiB": "size", "uri": "URL", "date-time": "date and time"}
_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
_SIZES = (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))


def key_tables() -> str:
    """Return a table for each form: key, kind of value, default, meaning."""
    definitions = configuration_schema()["$defs"]
    return "\n".join(line for title, form in _FORMS for line in _table(title, form, definitions))


def _table(title: str, form: type[Form], definitions: Mapping[str, Any]) -> Iterator[str]:
    yield f"\n### `{title}`\n"
    said = (form.__doc__ or "").partition(": ")[2]
    yield f"{said[:1].upper()}{said[1:]}\n"
    yield "| key | value | default | |"
    yield "|---|---|---|---|"
    properties = definitions[form.__name__]["properties"]
    for key, field in zip(key_names(form), form.model_fields.values(), strict=True):
        yield f"| `{key}` | {_kind(properties[key])} | {_default(field)} | {field.description} |"


def _kind(schema: Mapping[str, Any]) -> str:
    if "const" in schema or "enum" in schema:
        return ", ".join(f"`{_toml(each)}`" for each in schema.get("enum", [schema.get("const")]))
    if "anyOf" in schema:
        of_texts = any(each.get("type") == "array" for each in schema["anyOf"])
        return "text, or list of texts" if of_texts else ", or ".join(map(_kind, schema["anyOf"]))
    word = _KINDS["object" if "$ref" in schema else schema["type"]]
    if "minimum" in schema:
        return f"{word}, {schema['minimum']} to {schema.get('maximum', '…')}"
    mark = f"{schema.get('format', '')} {schema.get('pattern', '')}"
    return next((special for sign, special in _TEXTS.items() if sign in mark), word)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.default
    if value is None or isinstance(value, Form) or value in ((), {}, ""):
        return ""
    if field.annotation is int and any("size" in str(each) or "MiB" in str(each) for each in field.metadata):
        return f"`{_size(value)}`"
    return f"`{_toml(value)}`"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, timedelta):
        return _duration(value)
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(each) for each in value)}]"
    if isinstance(value, Enum):
        return f'"{value.value}"'
    return str(value) if isinstance(value, int | float) else f'"{value}"'


def _duration(value: timedelta) -> str:
    seconds = value.total_seconds()
    unit, size = next(((unit, size) for unit, size in _UNITS if seconds and seconds % size == 0), ("s", 1))
    return f'"{seconds / size:g}{unit}"'


def _size(value: int) -> str:
    unit, size = next(((unit, size) for unit, size in _SIZES if value % size == 0), ("B", 1))
    return f'"{value // size}{unit}"'
