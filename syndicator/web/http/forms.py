"""What forms of the console send."""

from collections.abc import Container, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from aiohttp import web
from msgspec import Struct
from multidict import MultiDictProxy

from syndicator.web.http.problems import bad_request


async def fields(request: web.Request) -> MultiDictProxy[str]:
    """Return all fields of a form; a 400 for what none of our forms sends: files, or what is no text."""
    if request.content_type == "multipart/form-data":
        raise bad_request("Send the fields as application/x-www-form-urlencoded.")
    try:
        return await request.post()  # type: ignore[return-value]  # no files without multipart
    except (ValueError, LookupError):  # bytes outside their charset, or a charset that is not known
        raise bad_request("The fields are not UTF-8.") from None


async def field(request: web.Request, name: str, longest: int) -> str:
    """Return a field without blanks around it, empty where it was not sent; a 400 where it is too long."""
    text = (await fields(request)).get(name, "").strip()
    if len(text) > longest:
        raise bad_request(f'The field "{name}" has at most {longest} characters.')
    return text


async def hours_of(request: web.Request, name: str, most: float) -> float:
    """Return a field that is a number of hours; a 400 for what is none, or more than `most`."""
    text = await field(request, name, 20)
    try:
        hours = float(text)
    except ValueError:
        hours = -1
    if not 0 <= hours <= most:
        raise bad_request(f'The field "{name}" is a number of hours, {most:g} at most.')
    return hours


def chosen(request: web.Request, name: str, known: Container[str]) -> str | None:
    """Return what a query chooses; None for nothing, and a 400 for what cannot be chosen."""
    text = request.query.get(name) or None
    if text is not None and text not in known:
        raise bad_request(f'The parameter "{name}" has a value that is not known.')
    return text


class FieldFault(Struct, frozen=True, kw_only=True):
    """Why a field of a form cannot be used: by the key of its text, `fault.…`, or in a sentence."""

    field: str
    key: str = ""
    text: str = ""
    """In English, as a use case says it."""
    values: Mapping[str, object] = {}


def local_instant(text: str, zone: ZoneInfo) -> datetime:
    """Read a time, that of `zone` where it names no offset. Raises ValueError."""
    instant = datetime.fromisoformat(text)
    aware = instant if instant.tzinfo else instant.replace(tzinfo=zone)
    try:
        return aware.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(text) from error
