"""A collector of traces: an HTTP server that decodes what OTLP exporters send, by the published definition."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SentSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status
from support import PATIENCE_S, answering

from syndicator.observe import otlp
from syndicator.observe.trace_export import exporting

Value = str | int | float | bool


@dataclass(frozen=True, kw_only=True)
class CollectedSpan:
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent: str
    """Empty for a root."""
    links: tuple[tuple[str, str], ...]
    """Trace and span of each."""
    values: Mapping[str, Value]
    has_failed: bool
    detail: str
    process: Mapping[str, Value]
    """What is said of the process that sent it."""

    @property
    def place(self) -> tuple[str, str]:
        return self.trace_id, self.span_id


@dataclass
class Collector:
    url: str = ""
    status: int = 200
    """Of its answers; what comes with another one is not collected."""
    requests: int = 0
    spans: list[CollectedSpan] = field(default_factory=list)

    def named(self, name: str, **values: Value) -> list[CollectedSpan]:
        """Return the spans of one name that have these values."""
        return [
            span for span in self.spans if span.name == name and values.items() <= dict(span.values).items()
        ]

    def environment(self) -> dict[str, str]:
        """Return what makes a process send its spans here, soon."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": self.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}

    async def answer(self, request: web.Request) -> web.Response:
        self.requests += 1
        if request.path != "/v1/traces" or self.status != 200:
            return web.Response(status=self.status if self.status != 200 else 404)
        assert request.content_type == "application/x-protobuf"
        sent = ExportTraceServiceRequest.FromString(await request.read())
        for of_process in sent.resource_spans:
            process = _values(of_process.resource.attributes)
            for of_scope in of_process.scope_spans:
                self.spans += [_collected(span, process) for span in of_scope.spans]
        return web.Response(
            body=ExportTraceServiceResponse().SerializeToString(), content_type="application/x-protobuf"
        )


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    collector = Collector()
    async with answering(collector.answer) as collector.url:
        yield collector


@asynccontextmanager
async def recording(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, **variables: str
) -> AsyncIterator[None]:
    """Record spans as a process does whose environment names the collector; all are there at the end."""
    environ = {**collector.environment(), **variables}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(otlp, "FLUSH_S", PATIENCE_S)
    exported = exporting(environ, process="host:1")
    exported.__enter__()
    try:
        yield
    finally:  # it waits for the collector, which answers in this loop
        await asyncio.to_thread(exported.__exit__, None, None, None)


def _collected(span: SentSpan, process: Mapping[str, Value]) -> CollectedSpan:
    return CollectedSpan(
        name=span.name,
        kind=SentSpan.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        links=tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
        values=_values(span.attributes),
        has_failed=span.status.code == Status.STATUS_CODE_ERROR,
        detail=span.status.message,
        process=process,
    )


def _values(attributes: Iterable[KeyValue]) -> dict[str, Value]:
    return {each.key: _value(each.value) for each in attributes}


def _value(value: AnyValue) -> Value:
    read: Mapping[str, Callable[[], Value]] = {
        "string_value": lambda: value.string_value,
        "int_value": lambda: value.int_value,
        "double_value": lambda: value.double_value,
        "bool_value": lambda: value.bool_value,
    }
    return read[str(value.WhichOneof("value"))]()
