"""Commands about the configuration: check it, show which runs, and change it beside the files."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import tomli
import typer

from syndicator.cli.context import (
    AsJson,
    CommandFailed,
    counted,
    invocation,
    print_item,
    print_json,
    print_table,
    print_warnings,
)
from syndicator.cli.event_loop import run_loop
from syndicator.cli.formats import digest_words, local_time, retry_words
from syndicator.cli.store_access import edit, risks_at, warn_of_refused
from syndicator.errors import Fault, StoreError, StoreRefuses, StoreUnavailable
from syndicator.model.delivery import Endpoint
from syndicator.pipeline.configuration.configuration_editing import ConfigurationShown, Tables
from syndicator.pipeline.preview.toml_blocks import table_block
from syndicator.settings import Settings
from syndicator.settings.advice import advice
from syndicator.settings.endpoint_registration import written
from syndicator.settings.json_schema import configuration_schema
from syndicator.settings.shared_files import ADDED_KINDS
from syndicator.store.servers.store_url import place_of

_MOST_ENDPOINTS = 20

config_app = typer.Typer(help="The configuration itself.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.command(name="check", epilog="Example: syndicator --config /etc/syndicator check")(_check)
    app.add_typer(config_app, name="config")


def _check(
    context: typer.Context,
    as_json: AsJson = False,
) -> None:
    """Read the whole configuration and show every fault: file, line, key, reason, remedy.

    What is valid, but probably not meant, is shown as a warning, and so are settings of the Redis of [store]
    url that may lose data. Where nothing is wrong, it shows how the endpoints are sent to.
    """
    call = invocation(context)
    settings = call.settings()
    counts = {
        "sources": len(settings.sources),
        "feeds": len(settings.feeds),
        "endpoints": len(settings.endpoints),
    }
    place = place_of(settings.store.redis_url) if settings.store.redis_url else None
    risks = _risks(settings)
    warnings = [*advice(settings), *(risks or ())]
    if as_json:
        warned = [{"key": one.key, "reason": one.reason, "remedy": one.remedy} for one in warnings]
        document = {"ok": True, "items": [counts], "next": None, "errors": [], "warnings": warned}
        sent = [_sent(one) for one in settings.endpoints.values()]
        print_json({**document, "endpoints": sent, "redis": place})
        return
    print_warnings(warnings)
    text = ", ".join(counted(number, name.removesuffix("s")) for name, number in counts.items())
    verdict = f"can be read, with {counted(len(warnings), 'warning')}" if warnings else "all well"
    typer.echo(f"{call.folder}: {verdict}: {text}.")
    if place:
        typer.echo(f"Redis: {place}{', which does not answer here' if risks is None else ''}.")
    if settings.endpoints:
        _print_endpoints(list(settings.endpoints.values()))


def _risks(settings: Settings) -> Sequence[Fault] | None:
    """Return what may be lost by how the Redis of `[store] url` is set; None where none answers."""
    if settings.store.redis_url is None:
        return ()
    try:
        return run_loop(risks_at(settings, settings.store.redis_url))
    except StoreError as error:
        if isinstance(error, StoreUnavailable) and not isinstance(error, StoreRefuses):
            return None
        return [Fault(file="", key="store.url", reason=str(error))]


def _sent(endpoint: Endpoint) -> dict[str, Any]:
    """Return how an endpoint is sent to, in the keys and values of its table."""
    chosen = written(endpoint)
    keys = ("events", "payload", "digest", "rate", "max_in_flight", "timeout", "max_age", "retry")
    return {"id": endpoint.id, **{key: chosen[key] for key in keys}}


def _print_endpoints(endpoints: Sequence[Endpoint]) -> None:
    typer.echo()
    print_table(
        [
            {
                "endpoint": one.id,
                "payload": one.payload.value,
                "digest": digest_words(one.digest) or "each by itself",
                "rate": one.rate.text if one.rate else "as it answers",
                "attempts": retry_words(one.retry),
            }
            for one in endpoints[:_MOST_ENDPOINTS]
        ]
    )
    if len(endpoints) > _MOST_ENDPOINTS:
        typer.echo(f"and {counted(len(endpoints) - _MOST_ENDPOINTS, 'more endpoint')}")


@config_app.command(name="schema")
def _schema() -> None:
    """Print the JSON Schema of the configuration, for editors that complete and check."""
    print_json(configuration_schema())


@config_app.command(name="show", epilog="Example: syndicator config show")
def _show(context: typer.Context, as_json: AsJson = False) -> None:
    """Show which version runs, in which processes, and what was added beside the files."""
    shown = edit(context, lambda editing: editing.shown())
    if as_json:
        print_json({"ok": True, **_document(shown), "next": None, "errors": []})
        return
    warn_of_refused(shown.processes)
    if shown.version is None:
        typer.echo("Nothing was published yet: the first start publishes the files.")
    else:
        at = local_time(shown.version.published_at, "UTC")
        typer.echo(f"Version {shown.version.version}, published {at} by {shown.version.by}.")
    if shown.processes:
        print_table(
            [{"process": note.process, "version": note.version or "own files"} for note in shown.processes]
        )
    if shown.added:
        print_table(
            [
                {
                    "added": f"{each.kind}.{each.id}",
                    "by": each.by,
                    "at": local_time(each.at, "UTC"),
                    "effect": "none: the files have it, too"
                    if f"{each.kind}.{each.id}" in shown.in_files_too
                    else "",
                }
                for each in shown.added
            ]
        )


@config_app.command(name="add", epilog="Example: syndicator config add new-portal.toml")
def _add(
    context: typer.Context,
    file: Annotated[
        str, typer.Argument(help="Tables as in a file of the configuration; - reads standard input.")
    ],
    as_json: AsJson = False,
) -> None:
    """Add sources, feeds and groups beside the files, or change those added before; all or none.

    They are kept in Redis, and all processes apply them within seconds. Where a file has a table of the same
    name, it wins.
    """
    tables = tables_of(file)
    added = edit(context, lambda editing: editing.put(tables))
    names = [f"{each.kind}.{each.id}" for each in added]
    if as_json:
        print_json({"ok": True, "items": names, "next": None, "errors": []})
        return
    typer.echo(f"Added: {', '.join(names)}.")


@config_app.command(name="remove", epilog="Example: syndicator config remove source.new-portal")
def _remove(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="As config show names it: KIND.ID.")],
    as_json: AsJson = False,
) -> None:
    """Remove a table that was added beside the files."""
    kind, _, one = name.partition(".")
    edit(context, lambda editing: editing.remove((kind, one)))
    if as_json:
        print_item({"id": name})
        return
    typer.echo(f"Removed: {name}.")


@config_app.command(name="export", epilog="Example: syndicator config export > config/added.toml")
def _export(context: typer.Context) -> None:
    """Print what was added beside the files as TOML, with its secrets: to be kept in a file."""
    added = edit(context, lambda editing: editing.added())
    typer.echo("\n".join(table_block(each.kind, each.id, each.table) for each in added), nl=False)


def _document(shown: ConfigurationShown) -> dict[str, Any]:
    return {
        "version": shown.version,
        "processes": shown.processes,
        "items": shown.added,
        "in_files_too": shown.in_files_too,
    }


def tables_of(file: str) -> Tables:
    """Read tables that may be added; refuse others."""
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
        found: Mapping[str, Any] = tomli.loads(text)
    except (OSError, UnicodeDecodeError, RecursionError, tomli.TOMLDecodeError) as error:
        raise CommandFailed(f"{file}: {error}", key="FILE", remedy="see https://toml.io") from error
    if foreign := sorted(found.keys() - set(ADDED_KINDS)):
        reason = f"{file}: [{foreign[0]}] cannot be added beside the files"
        raise CommandFailed(reason, key=foreign[0], remedy=f"write it into a file; only {_KINDS} can be")
    tables = [named.values() if isinstance(named, dict) else (named,) for named in found.values()]
    if not any(tables) or not all(isinstance(one, dict) for named in tables for one in named):
        raise CommandFailed(f"{file}: has no tables to add", key="FILE", remedy=f"write {_KINDS}")
    return found


_KINDS = ", ".join(f"[{kind}.ID]" for kind in ADDED_KINDS)
