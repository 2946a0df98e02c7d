"""When the target of a permanent redirect takes the place of the address that was configured.

A 301 or 308 (RFC 9110, 15.4.2 and 15.4.9) may be true, or the work of an hour: portals under maintenance,
captive networks and expired domains send them too. So a redirect is followed, but its target is adopted only
after `SIGHTINGS` rounds in a row over at least `LONG_ENOUGH` in which it led there *and* articles known from
this source were found there. It is given up again after `BAD_ROUNDS` rounds in a row in which the target
failed or held nothing known. The configuration is never touched.

    None ── led there ──▶ Move ── sightings, a day ──▶ adopted ── bad rounds ──▶ None
      ◀── led elsewhere, or nowhere ──┘
"""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from msgspec.structs import replace

from syndicator.model.source import Move

SIGHTINGS = 5
LONG_ENOUGH = timedelta(hours=24)
BAD_ROUNDS = 3
KNOWN_SHARE = 1 / 3
"""Of a document's articles must be known, for the document to be that of the same source."""


def to_ask(url: str, move: Move | None, *, private: bool = False) -> str:
    """Give the address to ask: the adopted target, else the configured one.

    The configured one too where the target would give up encryption, or where the source is asked with
    headers of its own (`private`) and the target is another origin's: what was meant for one server is not
    sent to another, however permanently it redirects.
    """
    if move is None or move.adopted_at is None:
        return url
    here, there = urlsplit(url), urlsplit(move.target)
    if here.scheme == "https" and there.scheme != "https":
        return url
    if private and (here.scheme, here.netloc) != (there.scheme, there.netloc):
        return url
    return move.target


def overlaps(known: int, total: int) -> bool:
    """Tell whether a document of `total` articles, of which `known` came from this source, is its own."""
    return known > 0 and known >= KNOWN_SHARE * total


def sighted(move: Move | None, moved_to: str | None, *, overlap: bool | None, now: datetime) -> Move | None:
    """Take in where a successful round was led for good (`model.fetch.moved_to`; None: nowhere).

    `overlap` is what `overlaps` says of the document found there; None where none was read (304), which
    speaks neither for it nor against it. An adopted move stays: the configured address is not asked any more,
    and what becomes of the target is for `rolled_back` to judge.
    """
    if move is not None and move.adopted_at is not None:
        return move
    if moved_to is None:
        return None
    if move is None or move.target != moved_to or overlap is False:
        return Move(target=moved_to, sightings=int(overlap is True), first_seen_at=now)
    seen = replace(move, sightings=move.sightings + (overlap is True))
    if seen.sightings >= SIGHTINGS and now - seen.first_seen_at >= LONG_ENOUGH:
        return replace(seen, adopted_at=now)
    return seen


def rolled_back(move: Move | None, *, ok: bool, overlap: bool | None) -> Move | None:
    """Take in what a round at an adopted target has brought; None when the configured address is to be asked.

    `ok` is false for failures that count against a source (`cadence.counts_against`). From the adoption on,
    `sightings` is what is left of the target's credit: a good round restores it.
    """
    if move is None or move.adopted_at is None:
        return move
    if not ok or overlap is False:
        credit = min(move.sightings, BAD_ROUNDS) - 1
        return replace(move, sightings=credit) if credit > 0 else None
    return replace(move, sightings=SIGHTINGS) if overlap else move


def sentence(move: Move | None) -> str | None:
    """Say where a source has gone, and whether that is believed yet."""
    if move is None:
        return None
    target = _shown(move.target)
    if move.adopted_at is not None:
        return f"it has moved to {target}, believed since {_day(move.adopted_at)}: please configure it"
    return (
        f"it redirects for good to {target}: confirmed in {move.sightings} rounds since "
        f"{_day(move.first_seen_at)}, believed after {SIGHTINGS} over a day"
    )


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _shown(url: str) -> str:
    """Leave out of an address what may be secret: user, password and query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
