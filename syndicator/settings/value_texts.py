"""The small languages that people write values in: durations, sizes, addresses, zones, selectors, secrets.

Each is a type for the sections' fields: it reads a text, gives a value, and says what is wrong in one
sentence and what to write instead in another.
"""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from datetime import MAXYEAR, MINYEAR, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from syndicator.egress.ip_addresses import NetworkPort
from syndicator.gather.documents.selectors import selector as as_selector
from syndicator.gather.documents.selectors import selector_fault
from syndicator.model.delivery import Secret
from syndicator.rules.durations import DURATION, seconds_of
from syndicator.rules.filter_language import CONTROL, LANGUAGE, language_fault, word_fault
from syndicator.rules.sources.timetable.cron_times import cron_fault
from syndicator.rules.suggestions import suggestion
from syndicator.settings.crontab import with_weekday_names

Network = IPv4Network | IPv6Network

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")

PLAIN_URL = re.compile(
    r"https?://[a-z0-9][a-z0-9.-]*[a-z0-9](?::[0-9]{1,4})?/[A-Za-z0-9/._~-]*(?:\?[A-Za-z0-9=&._~%+-]+)?",
    re.ASCII,
)
"""An address that stays as it is, as most do: taking it apart is a third of the time of checking a source."""
_LONGEST = timedelta(days=36500)
_SIZE = re.compile(r"([0-9]{1,12})(B|KiB|MiB|GiB|kB|MB|GB)")
_BYTES = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "kB": 10**3, "MB": 10**6, "GB": 10**9}
_WITH_PORT = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:./%]{1,64})\]|(?P<v4>[0-9./]{1,32})):(?P<port>[0-9]{1,5})")
_LAST_PORT = 65535
_REACHABLE_REMEDY = (
    'write an address and its port, as in "127.0.0.1:8081" or "[::1]:8081"; without a port, all are allowed; '
    'a range as in "10.0.0.0/8" allows all its addresses'
)
_LONGEST_ZONE = 64
_INDONESIAN_ZONES = {"wib": "Asia/Jakarta", "wita": "Asia/Makassar", "wit": "Asia/Jayapura"}
"""What the zones are called on clocks there, and their names."""
_SECRET_BYTES = range(24, 65)  # what Standard Webhooks asks for


def wrong(reason: str, remedy: str, *, key: str | None = None, absent: bool = False) -> PydanticCustomError:
    """Make the error that a reader of values raises.

    `key` names a neighbour that is meant instead, or, where empty, the table around. `absent` marks what a
    table of defaults may leave out.
    """
    path = (key,) if key else ()
    context = {"faults": [(path, reason, remedy)], "up": 0 if key is None else 1, "absent": absent}
    return PydanticCustomError("wrong", "{reason}", {"reason": reason, **context})


def wrong_inside(faults: Sequence[tuple[tuple[str | int, ...], str, str]]) -> PydanticCustomError:
    """Make one error of several faults in one table, each `(path inside it, reason, remedy)`."""
    return PydanticCustomError("wrong_inside", "several faults", {"faults": faults, "up": 0, "absent": False})


def slug(value: str) -> str:
    """Return a name of lower-case letters, digits and dashes; refuse others."""
    if not SLUG.fullmatch(value):
        raise wrong("is not a plain name", "use lower-case letters, digits and dashes")
    return value


def in_calendar(value: datetime) -> datetime:
    """Return an instant; refuse the first and the last year, parts of which are no time in other zones."""
    if not MINYEAR < value.year < MAXYEAR:
        raise wrong("is beyond the calendar", f"give a year after {MINYEAR} and before {MAXYEAR}")
    return value


def _is_text(value: object, remedy: str) -> str:
    if not isinstance(value, str):
        raise wrong("must be a text in quotes", remedy)
    return value


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    remedy = 'write a number and a unit, as in "90s", "5m", "24h" or "7d"'
    seconds = seconds_of(_is_text(value, remedy))
    if seconds is None:
        raise wrong("is not a duration", remedy)
    if seconds > _LONGEST.total_seconds():
        raise wrong("is longer than a hundred years", remedy)
    return timedelta(seconds=seconds)


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise wrong("must be longer than 0 s", 'write a longer one, as in "90s" or "5m"')
    return value


def _size(value: object) -> int:
    if type(value) is int:
        raise wrong("needs a unit", f'write "{value}B", or with a larger unit as in "10MiB"')
    remedy = 'write a number and a unit, as in "512KiB" or "10MiB"'
    match = _SIZE.fullmatch(_is_text(value, remedy))
    if match is None:
        raise wrong("is not a size", remedy)
    size = int(match[1]) * _BYTES[match[2]]
    if size == 0:
        raise wrong("must be more than 0 B", 'write a larger one, as in "512KiB"')
    return size


