"""The commands of the program by name. Each is imported when it is called: most need much of their own."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from syndicator.cli.signals import exit_on_signals

_STAYING = "run"
"""The module of the commands that stay until a signal stops them."""

COMMANDS = {
    "run": (
        _STAYING,
        "Start everything: web server and workers, and the sample portals where they are enabled.",
    ),
    "serve": (_STAYING, "Run only the web server; any number of them, against one Redis."),
    "work": (
        _STAYING,
        "Run only the workers: gather, publish, deliver; any number of them, against one Redis.",
    ),
    "sample": (_STAYING, "Run only the sample portals and the partner that receives their news."),
    "init": ("init", "Write a commented configuration into an empty folder, and say what to do next."),
    "once": ("once", "Do one round of a step, then exit: 0 done, 1 when something failed."),
    "schedule": (
        "schedule",
        "Simulate when sources will run: the load by hour and host, and what cannot be as it is configured.",
    ),
    "reload": (
        "reload",
        "Have all running processes use the configuration as it is in the files now, without a restart.",
    ),
    "status": ("status", "Print a link that opens the operators' pages in a browser, once."),
    "stats": ("once", "Count what there is, as JSON."),
    "check": ("check", "Read the whole configuration and show every fault: file, line, key, reason, remedy."),
    "preview": ("preview", "Show what a source would bring, field by field; nothing is stored."),
    "config": ("check", "The configuration itself."),
    "sources": ("listing", "Where news comes from."),
    "feeds": ("listing", "What is published."),
    "articles": ("listing", "What was admitted."),
    "stories": ("listing", "Articles that report the same."),
    "endpoints": ("listing", "Where events are pushed to."),
    "deliveries": ("listing", "Events on their way, delivered, or dead."),
    "hub": ("webhooks.hub", "Who subscribes to our feeds."),
    "doctor": ("doctor", "Look whether all that is kept of deliveries fits together, and mend it."),
    "backup": (
        "backup",
        "Copy all that is kept in Redis into one file, as it is at one moment, while the service runs.",
    ),
    "restore": (
        "backup",
        "Bring a back-up into a Redis whose namespace is empty, and look whether all of it is there.",
    ),
    "repartition": (
        "backup",
        "Bring the data into the numbers of `[store.partitions]`, while nothing of the service runs.",
    ),
    "tokens": ("tokens", "Who may use the API."),
    "audit": ("audit", "What was changed while the service runs, by whom."),
    "opml": ("opml", "Lists of feeds, in and out."),
}
"""The module of each in `syndicator.cli.commands`, and the first sentence of its help."""


def stays(name: str | None) -> bool:
    """Return whether a command stays until a signal stops it."""
    return name in COMMANDS and COMMANDS[name][0] == _STAYING


class LazyGroup(TyperGroup):
    """Stands for all commands by their first sentences, until one is called."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, (_, sentence) in COMMANDS.items():
            self.add_command(TyperGroup(name=name, help=sentence))

    def invoke(self, ctx: Any) -> Any:
        """Run the command; say in plain words what is wrong with its arguments."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = _reworded(error.message)
            raise

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Import the command that is called."""
        if stays(args[0]):
            exit_on_signals()
        self.load(args[0])
        return super().resolve_command(ctx, args)

    def load(self, name: str) -> None:
        """Put a command itself in the place of its sentence, and with it the others of its module."""
        if name in COMMANDS:
            app = typer.Typer(callback=lambda: None, rich_markup_mode="rich", add_completion=False)
            import_module(f"syndicator.cli.commands.{COMMANDS[name][0]}").register(app)
            self.commands.update(get_group(app).commands)


def _reworded(message: str) -> str:
    """Return what the library says of a bad argument without the jargon of the one that it checks them by."""
    text = message.removeprefix("Value error, ").partition(", unable to parse")[0]
    return text.replace("Input should be", "it must be", 1)
