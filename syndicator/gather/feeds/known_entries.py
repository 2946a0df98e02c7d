"""Entries that are just as they were when the document was last read need not be read again.

Of each entry a mark is kept: a digest of all that the feed says in it, and of what it inherits from the
document, and a shorter one of its address. Entries of one document that share a guid or an address are always
read, for together they mean something else than each alone.
"""

import hashlib
from collections import Counter
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from syndicator.gather.documents.text import absolute_url
from syndicator.gather.feeds.entry import Channel, Entry
from syndicator.model.source import Source
from syndicator.rules.dates.claimed_dates import AS_CLAIMED, read_claim
from syndicator.rules.identity.addresses import canonical_url

if TYPE_CHECKING:
    from syndicator.gather.feeds.candidates import FeedReading

_DIGEST_BYTES, _LINK_BYTES = 8, 4
_MARK_BYTES = _DIGEST_BYTES + _LINK_BYTES
_MUCH_LATER = timedelta(days=400)
_ENCODER = msgspec.msgpack.Encoder()


class EntriesApart(Struct, frozen=True, kw_only=True):
    """The entries of a document by whether they were read."""

    known: tuple[bytes, ...] = ()
    """Marks of those that were not, because they are just as they were."""
    named: int = 0
    """How many of these have a guid."""
    fresh: tuple[bytes, ...] = ()
    """Marks of those that were read, and need not be again once they are admitted."""
    all_plain: bool = False
    """Whether all that were read became candidates, and nothing was odd about any: else `fresh` is not to be
    kept."""


def set_apart(channel: Channel, url: str, known: bytes) -> EntriesApart:
    """Take the entries out of a channel that have one of the marks that are `known`, one after the other.

    `url`: where the document came from. A feed that takes entries back is read whole.
    """
    marks = {} if channel.deleted else _by_digest(known)
    context = _ENCODER.encode((url, channel.language, channel.repairs))
    digests = [_digest(context, entry) for entry in channel.entries]
    guids = Counter(entry.guid.strip() for entry in channel.entries)
    single = [not entry.guid.strip() or guids[entry.guid.strip()] == 1 for entry in channel.entries]
    found = [marks.get(digest, b"") if alone else b"" for digest, alone in zip(digests, single, strict=True)]
    links = [mark[_DIGEST_BYTES:] or _link(entry) for mark, entry in zip(found, channel.entries, strict=True)]
    times = Counter(links)
    single = [alone and times[link] == 1 for alone, link in zip(single, links, strict=True)]
    skipped = [bool(mark) and alone for mark, alone in zip(found, single, strict=True)]
    apart = EntriesApart(
        known=tuple(mark for mark, left in zip(found, skipped, strict=True) if left),
        named=sum(
            left and bool(entry.guid.strip()) for entry, left in zip(channel.entries, skipped, strict=True)
        ),
        fresh=tuple(
            digest + link
            for digest, link, alone, left in zip(digests, links, single, skipped, strict=True)
            if digest and alone and not left
        ),
    )
    channel.entries = [entry for entry, left in zip(channel.entries, skipped, strict=True) if not left]
    channel.is_in_its_language = bool(apart.known)
    return apart


def are_plain(source: Source, now: datetime, channel: Channel, reading: "FeedReading") -> bool:
    """Return whether all entries became candidates with nothing that another round could judge otherwise.

    That is what cannot be read, dates that are ahead or say `yesterday`, and words of another language than
    the feed says, which are judged together.
    """
    if len(reading.candidates) != len(channel.entries):
        return False
    if len(reading.warnings) != len(channel.warnings) + bool(channel.left_out):
        return False
    changes = (change.field for one in reading.candidates for change in one.provenance.changes)
    return "language" not in changes and all(_is_dated_for_good(source, now, one) for one in channel.entries)


def _is_dated_for_good(source: Source, now: datetime, entry: Entry) -> bool:
    """Return whether the dates of an entry will be read alike at any time."""
    read = partial(read_claim, timezone=source.timezone, future=source.future_dates)
    for text in {entry.published, entry.updated} - {""}:
        claim = read(text, now=now)
        if claim.rule != AS_CLAIMED and claim != read(text, now=now + _MUCH_LATER):
            return False
    return True


def _by_digest(marks: bytes) -> dict[bytes, bytes]:
    whole = (marks[at : at + _MARK_BYTES] for at in range(0, len(marks), _MARK_BYTES))
    return {mark[:_DIGEST_BYTES]: mark for mark in whole}


def _digest(context: bytes, entry: Entry) -> bytes:
    """Return what changes with anything that is said in an entry; nothing where it is to be read each time.

    So are counts of readers and comments, which are measured, and what may change with the time of day.
    """
    if entry.views or entry.comments or entry.embargo or entry.status:
        return b""
    return hashlib.blake2b(context + _ENCODER.encode(entry), digest_size=_DIGEST_BYTES).digest()


def _link(entry: Entry) -> bytes:
    link = entry.link or entry.guid
    address = canonical_url(absolute_url(entry.link_base or entry.base, link) or link)
    return hashlib.blake2b(address.encode("utf-8", "replace"), digest_size=_LINK_BYTES).digest()
