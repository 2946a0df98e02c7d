"""What may be written to a log: no secrets, no control characters, nothing endless."""

import re
from collections.abc import Mapping
from datetime import date

MAX_TEXT = 2000
MAX_ITEMS = 50
_MAX_DEPTH = 4
HIDDEN = "[hidden]"

_SECRET_KEY = re.compile(
    r"secret|token|authorization|password|passwd|cookie|api_?key|credential", re.IGNORECASE
)
_USERINFO = re.compile(r"://[^/\s?#]*@")
_SECRETS = (
    (_USERINFO, f"://{HIDDEN}@"),
    (re.compile(r"(?P<kept>\b(?:whsec|synd)_)[A-Za-z0-9+/=_-]+"), rf"\g<kept>{HIDDEN}"),
    (
        re.compile(r"(?P<kept>\b(?:bearer|basic)\s+)[A-Za-z0-9+/=._~-]{8,}", re.IGNORECASE),
        rf"\g<kept>{HIDDEN}",
    ),
    (
        re.compile(
            r"(?P<kept>[?&;](?:[a-z_-]*(?:token|secret|signature|credential|password|passwd|key)|auth|pass|pwd|sig)=)"
            r"[^&\s#]+",
            re.IGNORECASE,
        ),
        rf"\g<kept>{HIDDEN}",
    ),
)
# C0 and C1 controls, line and paragraph separators, what turns the direction of writing, lone surrogates.
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def clean_text(text: str) -> str:
    """Return a text in one printable line, cut at `MAX_TEXT`, with credentials hidden."""
    cut = text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"
    return UNSAFE.sub(_escaped, hide_secrets(cut))


def printable(text: str) -> str:
    """Escape what a terminal would act upon, or not show; lines stay lines."""
    return "\n".join(UNSAFE.sub(_escaped, line) for line in text.split("\n"))


def hide_secrets(text: str) -> str:
    """Hide userinfo in URLs, webhook secrets, bearer tokens and the like, wherever they stand."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def hide_userinfo(text: str) -> str:
    """Hide names and passwords in URLs (RFC 3986, 3.2.1)."""
    return _USERINFO.sub(f"://{HIDDEN}@", text) if "@" in text else text


def has_userinfo(text: str) -> bool:
    """Return whether a URL in a text holds a name or a password."""
    return "@" in text and _USERINFO.search(text) is not None


def clean(value: object, depth: int = 0) -> object:
    """Turn any value into what JSON can hold and what may be shown."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if depth < _MAX_DEPTH and isinstance(value, Mapping):
        return {
            clean_text(str(key)): clean_named(str(key), inner, depth + 1)
            for key, inner in list(value.items())[:MAX_ITEMS]
        }
    if depth < _MAX_DEPTH and isinstance(value, list | tuple | set | frozenset):
        return [clean(inner, depth + 1) for inner in list(value)[:MAX_ITEMS]]
    return clean_text(str(value))


def clean_named(key: str, value: object, depth: int = 0) -> object:
    """Clean a value, or hide it where its name says that it is a secret; numbers under such names stay."""
    if _SECRET_KEY.search(key) and not (value is None or isinstance(value, bool | int | float)):
        return HIDDEN
    return clean(value, depth)


def redacted(value: object, key: str = "") -> object:
    """Return a value of any size with its secrets hidden, and all else as it is; `key` is its name."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if _SECRET_KEY.search(key):
        return HIDDEN
    if isinstance(value, str):
        return hide_secrets(value)
    if isinstance(value, Mapping):
        return {name: redacted(inner, str(name)) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(inner) for inner in value]
    return value


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"  # noqa: PLR2004  two digits are enough to there
