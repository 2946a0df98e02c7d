"""The table of Redis keys in `docs/redis-keys.md`, made from the key table itself."""

import inspect

from syndicator.store.keys.table import Keys

_INTRODUCTION = """\
# Redis keys

Every key of a namespace begins with `syn:{NAMESPACE}:` (`[store] namespace`, `main` unless set). The braces
are a hash tag: all keys of a namespace share one slot of a Redis Cluster, so every script stays atomic there,
and one namespace is bounded by one shard. Values are MessagePack; times are milliseconds since 1970, UTC.

| key | type | content | kept | written by |
| --- | --- | --- | --- | --- |
"""


def key_reference() -> str:
    """Return the whole page."""
    rows = (
        _row(method.__name__, method)
        for table in Keys.__mro__[:-1]
        for method in vars(table).values()
        if inspect.isfunction(method) and not method.__name__.startswith("_")
    )
    return _INTRODUCTION + "".join(f"{row}\n" for row in rows)


def _row(name: str, method: object) -> str:
    text = inspect.getdoc(method) or ""
    if ": " not in text or "Kept: " not in text or "Written by: " not in text:
        raise ValueError(f"Keys.{name} does not say its type, content, lifetime and writer")
    first, rest = text.split("\nKept: ")
    kind, content = first.split(": ", 1)
    kept, writer = rest.split("Written by: ")
    key = getattr(Keys("NAMESPACE"), name)(*_arguments(method)).removeprefix("syn:{NAMESPACE}:")
    cells = (f"`{key}`", kind, _one_line(content), _one_line(kept).removesuffix("."), _one_line(writer))
    return "| " + " | ".join(cell.removesuffix(".") for cell in cells) + " |"


def _arguments(method: object) -> list[object]:
    """Return each argument by its own name, in capitals; as partition the first."""
    names = list(inspect.signature(method).parameters)[1:]  # type: ignore[arg-type]  # a function, see above
    return [0 if name == "partition" else _Named(name.upper()) for name in names]


class _Named(str):
    """A text that also stands for a member of an enumeration."""

    __slots__ = ()

    @property
    def value(self) -> str:
        return str(self)


def _one_line(text: str) -> str:
    return " ".join(text.split())
