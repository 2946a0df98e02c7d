"""What every table shares: nothing unknown, nothing changed later, all faults at once."""

from collections.abc import Callable, Mapping
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo, WithJsonSchema

from syndicator.settings.secret_files import read_secret
from syndicator.settings.value_texts import wrong, wrong_inside

_TOKEN_CHARACTERS = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")
_COOKIE_CHARACTERS = frozenset(map(chr, range(0x21, 0x7F))) - frozenset('",;\\')
"""RFC 6265, 4.1.1."""
_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "te", "upgrade"})
"""Headers that the HTTP client itself must set: a wrong one would break the framing of requests."""

_MOST_HEADERS, _LONGEST = 20, 4096


class Form(BaseModel):
    """A table as people write it."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, arbitrary_types_allowed=True
    )


def _headers(value: object, info: ValidationInfo) -> dict[str, str]:
    """Read a table of headers; `Name_file` takes the value of `Name` from a file."""
    return _named_texts(value, info, _header_fault, 'write { Accept = "text/html" }')


def _plain_headers(value: object, info: ValidationInfo) -> dict[str, str]:
    """Read a table of headers from a partner: values from files are refused."""
    if isinstance(value, dict):
        faults = [((str(key),), "names a file, and none is read for it", "write the value itself")
                  for key in value if str(key).endswith("_file")]  # fmt: skip
        if faults:
            raise wrong_inside(faults)
        if len(value) > _MOST_HEADERS or sum(len(f"{name}{text}") for name, text in value.items()) > _LONGEST:
            raise wrong("holds too much", f"send {_MOST_HEADERS} headers and {_LONGEST} characters at most")
    return _headers(value, info)


def _cookies(value: object, info: ValidationInfo) -> dict[str, str]:
    """Read a table of cookies; `Name_file` takes the value of `Name` from a file."""
    cookies = _named_texts(value, info, _cookie_fault, 'write { consent = "yes" }')
    faults = [((name,), "holds characters that a cookie cannot", "encode it as the portal does")
              for name, text in cookies.items() if not set(text) <= _COOKIE_CHARACTERS]  # fmt: skip
    if faults:
        raise wrong_inside(faults)
    return cookies


def _named_texts(
    value: object, info: ValidationInfo, fault: Callable[[str, list[str]], str | None], remedy: str
) -> dict[str, str]:
    if not isinstance(value, dict):
        raise wrong("must be a table", remedy)
    faults: list[tuple[tuple[str | int, ...], str, str]] = []
    texts: dict[str, str] = {}
    for key, given in value.items():
        name = str(key).removesuffix("_file")
        reason = fault(name, list(texts))
        if reason is not None:
            faults.append(((str(key),), reason, "remove it"))
            continue
        text = given
        if name != key:
            try:
                text = read_secret(given, info)
            except ValueError as error:
                faults.append(((str(key),), str(error), "put the secret into that file"))
                continue
        if not isinstance(text, str) or not text.isprintable():
            faults.append(((str(key),), "must be text on one line, in quotes", f'write {name} = "…"'))
            continue
        texts[name] = text
    if faults:
        raise wrong_inside(faults)
    return texts


def _cookie_fault(name: str, taken: list[str]) -> str | None:
    if not name or not set(name.lower()) <= _TOKEN_CHARACTERS:
        return "is not a valid cookie name"
    return "names the same cookie twice" if name in taken else None


def _header_fault(name: str, taken: list[str]) -> str | None:
    low = name.lower()
    if not low or not set(low) <= _TOKEN_CHARACTERS:
        return "is not a valid header name"
    if low in _OURS or low.startswith("webhook-"):
        return "is a header that the service itself sets"
    if low in [each.lower() for each in taken]:
        return "names the same header twice"
    return None


Headers = Annotated[
    Mapping[str, str],
    BeforeValidator(_headers),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}}),
]

PlainHeaders = Annotated[
    Mapping[str, str],
    BeforeValidator(_plain_headers),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}}),
]

Cookies = Annotated[
    Mapping[str, str],
    BeforeValidator(_cookies),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}}),
]
