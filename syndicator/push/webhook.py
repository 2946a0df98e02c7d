"""One attempt to deliver one event to one endpoint, and the signed request of any push to a program."""

import time
from datetime import datetime, timedelta
from random import Random

from msgspec import Struct

from syndicator.egress.answers import Answer
from syndicator.egress.client import Egress
from syndicator.errors import EgressError, PushError
from syndicator.model.delivery import Dead, Delivered, Delivery, DeliveryOutcome, Endpoint, RetryAt
from syndicator.push.alerts.sending import post_alert
from syndicator.push.signing import signed_headers
from syndicator.rules.webhooks.retry import GONE, Again, after_failure, parse_retry_after

_SUCCESS = range(200, 300)

_DISABLE, _ABORT = "disable", "abort-message"
"""Answers in the header `webhook-delivery`, as Standard Webhooks is about to define them."""

KEPT_OF_ANSWER = 1024
"""Bytes of an answer that are kept with an attempt."""

UNSIGNABLE = "secret"
"""The reason of a delivery that could not be signed: the endpoint's secret is missing or unusable."""


class _Attempt(Struct, frozen=True, kw_only=True):
    """The result of a request: a status with its details, or the reason why there is none."""

    reason: str
    duration_ms: int
    status: int | None = None
    retry_after: str | None = None
    wish: str | None = None
    """What the receiver says of what is to come: `disable`, or `abort-message`."""
    answer: str = ""


async def send(  # noqa: PLR0917 — six things of six types: none can be taken for another
    egress: Egress,
    endpoint: Endpoint,
    delivery: Delivery,
    body: bytes,
    now: datetime,
    rng: Random,
    *,
    sent_at: datetime | None = None,
) -> DeliveryOutcome:
    """Send a body, signed if it is no alert, and judge the answer: 2xx is delivered, all else a failure.

    Redirects are failures, too.

    `now` is the instant of this attempt by the clock that orders retries, `sent_at` the real time (None: the
    same): receivers check it, and a date in `Retry-After` is compared with it. `rng` gives the jitter.

    Reasons: the words of `model.fetch.Reason`, `http_503`, `smtp_550` and the like, `secret`; of a dead
    delivery `gone`, or `exhausted:` or `expired:` and the last reason.
    """
    sent_at, began = sent_at or now, time.monotonic()
    try:
        if endpoint.alert is not None:
            answer = await post_alert(egress, endpoint, body)
        else:
            replay = delivery.replayed.id if delivery.replayed else None
            answer = await post_signed(egress, endpoint, delivery.event.id, body, sent_at, replay=replay)
    except EgressError as error:
        spent_ms = round((time.monotonic() - began) * 1000)
        said = (
            _cut(error.detail) if endpoint.alert is not None else ""
        )  # of a mail server that refuses, its words
        attempt = _Attempt(reason=str(error.reason), duration_ms=spent_ms, answer=said)
    except PushError:
        attempt = _Attempt(reason=UNSIGNABLE, duration_ms=0)
    else:
        attempt = _Attempt(
            reason="gone" if answer.status == GONE else f"http_{answer.status}",
            duration_ms=answer.duration_ms,
            status=answer.status,
            retry_after=answer.headers.get("retry-after"),
            wish=answer.headers.get("webhook-delivery", "").strip().lower(),
            answer=_beginning(answer),
        )
    if attempt.status is not None and attempt.status in _SUCCESS:
        return Delivered(
            status=attempt.status,
            duration_ms=attempt.duration_ms,
            answer=attempt.answer,
            disable=attempt.wish == _DISABLE,
        )
    took = timedelta(milliseconds=attempt.duration_ms)
    retry_after_s = parse_retry_after(attempt.retry_after, sent_at + took)
    return _failed(endpoint, delivery, attempt, failed_at=now + took, retry_after_s=retry_after_s, rng=rng)


def _failed(
    endpoint: Endpoint,
    delivery: Delivery,
    attempt: _Attempt,
    *,
    failed_at: datetime,
    retry_after_s: float | None,
    rng: Random,
) -> RetryAt | Dead:
    gone = attempt.status == GONE
    decision = after_failure(
        endpoint.retry,
        attempts=delivery.attempts + 1,
        first_at=delivery.counts_from,
        now=failed_at,
        retry_after_s=retry_after_s,
        status=attempt.status,
        jitter=rng.uniform(-1, 1),
    )
    disable = gone or attempt.wish == _DISABLE
    if isinstance(decision, Again) and attempt.wish != _ABORT:
        return RetryAt(
            at=decision.at,
            reason=attempt.reason,
            duration_ms=attempt.duration_ms,
            answer=attempt.answer,
            retry_after_s=retry_after_s,
            disable=disable,
        )
    why = "refused" if isinstance(decision, Again) else decision.why
    return Dead(
        reason=why if why == attempt.reason else f"{why}:{attempt.reason}",
        duration_ms=attempt.duration_ms,
        answer=attempt.answer,
        retry_after_s=None if gone else retry_after_s,
        disable=disable,
    )


def _beginning(answer: Answer) -> str:
    """Return the beginning of an answer as text; what is no text shows that by its marks."""
    text = answer.body[:KEPT_OF_ANSWER].decode("utf-8", "replace")
    shown = (letter if letter.isprintable() or letter in "\n\t" else "\ufffd" for letter in text)
    return _cut("".join(shown).strip())


def _cut(text: str) -> str:
    """Return as much of a text as is kept; the mark for what is no text takes three bytes."""
    return text.encode()[:KEPT_OF_ANSWER].decode("utf-8", "ignore")


async def post_signed(
    egress: Egress,
    endpoint: Endpoint,
    webhook_id: str,
    body: bytes,
    now: datetime,
    *,
    replay: str | None = None,
) -> Answer:
    """POST a body as Standard Webhooks ask, within the endpoint's times; every status is an answer.

    `now` is the real time: receivers refuse what is some minutes old or ahead.
    `replay`: the id of the replay that it is part of.

    Raises EgressError where no answer came, PushError where the endpoint has no secret that lives.
    """
    theirs, ours = signed_headers(endpoint, webhook_id, body, now, replay=replay)
    return await egress.post(
        endpoint.url,
        body=body,
        headers=theirs,
        own=ours,
        timeout_s=endpoint.timeout_s,
        connect_timeout_s=endpoint.connect_timeout_s,
    )
