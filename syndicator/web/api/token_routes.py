"""Tokens by program: made, listed, shown, revoked; for administrators."""

from datetime import datetime
from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from syndicator.model.ids import FeedId, TokenId
from syndicator.model.token import Token, TokenScope
from syndicator.pipeline.ops.api_tokens import Access, TokenRefused, TokenShown, new_token, shown
from syndicator.pipeline.queries import Queries
from syndicator.web.api.json_api import ApiRoute, document, list_document, piece_of, read_json
from syndicator.web.api.reading_routes import PAGED
from syndicator.web.http.problems import Problem, ProblemRaised, bad_request, not_found

_TOPIC = "Tokens"
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
        base, one, scope = "/api/v1/tokens", "/api/v1/tokens/{token}", TokenScope.ADMIN
        return [
            ApiRoute(
                method="GET", path=base, handler=self.tokens, scope=scope, topic=_TOPIC,
                answer=TokenShown, is_list=True, query=PAGED, refusals=(400,),
            ),
            ApiRoute(
                method="POST", path=base, handler=self.add_token, scope=scope, topic=_TOPIC, status=201,
                body=TokenWanted, answer=TokenMade, refusals=(400, 409, 415),
            ),
            ApiRoute(
                method="GET", path=one, handler=self.token, scope=scope, topic=_TOPIC,
                answer=TokenShown, refusals=(404,),
            ),
            ApiRoute(
                method="DELETE", path=one, handler=self.revoke_token, scope=scope, topic=_TOPIC,
                answer=TokenGone, refusals=(404, 409),
            ),
        ]  # fmt: skip

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
        try:
            new = new_token(token, self._access.now())
            await self._access.keep(new)
        except TokenRefused as error:
            raise _conflict(error) from error
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
        try:
            if not await self._access.revoke(name):
                raise not_found("There is no token of this id.")
        except TokenRefused as error:
            raise _conflict(error) from error
        return document(TokenGone(id=name))


def _conflict(error: TokenRefused) -> ProblemRaised:
    return ProblemRaised(
        Problem(name="conflict", status=409, detail=f"{str(error)[:1].upper()}{str(error)[1:]}.")
    )
