"""API tokens: those of the configuration together with those made at run time."""

import asyncio
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from syndicator.errors import SyndicatorError
from syndicator.model.clock import Clock
from syndicator.model.endpoint import OPERATORS
from syndicator.model.ids import FeedId, TokenId
from syndicator.model.ops.states import TokenState
from syndicator.model.token import Token, TokenScope
from syndicator.rules.access.credentials import digest_of, is_plausible, new_value, same
from syndicator.store.access.admin_token_file import forget_admin_token
from syndicator.store.access.tokens import MOST
from syndicator.store.store import Store

_FORMER, _LONGEST_NAME = "-before", 57
"""Ids of 64 characters at most."""

PORTAL_LINK_LIFE = timedelta(days=1)

FIRST_ADMIN = TokenId("first-admin")


class TokenRefused(SyndicatorError):
    """A token cannot be made or revoked; the message gives the reason and the remedy."""


class NewToken(Struct, frozen=True, kw_only=True):
    """A token that was just made, with its value, which is not stored."""

    token: Token
    value: str


class TokenShown(Struct, frozen=True, kw_only=True):
    """A token for display, without its value and digest."""

    id: TokenId
    scopes: tuple[TokenScope, ...]
    feeds: tuple[FeedId, ...]
    owner: str
    description: str
    expires: datetime | None
    valid: bool
    state: TokenState
    created_at: datetime | None
    kept_in: Literal["configuration", "store"]


def shown(token: Token, now: datetime) -> TokenShown:
    """Return a token for display."""
    return TokenShown(
        id=token.id,
        scopes=token.scopes,
        feeds=token.feeds,
        owner=token.belongs_to,
        description=token.description,
        expires=token.expires,
        valid=token.is_valid(now),
        state=token.state(now),
        created_at=token.created_at,
        kept_in="configuration" if token.is_configured else "store",
    )


def new_token(wanted: Token, now: datetime) -> NewToken:
    """Return a token like `wanted` with a new value, without storing it."""
    if not wanted.scopes and not wanted.feeds:
        raise TokenRefused("a token without scopes and feeds could do nothing")
    if wanted.belongs_to == OPERATORS:
        raise TokenRefused(f"{OPERATORS!r} are those who run this service: take another name")
    if not wanted.is_valid(now):
        raise TokenRefused("a token that has expired could do nothing")
    value = new_value()
    token = replace(
        wanted,
        sha256=digest_of(value),
        scopes=tuple(scope for scope in TokenScope if scope in wanted.scopes),
        feeds=tuple(dict.fromkeys(wanted.feeds)),
        created_at=now,
    )
    return NewToken(token=token, value=value)


