"""Short texts that prove, until they end, that somebody with a secret made them for one purpose."""

import hmac
import re
from datetime import UTC, datetime

_TICKET = re.compile(r"([0-9]{1,11})\.[0-9a-f]{16}\.([0-9a-f]{32})")


def ticket(secret: str, purpose: str, ends_at: datetime, nonce: bytes) -> str:
    """Make a ticket: its end in seconds since 1970, 8 random bytes, and 128 bits of the HMAC-SHA256
    of both and the purpose.
    """
    claim = f"{int(ends_at.timestamp())}.{nonce.hex()}"
    return f"{claim}.{_mac(secret, purpose, claim)}"


def is_valid(secret: str, purpose: str, text: str, now: datetime) -> bool:
    """Return whether a text is a ticket of this secret for this purpose, and has not ended."""
    match = _TICKET.fullmatch(text)
    if match is None:
        return False
    right = _mac(secret, purpose, text.rpartition(".")[0])
    return hmac.compare_digest(match[2], right) and now < ends_at(text)


def ends_at(text: str) -> datetime:
    return datetime.fromtimestamp(int(text.partition(".")[0]), UTC)


def _mac(secret: str, purpose: str, claim: str) -> str:
    return hmac.digest(secret.encode(), f"{purpose}\n{claim}".encode(), "sha256")[:16].hex()
