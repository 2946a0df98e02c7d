"""Commands about stories: list, show, explain, split, join."""

from typing import Annotated, Any

import typer

from syndicator.cli.context import AsJson, console, invocation, print_item, print_list
from syndicator.cli.formats import local_time
from syndicator.cli.store_access import Limit, Rows, ask
from syndicator.model.ids import ArticleId
from syndicator.pipeline.stories.editing import Explanation, StoryTold, Teller
from syndicator.service import Service

app = typer.Typer(help="Articles that report the same.", no_args_is_help=True)

Named = Annotated[str, typer.Argument(help="Id of an article, as `syndicator articles list` shows it.")]

_SHARES = (
    ("containment", "of the shorter text is in the longer"),
    ("resemblance", "of both texts is in both"),
    ("headline", "agreement of the headlines"),
    ("beginning", "agreement of the beginnings"),
    ("numbers", "of the numbers agree"),
    ("length", "the shorter to the longer"),
)


@app.command(name="list", epilog="Example: syndicator stories list --limit 10")
def _list(context: typer.Context, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List the stories of more than one article, the one that grew last first."""

    async def rows(service: Service) -> tuple[Rows, Rows]:
        stories = await service.story_editor.newest(limit)
        items = [{"id": one.id, "title": one.title, "articles": len(one.members)} for one in stories]
        people = [
            {**item, "sources": ", ".join(dict.fromkeys(member.source for member in one.members))}
            for item, one in zip(items, stories, strict=True)
        ]
        return items, people

    items, people = ask(context, rows)
    print_list(items, people=people, as_json=as_json, empty="No story has more than one article yet.")


@app.command(name="show", epilog="Example: syndicator stories show 5uvqk4bqvtgfkp3a")
def _show(context: typer.Context, article: Named, as_json: AsJson = False) -> None:
    """Show the story that an article belongs to: its articles, since when."""
    _print_story(
        context,
        ask(context, lambda service: service.story_editor.story(ArticleId(article))),
        as_json=as_json,
    )


@app.command(name="explain", epilog="Example: syndicator stories explain 5uvqk4bqvtgfkp3a nmd2yzyfrkl3hv5s")
def _explain(context: typer.Context, one: Named, other: Named, as_json: AsJson = False) -> None:
    """Show why two articles are one story, or are not."""
    explanation = ask(context, lambda service: service.story_editor.explain(ArticleId(one), ArticleId(other)))
    if as_json:
        print_item(explanation)
        return
    _print_explanation(explanation)


@app.command(name="split", epilog="Example: syndicator stories split 5uvqk4bqvtgfkp3a")
def _split(context: typer.Context, article: Named, as_json: AsJson = False) -> None:
    """Take an article out of its story; it stays out. Show what is left of the story."""
    _print_story(
        context,
        ask(context, lambda service: service.story_editor.split(ArticleId(article))),
        as_json=as_json,
    )


@app.command(name="join", epilog="Example: syndicator stories join 5uvqk4bqvtgfkp3a nmd2yzyfrkl3hv5s")
def _join(context: typer.Context, one: Named, other: Named, as_json: AsJson = False) -> None:
    """Make one story of those that two articles belong to; it stays so."""
    story = ask(context, lambda service: service.story_editor.join(ArticleId(one), ArticleId(other)))
    _print_story(context, story, as_json=as_json)


def _print_story(context: typer.Context, story: StoryTold, *, as_json: bool) -> None:
    if as_json:
        print_item(story)
        return
    zone = invocation(context).settings().site.timezone
    rows = [_row(one, zone) for one in story.members]
    console().print(f"{story.title} ({story.id})", style="bold", soft_wrap=True)
    print_list(rows, as_json=False, empty="Its articles have left.")


def _row(one: Teller, zone: str) -> dict[str, Any]:
    return {
        "article": one.article,
        "source": one.source,
        "first seen": local_time(one.first_seen_at, zone),
        "copy of": one.copy_of or "",
        "title": one.title,
    }


def _print_explanation(explanation: Explanation) -> None:
    out, copy, story = console(), explanation.judged.copy, explanation.judged.story
    for one in (explanation.one, explanation.other):
        out.print(f"{one.article}  {one.title} ({one.source})", soft_wrap=True, highlight=False)
    out.print()
    out.print(
        "They are one story now." if explanation.together else "They are two stories now.", style="bold"
    )
    because = f": {story.because}" if story.because else ""
    out.print(
        f"Between themselves: {story.kind.value}{because}; similarity {story.similarity:.3f}, needed"
        f" {story.needed:.3f}.",
        soft_wrap=True,
    )
    out.print(f"Words that both say: {', '.join(explanation.judged.shared_words) or 'none'}.", soft_wrap=True)
    out.print(f"As texts: {copy.kind.value}{f': {copy.because}' if copy.because else ''}.", soft_wrap=True)
    if not copy.resemblance:
        out.print(f"  {copy.containment:6.1%}  {_SHARES[0][1]}")
        return
    for name, meaning in _SHARES:
        out.print(f"  {getattr(copy, name):6.1%}  {meaning}")
