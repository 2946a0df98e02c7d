"""Commands that do one round of something, or count: once, stats."""

from collections.abc import Sequence
from enum import StrEnum
from functools import reduce
from operator import add
from typing import Annotated, Any

import typer

from syndicator.cli.completion import source_ids
from syndicator.cli.context import (
    AlwaysJson,
    AsJson,
    Invocation,
    check_known,
    counted,
    invocation,
    print_json,
    print_table,
)
from syndicator.cli.event_loop import run_loop
from syndicator.cli.store_access import ask, opened
from syndicator.live_configuration import LiveConfiguration
from syndicator.model.ids import SourceId
from syndicator.model.ops.status import QueueCounts
from syndicator.pipeline.sources.gather_step import ChosenSources, SourceReport
from syndicator.pipeline.steps import JobReport, Step
from syndicator.schedule.runner import Runner
from syndicator.schedule.workers import CAPACITY
from syndicator.service import Service

_ASSIGN_S = 10.0
"""How long new articles may wait to be assigned to stories before the command ends."""


class StepName(StrEnum):
    GATHER = "gather"
    PUBLISH = "publish"
    DELIVER = "deliver"
    RANK = "rank"
    SWEEP = "sweep"
    OFFLOAD = "offload"


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.command(name="once", epilog="Example: syndicator once gather --source berita-kota --json")(_once)
    app.command(name="stats", epilog="Example: syndicator stats | jq .deliveries")(_stats)


def _once(  # noqa: PLR0917  typer calls it by name
    context: typer.Context,
    step: Annotated[StepName, typer.Argument(help="What to do.")],
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--source", help="Gather this source, due or not; may be repeated.", autocompletion=source_ids
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Gather sources that are not due too; paused ones rest.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="How many jobs to do at once.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Do one round of a step, then exit: 0 done, 1 when something failed."""
    reports = run_loop(
        _run(invocation(context), step, source or (), workers or CAPACITY[step], everything=everything)
    )
    report = _result(step, reports)
    if as_json:
        print_json(report)
    elif step is StepName.GATHER and report["sources"]:
        print_table([{"source": name, **fields} for name, fields in report["sources"].items()])
    else:
        typer.echo(f"{step}: {_summary(step, report['totals'])}")
    if report["totals"]["failed"]:
        raise typer.Exit(1)


def _summary(step: StepName, totals: dict[str, int]) -> str:
    if step is StepName.GATHER and not totals["done"] + totals["failed"]:
        return "nothing was due; --all takes all sources."
    if step is StepName.RANK and not totals["failed"]:
        return f"{counted(totals['done'], 'feed')} re-ranked."
    return f"{totals['done']} done, {totals['failed']} failed."


async def _run(
    call: Invocation, name: StepName, named: Sequence[str], capacity: int, *, everything: bool
) -> list[JobReport]:
    reports: list[JobReport] = []
    async with opened(call, LiveConfiguration.begin, migrates=True) as service:
        for source in named:
            check_known("source", source, service.settings.sources, "--source")
        await service.sync_configuration()
        chosen = [SourceId(source) for source in named or (service.settings.sources if everything else ())]
        step = _step(service, name, chosen, named=bool(named))
        runner = Runner(step, capacity=capacity, clock=service.clock, on_report=reports.append)
        await runner.run(until_empty=True)
        if name is StepName.GATHER and (left := await service.assigner.drain(_ASSIGN_S)):
            typer.echo(f"{counted(left, 'article')} not shown yet: the next worker assigns them.", err=True)
    return reports


def _step(service: Service, name: StepName, chosen: Sequence[SourceId], *, named: bool) -> Step:
    if name is StepName.GATHER and chosen:
        sources = [service.settings.sources[source] for source in chosen]
        return ChosenSources(service.gather_step, sources, named=named)
    return next(step for step in service.steps if step.name == name)


def _result(step: StepName, reports: Sequence[JobReport]) -> dict[str, Any]:
    failed = sum(report.failed for report in reports)
    totals: dict[str, int] = {"done": sum(map(_done, reports)), "failed": failed}
    sources = {}
    for report in reports:
        if isinstance(report, SourceReport):
            counts = {
                "new": report.round.new,
                "changed": report.round.changed,
                "duplicate": report.round.duplicate,
                "unchanged": report.round.unchanged,
            }
            sources[report.source] = {"status": report.status, **counts, "reason": report.reason}
            totals |= {name: totals.get(name, 0) + number for name, number in counts.items()}
    return {"step": step.value, "sources": dict(sorted(sources.items())), "totals": totals}


def _done(report: JobReport) -> int:
    """Count the jobs in a report: one of ranking names every feed whose order changed."""
    if report.failed:
        return 0
    named = str(dict(report.fields).get("feed", "")) if report.step == StepName.RANK else ""
    return len(named.split(", "))


def _stats(context: typer.Context, as_json: AlwaysJson = False) -> None:
    """Count what there is, as JSON."""
    del as_json
    print_json(ask(context, _counts))


async def _counts(service: Service) -> dict[str, Any]:
    status = await service.queries.status(())
    queues = reduce(add, (endpoint.counts for endpoint in status.endpoints), QueueCounts())
    return {
        "sources": len(service.settings.sources),
        "articles": status.articles,
        "stories": await service.store.stories.count(),
        "outbox": status.outbox,
        "layout": status.layout,
        "redis": status.redis,
        "deliveries": {
            "ready": queues.ready,
            "delayed": queues.delayed,
            "in_flight": queues.in_flight,
            "dead": queues.dead,
            "delivered": queues.delivered,
        },
    }
