"""Delta encoding of feeds (RFC 3229, with the instance manipulation `feed`).

    GET … A-IM: feed, If-None-Match: "what it has"   →   226 IM Used, IM: feed, ETag: "what it has then"

The body is the feed with only those entries that are new or look otherwise. A client whose version is not
known here gets all, with 200; one that has the newest gets 304.
"""

import re
from collections.abc import Mapping

from aiohttp import hdrs, web
from multidict import istr

from syndicator.model.feed import Rendition
from syndicator.pipeline.feeds.deltas import Delta
from syndicator.web.http.conditional_requests import entity_tag, http_date
from syndicator.web.http.negotiation import choose_coding, joined, weights
from syndicator.web.http.prebuilt_responses import bytes_in

_A_IM, _IM, _DELTA_BASE = istr("A-IM"), "IM", "Delta-Base"
_TAG = re.compile(r'"([0-9a-f]+)(?:-[a-z]+)?"')


def wants_delta(request: web.Request) -> bool:
    """Return whether a client takes a feed with only what changed."""
    if _A_IM not in request.headers:
        return False
    return weights(",".join(request.headers.getall(_A_IM))).get("feed", 0.0) > 0


def bases_of(request: web.Request) -> list[str]:
    """Return the digests of what a client has, whatever coding it had them in."""
    return _TAG.findall(joined(request.headers.getall(hdrs.IF_NONE_MATCH, ())) or "")


def respond_with_delta(
    request: web.Request, rendition: Rendition, delta: Delta, headers: Mapping[str, str]
) -> web.Response:
    """Answer 226: the entity tag and the date are those of the whole, which the client has from now on.

    No cache may keep it: those that do not know 226 could take it for the whole.
    """
    coding = choose_coding(joined(request.headers.getall(hdrs.ACCEPT_ENCODING, ())))
    sent = {
        **headers,
        _IM: "feed",
        _DELTA_BASE: f'"{delta.base}"',
        hdrs.ETAG: entity_tag(rendition.digest, coding),
        hdrs.LAST_MODIFIED: http_date(rendition.last_modified),
        hdrs.CACHE_CONTROL: "no-store",
        hdrs.VARY: f"{hdrs.ACCEPT_ENCODING}, {_A_IM}, {hdrs.IF_NONE_MATCH}",
    }
    if coding.value != "identity":
        sent[hdrs.CONTENT_ENCODING] = coding.value
    return web.Response(status=226, body=bytes_in(delta.rendition, coding), headers=sent)
