"""Ids of the configuration for the shell: what Tab offers after a command."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

Complete = Callable[[typer.Context, str], list[str]]


def _ids_of(*kinds: str) -> Complete:
    """Return what offers the ids of some kinds of tables. It reads the files alone: Tab is not to wait."""

    def complete(context: typer.Context, incomplete: str) -> list[str]:
        from syndicator.settings import config_folder, read_environment  # noqa: PLC0415 -- only for Tab
        from syndicator.settings.files import read_folder  # noqa: PLC0415 -- as above

        given = context.find_root().params.get("config")
        folder = config_folder(Path(given) if given else None, read_environment())
        document = read_folder(folder)
        return [name for kind in kinds for name in document.table(kind) if name.startswith(incomplete)]

    return complete


source_ids, feed_ids, endpoint_ids = _ids_of("source"), _ids_of("feed"), _ids_of("endpoint", "alert")

SourceNamed = Annotated[
    str,
    typer.Argument(help="Id of a source, as `syndicator sources list` shows it.", autocompletion=source_ids),
]
FeedNamed = Annotated[
    str, typer.Argument(help="Id of a feed, as `syndicator feeds list` shows it.", autocompletion=feed_ids)
]
