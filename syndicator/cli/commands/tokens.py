"""Commands about who may use the API."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import asdict
from pydantic import TypeAdapter, ValidationError

from syndicator.cli.context import (
    AsJson,
    CommandFailed,
    check_known,
    console,
    invocation,
    print_item,
    print_list,
)
from syndicator.cli.formats import ago
from syndicator.cli.instants import duration_of, instant_of
from syndicator.cli.store_access import Limit, ask
from syndicator.errors import SyndicatorError
from syndicator.model.clock import system_clock
from syndicator.model.ids import FeedId, TokenId
from syndicator.model.token import Token, TokenScope
from syndicator.pipeline.ops.api_tokens import PORTAL_LINK_LIFE, NewToken, new_token, shown
from syndicator.pipeline.preview.toml_blocks import token_block
from syndicator.service import Service
from syndicator.settings.value_texts import SLUG, PositiveDuration
from syndicator.store.access.admin_token_file import kept_admin_token
from syndicator.web.access.sign_in_links import partner_sign_in_path

app = typer.Typer(help="Who may use the API.", no_args_is_help=True)

Named = Annotated[str, typer.Argument(help="Id of a token, as `syndicator tokens list` shows it.")]

_DURATION: TypeAdapter[timedelta] = TypeAdapter(PositiveDuration)


def register(program: typer.Typer) -> None:
    """Add these commands to the program."""
    program.add_typer(app, name="tokens")


@app.command(name="add", epilog="Example: syndicator tokens add partner-a --scope partner --expires 365d")
def _add(
    context: typer.Context,
    token: Annotated[str, typer.Argument(help="Id of the new token: lower-case letters, digits, dashes.")],
    *,
    scope: Annotated[
        list[TokenScope] | None, typer.Option("--scope", help="What it allows; may be given several times.")
    ] = None,
    feed: Annotated[
        list[str] | None, typer.Option("--feed", help="A private feed that it opens; several times.")
    ] = None,
    owner: Annotated[
        str, typer.Option("--owner", help="For whom: tokens of one owner share endpoints (default: its id).")
    ] = "",
    description: Annotated[str, typer.Option("--description", help="A note for people.")] = "",
    expires: Annotated[
        str | None,
        typer.Option("--expires", help="When it ends: a time from now, as 90d, or 2027-01-31T00:00:00Z."),
    ] = None,
    only_print: Annotated[
        bool, typer.Option("--only-print", help="Do not keep it: the printed block goes into a file.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a token: its value is shown only once and kept nowhere. It is valid at once, for all processes."""
    for name, parameter in ((token, "TOKEN"), *([(owner, "--owner")] if owner else ())):
        if not SLUG.fullmatch(name):
            raise typer.BadParameter(
                "use lower-case letters, digits and dashes, 64 at most", param_hint=parameter
            )
    if not scope and not feed:
        raise typer.BadParameter("say what it allows, with --scope or --feed", param_hint="--scope")
    settings = invocation(context).settings()
    for each in feed or ():
        check_known("feed", each, settings.feeds, "--feed")
    now = system_clock()
    wanted = Token(
        id=TokenId(token),
        scopes=tuple(scope or ()),
        feeds=tuple(map(FeedId, feed or ())),
        owner=owner,
        description=description,
        expires=_instant(expires, now) if expires else None,
    )
    new = new_token(wanted, now)
    if not only_print:
        ask(context, lambda service: service.access.keep(new))
    _print_new(new, kept=not only_print, as_json=as_json)


