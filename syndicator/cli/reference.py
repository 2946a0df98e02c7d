"""The generated parts of `docs/`, made from what they describe.

`python -m syndicator.cli.reference docs` writes all of them anew.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import cast

from typer import Context
from typer.cli import get_docs_for_click
from typer.core import TyperGroup
from typer.main import get_command

from syndicator.cli.app import app
from syndicator.cli.lazy_commands import COMMANDS, LazyGroup
from syndicator.model.ops.states import state_table
from syndicator.observe.metric_names import OF_PROCESS, SHARED
from syndicator.observe.metrics import open_metrics
from syndicator.pipeline.ops import measurements, metrics_reporter
from syndicator.push.reference import event_reference
from syndicator.settings.endpoint_registration import registration_schema
from syndicator.settings.reference import key_tables
from syndicator.store.keys.reference import key_reference
from syndicator.web.api.api_table import described_table
from syndicator.web.api.json_api import ApiRoute
from syndicator.web.api.openapi import openapi_for, with_routes, written

_BEGIN, _END = "<!-- reference: made by `make docs`, do not edit -->\n", "<!-- end of reference -->"
_ALL_BELOW = "<!-- reference: made by `make docs`, do not edit below -->\n"

_LONGEST_SENTENCE = 1000
_COMMANDS_BEGIN = """\
# Commands

`syndicator COMMAND --help` says the same. Tables are for people; `--json` gives programs one document on
standard output, with the log on standard error. All commands work while a service runs over the same data.
Exit codes: 0 done, 1 failed (in part), 2 the configuration or the arguments are wrong,
130 a command that was to end by itself was interrupted (Ctrl-C).

"""


def command_reference() -> str:
    """Return the whole page of commands."""
    command = cast("LazyGroup", get_command(app))
    for name in COMMANDS:
        command.load(name)
    _keep_whole_sentences(command)
    with command.make_context("syndicator", [], resilient_parsing=True) as context:
        text = get_docs_for_click(obj=command, ctx=cast("Context", context), name="syndicator")
    return _COMMANDS_BEGIN + text.split("\n", 2)[2].strip() + "\n"


def _keep_whole_sentences(group: TyperGroup) -> None:
    """Have lists of commands print first sentences whole, as `--help` does; by default they are cut."""
    for command in group.commands.values():
        command.short_help = command.get_short_help_str(limit=_LONGEST_SENTENCE)
        if isinstance(command, TyperGroup):
            _keep_whole_sentences(command)


_METRICS = """\
# Metrics

At `http://127.0.0.1:8089/metrics` (`[server] ops_host`, `ops_port`), for Prometheus; off loopback with a
token. [Monitor and alert](howto/monitoring.md) has a configuration, alert rules and a dashboard.

## Of each process

Each process counts for itself: add up with `sum`. Beside these there are the usual ones of the process and of
Python's garbage collector.

{of_process}
## Shared by all processes

Read from Redis at each scrape, so they are the same from every process: use `max by`. While Redis is away,
they keep their last values.

{shared}
## What they cost

The number of series is bounded. Labels are names of the configuration and words of this program, never
addresses, clients or texts from outside.

| for each | series from every process |
| --- | --- |
| source, up to {sources:,}, those in trouble first | 2; in trouble 4; with an objective 2 more |
| source that the process gathers, up to {counted:,} | up to 3 |
| group of sources, up to {groups}; sources without one are `{none}` | 28 |
| endpoint | 7 |
| endpoint that the process delivers to, up to {endpoints} | up to 33 |
| route and kind of method that was asked | 8, and 1 for each status |
| feed; token that expires | 1 |

What a process counts beyond these bounds is added up under the label `{others}`. With 10,000 sources, of
which one in a hundred fails, a process shows 24,000 series in 2 MB; where all fail, 44,000 in 3.5 MB.
"""


def _metric_table(rows: Iterable[str]) -> str:
    return "| metric | kind | labels | what it shows |\n| --- | --- | --- | --- |\n" + "".join(rows)


def metric_reference() -> str:
    """Return the whole page of metrics."""
    metrics = open_metrics()
    rows: dict[bool, list[str]] = {True: [], False: []}
    for field in fields(metrics):
        if field.name == "registry":
            continue
        metric, is_shared = getattr(metrics, field.name), field.name in SHARED
        (described,) = metric.describe()
        name = f"{described.name}_total" if described.type == "counter" else described.name
        _, *labels = (SHARED if is_shared else OF_PROCESS)[field.name]
        named = ", ".join(f"`{label}`" for label in labels)
        rows[is_shared].append(f"| `{name}` | {described.type} | {named} | {described.documentation} |\n")
    return _METRICS.format(
        of_process=_metric_table(rows[False]),
        shared=_metric_table(rows[True]),
        sources=measurements.MOST_SOURCES,
        counted=metrics_reporter.MOST_SOURCES,
        groups=metrics_reporter.MOST_GROUPS,
        endpoints=metrics_reporter.MOST_ENDPOINTS,
        others=metrics_reporter.OTHERS,
        none=metrics_reporter.NO_GROUP,
    )


def api_routes() -> tuple[ApiRoute, ...]:
    """Return all routes of the API, for being described."""
    return described_table(registration_schema())


PAGES: Mapping[str, Callable[[str], str]] = {
    "api.md": lambda page: with_routes(page, api_routes()),
    "commands.md": lambda _: command_reference(),
    "configuration.md": lambda page: _between(page, _BEGIN, f"{key_tables()}\n", _END),
    "events.md": lambda page: _between(page, _ALL_BELOW, f"\n{event_reference()}"),
    "glossary.md": lambda page: _between(page, _BEGIN, f"\n{state_table()}\n", _END),
    "metrics.md": lambda _: metric_reference(),
    "openapi.json": lambda _: written(openapi_for(api_routes())),
    "redis-keys.md": lambda _: key_reference(),
}
"""How each page is made anew from what it is now."""


def _between(page: str, begin: str, made: str, end: str = "") -> str:
    """Return a page with the part between its marks made anew; without an end, all below the first."""
    before, _, rest = page.partition(begin)
    after = rest.partition(end)[2] if end else ""
    return f"{before}{begin}{made}{end}{after}"


if __name__ == "__main__":
    for name, make in PAGES.items():
        path = Path(sys.argv[1], name)
        path.write_text(make(path.read_text("utf-8")), "utf-8")
