"""The program `syndicator`: global options, the groups of commands, and where errors end."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from syndicator import __version__
from syndicator.cli.context import Invocation, UsageFault, exit_code, print_error, print_failure
from syndicator.cli.lazy_commands import LazyGroup, stays
from syndicator.errors import SyndicatorError

app = typer.Typer(
    cls=LazyGroup,
    help="Gathers news from portals, decides what is new, and publishes it as feeds and webhooks.",
    epilog=(
        "First steps: `syndicator run --demo` shows it at work; `syndicator init` writes a configuration;"
        " `syndicator check` shows what is wrong in it; `syndicator run` starts everything."
    ),
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run one command; exit 0 done, 1 failed, 2 the configuration or the arguments are wrong.

    With --json a failure is one document on standard output, whatever failed.
    """
    as_json = "--json" in sys.argv[1:]
    try:
        sys.exit(app(standalone_mode=not as_json))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except SyndicatorError as error:
        (print_failure if as_json else print_error)(error)
        sys.exit(exit_code(error))
    except Exception as error:
        if not as_json:
            raise
        print_failure(error)
        if isinstance(error, UsageFault | typer.Abort):
            sys.exit(exit_code(error))
        raise


def _show_version(wanted: bool) -> None:
    """Answer before a command is looked for."""
    if wanted:
        typer.echo(f"syndicator {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", help="Folder of the configuration (environment: SYNDICATOR_CONFIG; default: config)."
        ),
    ] = None,
    log_level: Annotated[
        str | None,
        typer.Option(
            "--log-level",
            help="debug, info, warning or error (default: warning; of commands that stay: info).",
        ),
    ] = None,
    log_json: Annotated[
        bool | None,
        typer.Option("--log-json/--log-text", help="Form of the log (default: text on a terminal)."),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version.")
    ] = False,
) -> None:
    # Help needs none of this, and is to come at once.
    from syndicator.observe import logs  # noqa: PLC0415
    from syndicator.settings import config_folder, read_environment  # noqa: PLC0415

    del version  # its callback has answered
    if log_level is None:
        log_level = "info" if stays(context.invoked_subcommand) else "warning"
    if log_level not in logs.LEVELS:
        raise typer.BadParameter(
            f"{log_level!r} is not one of {', '.join(logs.LEVELS)}", param_hint="--log-level"
        )
    logs.configure(log_level, json=log_json)
    environ = read_environment()
    context.obj = Invocation(
        folder=config_folder(config, environ), environ=environ, log_level=log_level, log_json=log_json
    )
