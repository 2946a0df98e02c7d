"""The console's page of tokens: who may do what, until when; made, given a new value, revoked."""

import re
from datetime import timedelta

from aiohttp import web

from syndicator.model.ids import FeedId, TokenId
from syndicator.model.token import Token, TokenScope
from syndicator.pipeline.ops.api_tokens import NewToken, TokenRefused, new_token, shown
from syndicator.web.access.sign_in_links import partner_sign_in_path
from syndicator.web.console.console import Console
from syndicator.web.http.forms import field, fields, hours_of
from syndicator.web.http.problems import not_found
from syndicator.web.use_cases import UseCases

ON_PAGE = 200

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_LONGEST_OVERLAP_HOURS = 720
_MOST_DAYS = 3650


class TokenPages:
    """Handlers of `/admin/tokens`."""

    def __init__(self, cases: UseCases, console: Console) -> None:
        self._access = cases.access
        self._specs = cases.reading.publisher.specs
        self._site = cases.reading.site
        self._console = console

    def routes(self) -> list[web.RouteDef]:
        console, one = self._console, "/tokens/{token}"
        return [
            console.get("/tokens", self.page),
            console.post("/tokens", self.add),
            console.post(f"{one}/rotate", self.rotate),
            console.post(f"{one}/revoke", self.revoke),
            console.post(f"{one}/link", self.link),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """List the tokens, and offer to make one."""
        return await self._page(request)

    async def add(self, request: web.Request) -> web.Response:
        """Make a token and show its value, this once; what is wrong stands beside the form."""
        sent = await fields(request)
        scopes = sent.getall("scope", [])
        feeds = tuple(FeedId(name) for name in sent.get("feeds", "").replace(",", " ").split())
        name, owner = await field(request, "id", 64), await field(request, "owner", 64)
        days = await field(request, "days", 5)
        fault = _fault(name, owner, days, [feed for feed in feeds if feed not in self._specs])
        if fault:
            return await self._page(request, fault=fault)
        now = self._access.now()
        token = Token(
            id=TokenId(name),
            scopes=tuple(scope for scope in TokenScope if scope in scopes),
            feeds=feeds,
            owner=owner,
            description=await field(request, "description", 200),
            expires=now + timedelta(days=int(days)) if days else None,
        )
        try:
            made = new_token(token, now)
            await self._access.keep(made)
        except TokenRefused as error:
            return await self._page(request, fault=("id", str(error)))
        return await self._page(request, made=made)

    async def rotate(self, request: web.Request) -> web.Response:
        """Give a token a new value and show it, this once."""
        overlap = timedelta(hours=await hours_of(request, "overlap_hours", _LONGEST_OVERLAP_HOURS))
        made = await self._access.rotate(_named(request), overlap)
        if made is None:
            raise not_found("There is no token of this id.")
        return await self._page(request, made=made)

    async def revoke(self, request: web.Request) -> web.Response:
        """Make a token worthless at once."""
        if not await self._access.revoke(_named(request)):
            raise not_found("There is no token of this id.")
        return self._console.done("/tokens", "token_revoked")

    async def link(self, request: web.Request) -> web.Response:
        """Make a link that signs a partner into the portal, and show it, this once."""
        link = await self._access.portal_link(_named(request))
        if link is None:
            raise not_found("There is no token of this id.")
        url = self._site.url(partner_sign_in_path(link))
        return await self._page(request, linked=(_named(request), url))

    async def _page(
        self,
        request: web.Request,
        *,
        made: NewToken | None = None,
        linked: tuple[TokenId, str] | None = None,
        fault: tuple[str, str] | None = None,
    ) -> web.Response:
        now = self._access.now()
        tokens = sorted((shown(token, now) for token in await self._access.tokens()), key=lambda one: one.id)
        begin = request.query.get("from", "")
        rest = [token for token in tokens if token.id >= begin]
        return self._console.page(
            request,
            "console/tokens.html",
            "tokens",
            http_status=422 if fault else 200,
            now=now,
            tokens=rest[:ON_PAGE],
            more=rest[ON_PAGE].id if len(rest) > ON_PAGE else None,
            count=len(tokens),
            scopes=list(TokenScope),
            private=sorted(spec.id for spec in self._specs.values() if spec.private),
            typed=await fields(request) if fault else {},
            made=made,
            linked=linked,
            fault=fault,
        )


def _named(request: web.Request) -> TokenId:
    return TokenId(request.match_info["token"])


def _fault(name: str, owner: str, days: str, unknown: list[FeedId]) -> tuple[str, str] | None:
    """Return the first field that cannot be used, with the key of its text or a sentence."""
    if not _ID.fullmatch(name):
        return "id", "token_fault.id"
    if owner and not _ID.fullmatch(owner):
        return "owner", "token_fault.id"
    if days and not (days.isascii() and days.isdecimal() and 0 < int(days) <= _MOST_DAYS):
        return "days", "token_fault.days"
    if unknown:
        return "feeds", "token_fault.feeds"
    return None
