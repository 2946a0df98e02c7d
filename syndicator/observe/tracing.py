"""Spans: pieces of work with a beginning and an end, as tracing systems show them.

    with span("delivery attempt", trace=event.trace, event=event.id, endpoint=endpoint.id) as current:
        ...
        current.note(status=200)

Where no tracer is in use (`observe.trace_export` begins one), a span does nothing.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import ClassVar, Literal, Protocol, Self

Kind = Literal["internal", "client", "server"]
"""What a span is: work of ours, a request that we send, or one that we answer."""

Value = str | int | float | bool | None
"""None is left out."""


class Span:
    """A span that is recorded nowhere."""

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it; an exception that passes makes it a failed one."""

    def note(self, **values: Value) -> None:
        """Add what is known only now."""

    def fail(self, reason: str) -> None:
        """Mark it as failed, with a reason such as `http_503`."""


class Tracer(Protocol):
    """Begins spans that are recorded."""

    def span(
        self,
        name: str,
        *,
        kind: Kind,
        trace: str,
        is_root: bool,
        links: Sequence[str],
        values: dict[str, Value],
    ) -> Span:
        """Begin a span: see `span`."""

    def trace_id(self) -> str | None:
        """Return the trace of the current span, as 32 hexadecimal digits; None outside of one."""


class _Used:
    """The tracer of this process."""

    tracer: ClassVar[Tracer | None] = None


_UNRECORDED = Span()


def use(tracer: Tracer | None) -> None:
    """Have all spans from now on be recorded by this tracer; None: by none."""
    _Used.tracer = tracer


def is_traced() -> bool:
    """Return whether this process records spans."""
    return _Used.tracer is not None


def span(
    name: str,
    /,
    *,
    kind: Kind = "internal",
    trace: str = "",
    is_root: bool = False,
    links: Sequence[str] = (),
    **values: Value,
) -> Span:
    """Begin a span, a child of the current one; use it in a `with` statement.

    `trace` names a trace that other processes add to as well, hours later perhaps, such as `Event.trace`. The
    span becomes a child of the root of that trace, or that root itself with `is_root`. It and the span that
    was current are linked to each other. `links` name further traces to be linked to.

    `values` have the names that they have in the log: `source`, `article`, `event`, `endpoint`.
    """
    tracer = _Used.tracer
    if tracer is None:
        return _UNRECORDED
    return tracer.span(name, kind=kind, trace=trace, is_root=is_root, links=links, values=values)


def trace_id() -> str | None:
    """Return the id of the current trace, for the log; None outside of a span that is recorded."""
    tracer = _Used.tracer
    return None if tracer is None else tracer.trace_id()
