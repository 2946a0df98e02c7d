"""Decisions of the hub: which requests are valid, the next state of a subscriber, and the time of retries.

Source: WebSub (W3C Recommendation, 23 January 2018), sections 5 and 7; rssCloud (rsscloud.co). Pure.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.hub import (
    Confirmed,
    DistributionOutcome,
    Failed,
    HubPolicy,
    Lease,
    Mode,
    PendingRequest,
    Protocol,
    Refused,
    Sent,
    Subscriber,
    SubscriberId,
    TopicName,
    Unneeded,
    Unreached,
    VerificationOutcome,
)

MAX_FIELDS = 200
MAX_URL = 2000
MAX_SECRET_BYTES = 199
"""Section 5.1: less than 200."""

VERIFICATION_RETRIES_S = (5.0, 30.0)
"""Pauses after a verification without any answer; any answer is final (5.3.1)."""

RSSCLOUD_LEASE_S = 25 * 3600
RSSCLOUD_FAILURES = 3
"""After so many in a row a subscriber of rssCloud is dropped."""

_LEASE = re.compile(r"[0-9]{1,12}", re.ASCII)
_ESCAPED = re.compile(r"%([0-9A-Fa-f]{2})")
_HOST_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*", re.ASCII)
_MAX_HOST = 253
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class NotUnderstood(ValueError):
    """A request that is not valid; the message gives the reason."""


class HubRequest(Struct, frozen=True, kw_only=True):
    """A valid request to the hub."""

    mode: Mode
    callback: str
    topic_url: str
    secret: str
    lease_s: int


def read_form(body: bytes) -> dict[str, str]:
    """Read a body of `application/x-www-form-urlencoded` in UTF-8; of a repeated name, the first counts.

    Raises NotUnderstood.
    """
    try:
        fields = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, encoding="utf-8", errors="strict",
            max_num_fields=MAX_FIELDS,
        )  # fmt: skip
    except UnicodeDecodeError:
        raise NotUnderstood("the body is not a percent-encoded UTF-8 form") from None
    except ValueError:
        raise NotUnderstood(f"the form has more than {MAX_FIELDS} fields") from None
    form: dict[str, str] = {}
    for name, value in fields:
        form.setdefault(name, value)
    return form


def read_request(form: Mapping[str, str], policy: HubPolicy) -> HubRequest:
    """Read a request to subscribe or to unsubscribe; what is not understood is ignored.

    Raises NotUnderstood.
    """
    for name in ("hub.mode", "hub.topic", "hub.callback"):
        if not form.get(name):
            raise NotUnderstood(f"{name} is missing")
    try:
        mode = Mode(form["hub.mode"])
    except ValueError:
        raise NotUnderstood("hub.mode must be subscribe, unsubscribe or publish") from None
    secret = form.get("hub.secret", "")
    if len(secret.encode()) > MAX_SECRET_BYTES:
        raise NotUnderstood("hub.secret must have less than 200 bytes")
    subscribes = mode is Mode.SUBSCRIBE
    return HubRequest(
        mode=mode,
        callback=callback_of(form["hub.callback"], "hub.callback"),
        topic_url=topic_of(form["hub.topic"], "hub.topic"),
        secret=secret if subscribes else "",
        lease_s=_lease_s(form.get("hub.lease_seconds", ""), policy) if subscribes else 0,
    )


def callback_of(text: str, name: str) -> str:
    """Return a valid callback with its unreserved characters decoded (5.1.1). Raises NotUnderstood."""
    url = decoded(text)
    if len(url) > MAX_URL:
        raise NotUnderstood(f"{name} is longer than {MAX_URL} characters")
    if not url.isprintable() or " " in url or "\\" in url:
        raise NotUnderstood(f"{name} holds characters that no URL has")
    if "#" in url:
        raise NotUnderstood(f"{name} must not have a fragment")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise NotUnderstood(f"{name} is not an absolute http or https URL")
    if not host_of(url):
        raise NotUnderstood(
            f"{name} names a host that cannot be connected to: write its name or address plainly"
        )
    return url


def topic_of(text: str, name: str) -> str:
    """Return a valid topic unchanged. Raises NotUnderstood."""
    if len(text) > MAX_URL or not text.isprintable():
        raise NotUnderstood(f"{name} is not a URL")
    return text


def decoded(url: str) -> str:
    """Decode the percent-encoded characters of a URL that need no encoding (RFC 3986, 2.3)."""

    def one(found: re.Match[str]) -> str:
        char = chr(int(found[1], 16))
        return char if char in _UNRESERVED else found[0].upper()

    return _ESCAPED.sub(one, url)


def same_url(url: str) -> str:
    """Return the normalised form of a URL (RFC 3986, 6.2.2 and 6.2.3)."""
    try:
        parts = urlsplit(decoded(url.strip()))
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return url
    if port == {"http": 80, "https": 443}.get(parts.scheme):
        port = None
    shown = f"[{host}]" if ":" in host else host
    netloc = shown if port is None else f"{shown}:{port}"
    return urlunsplit((parts.scheme, netloc, parts.path or "/", parts.query, ""))


def with_query(callback: str, parameters: Mapping[str, str]) -> str:
    """Return a callback with parameters appended to its query, which is not changed otherwise (5.1.1)."""
    base, separator, query = callback.partition("?")
    joint = "&" if query else ""
    return f"{base}?{query}{joint}{urlencode(parameters)}" if separator else f"{base}?{urlencode(parameters)}"


def host_of(url: str) -> str:
    """Return the normalised host of a URL; empty where there is none that can be connected to.

    Names are in lower case, in ASCII (IDNA) and without a dot at the end. An IPv6 address is in its shortest
    form; one that stands for an IPv4 address is that address. Numbers that only some resolvers take for an
    IPv4 address (`127.1`, `0x7f000001`) are no hosts here, as they are none of the client that sends.
    """
    if len(url) > MAX_URL:
        return ""
    try:
        host = (
            (urlsplit(decoded(url)).hostname or "").encode("idna").decode("ascii").removesuffix(".").lower()
        )
    except ValueError:
        return ""
    is_name = len(host) <= _MAX_HOST and _HOST_NAME.fullmatch(host) is not None
    return host if is_name and not _NUMBER.fullmatch(host.rpartition(".")[2]) else _address(host)


def _address(text: str) -> str:
    """Return an address in its usual form; empty for anything else, also for one with a zone."""
    if "%" in text:
        return ""
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def subscriber_id(protocol: Protocol, topic: TopicName, callback: str) -> SubscriberId:
    text = f"{protocol.value}\n{topic}\n{callback}"
    return SubscriberId(blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest())


def new_subscriber(protocol: Protocol, topic: TopicName, callback: str) -> Subscriber:
    return Subscriber(
        id=subscriber_id(protocol, topic, callback),
        protocol=protocol,
        topic=topic,
        callback=callback,
        host=host_of(callback),
    )


def asked(known: Subscriber, request: HubRequest, sealed: bytes, now: datetime) -> Subscriber:
    """Return a subscriber with a pending request. Its lease stays as it is until the verification (5.1).

    `sealed` is the request's secret, as it is stored.
    """
    return replace(
        known,
        asked=PendingRequest(
            mode=request.mode,
            topic_url=request.topic_url,
            sealed=sealed,
            lease_s=request.lease_s,
            at=now,
        ),
    )


def verified(
    known: Subscriber, asked: PendingRequest, outcome: VerificationOutcome, *, standing: str
) -> Subscriber | None:
    """Return a subscriber after its verification; None where it is removed.

    `standing`: the digest of the topic's current content; a new subscriber gets only later content. Where it
    has sent another request meanwhile, that one stays pending.
    """
    current = known.asked
    later = current if current is not None and replace(current, tries=0) != replace(asked, tries=0) else None
    match outcome:
        case Confirmed(at=at) if asked.mode is Mode.SUBSCRIBE:
            lease = Lease(
                topic_url=asked.topic_url,
                sealed=asked.sealed,
                verified_at=at,
                ends_at=at + timedelta(seconds=asked.lease_s),
            )
            has = known.sent if is_active(known, at) else standing
            return replace(known, asked=later, lease=lease, sent=has)
        case Confirmed():
            return replace(known, asked=later, lease=None, sent="") if later else None
        case Unreached(reason=reason) if later is None and asked.tries < len(VERIFICATION_RETRIES_S):
            return replace(known, asked=replace(asked, tries=asked.tries + 1), reason=reason)
        case Refused(reason=reason) | Unreached(reason=reason):
            after = replace(known, asked=later, reason=reason)
            return after if after.lease or after.asked else None


def denied(known: Subscriber) -> Subscriber | None:
    """Return a subscriber whose request was denied, as it was before; None where it had no lease."""
    return replace(known, asked=None) if known.lease else None


def distributed(
    known: Subscriber, outcome: DistributionOutcome, *, retries: int, now: datetime
) -> Subscriber | None:
    """Return the subscriber after an attempt to notify it; None where it is removed.

    `attempts` counts those in vain; after `retries` more this update is given up, but not the subscriber: the
    next update is tried again (7).
    """
    match outcome:
        case Sent(digest=digest):
            return replace(
                known,
                sent=digest,
                attempts=0,
                failures=0,
                reason=None,
                delivered=known.delivered + 1,
                delivered_at=now,
            )
        case Unneeded():
            return replace(known, attempts=0)
        case Failed(reason=reason):
            if known.protocol is Protocol.RSSCLOUD and known.failures + 1 >= RSSCLOUD_FAILURES:
                return None
            attempts = known.attempts + 1 if known.attempts < retries else 0
            return replace(
                known, attempts=attempts, failures=known.failures + 1, reason=reason, failed_at=now
            )
        case _:
            return None


def retry_after_s(policy: HubPolicy, attempts: int, jitter: float) -> float | None:
    """Return the pause in seconds after so many failed attempts; None where there is no further attempt.

    `jitter`: a random number in [-1, 1].
    """
    if not 0 < attempts <= len(policy.retries_s):
        return None
    return policy.retries_s[attempts - 1] * (1 + policy.jitter * jitter)


def is_active(known: Subscriber, now: datetime) -> bool:
    """Return whether a subscriber is notified of news. Hubs of the configuration have no lease."""
    return known.protocol is Protocol.PING or (known.lease is not None and now < known.lease.ends_at)


def _lease_s(text: str, policy: HubPolicy) -> int:
    """Read `hub.lease_seconds` and keep it within the bounds; without one, or at 0, it is ours to say."""
    if text and not _LEASE.fullmatch(text):
        raise NotUnderstood("hub.lease_seconds is not a positive whole number")
    wanted = int(text or 0) or policy.default_lease_s
    return min(max(wanted, policy.min_lease_s), policy.max_lease_s)
