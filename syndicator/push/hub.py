"""Our hub's side of WebSub and rssCloud on the wire: asking back, sending a topic, announcing one.

Source: WebSub (W3C Recommendation, 23 January 2018), sections 5.2, 5.3 and 7; rssCloud (rsscloud.co).
"""

import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlencode

from syndicator.egress.answers import Answer
from syndicator.egress.client import Egress
from syndicator.errors import EgressError
from syndicator.model.fetch import Reason
from syndicator.model.hub import (
    Confirmed,
    DistributionOutcome,
    Failed,
    Left,
    Mode,
    PendingRequest,
    Refused,
    Sent,
    Signature,
    Subscriber,
    Unreached,
    VerificationOutcome,
)
from syndicator.rules.hub.subscribers import with_query
from syndicator.rules.webhooks.retry import GONE

WRONG_CHALLENGE = "challenge"
"""The reason of an answer that is 2xx and does not say the challenge."""

_SUCCESS = range(200, 300)
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def challenge() -> str:
    """Return a random challenge, for one use."""
    return secrets.token_urlsafe(32)


async def verify(
    egress: Egress, callback: str, asked: PendingRequest, *, timeout_s: float, now: datetime
) -> VerificationOutcome:
    """Ask a subscriber whether it means what was asked in its name (5.3): it is to say the challenge."""
    said = challenge()
    parameters = {"hub.mode": asked.mode.value, "hub.topic": asked.topic_url, "hub.challenge": said}
    if asked.mode is Mode.SUBSCRIBE:
        parameters["hub.lease_seconds"] = str(asked.lease_s)
    try:
        answer = await egress.ask_subscriber(with_query(callback, parameters), timeout_s=timeout_s)
    except EgressError as error:
        return _unanswered(error)
    return _judged(answer, said, now)


async def verify_rsscloud(
    egress: Egress, callback: str, topic_url: str, *, by_challenge: bool, timeout_s: float, now: datetime
) -> VerificationOutcome:
    """Ask a subscriber of rssCloud: one that named its domain for a challenge, another by a first notice."""
    said = challenge()
    try:
        if by_challenge:
            query = {"url": topic_url, "challenge": said}
            answer = await egress.ask_subscriber(with_query(callback, query), timeout_s=timeout_s)
            return _judged(answer, said, now)
        answer = await _notified(egress, callback, topic_url, timeout_s)
    except EgressError as error:
        return _unanswered(error)
    return Confirmed(at=now) if answer.status in _SUCCESS else Refused(reason=f"http_{answer.status}")


async def deny(egress: Egress, callback: str, topic_url: str, reason: str, *, timeout_s: float) -> None:
    """Notify a subscriber that it will get nothing (5.2). Its answer is ignored."""
    parameters = {"hub.mode": "denied", "hub.topic": topic_url, "hub.reason": reason}
    try:
        await egress.ask_subscriber(with_query(callback, parameters), timeout_s=timeout_s)
    except EgressError:
        return


async def distribute(
    egress: Egress,
    subscriber: Subscriber,
    *,
    secret: str,
    method: Signature,
    body: bytes,
    headers: Mapping[str, str],
    timeout_s: float,
) -> Answer:
    """Send a topic (7): the very bytes that a GET of it gives. `headers` are those of `topic_headers`."""
    signed = {"X-Hub-Signature": signature(secret, body, method)} if secret else {}
    return await egress.post_to_subscriber(
        subscriber.callback, body=body, headers={**headers, **signed}, timeout_s=timeout_s
    )


async def notify(egress: Egress, subscriber: Subscriber, topic_url: str, *, timeout_s: float) -> Answer:
    """Notify a subscriber of rssCloud which feed has news."""
    return await _notified(egress, subscriber.callback, topic_url, timeout_s)


async def ping(egress: Egress, subscriber: Subscriber, topic_url: str, *, timeout_s: float) -> Answer:
    """Notify a hub of others which topic has news. Some read `hub.url`, some `hub.topic`."""
    form = {"hub.mode": "publish", "hub.url": topic_url, "hub.topic": topic_url}
    return await egress.post(
        subscriber.callback, body=urlencode(form).encode(), headers=_FORM, timeout_s=timeout_s
    )


def topic_headers(*, content_type: str, url: str, hubs: Sequence[str]) -> dict[str, str]:
    """Return what goes along with a topic: its type and, in one field, its hubs and its own URL."""
    links = (*(f'<{hub}>; rel="hub"' for hub in hubs), f'<{url}>; rel="self"')
    return {"Content-Type": content_type, "Link": ", ".join(links)}


def signature(secret: str, body: bytes, method: Signature) -> str:
    """Sign a body (7.1)."""
    return f"{method.value}={hmac.digest(secret.encode(), body, method.value).hex()}"


def judge(answer: Answer, digest: str) -> DistributionOutcome:
    """Judge the answer to a delivery: 2xx is success, 410 the end, all else a failure, redirects too."""
    if answer.status in _SUCCESS:
        return Sent(digest=digest)
    return Left() if answer.status == GONE else Failed(reason=f"http_{answer.status}")


def _unanswered(error: EgressError) -> VerificationOutcome:
    """Judge a callback that gave no answer: to where we must not go, trying again does not help."""
    hopeless = error.reason in {Reason.BLOCKED, Reason.SCHEME}
    return Refused(reason=str(error.reason)) if hopeless else Unreached(reason=str(error.reason))


def _judged(answer: Answer, said: str, now: datetime) -> VerificationOutcome:
    if answer.status not in _SUCCESS:
        return Refused(reason=f"http_{answer.status}")
    return Confirmed(at=now) if answer.body == said.encode() else Refused(reason=WRONG_CHALLENGE)


async def _notified(egress: Egress, callback: str, topic_url: str, timeout_s: float) -> Answer:
    body = urlencode({"url": topic_url}).encode()
    return await egress.post_to_subscriber(callback, body=body, headers=_FORM, timeout_s=timeout_s)
