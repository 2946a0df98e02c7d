"""Sends an alert to its target, by the way out that fits: HTTP or mail."""

from datetime import datetime

from msgspec.structs import replace

from syndicator.egress.answers import Answer
from syndicator.egress.client import Egress
from syndicator.errors import PushError
from syndicator.model.delivery import Endpoint
from syndicator.model.ids import EventId
from syndicator.observe.redact import HIDDEN
from syndicator.push.alerts.bodies import alert_body
from syndicator.push.alerts.messages import AlertMessage
from syndicator.push.alerts.targets import MailTarget, Target, TargetFault, parse_target, secret_parts


def alert_of(endpoint: Endpoint, message: AlertMessage, name: EventId, at: datetime) -> bytes:
    """Return the body of an alert for an endpoint. Raises PushError where its URL is not known here."""
    return alert_body(_target(endpoint), message, name, at)


async def post_alert(egress: Egress, endpoint: Endpoint, body: bytes) -> Answer:
    """Send a body within the endpoint's times; every status is an answer, without what is secret of the URL.

    Raises EgressError where no answer came, or a mail server refuses; PushError where the URL is not known
    here.
    """
    target = _target(endpoint)
    if isinstance(target, MailTarget):
        return await egress.mail(
            target.server,
            target.sender,
            target.recipients,
            body,
            timeout_s=endpoint.timeout_s,
            connect_timeout_s=endpoint.connect_timeout_s,
        )
    answer = await egress.post(
        target.url.reveal(),
        body=body,
        headers=target.headers,
        timeout_s=endpoint.timeout_s,
        connect_timeout_s=endpoint.connect_timeout_s,
    )
    said = answer.body
    for part in secret_parts(target):
        said = said.replace(part.encode(), HIDDEN.encode())
    return replace(answer, body=said)


def _target(endpoint: Endpoint) -> Target:
    if not endpoint.secrets:
        raise PushError(f"The URL of [alert.{endpoint.id}] is not in this process's configuration.")
    try:
        return parse_target(endpoint.secrets[0].reveal())
    except TargetFault as error:
        raise PushError(f"The URL of [alert.{endpoint.id}] {error.reason}.") from None
