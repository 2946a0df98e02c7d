"""The first lines on the terminal: where to look."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from syndicator.model.feed import Order
from syndicator.sample.server import Sample
from syndicator.settings import Settings


@dataclass(frozen=True, kw_only=True)
class OpsAddresses:
    """Where operators look."""

    base: str
    sign_in: str
    """Leads a browser to the console, once, within `LINK_LIFE`."""


def print_banner(settings: Settings, ops: OpsAddresses | None, sample: Sample | None) -> None:
    """Show the addresses of the service, and of the sample portals where they run.

    A link that signs in is shown on a terminal alone: logs are kept, and read by others.
    """
    site = settings.site
    lines = [("index", site.url("/"))]
    lines += [("feed", site.url(f"/feeds/{feed}.rss")) for feed in _first_feeds(settings)]
    if ops:
        if sys.stderr.isatty():
            lines.append(("console", ops.sign_in))
            lines.append(("", "opens once, within ten minutes; syndicator status prints another link"))
        else:
            lines.append(("console", f"{ops.base}/admin/"))
            lines.append(("", "syndicator status prints a link that signs in"))
        lines.append(("metrics", f"{ops.base}/metrics"))
    if sample:
        lines += _sample_lines(sample)
    _print(site.title, lines)


def print_sample_banner(sample: Sample) -> None:
    """Show the addresses of the sample portals."""
    _print("Sample portals", _sample_lines(sample))


def print_first_admin(value: str, kept: Path | None) -> None:
    """Show the token of the first administrator, once, and the file that keeps it."""
    typer.echo(err=True)
    typer.secho(f"  admin token    {value}", bold=True, err=True)
    typer.echo(f"  {'':<14} may do everything over the API; this is shown only once", err=True)
    if kept is not None:
        typer.echo(f"  {'kept in':<14} {kept} (only its owner can read it)", err=True)
        typer.echo(f"  {'':<14} syndicator tokens show first-admin --value prints it", err=True)
    typer.echo(err=True)


def _first_feeds(settings: Settings) -> list[str]:
    """Return two feeds to show: the first by date, and the first by popularity."""
    specs = list(settings.feeds.values())
    latest = [spec.id for spec in specs if spec.order is Order.LATEST]
    popular = [spec.id for spec in specs if spec.order is Order.POPULAR]
    return [*latest[:1], *popular[:1]]


def _sample_lines(sample: Sample) -> list[tuple[str, str]]:
    return [
        ("sample portal", f"{sample.city_url}/"),
        ("sample portal", f"{sample.wire_url}/"),
        ("partner", f"{sample.partner_url}/"),
    ]


def _print(title: str, lines: Sequence[tuple[str, str]]) -> None:
    typer.echo(err=True)
    typer.secho(f"  {title}", bold=True, err=True)
    for name, url in lines:
        typer.echo(f"  {name:<14} {url}", err=True)
    typer.echo("  Ctrl-C stops; the state is kept.", err=True)
    typer.echo(err=True)
