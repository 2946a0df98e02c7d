"""The log, on standard error: a tidy line per event on a terminal, in UTC, a JSON object per line elsewhere.

12:03:04Z source_gathered  berita-kota  3 new, 1 changed
12:03:05Z warning: delivery_retrying  partner-a  type=article.new, reason=http_503, attempt=1
"""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO, cast

import msgspec
import structlog
from structlog.typing import FilteringBoundLogger, Processor, WrappedLogger

from syndicator.observe.bursts import Bursts
from syndicator.observe.recent_lines import RECENT
from syndicator.observe.redact import clean_named, clean_text
from syndicator.observe.tracing import trace_id

Event = MutableMapping[str, Any]

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}

_SUBJECTS = ("source", "feed", "endpoint", "article", "event_id", "step", "part", "route")
"""Keys that say what an event is about: their values need no name beside them."""

_COUNTS = frozenset(
    {
        "new",
        "changed",
        "duplicate",
        "unchanged",
        "articles",
        "sources",
        "feeds",
        "endpoints",
        "deliveries",
        "events",
        "due",
        "delivered",
        "retried",
        "dead",
        "failed",
        "removed",
        "rendered",
        "workers",
    }
)
"""Keys that read well after their number; nothing is said of none."""

_UNITS = {"_ms": "ms", "_s": "s", "_bytes": "bytes"}
_COLOURS = {"debug": "\x1b[2m", "warning": "\x1b[33m", "error": "\x1b[31m", "critical": "\x1b[31m"}
_DIM, _BOLD, _PLAIN = "\x1b[2m", "\x1b[1m", "\x1b[0m"


def get_logger(name: str) -> FilteringBoundLogger:
    """Return the logger of a module; it follows what `configure` says, also when that comes later."""
    return cast("FilteringBoundLogger", _Logger(name.removeprefix("syndicator.")))


class _Logger:
    """A logger that puts exceptions into words itself.

    What formats them otherwise, where a program uses this package and has not set up its log, shows the local
    variables of each frame: descriptions of sources among them, with their headers and proxies.
    """

    def __init__(self, where: str) -> None:
        self._log = structlog.get_logger(where=where)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def exception(self, event: str, **fields: object) -> None:
        """Log an error with the exception that is being handled."""
        self.error(event, exc_info=sys.exc_info()[1], **fields)

    def error(self, event: str, *, exc_info: BaseException | None = None, **fields: object) -> None:
        """Log an error, with an exception where one is given."""
        if exc_info is not None:
            lines = "".join(traceback.format_exception(exc_info)).splitlines()
            fields["exception"] = "\n".join(clean_text(line) for line in lines)
        self._log.error(event, **fields)


def configure(
    level: str = "info",
    *,
    json: bool | None = None,
    stream: TextIO | None = None,
    colours: bool | None = None,
) -> None:
    """Set up the log of this process, and what libraries log with it.

    `json` None means: JSON where `stream` (standard error) is no terminal. Colours are for terminals too.
    Text sums up deliveries (`Bursts`), JSON has a line for each, as `level` debug has.
    `level` is debug, info, warning or error; libraries are heard from warning on, or all at debug.
    """
    out = stream or sys.stderr
    as_json = not out.isatty() if json is None else json
    renderer: Processor = (
        _render_json if as_json else _line(colours=out.isatty() if colours is None else colours)
    )
    number = LEVELS[level]
    sums_up = not as_json and number > logging.DEBUG
    structlog.configure(
        processors=[
            *([Bursts()] if sums_up else []),
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _with_trace,
            _without_module,
            _render_exception,
            _clean,
            RECENT,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: _Sink(out),
        cache_logger_on_first_use=False,
    )
    logging.captureWarnings(capture=True)
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, _FromLibraries)]:
        root.removeHandler(handler)
    root.addHandler(_FromLibraries())
    root.setLevel(number if number == logging.DEBUG else max(number, logging.WARNING))
    # It logs every tick, several times a second.
    logging.getLogger("apscheduler").setLevel(logging.WARNING)


class _Sink:
    """The end of the line: one write per event, so that processes which share a stream do not mix."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        try:
            self._stream.write(f"{line}\n")
            self._stream.flush()
        except (OSError, ValueError):
            return  # a closed pipe: no reason to stop working

    debug = info = warning = error = critical = msg


class _FromLibraries(logging.Handler):
    """Hands on what libraries log by the standard library."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            message = str(record.msg)
        logger = structlog.get_logger(library=record.name)
        logger.log(record.levelno, message, exc_info=record.exc_info)


def _with_trace(_logger: WrappedLogger, _method: str, event: Event) -> Event:
    """Name the trace in which an event is logged, if there is one."""
    if "trace_id" not in event and (current := trace_id()) is not None:
        event["trace_id"] = current
    return event


def _without_module(_logger: WrappedLogger, _method: str, event: Event) -> Event:
    """Name the module of an event at level debug only: modules are renamed, and events have names."""
    if event["level"] != "debug":
        event.pop("where", None)
    return event


def _render_exception(logger: WrappedLogger, _method: str, event: Event) -> Event:
    """Turn `exc_info` into the lines of a traceback, each of them clean."""
    shown = structlog.processors.format_exc_info(logger, _method, event)
    if "exception" in shown:
        lines = str(shown["exception"]).splitlines()
        shown["exception"] = "\n".join(clean_text(line) for line in lines)
    return shown


def _clean(_logger: WrappedLogger, _method: str, event: Event) -> Event:
    exception = event.pop("exception", None)
    cleaned: Event = {clean_text(key): clean_named(key, value) for key, value in event.items()}
    if exception is not None:
        cleaned["exception"] = exception
    return cleaned


def _render_json(_logger: WrappedLogger, _method: str, event: Event) -> str:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    head = {"time": now, "level": event.pop("level"), "event": event.pop("event")}
    return msgspec.json.encode({**head, **event}).decode()


def _line(*, colours: bool) -> Processor:
    def paint(colour: str, text: str) -> str:
        return f"{colour}{text}{_PLAIN}" if colours and colour else text

    def render(_logger: WrappedLogger, _method: str, event: Event) -> str:
        level = str(event.pop("level"))
        exception = event.pop("exception", None)
        name = event.pop("where", "")
        time = paint(_DIM, f"{datetime.now(UTC):%H:%M:%S}Z")
        said = str(event.pop("event"))
        if level != "info":
            said = f"{level}: {said}"
        subjects = [paint(_BOLD, str(event.pop(key))) for key in _SUBJECTS if event.get(key) is not None]
        rest = ", ".join(filter(None, (_pair(key, value) for key, value in event.items())))
        if name:
            rest = f"{rest} ({name})".strip()
        text = "  ".join(filter(None, [f"{time} {paint(_COLOURS.get(level, ''), said)}", *subjects, rest]))
        return f"{text}\n{exception}" if exception else text

    return render


def _pair(key: str, value: object) -> str:
    """Write one value as people would: `3 new`, `took 12 ms`, `status=404`."""
    if value is None or (key in _COUNTS and value == 0):
        return ""
    if key in _COUNTS:
        return f"{value} {key}"
    for ending, unit in _UNITS.items():
        if f"_{key}".endswith(ending) and isinstance(value, int | float):
            name = key.removesuffix(unit).strip("_").replace("_", " ")
            return f"{name} {value:.4g} {unit}".strip()
    return f"{key}={value}"
