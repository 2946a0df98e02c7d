"""Where an alert goes, read from one URL: as the library Apprise writes it, or as the service shows it.

The URL is a secret, for it holds tokens or a password; `shown` is what pages, logs and Redis get of it.
"""

import base64
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from ipaddress import ip_address
from types import MappingProxyType
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from msgspec import Struct

from syndicator.egress.mail import Encryption, MailServer
from syndicator.model.delivery import Secret

FORMS = (
    "mailtos://USER:PASSWORD@HOST/?to=ADDRESS",
    "mailto://HOST/?to=ADDRESS",
    "https://hooks.slack.com/services/…",
    "the URL of a workflow of Teams",
    "https://discord.com/api/webhooks/…",
    "ntfys://HOST/TOPIC",
)

_TOKEN = re.compile(r"[A-Za-z0-9._~-]{1,200}")
_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?:[A-Za-z0-9][A-Za-z0-9.-]{0,252}|\[[0-9A-Fa-f:.]+\])"
)
_HOST = re.compile(r"[A-Za-z0-9.-]{1,255}")
_WORKFLOW_PATH = re.compile(
    r"/(?:powerautomate/automations/direct/(?:cu/\d+/)?)?workflows/[^/?#]+/triggers/manual/paths/invoke/?"
)
_SLACK_HOSTS = frozenset({"hooks.slack.com", "hooks.slack-gov.com"})
_DISCORD_HOSTS = frozenset({"discord.com", "discordapp.com"})
_PLATFORMS = frozenset({"powerplatform", "appsplatform"})
_PORTS = {Encryption.NONE: 25, Encryption.STARTTLS: 587, Encryption.TLS: 465}
_MODES = {"ssl": Encryption.TLS, "starttls": Encryption.STARTTLS}
"""What `mode` of Apprise says."""
_MOST_RECIPIENTS = 50
_SHORTEST_SECRET = 8
"""What is shorter is a word of the address, such as `services`."""
_JSON: Mapping[str, str] = MappingProxyType({"content-type": "application/json"})


class TargetFault(ValueError):
    """A URL that names no target. Neither text holds any part of the URL."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


class Chat(StrEnum):
    """A service that takes messages as JSON."""

    SLACK = "slack"
    TEAMS = "teams"
    DISCORD = "discord"
    NTFY = "ntfy"


class ChatTarget(Struct, frozen=True, kw_only=True):
    """A channel or topic of a chat service."""

    chat: Chat
    url: Secret
    """What is posted to."""
    shown: str
    headers: Mapping[str, str] = _JSON
    topic: str = ""
    """Of ntfy."""


class MailTarget(Struct, frozen=True, kw_only=True):
    """Mailboxes, and the server that takes mail for them."""

    server: MailServer
    sender: str
    recipients: tuple[str, ...]
    shown: str


Target = MailTarget | ChatTarget


def parse_target(url: str) -> Target:
    """Read a URL. Raises TargetFault."""
    text = url.strip()
    try:
        parts = urlsplit(text)
        _ = parts.port if parts.scheme not in {"slack", "discord"} else None
    except ValueError:
        raise TargetFault("is not a URL", _all_forms()) from None
    if not text.isprintable() or " " in text or not parts.netloc:
        raise TargetFault("is not a URL", _all_forms())
    read = _SCHEMES.get(parts.scheme)
    if read is None:
        raise TargetFault("names no service that alerts are sent to", _all_forms())
    return read(parts)


def secret_parts(target: ChatTarget) -> list[str]:
    """Return what of a target must not be shown, the longest first."""
    parts = urlsplit(target.url.reveal())
    found = [
        target.url.reveal(),
        target.topic,
        *parts.path.split("/"),
        *dict(parse_qsl(parts.query)).values(),
    ]
    found += [value.partition(" ")[2] for value in target.headers.values()]
    return sorted({part for part in found if len(part) >= _SHORTEST_SECRET}, key=len, reverse=True)


def _all_forms() -> str:
    return f"write one of: {', '.join(FORMS)}; a program of your own is an [endpoint.ID]"


def _mail(parts: SplitResult) -> MailTarget:
    """`mailto://` is without encryption and password, `mailtos://` with TLS, and a password or none."""
    asked = _parameters(parts, {"to", "from", "mode"})
    encryption = Encryption.NONE
    if parts.scheme == "mailtos":
        mode = asked.get("mode") or ("ssl" if parts.port == _PORTS[Encryption.TLS] else "starttls")
        if mode not in _MODES:
            raise TargetFault("has an unknown mode", 'write "mode=starttls" or "mode=ssl", or leave it out')
        encryption = _MODES[mode]
    user, password = _credentials(parts)
    if encryption is Encryption.NONE and user is not None:
        raise TargetFault(
            "would send its password without encryption", "write mailtos:// in place of mailto://"
        )
    host, port = _host(parts), parts.port or _PORTS[encryption]
    recipients = tuple(address for address in asked.get("to", "").split(",") if address)
    if not recipients or not all(map(_ADDRESS.fullmatch, recipients)) or len(recipients) > _MOST_RECIPIENTS:
        remedy = f"end it with ?to=ADDRESS, or several with commas between them, {_MOST_RECIPIENTS} at most"
        raise TargetFault("does not say to whom", remedy)
    sender = asked.get("from") or (user if user and "@" in user else f"syndicator@{host}")
    if not _ADDRESS.fullmatch(sender):
        raise TargetFault("does not say from whom", "add &from=ADDRESS")
    server = MailServer(
        host=host,
        port=port,
        encryption=encryption,
        user=user,
        password=None if password is None else Secret(password),
    )
    shown = f"{parts.scheme}://{_bracketed(host)}:{port}/?to={','.join(recipients)}"
    return MailTarget(server=server, sender=sender, recipients=recipients, shown=shown)


def _slack(parts: SplitResult) -> ChatTarget:
    """`slack://A/B/C`, the three parts of a webhook's address."""
    tokens = _tokens(parts, 3, "slack://A/B/C, or the URL of an incoming webhook as Slack shows it")
    return _chat(Chat.SLACK, "hooks.slack.com", f"https://hooks.slack.com/services/{'/'.join(tokens)}")


