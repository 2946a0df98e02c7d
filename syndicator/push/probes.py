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
from syndicator.model.ids import EventId
from syndicator.observe.redact import clean_text
from syndicator.push.alerts.messages import trial_message
from syndicator.push.alerts.sending import alert_of, post_alert
from syndicator.push.webhook import UNSIGNABLE, post_signed

VERIFY, PING = "endpoint.verify", "endpoint.ping"
WRONG_CHALLENGE = "challenge"
"""The reason of an answer that is 2xx and does not give the challenge back."""

_SUCCESS = range(200, 300)
_MOST_SAID = 300


class Probed(Struct, frozen=True, kw_only=True):
    """The result of a request: a status, or the reason of the failure."""

    ok: bool
    status: int | None = None
    reason: str | None = None
    """One word, as in the log of attempts: `dns`, `tls`, `timeout`, `blocked`, `http_503`, `challenge`."""
    duration_ms: int = 0
    answer: str | None = None
    """Of an alert: what the server said, or why it was not reached. Endpoints of partners show none."""


async def verify(egress: Egress, endpoint: Endpoint, now: datetime) -> Probed:
    """Ask an endpoint to give a challenge back: only who runs it can have it do that."""
    challenge = secrets.token_urlsafe(32)
    probed, body = await _probe(egress, endpoint, VERIFY, {"challenge": challenge}, now)
    if probed.ok and not _gives_back(body, challenge):
        return Probed(ok=False, status=probed.status, reason=WRONG_CHALLENGE, duration_ms=probed.duration_ms)
    return probed


async def ping(egress: Egress, endpoint: Endpoint, now: datetime) -> Probed:
    """Send an endpoint something that it may forget; people get a test message."""
    if endpoint.alert is not None:
        return await _try_alert(egress, endpoint, now)
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


async def _try_alert(egress: Egress, endpoint: Endpoint, now: datetime) -> Probed:
    began = time.monotonic()
    try:
        name = EventId(f"test_{secrets.token_hex(12)}")
        body = alert_of(endpoint, trial_message(endpoint.id), name, now)
        answer = await post_alert(egress, endpoint, body)
    except EgressError as error:
        spent_ms = round((time.monotonic() - began) * 1000)
        return Probed(ok=False, reason=str(error.reason), duration_ms=spent_ms, answer=error.detail)
    except PushError as error:
        return Probed(ok=False, reason=UNSIGNABLE, answer=str(error))
    ok = answer.status in _SUCCESS
    return Probed(
        ok=ok,
        status=answer.status,
        reason=None if ok else f"http_{answer.status}",
        duration_ms=answer.duration_ms,
        answer=clean_text(answer.body[:_MOST_SAID].decode("utf-8", "replace")).strip() or None,
    )


def _gives_back(body: bytes, challenge: str) -> bool:
    try:
        echoed = msgspec.json.decode(body, type=dict[str, Any]).get("challenge")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return isinstance(echoed, str) and hmac.compare_digest(echoed.encode(), challenge.encode())
