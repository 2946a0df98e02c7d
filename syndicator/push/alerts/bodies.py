"""The body of an alert, as the service that shows it documents it.

Slack: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
Teams: https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
Discord: https://discord.com/developers/docs/resources/webhook#execute-webhook
ntfy: https://docs.ntfy.sh/publish/#publish-as-json
Mail: RFC 5322, and 3834 for `Auto-Submitted`.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any, assert_never

import msgspec

from syndicator.model.ids import EventId
from syndicator.push.alerts.messages import AlertItem, AlertMessage, facts_text, fitting, item_text
from syndicator.push.alerts.targets import Chat, ChatTarget, MailTarget, Target

_SLACK_MOST, _TEAMS_MOST, _DISCORD_MOST, _NTFY_MOST, _MAIL_MOST = 12_000, 12_000, 1_600, 3_600, 200_000
"""Bytes of text. Discord takes 2,000 characters, ntfy 4,096 bytes, Teams 28 KB with its JSON."""
_HIGH, _DEFAULT = 4, 3
"""Priorities of ntfy."""
_LONGEST_DISCORD_SUBJECT = 300


def alert_body(target: Target, message: AlertMessage, name: EventId, at: datetime) -> bytes:
    """Return the bytes that are sent; the same message gives the same ones.

    `name`: the id of the event or digest, by which a mail that comes twice is known. `at`: when it happened.
    """
    if isinstance(target, MailTarget):
        return _mail(target, message, name, at)
    return msgspec.json.encode(_chat(target, message))


def _chat(target: ChatTarget, message: AlertMessage) -> dict[str, Any]:
    match target.chat:
        case Chat.SLACK:
            return {
                "text": "\n\n".join((f"*{_of_slack(message.subject)}*", *_paragraphs(message, _SLACK_MOST)))
            }
        case Chat.TEAMS:
            return _teams(message)
        case Chat.DISCORD:
            subject = f"**{_linkless(message.subject[:_LONGEST_DISCORD_SUBJECT])}**"
            text = "\n\n".join((subject, *map(_linkless, fitting(message, _text_of(message), _DISCORD_MOST))))
            return {"content": text, "allowed_mentions": {"parse": []}}
        case Chat.NTFY:
            return _ntfy(target, message)
    assert_never(target.chat)


def _ntfy(target: ChatTarget, message: AlertMessage) -> dict[str, Any]:
    body = {
        "topic": target.topic,
        "title": message.subject,
        "message": "\n\n".join(fitting(message, _text_of(message), _NTFY_MOST)),
        "priority": _DEFAULT if message.is_over else _HIGH,
        "tags": ["white_check_mark" if message.is_over else "warning"],
    }
    return body | ({"click": message.link} if message.link else {})


def _teams(message: AlertMessage) -> dict[str, Any]:
    """Return an Adaptive Card, as the trigger "When a Teams webhook request is received" takes it."""
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "body": list(_blocks(message)),
        "msteams": {"width": "Full"},
    }
    if message.link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Open", "url": message.link}]
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "attachments": [attachment]}


def _blocks(message: AlertMessage) -> Iterator[dict[str, Any]]:
    yield _block(message.subject, weight="Bolder", size="Medium")
    texts = fitting(message, _text_of(message), _TEAMS_MOST)
    for item, text in zip(message.items, texts, strict=False):
        if text.startswith("…"):
            break
        if len(message.items) > 1:
            yield _block(item.heading, weight="Bolder")
        facts = [{"title": label, "value": _linkless(value)} for label, value in item.facts]
        yield {"type": "FactSet", "facts": facts}
    if texts[-1].startswith("…"):
        yield _block(texts[-1])


def _block(text: str, **style: str) -> dict[str, Any]:
    return {"type": "TextBlock", "text": _linkless(text), "wrap": True, **style}


def _mail(target: MailTarget, message: AlertMessage, name: EventId, at: datetime) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = target.sender
    mail["To"] = ", ".join(target.recipients)
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{name}@{target.sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    text = "\n\n".join(fitting(message, item_text, _MAIL_MOST))
    mail.set_content(f"{text}\n", cte="quoted-printable")
    return mail.as_bytes()


def _text_of(message: AlertMessage) -> Callable[[AlertItem], str]:
    """Return how an item is written below the subject: without its heading where that is the subject."""
    return item_text if len(message.items) > 1 else facts_text


def _paragraphs(message: AlertMessage, most: int) -> list[str]:
    render = _text_of(message)
    return fitting(message, lambda item: _of_slack(render(item)), most)


def _of_slack(text: str) -> str:
    """Escape the three characters by which Slack marks links and mentions."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _linkless(text: str) -> str:
    """Return a text in which Markdown finds no link: a portal's words may be quoted in it."""
    return text.replace("](", "] (")
