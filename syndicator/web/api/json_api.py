"""How the API is written down: one table of routes, from which the server and its description are made."""

import asyncio
import re
import zlib
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Literal, TypeVar

import msgspec
from aiohttp import hdrs, web
from msgspec import Struct

from syndicator.errors import ConfigError, EndpointRefused, NoEndpoint
from syndicator.model.ids import SourceId
from syndicator.model.token import TokenScope
from syndicator.observe.cautions import collecting
from syndicator.pipeline.feeds.pagination import CursorError
from syndicator.pipeline.ops.api_tokens import TokenRefused
from syndicator.pipeline.ops.schedule_preview import ScheduleRefused
from syndicator.pipeline.sources.source_control import ControlRefused
from syndicator.pipeline.stories.editing import StoryRefused
from syndicator.pipeline.webhooks.inspection import NoDelivery
from syndicator.pipeline.webhooks.replays import NoReplay
from syndicator.web.http.auth import Gate
from syndicator.web.http.problems import FieldFault, Problem, ProblemRaised, bad_request, not_found

T = TypeVar("T")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Method = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]

MOST, USUAL = 200, 50
"""Items of one piece of a list: at most, and where nothing is said."""
MAX_BODY_BYTES = 64 * 1024

_READ_TIMEOUT_S = 30.0
_WORTH_PACKING_BYTES = 2048
_JSON = "application/json"
REFUSALS: Mapping[type[Exception], tuple[str, int]] = {
    CursorError: ("bad-request", 400),
    NoDelivery: ("not-found", 404),
    NoEndpoint: ("not-found", 404),
    NoReplay: ("not-found", 404),
    StoryRefused: ("not-found", 404),
    ScheduleRefused: ("bad-request", 400),
    ControlRefused: ("conflict", 409),
    EndpointRefused: ("conflict", 409),
    TokenRefused: ("conflict", 409),
}
"""What use cases refuse, and the name and status that each has for who asked."""
CAUTION_HEADER = "Syndicator-Warning"
"""Of an answer to a change that was made, and is not as safe as it should be."""
_TEXT: Mapping[str, Any] = MappingProxyType({"type": "string"})


class Parameter(Struct, frozen=True, kw_only=True):
    """One of the keys behind the `?`."""

    name: str
    description: str
    schema: Mapping[str, Any] = _TEXT
    several: bool = False
    """Whether it may be given again."""


class Header(Struct, frozen=True, kw_only=True):
    """A header that a route requires."""

    name: str
    description: str


