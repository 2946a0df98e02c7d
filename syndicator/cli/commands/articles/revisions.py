"""An earlier revision of an article, and what changed in its words."""

from collections.abc import Iterator

import typer
from rich.text import Text

from syndicator.cli.context import console, invocation, print_item
from syndicator.cli.formats import local_time
from syndicator.cli.store_access import ask
from syndicator.errors import SyndicatorError
from syndicator.model.article import Article, Revised
from syndicator.model.ids import ArticleId
from syndicator.pipeline.articles.revisions import Compared
from syndicator.rules.articles.word_diff import Diff, Kind
from syndicator.service import Service

_MARKS = {
    Kind.REMOVED: ("[-", "-]", "red"),
    Kind.ADDED: ("{+", "+}", "green"),
    Kind.SAME: ("", "", ""),
}
"""As `wdiff` and `git diff --word-diff` write them: they say it without colours, too."""


def change_summary(change: Revised) -> str:
    """Return a line that says how a revision differs from the one before."""
    parts = [f"{change.size.value}: {change.words_changed:.1%} of the words"]
    parts += ["the headline"] if change.title_changed else []
    parts += ["figures"] if change.figures_changed else []
    return ", ".join(parts) + (f" ({', '.join(change.fields)})" if change.fields else "")


def show_revision(
    context: typer.Context, article: ArticleId, revision: int | None, *, diff: bool, as_json: bool
) -> None:
    """Print a revision (None: the newest), or what its words changed."""

    async def found(service: Service) -> Compared:
        compared = await service.queries.compared(article, revision)
        if compared is None:
            which = f"revision {revision} of article" if revision else "article"
            raise SyndicatorError(f"there is no {which} {article!r} (or it is not kept any more)")
        return compared

    compared = ask(context, found)
    if as_json:
        print_item(compared)
        return
    out, one = console(), compared.article
    out.print(one.title, style="bold")
    for line in _head(one, invocation(context).settings().site.timezone):
        out.print(f"  {line}", soft_wrap=True)
    out.print()
    for text in _drawn(compared.diff) if diff else _texts(one):
        out.print(text, soft_wrap=True)


def _head(one: Article, zone: str) -> Iterator[str]:
    yield f"revision {one.revision}, {local_time(one.updated_at, zone)}"
    if one.revised:
        yield change_summary(one.revised)
    if one.correction:
        yield f"corrected: {one.correction}"


def _texts(one: Article) -> Iterator[Text]:
    return (Text(part) for part in (one.lead, one.quote, one.body_html) if part)


def _drawn(diff: Diff | None) -> Iterator[Text]:
    if diff is None:
        yield Text("There is nothing to compare it with: the revision before is not kept.")
        return
    for field in diff.fields:
        yield Text(field.field, style="bold")
        line = Text("  ")
        for piece in field.pieces:
            before, after, style = _MARKS[piece.kind]
            line.append(f"{before}{piece.text}{after} ", style=style)
        yield line
    if diff.shortened:
        yield Text("… and more: it is too long to be shown.")