def _line(value: str) -> str:
    if (fault := word_fault(value)) is not None:
        raise wrong(*fault)
    return value.strip()


def refuse_beside(info: ValidationInfo, key: str, value: object) -> None:
    """Raise a fault where a value is given although another key has one too."""
    if value is not None and info.data.get(key) is not None:
        raise wrong(f"cannot be combined with {key}", "keep one of them")


def split_url(value: str, remedy: str) -> SplitResult:
    """Split a URL of any scheme; raises a fault with the remedy where it cannot be read."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise wrong("is not a URL", remedy) from None
    return parts


def parse_url(value: str) -> SplitResult:
    """Read an absolute http(s) URL; raises the error that names what is wrong with it."""
    remedy = "write it in full, as in https://news.example/feed"
    parts = split_url(value, remedy)
    if parts.scheme not in {"http", "https"}:
        raise wrong("is not an http or https URL", remedy)
    if not parts.hostname or CONTROL.search(value) or " " in value:
        raise wrong("is not a URL", remedy)
    if parts.username is not None or parts.password is not None:
        remedy = "a source takes auth = { user = …, password_file = … }, else headers, as Authorization_file"
        raise wrong("holds a name or password", remedy)
    return parts


def _url(value: str) -> str:
    if PLAIN_URL.fullmatch(value):
        return value
    return parse_url(value)._replace(fragment="").geturl()


def _public_url(value: str) -> str:
    parts = parse_url(value)
    if parts.query or parts.fragment:
        raise wrong(
            "has a query or fragment", "give only scheme, host, port and, where needed, a path prefix"
        )
    return value.rstrip("/")


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise wrong("is not a known time zone", _zone_remedy(value)) from None
    return value


def _zone_remedy(value: str) -> str:
    """Return which zone was probably meant, whatever its case; else how zones are written."""
    names = {name.lower(): name for name in available_timezones()}
    word = value[:_LONGEST_ZONE].lower().replace(" ", "_")
    near = _INDONESIAN_ZONES.get(word) or names.get(suggestion(word, names) or "")
    return f"did you mean {near}?" if near else 'use a name such as "Asia/Jakarta" or "UTC"'


def _language(value: str) -> str:
    if (fault := language_fault(value)) is not None:
        raise wrong(*fault)
    return value


def _network(
    value: object,
    remedy: str = 'write a range as in "10.0.0.0/8" or "fd00::/8", or one address',
    port: int | None = None,
) -> Network:
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    text = _is_text(value, remedy)
    try:
        return ip_network(text)
    except ValueError:
        pass
    try:
        meant = ip_network(text, strict=False)
    except ValueError:
        raise wrong("is not an address range (CIDR)", remedy) from None
    shown = meant if port is None else NetworkPort(meant, port)
    raise wrong("names a host inside the range", f'write "{shown}"')


def _reachable(value: object) -> Network | NetworkPort:
    """Read what may be reached: a range or an address, with all of its ports or with one."""
    if isinstance(value, NetworkPort):
        return value
    match = _WITH_PORT.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return _network(value, _REACHABLE_REMEDY)
    port = int(match["port"])
    if not 0 < port <= _LAST_PORT:
        raise wrong(f"has no port {port}", f"ports are 1 to {_LAST_PORT}; leave it out to allow all")
    return NetworkPort(_network(match["v6"] or match["v4"], _REACHABLE_REMEDY, port), port)


def _selector(value: str) -> str:
    if (fault := selector_fault(value)) is not None:
        raise wrong(*fault)
    return value


def _link_rule(value: str) -> str:
    if not value.startswith("re:"):
        return _selector(value)
    if fault := regex_fault(value.removeprefix("re:")):
        raise wrong(f"is not a valid regular expression ({fault})", r'write one as in "re:/read/[0-9]+/"')
    return value


def regex_fault(pattern: str, by: str = "") -> str | None:
    """Return what is wrong with a regular expression, or with what it is replaced by; None if nothing is."""
    try:
        compiled = re.compile(pattern)
        compiled.sub(by, "")
    except (re.error, IndexError, RecursionError, OverflowError) as error:
        return str(error)
    return None if pattern else "it is empty"


def proxy_url(value: str) -> str:
    """Read the URL of a forward proxy; it may hold a name and a password."""
    remedy = "write it as in http://proxy.example:3128"
    parts = split_url(value, remedy)
    if parts.scheme not in {"http", "https"} or not parts.hostname or CONTROL.search(value) or " " in value:
        raise wrong("is not an http or https URL", remedy)
    return value


def _element(value: str) -> str:
    selector = as_selector("item", _selector(value))
    if selector is None or selector.attribute or not selector.css:
        raise wrong("takes an attribute, but stands for whole elements", "leave out what begins with @")
    return value


def _cron(value: str) -> str:
    named = with_weekday_names(value)
    if (fault := cron_fault(named)) is not None:
        raise wrong(*fault)
    return named


def signing_secret(text: str) -> Secret:
    """Read one secret of Standard Webhooks: `whsec_…`, base64 of 24 to 64 bytes, or `whsk_…`, of 32 or 64."""
    remedy = 'write whsec_ and the base64 of 24 to 64 random bytes, as "openssl rand -base64 32" makes them'
    scheme, _, encoded = text.strip().partition("_")
    if scheme not in {"whsec", "whsk"}:
        raise wrong("is not a webhook secret: it does not begin with whsec_ (or whsk_)", remedy)
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise wrong(f"is not a webhook secret: what follows {scheme}_ is not base64", remedy) from None
    if scheme == "whsk":
        return _ed25519_secret(text.strip(), key)
    if len(key) not in _SECRET_BYTES:
        raise wrong(f"is not a webhook secret: it holds {len(key)} bytes, not 24 to 64", remedy)
    return Secret(text.strip())


def _ed25519_secret(text: str, key: bytes) -> Secret:
    if len(key) not in {32, 64}:
        remedy = "write whsk_ and the base64 of an ed25519 key: its 32 bytes, or 64 with its public half"
        raise wrong(f"is not a signing key: it holds {len(key)} bytes, not 32 or 64", remedy)
    return Secret(text)


def _signing_secrets(value: object) -> tuple[Secret, ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not texts:
        raise wrong("must be a text, or a list of texts", 'write secret = "whsec_…"')
    if all(isinstance(text, Secret) for text in texts):
        return tuple(texts)
    if not all(isinstance(text, str) for text in texts):
        raise wrong("must be a text, or a list of texts", 'write secret = "whsec_…"')
    return tuple(signing_secret(text) for text in texts)


def _former(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if not SLUG.fullmatch(value):
            raise wrong(f"names {value!r}, which was never an id", "use the ids that it had")
    return tuple(dict.fromkeys(values))


def _one_or_many(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _schema(**schema: Any) -> WithJsonSchema:
    return WithJsonSchema(schema)


def _text_type(check: Callable[[str], str], **schema: Any) -> tuple[AfterValidator, WithJsonSchema]:
    return AfterValidator(check), _schema(type="string", **schema)


_DURATION_SCHEMA = _schema(
    type="string", pattern=f"^{DURATION.pattern}$", examples=["90s", "5m", "24h", "7d"]
)

Line = Annotated[str, *_text_type(_line, minLength=1)]
Duration = Annotated[timedelta, BeforeValidator(_duration), _DURATION_SCHEMA]
PositiveDuration = Annotated[
    timedelta, BeforeValidator(_duration), AfterValidator(_positive), _DURATION_SCHEMA
]
Size = Annotated[
    int, BeforeValidator(_size), _schema(type="string", pattern=f"^{_SIZE.pattern}$", examples=["10MiB"])
]
Count = Annotated[int, Field(strict=True, ge=1, le=100_000)]
Port = Annotated[int, Field(strict=True, ge=0, le=65535)]
Url = Annotated[str, *_text_type(_url, format="uri")]
PublicUrl = Annotated[str, *_text_type(_public_url, format="uri")]
Zone = Annotated[str, *_text_type(_zone, examples=["Asia/Jakarta"])]
Language = Annotated[str, *_text_type(_language, pattern=f"^{LANGUAGE.pattern}$")]
Cidr = Annotated[Network, BeforeValidator(_network), _schema(type="string", examples=["10.0.0.0/8"])]
Reachable = Annotated[
    Network | NetworkPort,
    BeforeValidator(_reachable),
    _schema(type="string", examples=["127.0.0.1:8081", "10.0.0.0/8"]),
]
Selector = Annotated[str, *_text_type(_selector, minLength=1)]
LinkRule = Annotated[str, *_text_type(_link_rule, minLength=1)]
ProxyUrl = Annotated[str, *_text_type(proxy_url, format="uri", writeOnly=True)]
Element = Annotated[str, *_text_type(_element, minLength=1)]
CronText = Annotated[str, *_text_type(_cron, examples=["*/10 6-22 * * mon-fri"])]
Words = Annotated[
    tuple[Line, ...],
    BeforeValidator(_one_or_many),
    _schema(anyOf=[{"type": "string"}, {"type": "array", "items": {"type": "string"}}]),
]
FormerIds = Annotated[Words, AfterValidator(_former)]
Languages = Annotated[
    tuple[Language, ...],
    BeforeValidator(_one_or_many),
    _schema(anyOf=[{"type": "string"}, {"type": "array", "items": {"type": "string"}}]),
]
SigningSecrets = Annotated[
    tuple[Secret, ...],
    BeforeValidator(_signing_secrets),
    _schema(anyOf=[{"type": "string"}, {"type": "array", "items": {"type": "string"}}], writeOnly=True),
]
