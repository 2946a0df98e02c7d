"""Sends spans to a collector by OTLP over HTTP.

The one module that imports OpenTelemetry, which is the optional extra `otel`: so only `observe.trace_export`
imports it, where the environment names a collector.
"""

import logging
from collections.abc import Mapping, Sequence
from contextvars import ContextVar, Token
from hashlib import blake2b
from threading import Thread
from types import TracebackType
from typing import Self

from opentelemetry import context as contexts
from opentelemetry import trace as api
from opentelemetry.exporter.otlp.proto.http import trace_exporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision

from syndicator import __version__
from syndicator.observe.logs import get_logger
from syndicator.observe.redact import clean_text
from syndicator.observe.tracing import Kind, Span, Value

FLUSH_S = 1.0
"""How long the end of a process waits for a collector to take the last spans."""

_KINDS: Mapping[Kind, api.SpanKind] = {
    "internal": api.SpanKind.INTERNAL,
    "client": api.SpanKind.CLIENT,
    "server": api.SpanKind.SERVER,
}

_CONVENTIONS = {
    "method": "http.request.method",
    "status": "http.response.status_code",
    "route": "http.route",
    "host": "server.address",
    "url": "url.full",
}
"""Names of the semantic conventions, which tracing systems know, of what the log calls otherwise."""

_FROM_OUTSIDE = frozenset({"host", "method", "reason", "url"})
"""Values that others may have written, perhaps with secrets: cleaned as in the log."""

_NOWHERE = contexts.Context()

log = get_logger(__name__)


class OtlpTracer:
    """Records spans by the SDK of OpenTelemetry, as the environment variables `OTEL_*` say.

    A full queue drops spans, and a thread of its own sends them: a collector that does not answer costs
    nothing but its spans.
    """

    def __init__(self, *, process: str, collector: str) -> None:
        self._ids = _Ids()
        self._provider = TracerProvider(
            resource=_resource(process), id_generator=self._ids, shutdown_on_exit=False
        )
        exporter = _Exporter(trace_exporter.OTLPSpanExporter(), collector)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("syndicator", __version__)

    def close(self) -> None:
        """Send what is left, for `FLUSH_S` at most."""
        ending = Thread(target=self._provider.shutdown, name="end of traces", daemon=True)
        ending.start()
        ending.join(FLUSH_S)

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
        """Begin a span: see `observe.tracing.span`."""
        linked = [api.Link(self._root_of(each, name)) for each in links]
        attributes = _attributes(values)
        if not trace:
            return _Recorded(
                self._tracer.start_span(name, kind=_KINDS[kind], attributes=attributes, links=linked)
            )
        root, around = self._root_of(trace, name), api.get_current_span()
        if around.is_recording():
            linked.append(api.Link(around.get_span_context()))
            around.add_link(root)
        parent = _NOWHERE if is_root else api.set_span_in_context(api.NonRecordingSpan(root), _NOWHERE)
        token = self._ids.given.set(root if is_root else None)
        try:
            return _Recorded(self._tracer.start_span(name, parent, _KINDS[kind], attributes, linked))
        finally:
            self._ids.given.reset(token)

    def trace_id(self) -> str | None:
        """Return the trace of the current span; None once it has ended, and where it is not sent."""
        current = api.get_current_span()
        if not current.is_recording():
            return None
        return api.format_trace_id(current.get_span_context().trace_id)

    def _root_of(self, trace: str, name: str) -> api.SpanContext:
        """Return the root of a named trace. It is computed, so that no process need keep it for another.

        Whether the trace is sampled depends on its id alone, so that all processes decide alike.
        """
        digest = blake2b(trace.encode(), digest_size=24, person=b"trace").digest()
        trace_id, span_id = int.from_bytes(digest[:16]), int.from_bytes(digest[16:])
        decision = self._provider.sampler.should_sample(_NOWHERE, trace_id, name).decision
        is_sampled = decision is Decision.RECORD_AND_SAMPLE
        flags = api.TraceFlags.SAMPLED if is_sampled else api.TraceFlags.DEFAULT
        return api.SpanContext(trace_id, span_id, is_remote=True, trace_flags=api.TraceFlags(flags))


class _Ids(RandomIdGenerator):
    """Gives random ids to all spans but the roots of named traces."""

    def __init__(self) -> None:
        self.given: ContextVar[api.SpanContext | None] = ContextVar("given", default=None)
        """What the span that is begun now is to have."""

    def generate_trace_id(self) -> int:
        ids = self.given.get()
        return super().generate_trace_id() if ids is None else ids.trace_id

    def generate_span_id(self) -> int:
        ids = self.given.get()
        return super().generate_span_id() if ids is None else ids.span_id


class _Recorded(Span):
    """A span that is sent, unless the sampler leaves it out."""

    __slots__ = ("_span", "_token")

    _token: Token[contexts.Context]

    def __init__(self, started: api.Span) -> None:
        self._span = started

    def __enter__(self) -> Self:
        self._token = contexts.attach(api.set_span_in_context(self._span))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception):
            self._fail(str(getattr(error, "reason", "")) or type(error).__name__, str(error))
        elif error is not None:  # cancelled
            self.note(ended_by=type(error).__name__)
        contexts.detach(self._token)
        self._span.end()

    def note(self, **values: Value) -> None:
        self._span.set_attributes(_attributes(values))

    def fail(self, reason: str) -> None:
        self._fail(reason, reason)

    def _fail(self, reason: str, detail: str) -> None:
        self._span.set_attribute("error.type", clean_text(reason))
        self._span.set_status(api.Status(api.StatusCode.ERROR, clean_text(detail)))


class _Exporter(SpanExporter):
    """Logs the beginning and the end of an outage of the collector, in place of every failure."""

    def __init__(self, exporter: SpanExporter, collector: str) -> None:
        self._exporter = exporter
        self._collector = collector
        self._failures = _Failures()
        self._is_failing = False
        logging.getLogger(trace_exporter.__name__).addFilter(self._failures)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        has_failed = result is not SpanExportResult.SUCCESS
        if has_failed and not self._is_failing:
            log.warning(
                "traces_not_sent",
                collector=self._collector,
                reason=self._failures.last,
                detail="spans are dropped until it takes them again",
            )
        elif self._is_failing and not has_failed:
            log.info("traces_sent_again", collector=self._collector)
        self._is_failing = has_failed
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()


class _Failures(logging.Filter):
    """Keeps the last message of a logger from the log."""

    last = ""

    def filter(self, record: logging.LogRecord) -> bool:
        self.last = record.getMessage()
        return False


def _attributes(values: Mapping[str, Value]) -> dict[str, str | int | float | bool]:
    return {
        _CONVENTIONS.get(name, name): clean_text(str(value)) if name in _FROM_OUTSIDE else value
        for name, value in values.items()
        if value is not None
    }


def _resource(process: str) -> Resource:
    """Return what all spans of this process say of it; the environment has the last word."""
    ours = {"service.name": "syndicator", "service.version": __version__, "service.instance.id": process}
    return Resource.create().merge(Resource(ours)).merge(OTELResourceDetector().detect())