def _discord(parts: SplitResult) -> ChatTarget:
    tokens = _tokens(parts, 2, "discord://ID/TOKEN, or the URL of a webhook as Discord shows it")
    return _chat(Chat.DISCORD, "discord.com", f"https://discord.com/api/webhooks/{'/'.join(tokens)}")


def _workflows(parts: SplitResult) -> ChatTarget:
    """`workflows://HOST:PORT/WORKFLOW/SIGNATURE`: the parts of the address of a workflow of Teams."""
    _parameters(parts, set())
    path = [part for part in parts.path.split("/") if part]
    if len(path) != 2:  # noqa: PLR2004  the workflow, and what signs the request
        remedy = "write workflows://HOST/WORKFLOW/SIGNATURE, or the URL of the workflow as Teams shows it"
        raise TargetFault("does not name a workflow", remedy)
    workflow, signature = path
    query = {
        "api-version": "2016-06-01",
        "sp": "/triggers/manual/run",
        "sv": "1.0",
        "sig": unquote(signature),
    }
    authority = f"{_bracketed(_host(parts))}:{parts.port or 443}"
    url = f"https://{authority}/workflows/{workflow}/triggers/manual/paths/invoke?{urlencode(query)}"
    return _chat(Chat.TEAMS, authority, url)


def _old_teams(_: SplitResult) -> ChatTarget:
    remedy = (
        "make a workflow in Teams that posts to the channel when a webhook request comes, and write its URL"
    )
    raise TargetFault("is of a connector of Office, which Teams has no more", remedy)