class Access:
    """Checks, stores and revokes tokens.

    A configured token takes precedence over one of the same id that was made at run time.
    """

    def __init__(
        self,
        store: Store,
        configured: Mapping[TokenId, Token],
        clock: Clock,
        data_dir: Path | None = None,
    ) -> None:
        """`data_dir`: where the first administrator's value is kept, until it is worth nothing."""
        self._data_dir = data_dir
        self._store = store.tokens
        self._links = store.portal_links
        self._audit = store.audit
        self._configured = configured
        self._by_digest = {token.sha256: token for token in configured.values()}
        self._clock = clock

    def now(self) -> datetime:
        """Return the time that decides whether a token has expired."""
        return self._clock()

    async def check(self, value: str) -> Token | None:
        """Return the token with this value; None where there is none, or it has expired or was revoked.

        Looking it up by its digest leaks nothing through timing: nobody can choose a value with a digest
        close to that of a token.
        """
        if not is_plausible(value):
            return None
        return await self.token_with(digest_of(value))

    async def token_with(self, digest: str) -> Token | None:
        """Return the valid token whose value has this digest."""
        token = self._by_digest.get(digest) or await self._store.by_digest(digest)
        if token is None or not same(token.sha256, digest) or not token.is_valid(self._clock()):
            return None
        if not token.is_configured and token.id in self._configured:
            return None
        return token

    async def opens(self, value: str, feed: FeedId) -> bool:
        """Return whether a value opens a private feed."""
        token = await self.check(value)
        return token is not None and token.opens(feed)

    async def tokens(self) -> list[Token]:
        """Return all tokens, also expired ones; those of the configuration first."""
        made = [token for token in await self._store.all() if token.id not in self._configured]
        return [*self._configured.values(), *made]

    async def token(self, name: TokenId) -> Token | None:
        """Return one token by its id."""
        return next((token for token in await self.tokens() if token.id == name), None)

    async def keep(self, made: NewToken) -> None:
        """Store a token, so that it is valid in all processes. Raises TokenRefused."""
        name = made.token.id
        if name in self._configured:
            raise TokenRefused(f"the configuration has a token {name!r}: take another id")
        added = self._audit.command("token.added", name, after=_described(made.token))
        if not await self._store.add(made.token, self._clock(), [added]):
            if await self.token(name) is None:
                raise TokenRefused(f"there are {MOST:,} tokens, and no more are kept: revoke one first")
            raise TokenRefused(f"there is a token {name!r} already: take another id, or revoke it first")

    async def rotate(self, name: TokenId, overlap: timedelta) -> NewToken | None:
        """Replace the value of a token; the one before is valid for `overlap` more, as `NAME-before`.

        Returns None where there is none of this id. Raises TokenRefused.
        """
        if name in self._configured:
            raise TokenRefused(
                f"the token {name!r} is configured: put a new digest there (tokens add --only-print)"
            )
        before = await self.token(name)
        if before is None:
            return None
        now = self._clock()
        made = new_token(before, now)
        end = now + overlap if before.expires is None else min(before.expires, now + overlap)
        former = TokenId(f"{name[:_LONGEST_NAME]}{_FORMER}")
        ending = replace(before, id=former, owner=before.belongs_to, expires=end) if overlap else None
        noted = self._audit.command("token.rotated", name, after={"former_until": end if overlap else None})
        if not await self._store.replace(before, made.token, ending, [noted]):
            raise TokenRefused(f"the token {name!r} was changed meanwhile: try again")
        await self._forget(before)
        return made

    async def revoke(self, name: TokenId) -> bool:
        """Revoke a token at once; return False where there is none of this id. Raises TokenRefused."""
        if name in self._configured:
            raise TokenRefused(f"the token {name!r} is configured: remove [token.{name}], and save the file")
        known = await self.token(name)
        before = _described(known) if known else None
        noted = self._audit.command("token.revoked", name, before=before)
        is_removed = await self._store.remove(name, [noted])
        if known and is_removed:
            await self._forget(known)
        return is_removed

    async def _forget(self, token: Token) -> None:
        """Delete the file that keeps the value of a token, on this machine."""
        if self._data_dir is not None:
            await asyncio.to_thread(forget_admin_token, self._data_dir, token.sha256)

    async def portal_link(self, name: TokenId) -> str | None:
        """Return a secret that signs one browser into the portal in place of a token, once, within a day.

        Returns None where there is no token of this id. Raises TokenRefused.
        """
        token = await self.token(name)
        if token is None:
            return None
        if not token.is_valid(self._clock()) or not token.allows(TokenScope.PARTNER):
            raise TokenRefused(f"the token {name!r} opens no portal: it has expired, or no scope partner")
        link = secrets.token_urlsafe(24)
        await self._links.keep(digest_of(link), token.sha256, PORTAL_LINK_LIFE)
        await self._audit.append("token.linked", name)
        return link

    async def first_admin(self) -> NewToken | None:
        """Return a new administrator token where no valid one exists; else None."""
        now = self._clock()
        for token in await self.tokens():
            if TokenScope.ADMIN in token.scopes and token.is_valid(now):
                return None
        wanted = Token(id=FIRST_ADMIN, scopes=(TokenScope.ADMIN,), description="made by the first start")
        made = new_token(wanted, now)
        if FIRST_ADMIN in self._configured or not await self._store.add(made.token, now):
            return None  # another process was faster
        return made


def _described(token: Token) -> dict[str, object]:
    """Return what the audit log says of a token."""
    return {
        "scopes": token.scopes,
        "feeds": token.feeds,
        "owner": token.belongs_to,
        "description": token.description,
        "expires": token.expires,
    }
