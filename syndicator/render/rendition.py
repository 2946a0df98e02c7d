"""Bytes ready to be sent, in every coding that the web server offers."""

import hashlib
from collections.abc import Callable, Mapping

from syndicator.model.feed import FeedSnapshot, Format, Rendition, RenditionEntry
from syndicator.render.atom import render_atom
from syndicator.render.coding import by_brotli, by_gzip, by_zstd
from syndicator.render.dates import newest_change, whole_seconds
from syndicator.render.json_feed import render_json_feed
from syndicator.render.ninjs import render_ninjs
from syndicator.render.rss import render_rss
from syndicator.rules.hashing import looks_of

DIGEST_CHARACTERS = 32
"""128 bits: as good as unique, and short in a header."""

_WRITERS: Mapping[Format, Callable[[FeedSnapshot], bytes]] = {
    Format.RSS: render_rss,
    Format.ATOM: render_atom,
    Format.JSON: render_json_feed,
    Format.NINJS: render_ninjs,
}


def write(snapshot: FeedSnapshot, form: Format) -> bytes:
    return _WRITERS[form](snapshot)


def render(snapshot: FeedSnapshot, form: Format) -> Rendition:
    """Render the snapshot in one format. Pure, and safe in any thread."""
    body = write(snapshot, form)
    return Rendition(
        feed=snapshot.spec.id,
        form=form,
        version=snapshot.version.version,
        digest=hashlib.sha256(body).hexdigest()[:DIGEST_CHARACTERS],
        last_modified=newest_change(snapshot)
        if snapshot.is_made_on_request
        else whole_seconds(snapshot.version.changed_at),
        links=snapshot.related_urls(form),
        shown=tuple(RenditionEntry(article=one.article.id, looks=looks_of(one)) for one in snapshot.entries),
        body=body,
        gzip=by_gzip(body),
        brotli=by_brotli(body),
        zstd=by_zstd(body),
    )
