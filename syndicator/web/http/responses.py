"""One way to send bytes: coded as the client likes, with validators, 304 where it has them already."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime

from aiohttp import hdrs, web

from syndicator.render.coding import by_brotli, by_gzip, by_zstd
from syndicator.web.http.conditional_requests import entity_tag, http_date, not_modified, precondition_failed
from syndicator.web.http.negotiation import Coding, choose_coding, joined
from syndicator.web.http.problems import Problem, ProblemRaised

# Our pages may load pictures and our style sheet, and nothing else: no scripts, no frames. Forms search here.
PAGE_POLICY = (
    "default-src 'none'; img-src https: http: data:; style-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
SAFE_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Frame-Options": "DENY",
}
"""On every answer that does not say otherwise."""


def complete(headers: Mapping[str, str]) -> dict[str, str]:
    """Add what every answer has."""
    return {**SAFE_HEADERS, **headers, hdrs.SERVER: "syndicator"}  # and no versions


def respond(
    request: web.Request,
    *,
    digest: str,
    body: Callable[[Coding], bytes],
    headers: Mapping[str, str],
    last_modified: datetime | None = None,
) -> web.Response:
    """Answer GET or HEAD with a document.

    `body` gives the document in one coding; `digest` identifies it in every coding. `headers` hold
    Content-Type and whatever is sent with a 304, too. `Vary` always names Accept-Encoding. Raise a 412 where
    the client asked for other bytes alone (If-Match, If-Unmodified-Since).
    """
    coding = choose_coding(joined(request.headers.getall(hdrs.ACCEPT_ENCODING, ())))
    tag = entity_tag(digest, coding)
    _check_preconditions(request, tag, last_modified)
    sent = dict(headers)
    sent[hdrs.ETAG] = tag
    sent[hdrs.VARY] = ", ".join(filter(None, (headers.get(hdrs.VARY), hdrs.ACCEPT_ENCODING)))
    if last_modified is not None:
        sent[hdrs.LAST_MODIFIED] = http_date(last_modified)
    if _has_it(request, tag, last_modified):
        sent.pop(hdrs.CONTENT_TYPE, None)
        return web.Response(status=304, headers=sent)
    if coding is not Coding.IDENTITY:
        sent[hdrs.CONTENT_ENCODING] = coding.value
    return web.Response(body=body(coding), headers=sent)


class StaticDocument:
    """Bytes that stay as they are: hashed once, and put into each coding once, when it is first asked for."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.digest = _digest(body)
        self._codings = {Coding.IDENTITY: body}

    def answer(self, request: web.Request, headers: Mapping[str, str]) -> web.Response:
        """Answer GET or HEAD as `respond` does."""
        return respond(request, digest=self.digest, body=self.coded, headers=headers)

    def coded(self, coding: Coding) -> bytes:
        if coding not in self._codings:
            self._codings[coding] = coded(self.body, coding)
        return self._codings[coding]


def respond_with(request: web.Request, body: bytes, headers: Mapping[str, str]) -> web.Response:
    """Answer with bytes made for this request: hashed and coded here."""
    return respond(request, digest=_digest(body), body=lambda coding: coded(body, coding), headers=headers)


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]


def coded(body: bytes, coding: Coding) -> bytes:
    """Put bytes into a coding; the same bytes always give the same result."""
    match coding:
        case Coding.GZIP:
            return by_gzip(body)
        case Coding.BROTLI:
            return by_brotli(body)
        case Coding.ZSTD:
            return by_zstd(body)
        case Coding.IDENTITY:
            return body


def _check_preconditions(request: web.Request, tag: str, last_modified: datetime | None) -> None:
    if precondition_failed(
        tag,
        last_modified,
        if_match=joined(request.headers.getall(hdrs.IF_MATCH, ())),
        if_unmodified_since=request.headers.get(hdrs.IF_UNMODIFIED_SINCE),
    ):
        detail = "The document is not as If-Match or If-Unmodified-Since asks: it has changed."
        raise ProblemRaised(Problem(name="precondition-failed", status=412, detail=detail))


def _has_it(request: web.Request, tag: str, last_modified: datetime | None) -> bool:
    if_none_match = joined(request.headers.getall(hdrs.IF_NONE_MATCH, ()))
    if_modified_since = request.headers.get(hdrs.IF_MODIFIED_SINCE)
    return not_modified(tag, last_modified, if_none_match=if_none_match, if_modified_since=if_modified_since)
