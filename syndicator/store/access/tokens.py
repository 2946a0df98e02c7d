"""API tokens that were made at run time: their digests, never their values."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from syndicator.model.ids import TokenId
from syndicator.model.token import Token
from syndicator.store.codec import pack, unpack
from syndicator.store.connection import Command, Repository

MOST = 1000

_KEPT_EXPIRED = timedelta(days=30)


class Tokens(Repository):
    """Tokens by digest and by id; adding and revoking is one step each."""

    async def by_digest(self, digest: str) -> Token | None:
        """Find the token whose value has this SHA-256."""
        found = await self._redis.call("HGET", self._keys.tokens(), digest)
        return unpack(found, Token) if found is not None else None

    async def all(self) -> list[Token]:
        """Return every token, by id."""
        found = await self._redis.call("HVALS", self._keys.tokens())
        return sorted((unpack(one, Token) for one in found), key=lambda token: token.id)

    async def add(self, token: Token, now: datetime, also: Sequence[Command] = ()) -> bool:
        """Keep a token; False where its id is taken, or there are too many. `also` is written with it.

        Those that expired long ago leave meanwhile.
        """
        known = await self.all()
        stale = [one for one in known if one.expires is not None and one.expires < now - _KEPT_EXPIRED]
        for one in stale:
            await self.remove(one.id)
        if len(known) - len(stale) >= MOST:
            return False
        names, digest = self._keys.token_names(), token.sha256
        writes: list[Command] = [
            ("HSET", names, token.id, digest),
            ("HSET", self._keys.tokens(), digest, pack(token)),
            *also,
        ]
        expects = ((names, token.id, ""), (self._keys.tokens(), digest, ""))
        return await self._commit(expects=expects, writes=writes, replicated=True)

    async def replace(
        self, before: Token, after: Token, ending: Token | None, also: Sequence[Command] = ()
    ) -> bool:
        """Put a token in the place of one with its id; False where that was changed meanwhile.

        `ending`: the one before as it goes on for a while, under another id; None ends it at once. A token
        that had that id ends at once.
        """
        names, tokens = self._keys.token_names(), self._keys.tokens()
        writes: list[Command] = [
            ("HDEL", tokens, before.sha256),
            ("HSET", names, after.id, after.sha256),
            ("HSET", tokens, after.sha256, pack(after)),
            *also,
        ]
        if ending is not None:
            if (earlier := await self._redis.call("HGET", names, ending.id)) is not None:
                writes.append(("HDEL", tokens, earlier))
            writes += [
                ("HSET", names, ending.id, ending.sha256),
                ("HSET", tokens, ending.sha256, pack(ending)),
            ]
        expects = ((names, before.id, before.sha256),)
        return await self._commit(expects=expects, writes=writes, replicated=True)

    async def remove(self, token: TokenId, also: Sequence[Command] = ()) -> bool:
        """Forget a token, and write `also` with that; False where there is none of this id."""
        names = self._keys.token_names()
        digest = await self._redis.call("HGET", names, token)
        if digest is None:
            return False
        writes: list[Command] = [("HDEL", names, token), ("HDEL", self._keys.tokens(), digest), *also]
        expects = ((names, token, digest.decode()),)
        return await self._commit(expects=expects, writes=writes, replicated=True)
