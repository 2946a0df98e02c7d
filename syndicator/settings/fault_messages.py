"""Every finding of pydantic in words that say what is wrong and what to do."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args, get_origin

from msgspec import Struct
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from syndicator.rules.suggestions import suggestion
from syndicator.rules.toml_lines import Location, show
from syndicator.settings.form import Form

MOST_LISTED = 100
"""A fault lists at most so many names."""

_PLAIN = {
    "string_type": "must be text in quotes",
    "int_type": "must be a whole number, without quotes",
    "float_type": "must be a number, without quotes",
    "float_parsing": "must be a number, without quotes",
    "bool_type": "must be true or false, without quotes",
    "tuple_type": "must be a list, in square brackets",
    "model_type": "must be a table",
    "dict_type": "must hold tables",
    "path_type": "must be a path in quotes",
    "missing": "is missing",
    "int_from_float": "must be a whole number",
    "finite_number": "must be a number",
}
_BOUNDED = {
    "greater_than": ("must be more than {}", "gt"),
    "less_than": ("must be less than {}", "lt"),
    "greater_than_equal": ("must be at least {}", "ge"),
    "less_than_equal": ("must be at most {}", "le"),
    "too_short": ("must hold at least {}", "min_length"),
    "too_long": ("must hold at most {}", "max_length"),
    "enum": ("must be one of {}", "expected"),
    "literal_error": ("must be {}", "expected"),
}
_CHOICES = frozenset({"enum", "literal_error"})
_MEANT = {
    **dict.fromkeys(("atom", "json", "jsonfeed", "news", "rdf", "rss", "rss2", "xml"), "feed"),
    **dict.fromkeys(("html", "list", "portal", "scrape", "site", "url", "web", "website"), "page"),
    **dict.fromkeys(("copy", "download", "proxy", "store"), "cache"),
    **dict.fromkeys(("false", "no", "off"), "none"),
}
"""Words that people write for a choice, and the choice; where it is one of those that there are."""
_WRITTEN = {
    "string_type": '"…"',
    "int_type": "3",
    "int_from_float": "3",
    "float_type": "0.5",
    "float_parsing": "0.5",
    "finite_number": "0.5",
    "bool_type": "true",
    "path_type": '"path/to/file"',
}
"""How a value of the type that was expected is written."""
_TABLES = {"schedule": '{ every = "5m" }', "list": '{ item = "article" }'}
"""Tables that people write as one value, and how they are written."""
_WHAT_IT_TAKES = "what it takes: docs/configuration.md"
_REMEDIES: Mapping[Location, str] = {("source",): "try: syndicator preview https://…"}
"""What to do where a whole table is missing."""


class FormFault(Struct, frozen=True, kw_only=True):
    """One fault inside a form. `absent`: something is missing, which a table of defaults may leave out."""

    path: Location
    reason: str
    remedy: str
    absent: bool = False


def faults_of(form: type[Form], error: ValidationError) -> Iterator[FormFault]:
    """Turn everything that pydantic found in a form into findings, in its order."""
    for detail in error.errors(include_url=False):
        location = tuple(part for part in detail["loc"] if part != "[key]")
        context: Mapping[str, Any] = detail.get("ctx", {})
        if detail["type"] in {"wrong", "wrong_inside"}:
            yield from _own(location, context)
        elif detail["type"] == "extra_forbidden":
            yield _unknown(form, location)
        else:
            absent = detail["type"] == "missing"
            remedy = _REMEDIES.get(location) or _remedy(detail, context, location)
            yield FormFault(path=location, reason=_reason(detail, context), remedy=remedy, absent=absent)


def _remedy(detail: ErrorDetails, context: Mapping[str, Any], location: Location) -> str:
    """Return what to do where the reason alone does not: which key to add, what else a key takes."""
    kind = detail["type"]
    if kind in _CHOICES:
        return _choice(detail, context, location)
    if kind == "missing":
        return f"add {location[-1]} ({_WHAT_IT_TAKES})"
    if kind in _WRITTEN:
        return f"write {_assigned(location, _WRITTEN[kind])}"
    return _table_remedy(detail, location) or f"give another value ({_WHAT_IT_TAKES})"


def _table_remedy(detail: ErrorDetails, location: Location) -> str:
    """Return how a list or a table is written; empty where neither was expected."""
    kind = detail["type"]
    if kind == "tuple_type":
        inside = '"…"' if isinstance(detail["input"], str) else "…"
        return f"write {_assigned(location, f'[{inside}]')}"
    if kind == "model_type":
        name = str(location[-1])
        if name in _TABLES or isinstance(location[-1], int):
            return f"write {_assigned(location, _TABLES.get(name, '{ … }'))}"
        return f"write [{show(location)}] and its keys below it"
    if kind == "dict_type":
        return f"write [{show(location)}.ID] and its keys below it, with an id of your choice"
    return ""


def _assigned(location: Location, value: str) -> str:
    """Write a key with a value as in a file; the value in brackets where the place is in a list."""
    if isinstance(location[-1], int):
        return _assigned(location[:-1], f"[{value}]")
    return f"{show(location[-1:])} = {value}"


def _own(location: Location, context: Mapping[str, Any]) -> Iterator[FormFault]:
    around = location[: len(location) - context["up"]]
    for path, reason, remedy in context["faults"]:
        yield FormFault(path=(*around, *path), reason=reason, remedy=remedy, absent=context["absent"])


def _unknown(form: type[Form], location: Location) -> FormFault:
    here = _form_at(form, location[:-1])
    key = str(location[-1])
    return FormFault(path=location, reason="is not known", remedy=nearest(key, key_names(here)))


def key_names(form: type[Form]) -> list[str]:
    """Return the keys of a table as they are written: `from` is no name for a field of a class."""
    return [field.alias or name for name, field in form.model_fields.items()]


def nearest(name: str, known: Iterable[str]) -> str:
    """Return which name was probably meant, or which there are."""
    names = list(known)
    near = suggestion(name.lower(), names) or suggestion(name.lower().replace("-", "_"), names)
    if near:
        return f"did you mean {near}?"
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return f"known here: {', '.join(names[:MOST_LISTED]) or 'none'}{more}"


def _choice(detail: ErrorDetails, context: Mapping[str, Any], location: Location) -> str:
    """Return which choice was probably meant, or one. What was written is not shown: it may be a secret."""
    word, names = str(detail["input"]).strip().lower(), re.findall(r"'([^']*)'", str(context["expected"]))
    meant = _MEANT.get(word)
    near = meant if meant in names else suggestion(word, names)
    if near:
        return f"did you mean {near}?"
    example = f'"{names[0]}"' if names else "true"
    return f"write {_assigned(location, example)}"


def _form_at(form: type[Form], location: Location) -> type[Form]:
    """Follow a location down; the ids of tables such as `[source.ID]` are no fields."""
    parts = iter(location)
    for part in parts:
        field = form.model_fields.get(str(part))
        if field is None:
            return form
        inner = (field.annotation, *get_args(field.annotation))
        form = next((each for each in inner if isinstance(each, type) and issubclass(each, Form)), form)
        if get_origin(field.annotation) is dict:
            next(parts, None)
    return form


def _reason(detail: ErrorDetails, context: Mapping[str, Any]) -> str:
    kind = detail["type"]
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind in _BOUNDED:
        words, key = _BOUNDED[kind]
        value = str(context[key]).replace("'", "").removesuffix(".0")
        return words.format("true" if value == "True" else value)
    message = detail["msg"]
    return message[:1].lower() + message[1:]
