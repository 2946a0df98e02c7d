"""What the sample servers share: templates, validators, and the answers made of them."""

import hashlib
from datetime import datetime
from importlib.resources import files
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler
from jinja2 import Environment, PackageLoader, StrictUndefined
from multidict import CIMultiDict

from syndicator.sample import calendar


def open_templates() -> Environment:
    """Open the folder of templates: everything that is filled in is escaped."""
    return Environment(
        loader=PackageLoader("syndicator.sample", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def read_style(name: str) -> str:
    return (files("syndicator.sample") / "templates" / name).read_text("utf-8")


def conditional(
    request: web.Request, body: bytes, content_type: str, *, changed_at: datetime, etag: str | None = None
) -> web.Response:
    """Answer with validators, or 304 where the client has it already (RFC 9110, 13).

    `etag` is an opaque text for a weak validator; without one, a strong one is made of the body.
    """
    made = f'W/"{etag}"' if etag else f'"{hashlib.blake2b(body, digest_size=9).hexdigest()}"'
    headers = CIMultiDict(
        {"ETag": made, "Last-Modified": calendar.http_date(changed_at), "Cache-Control": "no-cache"}
    )
    if _is_known(request, made, changed_at):
        return web.Response(status=304, headers=headers)
    headers["Content-Type"] = f"{content_type}; charset=utf-8"
    return web.Response(body=body, headers=headers)


def _is_known(request: web.Request, etag: str, changed_at: datetime) -> bool:
    if request.if_none_match:
        value = etag.removeprefix("W/").strip('"')
        return any(known.value in (value, "*") for known in request.if_none_match)
    since = request.if_modified_since
    return since is not None and changed_at.replace(microsecond=0) <= since


def html(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8")


def json(value: Any, status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(value), status=status, content_type="application/json", charset="utf-8"
    )


def cached(body: bytes, content_type: str, *, max_age_s: int) -> web.Response:
    headers = {"Content-Type": content_type, "Cache-Control": f"public, max-age={max_age_s}"}
    return web.Response(body=body, headers=headers)


def origin(request: web.Request) -> str:
    """Return the address under which the client reached us, without a slash at the end."""
    return str(request.url.origin())


@web.middleware
async def plain_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Add to every page what a page without scripts and foreign content may promise."""
    response = await handler(request)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault(
        "Content-Security-Policy",
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:",
    )
    return response
