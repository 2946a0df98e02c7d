"""Requests to an endpoint without news: verification, and whether it answers."""

import hmac
import secrets
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from syndicator.egress.client import Egress
from syndicator.errors import EgressError, PushError
from syndicator.model.delivery import Endpoint
from syndicator.push.webhook import UNSIGNABLE, post_signed

VERIFY, PING = "endpoint.verify", "endpoint.ping"
WRONG_CHALLENGE = "challenge"
"""The reason of an answer that is 2xx and does not give the challenge back."""

_SUCCESS = range(200, 300)


class Probed(Struct, frozen=True, kw_only=True):
    """The result of a request: a status, or the reason of the failure."""

    ok: bool
    status: int | None = None
    reason: str | None = None
    """One word, as in the log of attempts: `dns`, `tls`, `timeout`, `blocked`, `http_503`, `challenge`."""
    duration_ms: int = 0


async def verify(egress: Egress, endpoint: Endpoint, now: datetime) -> Probed:
    """Ask an endpoint to give a challenge back: only who runs it can have it do that."""
    challenge = secrets.token_urlsafe(32)
    probed, body = await _probe(egress, endpoint, VERIFY, {"challenge": challenge}, now)
    if probed.ok and not _gives_back(body, challenge):
        return Probed(ok=False, status=probed.status, reason=WRONG_CHALLENGE, duration_ms=probed.duration_ms)
    return probed


async def ping(egress: Egress, endpoint: Endpoint, now: datetime) -> Probed:
    """Send an endpoint something that it may forget."""
    probed, _ = await _probe(egress, endpoint, PING, {"endpoint": endpoint.id}, now)
    return probed


async def _probe(
    egress: Egress, endpoint: Endpoint, kind: str, data: Mapping[str, Any], now: datetime
) -> tuple[Probed, bytes]:
    body = msgspec.json.encode({"type": kind, "timestamp": now, "data": data})
    began = time.monotonic()
    try:
        answer = await post_signed(egress, endpoint, f"probe_{secrets.token_hex(12)}", body, now)
    except EgressError as error:
        spent_ms = round((time.monotonic() - began) * 1000)
        return Probed(ok=False, reason=str(error.reason), duration_ms=spent_ms), b""
    except PushError:
        return Probed(ok=False, reason=UNSIGNABLE), b""
    ok = answer.status in _SUCCESS
    reason = None if ok else f"http_{answer.status}"
    return Probed(ok=ok, status=answer.status, reason=reason, duration_ms=answer.duration_ms), answer.body


def _gives_back(body: bytes, challenge: str) -> bool:
    try:
        echoed = msgspec.json.decode(body, type=dict[str, Any]).get("challenge")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return isinstance(echoed, str) and hmac.compare_digest(echoed.encode(), challenge.encode())