LIMIT = Parameter(
    name="limit",
    description="How many items at most.",
    schema={"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL},
)
CURSOR = Parameter(name="cursor", description="Where the piece before ended: its next.")
PAGED = (LIMIT, CURSOR)
INSTANT: Mapping[str, str] = {"type": "string", "format": "date-time"}


class ApiRoute(Struct, frozen=True):
    """A route of the API. The first sentence of the handler's docstring is its summary."""

    method: Method
    path: str
    """Below the root; as the router takes it."""
    handler: Handler
    answer: Any
    """The type of what is answered; of a list, that of its items."""
    scope: TokenScope
    topic: str
    status: int = 200
    is_list: bool = False
    query: tuple[Parameter, ...] = ()
    headers: tuple[Header, ...] = ()
    body: Any = None
    """The type of what is sent; None: nothing is."""
    refusals: tuple[int, ...] = ()
    """Statuses of refusals that are this route's own."""

    @property
    def plain_path(self) -> str:
        """The path without what its variables may look like."""
        return re.sub(r"{(\w+):(?:[^{}]|{[^{}]*})*}", r"{\1}", self.path)

    @property
    def summary(self) -> str:
        return _sentences(self.handler)[0]

    @property
    def description(self) -> str:
        return _sentences(self.handler)[1]


class PublicApi(Struct, frozen=True, kw_only=True):
    """The API as everyone meets it: behind a gate."""

    table: tuple[ApiRoute, ...]
    gate: Gate


def guarded(table: Iterable[ApiRoute], gate: Gate) -> list[web.RouteDef]:
    """Return the routes for everyone who has a token of the right scope."""
    return [
        web.RouteDef(one.method, one.path, _answering(gate.behind(one.scope, one.handler)), {})
        for one in table
    ]


def _answering(handler: Handler) -> Handler:
    """Answer what use cases refuse with a problem; pack what is read and long, so nothing with a secret."""

    async def answered(request: web.Request) -> web.StreamResponse:
        with collecting() as cautions:
            try:
                response = await handler(request)
            except tuple(REFUSALS) as error:
                name, status = REFUSALS[type(error)]
                raise ProblemRaised(Problem(name=name, status=status, detail=sentence(error))) from error
            except ConfigError as error:
                raise _invalid(error) from error
        if cautions:
            response.headers[CAUTION_HEADER] = ", ".join(cautions)
        if request.method == "GET" and (response.content_length or 0) > _WORTH_PACKING_BYTES:
            response.enable_compression()
            response.headers[hdrs.VARY] = hdrs.ACCEPT_ENCODING
        return response

    return answered


def _invalid(error: ConfigError) -> ProblemRaised:
    faults = tuple(FieldFault(key=one.key, reason=one.reason, remedy=one.remedy) for one in error.faults)
    detail = f"What is wrong, field by field, stands in errors: {', '.join(one.key for one in faults)}."
    return ProblemRaised(Problem(name="invalid", status=422, detail=detail, errors=faults))


def sentence(error: Exception) -> str:
    """Return the text of an error as a sentence."""
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


_encode: Callable[[object], bytes] = msgspec.json.Encoder().encode


def document(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    sent = {hdrs.CACHE_CONTROL: "no-store"} | dict(headers or {})
    return web.Response(body=_encode(value), status=status, content_type=_JSON, headers=sent)


def list_document(items: Sequence[object], more: str | None = None) -> web.Response:
    """Answer with a list, or a piece of one."""
    return document({"ok": True, "items": items, "next": more, "errors": []})


def limit_of(request: web.Request) -> int:
    """Read `limit`; a 400 for what is not a number from 1 to `MOST`."""
    text = request.query.get(LIMIT.name, str(USUAL))
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= MOST:
        raise bad_request(f'The parameter "limit" is a number from 1 to {MOST}.')
    return int(text)


def instant_of(request: web.Request, name: str) -> datetime | None:
    """Read an instant, in UTC; a 400 for what is none, or has no offset."""
    text = request.query.get(name)
    if not text:
        return None
    with suppress(ValueError, OverflowError):
        instant = datetime.fromisoformat(text.replace(" ", "+"))  # a + that was not encoded comes as a blank
        if instant.tzinfo is not None:
            return instant.astimezone(UTC)
    raise bad_request(f'The parameter "{name}" is an instant with its offset, as 2026-11-05T12:00:00Z.')


def source_of(request: web.Request, known: Container[SourceId]) -> SourceId:
    """Return the source that the path names; a 404 for one that is not known."""
    name = SourceId(request.match_info["source"])
    if name not in known:
        raise not_found("No source has this name.")
    return name


def cursor_of(request: web.Request) -> str | None:
    return request.query.get(CURSOR.name) or None


def piece_of(names: Iterable[str], request: web.Request) -> tuple[list[str], str | None]:
    """Cut a short list, sorted by name, by `limit` and `cursor`; the cursor is the last name seen."""
    limit, cursor = limit_of(request), cursor_of(request) or ""
    rest = [name for name in sorted(names) if name > cursor]
    return rest[:limit], rest[limit - 1] if len(rest) > limit else None


async def read_json(request: web.Request, kind: type[T], example: str, limit: int = MAX_BODY_BYTES) -> T:
    """Read a body of JSON as a value; 400, 413 or 415 for any other, with an example."""
    if request.content_type != _JSON:
        raise not_json("Send it with the header Content-Type: application/json.")
    body = await read_body(request, limit)
    try:
        return _in_utc(msgspec.json.decode(body, type=kind))
    except (msgspec.MsgspecError, RecursionError) as error:
        raise bad_request(f"The body is not understood: {error}. Send {example}.") from None
    except OverflowError:
        raise bad_request(f"The body names an instant beyond the calendar. Send {example}.") from None


def _in_utc(value: T) -> T:
    """Return a value with its instants in UTC."""
    if not isinstance(value, Struct):
        return value
    named = ((name, getattr(value, name)) for name in value.__struct_fields__)
    return msgspec.structs.replace(
        value, **{name: at.astimezone(UTC) for name, at in named if isinstance(at, datetime)}
    )


async def read_body(request: web.Request, limit: int) -> bytes:
    """Read a body, plain or gzip, of at most `limit` bytes when unpacked; 413 for larger, 408 for slow."""
    unpack = _unpacking(request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower(), limit)
    received = bytearray()
    try:
        async with asyncio.timeout(_READ_TIMEOUT_S):
            async for chunk in request.content.iter_any():
                received += unpack(chunk)
                if len(received) > limit:
                    raise _too_large(limit)
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error
    return bytes(received)


def _unpacking(coding: str, limit: int) -> Callable[[bytes], bytes]:
    """Return what turns pieces of a coded body into plain ones, never many bytes more than the limit."""
    if coding == "identity":
        return bytes
    if coding not in {"gzip", "x-gzip"}:  # RFC 9110, 8.4.1.3
        detail = "Send the body plain, or with Content-Encoding: gzip."
        raise ProblemRaised(Problem(name="bad-request", status=415, detail=detail))
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)

    def unpacked(piece: bytes) -> bytes:
        try:
            return stream.decompress(piece, limit + 1)
        except zlib.error:
            raise bad_request("The body is not what Content-Encoding says: gzip.") from None

    return unpacked


def not_json(detail: str) -> ProblemRaised:
    return ProblemRaised(Problem(name="bad-request", status=415, detail=detail))


def _too_large(limit: int) -> ProblemRaised:
    detail = f"The body is larger than {limit // 1024:,} KiB."
    return ProblemRaised(Problem(name="bad-request", status=413, detail=detail))


def _sentences(handler: Handler) -> tuple[str, str]:
    first, _, rest = (handler.__doc__ or "").strip().partition("\n\n")
    return " ".join(first.split()), "\n\n".join(" ".join(part.split()) for part in rest.split("\n\n"))
