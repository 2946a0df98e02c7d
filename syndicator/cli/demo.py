"""The demo: the sample portals with a configuration and data of their own, in one folder."""

import json
import re
import shlex
import socket
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import typer

from syndicator.cli.context import CommandFailed, Invocation
from syndicator.settings import Settings
from syndicator.settings.environment import PREFIX
from syndicator.web.http.server import open_socket, port_of

DEMO_FOLDER = Path("syndicator-demo")
_MARK = "demo.txt"
"""By this file a folder is known as one that may be deleted."""
_HOST = "127.0.0.1"
_PORTS = ("8080", "8081", "8082", "8083", "8089")
"""As the shipped configuration has them."""
_USUAL_PORT = re.compile(r"\b80(?:80|81|82|83|89)\b")
_DATA_LINE = re.compile(r'^data_dir = "data"', re.MULTILINE)


def demo_call(call: Invocation, folder: Path) -> Invocation:
    """Return the call with the configuration of the demo; write that into the folder at the first time.

    The environment's overrides are left out: a demo must not write to the Redis of a real service.
    """
    folder = folder.absolute()
    environ = {name: value for name, value in call.environ.items() if not name.startswith(PREFIX)}
    demo = replace(call, folder=folder / "config", environ=environ)
    if not (folder / _MARK).is_file():
        _check_empty(folder)
        _write(folder, dict(zip(_PORTS, _usual_or_free(_PORTS), strict=True)))
    else:
        _check_free(_ports_of(demo.settings()), folder)
    typer.echo(err=True)
    typer.secho("  The demo: invented portals, with configuration and data of their own", bold=True, err=True)
    typer.echo(f"  {'folder':<14} {folder}", err=True)
    typer.echo(f"  {'commands':<14} syndicator --config {shlex.quote(str(demo.folder))} COMMAND", err=True)
    typer.echo(f"  {'remove it':<14} stop it, then: rm -r {shlex.quote(str(folder))}", err=True)
    return demo


def shipped_configuration() -> dict[str, str]:
    """Return the texts of the sample's configuration by their file names."""
    texts = {
        each.name: each.read_text("utf-8") for each in _toml_files(files("syndicator.sample") / "config")
    }
    if "syndicator.toml" not in texts:  # a checkout whose own config/ was changed
        raise CommandFailed(
            "the configuration of the demo is missing in this installation", remedy="install syndicator anew"
        )
    return texts


def _toml_files(folder: Traversable) -> Iterable[Traversable]:
    return sorted(
        (each for each in folder.iterdir() if each.name.endswith(".toml") and each.is_file()),
        key=lambda each: each.name,
    )


def _check_empty(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CommandFailed(
            f"{folder} holds something else than a demo", remedy="name another with --demo-folder"
        )


def _write(folder: Path, ports: dict[str, int]) -> None:
    """Write the configuration with these ports in the place of the usual ones."""
    data = f"data_dir = {json.dumps(str(folder / 'data'), ensure_ascii=False)}"
    texts = {
        name: _DATA_LINE.sub(lambda _: data, _USUAL_PORT.sub(lambda found: str(ports[found[0]]), text))
        for name, text in shipped_configuration().items()
    }
    try:
        (folder / "config").mkdir(parents=True)
        for name, text in texts.items():
            (folder / "config" / name).write_text(text, "utf-8")
        (folder / _MARK).write_text(
            "Made by `syndicator run --demo`. Delete this folder to remove the demo.\n"
        )
    except OSError as error:
        raise CommandFailed(
            f"{folder} cannot be written: {error.strerror}", remedy="name another with --demo-folder"
        ) from error


def _usual_or_free(ports: Iterable[str]) -> list[int]:
    """Return each port where it is free, another one that is free in its place where not."""
    with ExitStack() as taken:  # all are held until the last is chosen, so that none is chosen twice
        return [port_of(taken.enter_context(_opened(int(port)))) for port in ports]


def _opened(port: int) -> socket.socket:
    try:
        return open_socket(_HOST, port)
    except OSError:
        return open_socket(_HOST, 0)


def _ports_of(settings: Settings) -> list[int]:
    return [settings.server.port, settings.server.ops_port, *settings.sample.ports]


def _check_free(ports: Iterable[int], folder: Path) -> None:
    """Raise CommandFailed where a port is taken: articles of earlier starts have it in their addresses."""
    for port in ports:
        try:
            open_socket(_HOST, port).close()
        except OSError as error:
            raise CommandFailed(
                f"port {port}, which this demo has used before, cannot be opened: {error.strerror}",
                remedy=f"stop what uses it; or begin anew on other ports: rm -r {shlex.quote(str(folder))}",
            ) from error