@app.command(name="list", epilog="Example: syndicator tokens list")
def _list(context: typer.Context, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List the tokens: those of the configuration and those that were added, without their values."""

    async def rows(service: Service) -> tuple[Sequence[Token], datetime]:
        return await service.access.tokens(), service.clock()

    tokens, now = ask(context, rows)
    items = [shown(token, now) for token in tokens]
    items = items[:limit] if limit else items
    people = [
        {
            "id": one.id,
            "scopes": ", ".join(one.scopes),
            "feeds": ", ".join(one.feeds),
            "owner": one.owner,
            "state": one.state,
            "expires": ago(one.expires, now) if one.expires else "never",
            "kept in": one.kept_in,
            "description": one.description,
        }
        for one in items
    ]
    print_list(
        [asdict(one) for one in items],
        people=people,
        as_json=as_json,
        empty="There is no token: syndicator tokens add makes one.",
    )


@app.command(name="link", epilog="Example: syndicator tokens link partner-a")
def _link(context: typer.Context, token: Named, *, as_json: AsJson = False) -> None:
    """Make a link that signs a partner into the portal in place of the token: once, within a day."""

    async def made(service: Service) -> str | None:
        link = await service.access.portal_link(TokenId(token))
        return service.settings.site.url(partner_sign_in_path(link)) if link else None

    url = ask(context, made)
    if url is None:
        raise SyndicatorError(f"there is no token {token!r} (see syndicator tokens list)")
    if as_json:
        print_item({"url": url, "expires": system_clock() + PORTAL_LINK_LIFE})
        return
    typer.echo(url)
    typer.echo("It opens the portal once, within a day: send it to the partner.", err=True)


@app.command(name="show", epilog="Example: syndicator tokens show partner-a")
def _show(
    context: typer.Context,
    token: Named,
    *,
    value: Annotated[
        bool, typer.Option("--value", help="Only the value: of the first administrator's token.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a token allows, and the block that holds it in a configuration file."""

    async def found(service: Service) -> tuple[Token | None, datetime, Path]:
        return await service.access.token(TokenId(token)), service.clock(), service.settings.store.data_dir

    one, now, data_dir = ask(context, found)
    if one is None:
        raise SyndicatorError(f"there is no token {token!r} (see syndicator tokens list)")
    kept = kept_admin_token(data_dir, one.sha256)
    if value:
        if kept is None:
            raise CommandFailed(
                f"the value of {token!r} is kept nowhere on this machine",
                remedy="only that of the first administrator is; syndicator tokens add makes another token",
            )
        typer.echo(kept[1])
        return
    if as_json:
        print_item({**asdict(shown(one, now)), "value_file": str(kept[0]) if kept else None})
        return
    typer.echo(token_block(one))
    typer.echo(f"# kept in {shown(one, now).kept_in}; {one.state(now)}")
    if kept is not None:
        typer.echo(f"# its value: {kept[0]}")


@app.command(name="rotate", epilog="Example: syndicator tokens rotate partner-a --overlap 7d")
def _rotate(
    context: typer.Context,
    token: Named,
    *,
    overlap: Annotated[
        str, typer.Option("--overlap", help="How long the value before stays valid, as 24h; 0s ends it now.")
    ] = "24h",
    as_json: AsJson = False,
) -> None:
    """Replace the value of a token; the new one is shown only once.

    The one before stays valid for a while, as TOKEN-before.
    """
    lasting = timedelta() if overlap == "0s" else duration_of(overlap, "--overlap")

    async def done(service: Service) -> NewToken:
        rotated = await service.access.rotate(TokenId(token), lasting)
        if rotated is None:
            raise SyndicatorError(f"there is no token {token!r} (see syndicator tokens list)")
        return rotated

    _print_new(ask(context, done), kept=True, as_json=as_json)


@app.command(name="revoke", epilog="Example: syndicator tokens revoke partner-a")
def _revoke(context: typer.Context, token: Named, as_json: AsJson = False) -> None:
    """Make a token worthless, at once and for all processes."""

    async def done(service: Service) -> None:
        if not await service.access.revoke(TokenId(token)):
            raise SyndicatorError(f"there is no token {token!r} (see syndicator tokens list)")

    ask(context, done)
    if as_json:
        print_item({"id": token})
    else:
        console().print(f"Revoked: {token}")


def _print_new(new: NewToken, *, kept: bool, as_json: bool) -> None:
    block = token_block(new.token)
    if as_json:
        print_item({"id": new.token.id, "token": new.value, "block": block, "kept": kept})
        return
    typer.echo(new.value)
    typer.echo()
    if kept:
        typer.echo("It is shown only once, and valid now. To have it in a configuration file instead:")
    else:
        typer.echo("It is shown only once, and valid when this stands in a configuration file:")
    typer.echo()
    typer.echo(block)


def _instant(text: str, now: datetime) -> datetime:
    """Read `90d` or an instant of ISO 8601."""
    try:
        return now + _DURATION.validate_python(text)
    except (ValidationError, OverflowError):
        remedy = "write a time from now, as in 90d, or an instant, as in 2027-01-31T00:00:00Z"
        return instant_of(text, "--expires", remedy=remedy)
