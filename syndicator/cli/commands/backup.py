"""Commands that copy all that is kept into a file, and back."""

import time
from pathlib import Path
from typing import Annotated

import typer
from msgspec import to_builtins
from msgspec.structs import replace

from syndicator.cli.context import AsJson, CommandFailed, counted, invocation, print_item
from syndicator.cli.event_loop import run_loop
from syndicator.resources import store_options
from syndicator.store.access.secret_encryption import Sealer
from syndicator.store.keys.partitions import MOST_SPREAD
from syndicator.store.layout import LAYOUT
from syndicator.store.ops.backup import BackedUp, Progress, back_up
from syndicator.store.ops.backup_file import BackupHead
from syndicator.store.ops.configuration_versions import ConfigurationVersions
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
    options = replace(options, namespace=into or options.namespace)
    any_slot = replace(options, partitions=MOST_SPREAD)  # what is replaced may be in more than is restored

    async def brought_back() -> Restored:
        async with open_server(any_slot, timeout_s=_TIMEOUT_S) as (connection, _), open_cold(options) as cold:
            sealer = Sealer(options.seal_keys, options.data_dir)
            versions = ConfigurationVersions(connection, options.keys, sealer)
            if running := await versions.notes(await redis_time(connection)):
                names = ", ".join(note.process for note in running)
                raise CommandFailed(
                    f"the service runs: {names}", remedy="stop it, wait half a minute, and try again"
                )
            return await restore(
                connection,
                options.namespace,
                file,
                partitions=options.partitions,
                replace=overwrite,
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
