"""Commands that copy all that is kept into a file, and back, also into another number of partitions."""

import time
from functools import partial
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer
from msgspec import to_builtins
from msgspec.structs import replace

from syndicator.cli.context import AsJson, CommandFailed, counted, invocation, print_item
from syndicator.cli.event_loop import run_loop
from syndicator.resources import store_options
from syndicator.store.access.secret_encryption import Sealer
from syndicator.store.connection import Connection
from syndicator.store.keys.partitions import MOST_SPREAD
from syndicator.store.layout import LAYOUT
from syndicator.store.ops.backup import BackedUp, Progress, back_up
from syndicator.store.ops.backup_file import BackupHead
from syndicator.store.ops.configuration_versions import ConfigurationVersions
from syndicator.store.ops.partition_change import PartitionChange, change_partitions
from syndicator.store.ops.restore import Restored, restore
from syndicator.store.shared_clock import redis_time
from syndicator.store.store import StoreOptions, open_cold, open_server

_SAY_EVERY_S = 2.0
_TIMEOUT_S = 60.0
_MIB = 1024 * 1024


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.command(name="backup", epilog="Example: syndicator backup /backup/syndicator.syn")(_backup)
    app.command(name="restore", epilog="Example: syndicator restore /backup/syndicator.syn")(_restore)
    app.command(name="repartition", epilog="Example: syndicator repartition /backup/partitions.syn")(
        _repartition
    )


def _backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; a file there is replaced.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Copy all that is kept in Redis into one file, as it is at one moment, while the service runs.

    With it goes what is in the cold store, so that one file has all.

    Secrets in it stay sealed: keep `seal.key` of the data folder, too.
    """
    options, began = store_options(invocation(context).own_settings()), time.monotonic()

    async def copied() -> BackedUp:
        sealed_by = Sealer(options.seal_keys, options.data_dir).fingerprint()
        async with open_server(options) as (connection, _), open_cold(options) as cold:
            return await back_up(
                connection,
                options.namespace,
                file,
                partitions=options.partitions,
                sealed_by=sealed_by,
                cold=cold,
                progress=_progress("copied", quiet=as_json),
            )

    end = run_loop(copied())
    size, took_s = file.stat().st_size, time.monotonic() - began
    if as_json:
        print_item({"file": str(file), **to_builtins(end), "bytes": size, "took_s": took_s})
    else:
        nodes = f" from {end.nodes} nodes" if end.nodes > 1 else ""
        held = f"; writers were held back for {end.held_s:.2f} s" if end.held_s else ""
        copied_keys = f"{counted(end.keys, 'key')}{nodes}"
        typer.echo(f"{file}: {copied_keys}, {size / _MIB:.1f} MiB, in {took_s:.1f} s{held}.")


def _restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `syndicator backup` wrote.")],
    *,
    into: Annotated[
        str | None, typer.Option("--into", help="The namespace; by default that of the configuration.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--replace", help="Remove what the namespace holds. There is no way back.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring a back-up into a Redis whose namespace is empty, and look whether all of it is there."""
    options = store_options(invocation(context).own_settings())
    options, path = replace(options, namespace=into or options.namespace), file.resolve()
    any_slot = replace(options, partitions=MOST_SPREAD)  # what is replaced may be in more than is restored

    async def brought_back() -> Restored:
        async with open_server(any_slot, timeout_s=_TIMEOUT_S) as (connection, _), open_cold(options) as cold:
            await _refuse_running(connection, options)
            return await restore(
                connection,
                options.namespace,
                path,
                partitions=options.partitions,
                replace=overwrite,
                again=f"syndicator restore --replace {f'--into {into} ' if into else ''}{quote(str(path))}",
                cold=cold,
                progress=_progress("brought back", quiet=as_json),
            )

    restored = run_loop(brought_back())
    if as_json:
        print_item(
            {
                "namespace": options.namespace,
                "keys": restored.keys,
                "expired": restored.expired,
                "layout": restored.head.layout,
            }
        )
    else:
        what = f"{counted(restored.keys, 'key')} of {restored.head.began_at:%Y-%m-%d %H:%M} UTC"
        ended = f"; {restored.expired} ended by themselves since" if restored.expired else ""
        typer.echo(f"{what} are in the namespace {options.namespace!r}{ended}.")
        if restored.head.layout < LAYOUT:
            layouts = f"from layout {restored.head.layout} to {LAYOUT}"
            typer.echo(f"The next start of the service migrates them {layouts}.")
    if warning := _other_key(restored.head, options):
        typer.secho(warning, err=True, fg="yellow")


