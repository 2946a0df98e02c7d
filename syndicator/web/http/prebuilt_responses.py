"""Answers that were written before they are asked for.

What aiohttp does for an answer in general (a map of headers for each, its signals, spelling the map out)
costs more than everything else that is done for a feed whose bytes are ready. So the head of such an answer
is kept as bytes too, for each coding, and only the date is of now. On uvloop a feed by gzip takes 27 µs of
processor time instead of 62 µs by `aiohttp.web.Response`, and a 304 takes 28 µs instead of 59 µs.
"""

import re
import time
from collections.abc import Mapping
from email.utils import formatdate
from functools import lru_cache

from aiohttp import HttpVersion11, hdrs, web
from aiohttp.abc import AbstractStreamWriter

from syndicator.model.feed import Rendition
from syndicator.web.http.conditional_requests import entity_tag, http_date, not_modified
from syndicator.web.http.negotiation import Coding, choose_coding, joined
from syndicator.web.http.responses import complete

_UNSAFE = re.compile(r"[^\x20-\x7e]")


class ReadyResponse(web.StreamResponse):
    """Sends `wire` as it is: status line, headers, body. For GET over HTTP/1.1 on a connection that stays.

    Signals of the application are not sent for it: who makes it counts it.
    """

    def __init__(self, status: int, wire: bytes) -> None:
        super().__init__(status=status)
        self._keep_alive = True
        self._wire = wire

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        self._payload_writer = request.writer
        return self._payload_writer

    async def write_eof(self, data: bytes = b"") -> None:
        del data
        writer = self._payload_writer
        if writer is not None and not self._eof_sent:
            self._eof_sent, self._payload_writer = True, None
            await writer.write_eof(self._wire)


class ReadyFeed:
    """One rendition with the heads of its answers, in every coding."""

    def __init__(self, rendition: Rendition, headers: Mapping[str, str]) -> None:
        """`headers` are those of a 200, without validators and what depends on the coding."""
        self.rendition = rendition
        self._forms = {coding: _Form(rendition, coding, headers) for coding in Coding}

    def answer(self, request: web.Request) -> ReadyResponse:
        """Answer a request that `is_plain`."""
        headers = request.headers
        form = self._forms[choose_coding(joined(headers.getall(hdrs.ACCEPT_ENCODING, ())))]
        if_none_match = headers.get(hdrs.IF_NONE_MATCH)
        if_modified_since = headers.get(hdrs.IF_MODIFIED_SINCE)
        if if_none_match is if_modified_since is None:
            return ReadyResponse(200, form.whole.now())
        if if_none_match == form.tag or not_modified(
            form.tag,
            self.rendition.last_modified,
            if_none_match=joined(headers.getall(hdrs.IF_NONE_MATCH, ())),
            if_modified_since=if_modified_since,
        ):
            return ReadyResponse(304, form.unchanged.now())
        return ReadyResponse(200, form.whole.now())


def is_plain(request: web.Request) -> bool:
    """Return whether a request may get a `ReadyResponse`."""
    headers = request.headers
    return (
        request.method == "GET"
        and request.keep_alive
        and request.version == HttpVersion11
        and hdrs.IF_MATCH not in headers
        and hdrs.IF_UNMODIFIED_SINCE not in headers
    )


class _Form:
    """A rendition in one coding."""

    __slots__ = ("tag", "unchanged", "whole")

    def __init__(self, rendition: Rendition, coding: Coding, headers: Mapping[str, str]) -> None:
        self.tag = entity_tag(rendition.digest, coding)
        body = bytes_in(rendition, coding)
        shared = complete(headers) | {
            hdrs.ETAG: self.tag,
            hdrs.VARY: hdrs.ACCEPT_ENCODING,
            hdrs.LAST_MODIFIED: http_date(rendition.last_modified),
        }
        full = shared | {hdrs.CONTENT_LENGTH: str(len(body))}
        if coding is not Coding.IDENTITY:
            full[hdrs.CONTENT_ENCODING] = coding.value
        del shared[hdrs.CONTENT_TYPE]
        self.whole = _Dated(b"HTTP/1.1 200 OK\r\nDate: ", _spelled(full), body)
        self.unchanged = _Dated(b"HTTP/1.1 304 Not Modified\r\nDate: ", _spelled(shared))


class _Dated:
    """An answer but for its date."""

    __slots__ = ("_after", "_before", "_bytes", "_date")

    def __init__(self, before: bytes, *after: bytes) -> None:
        self._before = before
        self._after = after
        self._date = self._bytes = b""

    def now(self) -> bytes:
        """Return it with the date of now: the same object for all who ask in this second."""
        date = _now()
        if date is not self._date:
            self._date = date
            self._bytes = b"".join((self._before, date, *self._after))
        return self._bytes


def bytes_in(rendition: Rendition, coding: Coding) -> bytes:
    match coding:
        case Coding.BROTLI:
            return rendition.brotli
        case Coding.ZSTD:
            return rendition.zstd
        case Coding.GZIP:
            return rendition.gzip
        case Coding.IDENTITY:
            return rendition.body


def _spelled(headers: Mapping[str, str]) -> bytes:
    lines = [f"{name}: {value}" for name, value in headers.items()]
    if unsafe := [line for line in lines if _UNSAFE.search(line)]:
        raise ValueError(f"a header may hold printable ASCII only: {unsafe[0]!r}")
    return ("\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def _now() -> bytes:
    return _date(int(time.time()))


@lru_cache(maxsize=2)
def _date(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode("ascii")
