"""Has the spans of a process be sent where the standard variables of OpenTelemetry name a collector.

See https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from syndicator.observe import tracing
from syndicator.observe.logs import get_logger

if TYPE_CHECKING:
    from syndicator.observe.otlp import OtlpTracer

_PROTOCOL = "http/protobuf"

log = get_logger(__name__)


def collector(environ: Mapping[str, str]) -> str:
    """Return the address to which traces are to be sent; empty: to none."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return ""
    if environ.get("OTEL_TRACES_EXPORTER", "").strip() not in {"", "otlp"}:
        return ""
    return _first(environ, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


@contextmanager
def exporting(environ: Mapping[str, str], *, process: str) -> Iterator[None]:
    """Record spans while the context is open, where the environment asks for it; `process` names this one.

    What is wrong with that is logged, and the service runs without traces.
    """
    tracer = _opened(environ, process)
    if tracer is None:
        yield
        return
    tracing.use(tracer)
    try:
        yield
    finally:
        tracing.use(None)
        tracer.close()


def _opened(environ: Mapping[str, str], process: str) -> "OtlpTracer | None":
    if not (where := collector(environ)):
        return None
    protocol = _first(environ, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
    if protocol not in {"", _PROTOCOL}:
        _log_unavailable(
            f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol}",
            f"set it to {_PROTOCOL}, and name the collector's port for HTTP, mostly 4318",
        )
        return None
    try:
        from syndicator.observe.otlp import OtlpTracer  # noqa: PLC0415 -- it takes 100 ms, and an extra

        tracer = OtlpTracer(process=process, collector=where)
    except ImportError as error:
        _log_unavailable(f"OpenTelemetry cannot be imported: {error}", "pip install 'syndicator[otel]'")
        return None
    except Exception as error:  # noqa: BLE001  whatever a variable makes of it, the service runs
        _log_unavailable(str(error), "correct the variables that begin with OTEL_")
        return None
    log.info("traces_sent", collector=where)
    return tracer


def _log_unavailable(reason: str, remedy: str) -> None:
    log.warning("traces_unavailable", reason=reason, remedy=remedy)


def _first(environ: Mapping[str, str], *names: str) -> str:
    return next((found for name in names if (found := environ.get(name, "").strip())), "")