def _repartition(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="Where the data is kept as it was before; by default a new file in the data folder.",
            show_default=False,
        ),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Bring the data into the numbers of `[store.partitions]`, while nothing of the service runs.

    It is copied into a file, removed, and brought back from there. Where that is cut short, nothing of the
    service starts, and the same command goes on.
    """
    options = store_options(invocation(context).own_settings())
    any_slot = replace(options, partitions=MOST_SPREAD)

    async def changed() -> PartitionChange | None:
        async with open_server(any_slot, timeout_s=_TIMEOUT_S) as (connection, _), open_cold(options) as cold:
            now = await redis_time(connection)
            usual = options.data_dir / f"partitions-{options.namespace}-{now:%Y%m%dT%H%M%S}.syn"
            return await change_partitions(
                connection,
                options.namespace,
                (file or usual).resolve(),
                wanted=options.partitions,
                check=partial(_refuse_running, connection, options),
                sealed_by=Sealer(options.seal_keys, options.data_dir).fingerprint(),
                cold=cold,
                copied=_progress("copied", quiet=as_json),
                brought_back=_progress("brought back", quiet=as_json),
            )

    _say_change(run_loop(changed()), options, as_json=as_json)


def _say_change(change: PartitionChange | None, options: StoreOptions, *, as_json: bool) -> None:
    """Print what was changed, and the way back."""
    after = options.partitions.counts()
    before = after if change is None else change.before.counts()
    if as_json:
        restored = change and {"keys": change.restored.keys, "expired": change.restored.expired}
        file = change and str(change.file)
        print_item(
            {
                "namespace": options.namespace,
                "before": before,
                "after": after,
                "file": file,
                **(restored or {}),
            }
        )
        return
    if change is None:
        numbers = ", ".join(f"{kind} {count}" for kind, count in after.items())
        typer.echo(f"The data has these numbers of partitions already: {numbers}. Nothing was changed.")
        return
    changes = ", ".join(
        f"{kind} {before[kind]} → {after[kind]}" for kind in after if before[kind] != after[kind]
    )
    typer.echo(f"Partitions: {changes or 'as before'}. All {counted(change.restored.keys, 'key')} are there.")
    typer.echo(
        f"Keep {change.file} until all is well: it has the data as it was. To go back to that, set the "
        f"former numbers, and run `syndicator restore --replace {change.file}`. Once the service has run "
        "again, run `syndicator repartition` instead: it keeps what is new."
    )


async def _refuse_running(connection: Connection, options: StoreOptions) -> None:
    """Raise CommandFailed where a process of the service runs."""
    versions = ConfigurationVersions(connection, options.keys, Sealer(options.seal_keys, options.data_dir))
    if running := await versions.notes(await redis_time(connection)):
        names = ", ".join(note.process for note in running)
        raise CommandFailed(f"the service runs: {names}", remedy="stop it, wait half a minute, and try again")


def _other_key(head: BackupHead, options: StoreOptions) -> str | None:
    """Return what is to be done where secrets of the back-up cannot be opened here."""
    if head.sealed_by in {"", Sealer(options.seal_keys, options.data_dir).fingerprint()}:
        return None
    return (
        "Secrets in it are sealed with another key than this machine has. Before you start the service, put "
        f"the seal.key of that machine into {options.data_dir}, or name it as [store] seal_key_file."
    )


def _progress(done: str, *, quiet: bool) -> Progress:
    said_s = time.monotonic()

    def say(keys: int, about: int) -> None:
        nonlocal said_s
        if not quiet and time.monotonic() - said_s >= _SAY_EVERY_S:
            said_s = time.monotonic()
            typer.echo(f"{keys} of about {counted(about, 'key')} {done} …", err=True)

    return say
