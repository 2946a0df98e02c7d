"""Commands that read the configuration and change nothing: check, config schema."""

import typer

from syndicator.cli.context import AsJson, counted, invocation, print_json
from syndicator.settings.schema import configuration_schema

config_app = typer.Typer(help="The configuration itself.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.command(name="check", epilog="Example: syndicator --config /etc/syndicator check")(_check)
    app.add_typer(config_app, name="config")


def _check(
    context: typer.Context,
    as_json: AsJson = False,
) -> None:
    """Read the whole configuration and tell every fault: file, key, reason, remedy."""
    call = invocation(context)
    settings = call.settings()
    counts = {
        "sources": len(settings.sources),
        "feeds": len(settings.feeds),
        "endpoints": len(settings.endpoints),
    }
    if as_json:
        print_json({"ok": True, "items": [counts], "next": None, "errors": []})
        return
    told = ", ".join(counted(number, name.removesuffix("s")) for name, number in counts.items())
    typer.echo(f"{call.folder}: all well: {told}.")


@config_app.command(name="schema")
def _schema() -> None:
    """Print the JSON Schema of the configuration, for editors that complete and check."""
    print_json(configuration_schema())
