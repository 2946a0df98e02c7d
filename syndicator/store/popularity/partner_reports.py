"""Batches that partners sent under an idempotency key: what each was, and what was answered."""

import zlib
from datetime import timedelta
from hashlib import sha256

from syndicator.store.connection import Repository

_KEPT_MS = timedelta(days=1) // timedelta(milliseconds=1)
_DIGEST_BYTES = 32


class Reports(Repository):
    """Remembers batches for a day."""

    async def begin(self, reporter: str, key: str, body: bytes) -> tuple[bool, bytes | None]:
        """Note a batch under its key: say whether no other has it, and what it was answered, if it was."""
        name, digest = self._keys.reports_done(reporter, key_digest(key)), sha256(body).digest()
        _, kept = await self._redis.batch([("SET", name, digest, "NX", "PX", _KEPT_MS), ("GET", name)])
        answer = kept[_DIGEST_BYTES:]
        return kept[:_DIGEST_BYTES] == digest, zlib.decompress(answer) if answer else None

    async def end(self, reporter: str, key: str, body: bytes, answer: bytes) -> None:
        """Keep what a batch was answered."""
        name, digest = self._keys.reports_done(reporter, key_digest(key)), sha256(body).digest()
        await self._redis.call("SET", name, digest + zlib.compress(answer), "PX", _KEPT_MS)

    async def forget(self, reporter: str, key: str) -> None:
        """Let another batch have the key."""
        await self._redis.call("DEL", self._keys.reports_done(reporter, key_digest(key)))


def key_digest(key: str) -> str:
    """Return a fixed-length hash of a key that a partner chose."""
    return sha256(key.encode()).hexdigest()[:32]
