"""Spans as a collector gets them, and what becomes of them where nobody collects any."""

import asyncio
import io
import json
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from functools import partial

import pytest
import structlog
from otlp_collector import Collector, collecting, recording

from syndicator.errors import GatherError
from syndicator.observe import logs
from syndicator.observe.trace_export import collector as chosen
from syndicator.observe.trace_export import exporting
from syndicator.observe.tracing import is_traced, span, trace_id

Recording = Callable[..., AbstractAsyncContextManager[None]]


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as opened:
        yield opened


@pytest.fixture
def recorded(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> Recording:
    return partial(recording, collector, monkeypatch)


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """The log of the test."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    written = io.StringIO()
    logs.configure(json=True, stream=written)
    yield written
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    root.setLevel(level)
    root.handlers[:] = handlers


def lines(out: io.StringIO) -> list[dict[str, str]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


async def test_nothing_is_recorded_where_the_environment_names_no_collector() -> None:
    with exporting({}, process="host:1"), span("source round", source="kota") as current:
        current.note(result="ok")
        current.fail("dns")
        assert (is_traced(), trace_id()) == (False, None)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, ""),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, ""),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:4318"}, "http://a:4318"),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://b/t"},
            "http://b/t",
        ),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a", "OTEL_SDK_DISABLED": "TRUE"}, ""),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a", "OTEL_TRACES_EXPORTER": "none"}, ""),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a", "OTEL_TRACES_EXPORTER": "otlp"}, "http://a"),
    ],
)
def test_the_standard_variables_say_where_traces_go(variables: dict[str, str], expected: str) -> None:
    assert chosen(variables) == expected


def test_a_program_without_a_collector_imports_nothing_that_records_or_sends() -> None:
    script = (
        "import sys; from syndicator.cli.commands import run; from syndicator.observe.trace_export import *\n"
        "with exporting({}, process='x'): print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    imported = done.stdout.split()
    assert "syndicator.observe.tracing" in imported
    # The client of Redis imports the metrics of OpenTelemetry by itself where they are installed.
    ours = ("syndicator.observe.otlp", "opentelemetry.sdk.trace", "opentelemetry.exporter")
    assert [name for name in imported if name.startswith(ours)] == []


async def test_a_collector_gets_spans_with_their_parents_values_and_process(
    recorded: Recording, collector: Collector
) -> None:
    async with recorded(OTEL_RESOURCE_ATTRIBUTES="deployment.environment.name=test"):
        with span("source round", source="kota", reason=None) as outer:
            with span("GET", kind="client", method="GET", host="kota.example") as inner:
                await asyncio.sleep(0)
                inner.note(status=503)
                inner.fail("http_503")
            outer.note(new=2)
    (outer_span,), (inner_span,) = collector.named("source round"), collector.named("GET")
    assert outer_span.values == {"source": "kota", "new": 2}
    assert (outer_span.parent, outer_span.kind, outer_span.has_failed) == ("", "internal", False)
    assert inner_span.values == {
        "http.request.method": "GET",
        "server.address": "kota.example",
        "http.response.status_code": 503,
        "error.type": "http_503",
    }
    assert (inner_span.trace_id, inner_span.parent) == outer_span.place
    assert (inner_span.kind, inner_span.has_failed) == ("client", True)
    process = inner_span.process
    assert (process["service.name"], process["service.instance.id"]) == ("syndicator", "host:1")
    assert process["deployment.environment.name"] == "test"


async def test_spans_of_a_named_trace_meet_there_whoever_records_them(
    recorded: Recording, collector: Collector
) -> None:
    async with recorded():
        with span("admission"), span("article admitted", trace="art-1", is_root=True, article="art-1"):
            pass
    async with recorded():  # another process, hours later
        with (
            span("delivery attempt", trace="art-1", endpoint="partner"),
            span("POST", kind="client"),
        ):
            pass
        with span("delivery attempt", links=["art-1", "art-2"], endpoint="digests"):
            pass
    (admission,), (root,) = collector.named("admission"), collector.named("article admitted")
    (attempt,) = collector.named("delivery attempt", endpoint="partner")
    (digest,) = collector.named("delivery attempt", endpoint="digests")
    (push,) = collector.named("POST")
    assert root.parent == ""
    assert root.links == (admission.place,)
    assert admission.links == (root.place,)
    assert (attempt.trace_id, attempt.parent) == root.place
    assert (push.trace_id, push.parent) == attempt.place
    assert digest.links[0] == root.place
    assert len(digest.links) == 2
    assert len({admission.trace_id, root.trace_id, digest.trace_id}) == 3


async def test_all_spans_of_a_named_trace_are_sampled_or_none(
    recorded: Recording, collector: Collector
) -> None:
    async with recorded(OTEL_TRACES_SAMPLER="parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG="0.5"):
        for number in range(100):
            with span("article admitted", trace=f"art-{number}", is_root=True, article=number):
                pass
            with span("delivery attempt", trace=f"art-{number}", article=number):
                pass
    roots = {span.values["article"] for span in collector.named("article admitted")}
    assert 20 < len(roots) < 80
    assert {span.values["article"] for span in collector.named("delivery attempt")} == roots


async def test_a_span_fails_with_what_passes_through_it_and_tells_no_secrets(
    recorded: Recording, collector: Collector
) -> None:
    async with recorded():
        with pytest.raises(GatherError), span("GET", url="https://budi:geheim@kota.example/?token=geheim"):
            raise GatherError("dns", "https://budi:geheim@kota.example/ has no address")
        with pytest.raises(ZeroDivisionError), span("parse"):
            raise ZeroDivisionError("division by zero")
        with pytest.raises(asyncio.CancelledError), span("delivery attempt"):
            raise asyncio.CancelledError
    (request,), (parse,) = collector.named("GET"), collector.named("parse")
    (cancelled,) = collector.named("delivery attempt")
    assert request.has_failed
    assert request.values["error.type"] == "dns"
    assert request.values["url.full"] == "https://[hidden]@kota.example/?token=[hidden]"
    assert "geheim" not in request.detail
    assert (parse.values["error.type"], parse.detail) == ("ZeroDivisionError", "division by zero")
    assert not cancelled.has_failed
    assert cancelled.values["ended_by"] == "CancelledError"


async def test_log_lines_within_a_span_name_its_trace(
    recorded: Recording, collector: Collector, out: io.StringIO
) -> None:
    log = logs.get_logger("test")
    async with recorded():
        log.info("before")
        with span("source round"):
            log.info("within", source="kota")
            later = asyncio.create_task(asyncio.to_thread(log.info, "in_thread"))
            await later
            outliving = asyncio.create_task(asyncio.sleep(0.05))
            outliving.add_done_callback(lambda _: log.info("long_after"))
        await outliving
        await asyncio.sleep(0)
    (sent,) = collector.spans
    logged = {line["event"]: line.get("trace_id") for line in lines(out)}
    assert logged["within"] == logged["in_thread"] == sent.trace_id
    assert logged["before"] is None
    assert logged["long_after"] is None, "its span has ended"


async def test_a_full_queue_drops_spans_and_holds_nobody_up(
    recorded: Recording, collector: Collector, out: io.StringIO
) -> None:
    async with recorded(OTEL_BSP_MAX_QUEUE_SIZE="10", OTEL_BSP_MAX_EXPORT_BATCH_SIZE="5"):
        for number in range(1000):  # the collector shares this loop: it answers none of them yet
            with span("parse", number=number):
                pass
    assert 0 < len(collector.spans) <= 20
    assert [line["event"] for line in lines(out) if line["level"] == "error"] == []


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL is grpc"),
        ({"OTEL_BSP_MAX_QUEUE_SIZE": "-1"}, "max_queue_size must be a positive integer."),
    ],
)
async def test_what_is_wrong_with_the_variables_is_logged_and_stops_nothing(
    recorded: Recording, out: io.StringIO, variables: dict[str, str], reason: str
) -> None:
    async with recorded(**variables):
        assert not is_traced()
    (line,) = [line for line in lines(out) if line["event"] == "traces_unavailable"]
    assert reason in line["reason"]
    assert line["level"] == "warning"