def _ntfy(parts: SplitResult) -> ChatTarget:
    """`ntfys://HOST/TOPIC`, `ntfy://` without encryption, and `ntfy://TOPIC` at ntfy.sh."""
    _parameters(parts, set())
    user, password = _credentials(parts)
    topic = parts.path.strip("/")
    if not topic:
        base, topic, shown = "https://ntfy.sh", parts.netloc.rpartition("@")[2], "ntfys://ntfy.sh:443"
    else:
        scheme, usual = ("http", 80) if parts.scheme == "ntfy" else ("https", 443)
        authority = f"{_bracketed(_host(parts))}:{parts.port or usual}"
        base, shown = f"{scheme}://{authority}", f"{parts.scheme}://{authority}"
        if scheme == "http" and user is not None:
            remedy = "write ntfys:// in place of ntfy://"
            raise TargetFault("would send its password without encryption", remedy)
    if not _TOPIC.fullmatch(topic):
        raise TargetFault("does not name a topic", "write ntfys://HOST/TOPIC: letters, digits, - and _")
    headers = dict(_JSON)
    if user is not None:
        headers["authorization"] = (
            f"Bearer {user}"
            if password is None
            else "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        )
    return ChatTarget(chat=Chat.NTFY, url=Secret(f"{base}/"), shown=shown, headers=headers, topic=topic)


def _as_shown_by_the_service(parts: SplitResult) -> ChatTarget:
    """Read the `https://` URL that a service shows for a webhook."""
    host, path = (parts.hostname or "").lower(), [part for part in parts.path.split("/") if part]
    tokens = all(map(_TOKEN.fullmatch, path))
    if parts.username is None and tokens:
        if host in _SLACK_HOSTS and path[:1] == ["services"] and len(path) == 4:  # noqa: PLR2004  services/A/B/C
            return _chat(Chat.SLACK, host, f"https://{host}/{'/'.join(path)}")
        if host in _DISCORD_HOSTS and path[:2] == ["api", "webhooks"] and len(path) == 4:  # noqa: PLR2004
            return _chat(Chat.DISCORD, host, f"https://{host}/{'/'.join(path)}")
    if _is_of_workflows(host) and _WORKFLOW_PATH.fullmatch(parts.path) and "sig=" in parts.query:
        return _chat(Chat.TEAMS, f"{host}:{parts.port or 443}", parts._replace(fragment="").geturl())
    raise TargetFault("names no service that alerts are sent to", _all_forms())


_SCHEMES: Mapping[str, Callable[[SplitResult], Target]] = {
    "mailto": _mail,
    "mailtos": _mail,
    "slack": _slack,
    "discord": _discord,
    "workflows": _workflows,
    "msteams": _old_teams,
    "ntfy": _ntfy,
    "ntfys": _ntfy,
    "https": _as_shown_by_the_service,
}


def _is_of_workflows(host: str) -> bool:
    """Return whether a host is of Logic Apps or Power Platform, of whichever cloud of Microsoft."""
    labels = host.split(".")
    is_of_logic_apps = labels[-3:-1] == ["logic", "azure"] and len(labels) > 3  # noqa: PLR2004  a region is before it
    return is_of_logic_apps or not _PLATFORMS.isdisjoint(labels[-4:-1])


def _chat(chat: Chat, host: str, url: str) -> ChatTarget:
    return ChatTarget(chat=chat, url=Secret(url), shown=f"{chat.value}://{host}")


def _tokens(parts: SplitResult, count: int, form: str) -> list[str]:
    """Return the parts of an address of which the first stands where a host would."""
    _parameters(parts, set())
    found = [part for part in f"{parts.netloc}{parts.path}".split("/") if part]
    if len(found) != count or not all(map(_TOKEN.fullmatch, found)):
        raise TargetFault("does not name a webhook", f"write {form}")
    return found


def _parameters(parts: SplitResult, known: set[str]) -> dict[str, str]:
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    if given.keys() - known or parts.fragment:
        remedy = f"it takes {', '.join(sorted(known))}" if known else "remove what follows ? or #"
        raise TargetFault("has a parameter that is not known", remedy)
    return given


def _credentials(parts: SplitResult) -> tuple[str | None, str | None]:
    user = None if parts.username is None else unquote(parts.username)
    password = None if parts.password is None else unquote(parts.password)
    if not all(text is None or (text and text.isprintable() and text.isascii()) for text in (user, password)):
        raise TargetFault(
            "has a name or password that cannot be sent", "write %40 for @, %3A for : and so on"
        )
    return user, password


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    is_name = _HOST.fullmatch(host) is not None and (host[0] + host[-1]).isalnum()
    if not is_name and not _is_address(host):
        raise TargetFault("does not name a host", "write its name or address behind ://")
    return host


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else quote(host)
