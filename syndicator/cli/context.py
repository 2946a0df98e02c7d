"""What every command gets, and how every command speaks: tables for people, JSON for programs."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol, runtime_checkable

import msgspec
import typer
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table

from syndicator.errors import ConfigError, Fault, StoreRefuses, StoreUnavailable, SyndicatorError
from syndicator.observe.pauses import without_collection
from syndicator.observe.redact import UNSAFE, hide_secrets, printable

if TYPE_CHECKING:
    from syndicator.settings import Settings
    from syndicator.settings.shared_files import LocalConfiguration

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document.")]
AlwaysJson = Annotated[bool, typer.Option("--json", help="No effect: the output is always JSON.")]

_WHOLE = frozenset({"id", "event", "article", "endpoint", "url"})
"""Columns that are copied: never broken."""

_LONGEST_TEXT = 36

_LONGEST_WORD = 20
"""Longer ones may be broken."""

_NEAREST, _ALL_NAMED = 3, 5

_MOST_WARNINGS = 50

_HEIGHT = 25
"""Means nothing to tables, but a width is believed only with it."""


class CommandFailed(SyndicatorError):
    """A command could not do its work, and there is something that people can do about it."""

    def __init__(self, reason: str, *, key: str = "", remedy: str) -> None:
        super().__init__(reason)
        self.fault = Fault(file="", key=key, reason=reason, remedy=remedy)


@runtime_checkable
class UsageFault(Protocol):
    """What the library of the command line raises for wrong arguments; its own class is private."""

    exit_code: int

    def format_message(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """The global options of one call."""

    folder: Path
    environ: Mapping[str, str]
    log_level: str = "info"
    log_json: bool | None = None

    def settings(self) -> "Settings":
        """Read the configuration; raise ConfigError with all that is wrong."""
        from syndicator.settings import load  # noqa: PLC0415 -- help is to come at once, without it

        with without_collection():
            return load(self.folder, self.environ)

    def own_settings(self) -> "Settings":
        """Read what this process needs to reach Redis; no more than that where files are wrong elsewhere."""
        from syndicator.settings.load import load_for_trial  # noqa: PLC0415 -- as above
        from syndicator.settings.shared_files import OWN_TABLES  # noqa: PLC0415

        return load_for_trial(self.folder, self.environ, OWN_TABLES)

    def local(self) -> "LocalConfiguration":
        """Return the files and the environment of this process."""
        from syndicator.settings.shared_files import LocalConfiguration  # noqa: PLC0415 -- as above

        return LocalConfiguration(self.folder, self.environ)

    def options(self) -> list[str]:
        """Spell the global options as another process of this program takes them."""
        words = ["--config", str(self.folder), "--log-level", self.log_level]
        if self.log_json is not None:
            words.append("--log-json" if self.log_json else "--log-text")
        return words


def invocation(context: typer.Context) -> Invocation:
    """Return the global options of this call."""
    found = context.find_object(Invocation)
    if found is None:
        raise RuntimeError("a command ran outside of the program")
    return found


def exit_code(error: Exception) -> int:
    """Return 2 where the configuration or the arguments are wrong, else 1."""
    if isinstance(error, UsageFault):
        return error.exit_code
    return 2 if isinstance(error, ConfigError) else 1


def print_error(error: SyndicatorError) -> None:
    """Print faults for people, on standard error."""
    if isinstance(error, ConfigError):
        for fault in error.faults:
            typer.secho(f"{fault.where}: {fault.reason}", err=True, fg="red")
            _print_remedy(fault)
        if any(fault.file for fault in error.faults):
            typer.echo(f"{counted(len(error.faults), 'fault')} in the configuration.", err=True)
        return
    (fault,) = faults_of(error)
    typer.secho(f"syndicator: {fault.reason}", err=True, fg="red")
    _print_remedy(fault)


def print_warnings(warnings: Iterable[Fault]) -> None:
    """Print the first `_MOST_WARNINGS` of the warnings, on standard error."""
    shown = list(warnings)
    for one in shown[:_MOST_WARNINGS]:
        typer.secho(f"{printable(one.key)}: {printable(one.reason)}", err=True, fg="yellow")
        _print_remedy(one)
    if len(shown) > _MOST_WARNINGS:
        typer.secho(f"and {len(shown) - _MOST_WARNINGS} more warnings", err=True, fg="yellow")


def faults_of(error: Exception) -> tuple[Fault, ...]:
    """Return what went wrong as programs get it: file and key are empty where neither is to blame."""
    match error:
        case ConfigError():
            return error.faults
        case CommandFailed():
            key, reason, remedy = error.fault.key, error.fault.reason, error.fault.remedy
        case StoreRefuses():  # it runs, and its message says what to change
            key, reason, remedy = "store.url", str(error), ""
        case StoreUnavailable():
            key, reason, remedy = (
                "store.url",
                str(error),
                "see that it runs and [store] url is right",
            )
        case SyndicatorError():
            key, reason, remedy = "", str(error), ""
        case UsageFault():
            key, reason, remedy = _parameter(error), error.format_message(), "see --help"
        case typer.Abort():
            key, reason, remedy = "", "interrupted", ""
        case _:
            key, reason, remedy = "", f"a fault of this program: {type(error).__name__}", ""
    return (
        Fault(
            file="", key=key, reason=printable(hide_secrets(reason)), remedy=printable(hide_secrets(remedy))
        ),
    )


def print_failure(error: Exception) -> None:
    """Write the one document that a command called with --json gives when it fails."""
    print_json({"ok": False, "items": [], "next": None, "errors": [asdict(one) for one in faults_of(error)]})


def failed(key: str, reason: str, remedy: str = "") -> dict[str, Any]:
    """Return one element of `errors` that no file is to blame for."""
    return asdict(Fault(file="", key=key, reason=reason, remedy=remedy))


def _print_remedy(fault: Fault) -> None:
    if fault.remedy:
        typer.echo(f"    → {fault.remedy}", err=True)


def _parameter(error: UsageFault) -> str:
    hint = getattr(error, "param_hint", None)
    spelled: list[str] = getattr(getattr(error, "param", None), "opts", [""])
    return hint if isinstance(hint, str) else spelled[0]


def check_known(kind: str, name: str, known: Collection[str], parameter: str) -> None:
    """Refuse a name that the configuration does not have; list those that it has, of many the nearest."""
    if name not in known:
        near = get_close_matches(name.lower(), known, n=_NEAREST, cutoff=0.0)
        there_are = f"there are: {', '.join(known)}" if known else "none is configured"
        if len(known) > _ALL_NAMED:
            there_are = f"the nearest of {len(known)}: {', '.join(near)}; syndicator {kind}s list shows all"
        raise typer.BadParameter(f"no {kind} is called {name!r} ({there_are})", param_hint=parameter)


def counted(number: int, name: str) -> str:
    """Write `1 feed`, `2 feeds`."""
    return f"{number} {name}" if number == 1 else f"{number} {name}s"


def print_json(document: object) -> None:
    """Write one document to standard output."""
    text = msgspec.json.encode(document)
    written = json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    # Line breaks are of the document itself here: those of texts are escaped already, as JSON asks.
    lines = (UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", line) for line in written.split("\n"))
    typer.echo("\n".join(lines))


def print_item(item: object, *, ok: bool = True, errors: Sequence[Mapping[str, Any]] = ()) -> None:
    """Show one thing as the list document that programs get.

    Its fields stand beside `items`, too: there programs find them that ask for one thing.
    """
    fields = msgspec.to_builtins(item)
    print_json({"ok": ok, "items": [fields], "next": None, "errors": errors, **fields})


def print_list(
    items: Sequence[Mapping[str, Any]],
    *,
    as_json: bool,
    more: str | None = None,
    empty: str = "Nothing.",
    people: Sequence[Mapping[str, Any]] | None = None,
) -> None:
    """Show things: as a table, or as the list document that programs get.

    `people` are the rows of the table, where they differ from what programs get.
    """
    if as_json:
        print_json({"ok": True, "items": items, "next": more, "errors": []})
    elif not items:
        typer.echo(empty)
    else:
        print_table(items if people is None else people)


def _shown(value: object) -> str:
    """Return a value as people read it in a table."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Show rows under the names of their columns.

    Ids are never broken, so that they can be copied, and words only where they are long. An address stands
    last and in one piece. Lines run over the end of the terminal where that is too near for any of these.
    """
    out = console()
    table = Table(box=None, header_style="bold", pad_edge=False)
    plain = [{name: printable(_shown(value)) for name, value in row.items()} for row in rows]
    widths = {name: max(len(name), *(cell_len(row[name]) for row in plain)) for name in rows[0]}
    natural = sum(widths.values()) + 2 * len(widths)
    least = {name: width if name in _WHOLE else _longest_word(name, plain) for name, width in widths.items()}
    fits = sum(least.values()) + 2 * len(widths) <= out.width
    running_over = natural > out.width and ("url" in widths or not fits)
    for name in widths:
        number = all(isinstance(row[name], int | float) for row in rows)
        table.add_column(
            name.replace("_", " "),
            justify="right" if number else "left",
            overflow="fold",
            no_wrap=name in _WHOLE,
            min_width=least[name],
            max_width=_LONGEST_TEXT if running_over and name not in _WHOLE else None,
        )
    for row in plain:
        table.add_row(*row.values())
    (_console(natural) if running_over else out).print(table)


def _longest_word(name: str, rows: Sequence[Mapping[str, str]]) -> int:
    """Return how wide a column has to be so that no word of usual length is broken."""
    words = (word for text in (name.replace("_", " "), *(row[name] for row in rows)) for word in text.split())
    return min(max(map(cell_len, words), default=0), _LONGEST_WORD)


class _SafeConsole(Console):
    """Shows what a terminal would act upon as an escape: sources wrote much of what is printed."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable(segment.text))


def _console(width: int) -> Console:
    return _SafeConsole(highlight=False, markup=False, width=width, height=_HEIGHT)


def console() -> Console:
    """Return standard output; as wide as its content where it is no terminal."""
    out = _SafeConsole(highlight=False, markup=False)
    return out if out.is_terminal else _console(200)
