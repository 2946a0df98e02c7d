"""Tokens by program: made, listed, shown, revoked; for administrators."""

from datetime import datetime, timedelta
from functools import partial
from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from syndicator.model.ids import FeedId, TokenId
from syndicator.model.token import Token, TokenScope
from syndicator.pipeline.ops.api_tokens import Access, TokenShown, new_token, shown
from syndicator.pipeline.queries import Queries
from syndicator.web.api.json_api import PAGED, ApiRoute, document, list_document, piece_of, read_json
from syndicator.web.http.problems import bad_request, not_found

_EXAMPLE = '{"id": "partner-a", "scopes": ["partner"], "expires": "2027-12-31T00:00:00Z"}'

Slug = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,63}$")]


class TokenWanted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token to be made."""

    id: Slug
    scopes: tuple[TokenScope, ...] = ()
    feeds: tuple[Slug, ...] = ()
    """Private feeds that it opens."""
    owner: Slug | None = None
    """For whom: tokens of one owner share their endpoints."""
    description: Annotated[str, Meta(max_length=200)] = ""
    expires: Annotated[datetime, Meta(tz=True)] | None = None


class TokenMade(Struct, frozen=True, kw_only=True):
    """A token that was made just now, with its value: this once."""

    ok: bool = True
    id: TokenId
    token: str


class TokenRotation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a token gets a new value."""

    overlap_hours: Annotated[
        float, Meta(ge=0, le=720, description="How long the one before stays valid.")
    ] = 24


class TokenGone(Struct, frozen=True, kw_only=True):
    """A token that is worth nothing any more."""

    ok: bool = True
    id: TokenId


class TokenRoutes:
    """Handlers of `/api/v1/tokens`."""

    def __init__(self, access: Access, reading: Queries) -> None:
        self._access = access
        self._reading = reading

    def table(self) -> list[ApiRoute]:
        route = partial(ApiRoute, scope=TokenScope.ADMIN, topic="Tokens")
        base, one = "/api/v1/tokens", "/api/v1/tokens/{token}"
        return [
            route("GET", base, self.tokens, TokenShown, is_list=True, query=PAGED, refusals=(400,)),
            route(
                "POST",
                base,
                self.add_token,
                TokenMade,
                status=201,
                body=TokenWanted,
                refusals=(400, 409, 415),
            ),
            route("GET", one, self.token, TokenShown, refusals=(404,)),
            route(
                "POST",
                f"{one}/rotate",
                self.rotate_token,
                TokenMade,
                body=TokenRotation,
                refusals=(400, 404, 409, 415),
            ),
            route("DELETE", one, self.revoke_token, TokenGone, refusals=(404, 409)),
        ]

    async def tokens(self, request: web.Request) -> web.Response:
        """List the tokens: those of the configuration and those that were added, without their values."""
        known = {token.id: token for token in await self._access.tokens()}
        names, more = piece_of(known, request)
        return list_document([shown(known[TokenId(name)], self._access.now()) for name in names], more)

    async def add_token(self, request: web.Request) -> web.Response:
        """Make a token, valid at once; its value is in this answer and kept nowhere."""
        wanted = await read_json(request, TokenWanted, _EXAMPLE)
        if unknown := [feed for feed in wanted.feeds if feed not in self._reading.publisher.specs]:
            raise bad_request(f"No feed is called {unknown[0]!r}.")
        token = Token(
            id=TokenId(wanted.id),
            scopes=wanted.scopes,
            feeds=tuple(map(FeedId, wanted.feeds)),
            owner=wanted.owner or "",
            description=wanted.description,
            expires=wanted.expires,
        )
        new = new_token(token, self._access.now())
        await self._access.keep(new)
        return document(TokenMade(id=new.token.id, token=new.value), status=201)

    async def token(self, request: web.Request) -> web.Response:
        """Show what a token allows, and until when."""
        found = await self._access.token(TokenId(request.match_info["token"]))
        if found is None:
            raise not_found("There is no token of this id.")
        return document(shown(found, self._access.now()))

    async def revoke_token(self, request: web.Request) -> web.Response:
        """Make a token worthless, at once and for all processes."""
        name = TokenId(request.match_info["token"])
        if not await self._access.revoke(name):
            raise not_found("There is no token of this id.")
        return document(TokenGone(id=name))

    async def rotate_token(self, request: web.Request) -> web.Response:
        """Replace the value of a token; the new one is in this answer and kept nowhere.

        The value before stays valid for a while, under the id of the token with `-before`.
        """
        wanted = await read_json(request, TokenRotation, '{"overlap_hours": 24}')
        overlap = timedelta(hours=wanted.overlap_hours)
        rotated = await self._access.rotate(TokenId(request.match_info["token"]), overlap)
        if rotated is None:
            raise not_found("There is no token of this id.")
        return document(TokenMade(id=rotated.token.id, token=rotated.value))
