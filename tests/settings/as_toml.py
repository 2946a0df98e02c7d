"""Trees of values, as a configuration file spells them."""

from collections.abc import Mapping
from datetime import date


def toml(tree: Mapping[str, object]) -> str:
    """Write a table; nested ones stand on one line. None is an empty text: TOML has no null."""
    return "".join(f"{key} = {_value(value)}\n" for key, value in tree.items())


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_value(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_value(inner) for inner in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, str):
        text = "".join(f"\\U{ord(character):08x}" for character in value or "")
        return f'"{text}"'
    return value.isoformat() if isinstance(value, date) else repr(value)
