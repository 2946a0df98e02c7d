"""Commands that read the configuration and change nothing: check, config schema."""

import typer

from syndicator.cli.context import AsJson, counted, invocation, print_json, print_warnings
from syndicator.settings.advice import advice
from syndicator.settings.json_schema import configuration_schema

config_app = typer.Typer(help="The configuration itself.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.command(name="check", epilog="Example: syndicator --config /etc/syndicator check")(_check)
    app.add_typer(config_app, name="config")


def _check(
    context: typer.Context,
    as_json: AsJson = False,
) -> None:
    """Read the whole configuration and show every fault: file, key, reason, remedy.

    What is valid, but probably not meant, is shown as a warning.
    """
    call = invocation(context)
    settings = call.settings()
    counts = {
        "sources": len(settings.sources),
        "feeds": len(settings.feeds),
        "endpoints": len(settings.endpoints),
    }
    warnings = advice(settings)
    if as_json:
        warned = [{"key": one.key, "reason": one.reason, "remedy": one.remedy} for one in warnings]
        print_json({"ok": True, "items": [counts], "next": None, "errors": [], "warnings": warned})
        return
    print_warnings(warnings)
    text = ", ".join(counted(number, name.removesuffix("s")) for name, number in counts.items())
    verdict = f"can be read, with {counted(len(warnings), 'warning')}" if warnings else "all well"
    typer.echo(f"{call.folder}: {verdict}: {text}.")


@config_app.command(name="schema")
def _schema() -> None:
    """Print the JSON Schema of the configuration, for editors that complete and check."""
    print_json(configuration_schema())
