"""Who acts: set where a request or a command begins, and read where a change is written down."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

SERVICE = "service"
"""The actor of what the service does by itself."""

_actor: ContextVar[str] = ContextVar("actor", default=SERVICE)


def actor() -> str:
    """Return who acts: the id of a token, `operator (CLI, user@host)`, `files`, or the service itself."""
    return _actor.get()


@contextmanager
def acting(who: str) -> Iterator[None]:
    """Have what is changed within the context be changed by `who`."""
    before = _actor.set(who)
    try:
        yield
    finally:
        _actor.reset(before)
