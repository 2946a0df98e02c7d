"""The command that opens the operators' pages: status."""

from typing import Annotated

import typer

from syndicator.cli.context import AsJson, CommandFailed, invocation, print_item
from syndicator.cli.event_loop import run_loop
from syndicator.cli.store_access import server_at
from syndicator.errors import StoreError
from syndicator.model.clock import system_clock
from syndicator.settings import Settings
from syndicator.settings.settings import listening_url
from syndicator.store.access.operators_token import operators_token
from syndicator.web.access.sign_in_links import LINK_LIFE, sign_in_path


def register(app: typer.Typer) -> None:
    """Add this command to the program."""
    app.command(name="status", epilog="Example: syndicator status")(_status)


def _status(
    context: typer.Context,
    port: Annotated[
        int | None,
        typer.Option("--port", min=1, max=65535, help="Where they are (default: [server] ops_port)."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print a link that opens the operators' pages in a browser, once.

    It is made with the token in the data folder, works for ten minutes, and signs the browser in for 30 days.
    Where [store] url names a Redis, it also shows which server has the data now.
    """
    settings = invocation(context).settings()
    port = port or settings.server.ops_port
    if not port:
        raise CommandFailed(
            "[server] ops_port is 0: the port is another one at each start",
            key="server.ops_port",
            remedy="give it with --port: the first lines of syndicator run name it",
        )
    token, now = operators_token(settings.store.data_dir, making=False), system_clock()
    url = listening_url(settings.server.ops_host, port) + sign_in_path(token, now)
    redis = _redis(settings)
    if as_json:
        print_item({"url": url, "expires": now + LINK_LIFE, "redis": redis})
        return
    typer.echo(url)
    typer.echo("It opens once, within ten minutes.", err=True)
    if settings.store.redis_url:
        told = f"The data is in the Redis at {redis}." if redis else "Redis does not answer here."
        typer.echo(told, err=True)


def _redis(settings: Settings) -> str | None:
    """Return which server has the data now; None where none answers, or the embedded one has it."""
    if settings.store.redis_url is None:
        return None
    try:
        return run_loop(server_at(settings, settings.store.redis_url))
    except StoreError:
        return None
