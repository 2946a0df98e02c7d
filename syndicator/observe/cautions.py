"""Warnings about what a request or a command did: noted where they arise, and shown with its answer."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum


class Caution(StrEnum):
    """What whoever made a change is to know of it."""

    NOT_REPLICATED = "not-replicated"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    Caution.NOT_REPLICATED: "it is written, but no replica of Redis has it yet; a failover now would lose it",
}

_collected: ContextVar[list[Caution] | None] = ContextVar("cautions", default=None)


def caution(of: Caution) -> None:
    """Note a warning for whoever is to be answered, if anybody is."""
    if (collected := _collected.get()) is not None and of not in collected:
        collected.append(of)


def cautions() -> Sequence[Caution]:
    """Return what was noted since the request or command began."""
    return tuple(_collected.get() or ())


@contextmanager
def collecting() -> Iterator[Sequence[Caution]]:
    """Yield the list that fills with what is noted within the context."""
    noted = list[Caution]()
    before = _collected.set(noted)
    try:
        yield noted
    finally:
        _collected.reset(before)
