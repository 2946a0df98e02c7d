"""One signed request to an endpoint, with any body."""

from datetime import datetime

from syndicator.egress.answers import Answer
from syndicator.egress.client import Egress
from syndicator.model.delivery import Endpoint
from syndicator.push.signing import signed_headers


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
