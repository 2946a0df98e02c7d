"""When the target of a permanent redirect takes the place of the address that was configured.

A 301 or 308 (RFC 9110, 15.4.2 and 15.4.9) may be true, or the work of an hour: portals under maintenance,
captive networks and expired domains send them too. So a redirect is followed, but its target is adopted only
after `SIGHTINGS` rounds in a row over at least `LONG_ENOUGH` in which it led there *and* articles were found
there that this source had brought before. It is given up again after `BAD_ROUNDS` documents in a row that
held nothing known. Meanwhile the configured address is asked now and then, and in each round that follows a
failure: where it serves the feed itself, it counts again. The configuration is never touched.

    None ── led there ──▶ Move ── sightings, a day ──▶ adopted ── bad documents ──▶ Move, given up
      ◀── led elsewhere, or nowhere ──┘                   └── the configured address serves it again ──▶ None

Whatever a target lists is soon known: so what counts as known is what was first seen before `known_until`,
which moves on only with documents that held enough of it. A foreign feed can never begin such a chain.
"""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.source import Move

SIGHTINGS = 5
LONG_ENOUGH = timedelta(hours=24)
BAD_ROUNDS = 3
KNOWN_SHARE = 1 / 3
"""Of a document's articles must be known, for the document to be that of the same source."""
LOOK_BACK_EVERY = timedelta(days=1)


class Led(Struct, frozen=True, kw_only=True):
    """Where a round that worked was led, and what it found there."""

    moved_to: str | None
    """Where permanent redirects led (`model.fetch.moved_to`); None: nowhere."""
    overlap: bool | None
    """What `overlaps` says of the document; None where none was read (304)."""
    from_configured: bool = True
    """Whether the configured address was asked, not the adopted target."""
    after_failure: bool = False
    """Whether the round before had failed."""


def to_ask(url: str, move: Move | None, *, private: bool = False) -> str:
    """Return the address to ask: the adopted target, else the configured one.

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


def looks_back(move: Move | None, *, failing: bool, now: datetime) -> bool:
    """Return whether the configured address is to be asked first, of a source whose target is asked.

    So once in `LOOK_BACK_EVERY`, and always while the target fails (`failing`).
    """
    if move is None or move.adopted_at is None:
        return False
    return failing or now - (move.looked_back_at or move.adopted_at) >= LOOK_BACK_EVERY


def known_until(move: Move | None, began: datetime) -> datetime:
    """Return the time before which an article must have been first seen to count as known in a round.

    `began`: the start of the round.
    """
    if move is None:
        return began
    return move.known_until or move.first_seen_at


def overlaps(known: int, total: int) -> bool | None:
    """Return whether a document of `total` articles, of which `known` are known, is that of the same source.

    None of an empty one: it proves nothing.
    """
    return known >= max(KNOWN_SHARE * total, 1) if total > 0 else None


def followed(move: Move | None, led: Led, *, began: datetime, now: datetime) -> Move | None:
    """Take in where a round that worked was led."""
    if move is None or move.adopted_at is None:
        return _sighted(move, led, known_until(move, began), now)
    if led.from_configured and led.moved_to != move.target:
        # What serves the known feed, or anything at all while the target fails, counts more than the target.
        if led.overlap or led.after_failure:
            return _sighted(None, led, known_until(move, began), now)
        return move
    if led.overlap is None:
        return move
    if led.overlap:
        return replace(move, sightings=SIGHTINGS, known_until=now)
    credit = min(move.sightings, BAD_ROUNDS) - 1
    return replace(move, sightings=credit) if credit > 0 else given_up(move, now)


def given_up(move: Move | None, now: datetime) -> Move | None:
    """Have the configured address asked again; what the target brought since it turned bad proves nothing."""
    if move is None or move.adopted_at is None:
        return move
    return Move(target=move.target, first_seen_at=now, known_until=known_until(move, now), given_up_at=now)


def _sighted(move: Move | None, led: Led, known_until: datetime, now: datetime) -> Move | None:
    if led.moved_to is None:
        return None
    if move is None or move.target != led.moved_to:
        move = Move(target=led.moved_to, first_seen_at=now, known_until=known_until)
    if led.overlap is None:
        return move
    if not led.overlap:
        return replace(move, sightings=0, first_seen_at=now, known_until=known_until)
    seen = replace(move, sightings=move.sightings + 1, known_until=now)
    if seen.sightings >= SIGHTINGS and now - seen.first_seen_at >= LONG_ENOUGH:
        return replace(seen, adopted_at=now, looked_back_at=now, given_up_at=None)
    return seen


def sentence(move: Move | None) -> str | None:
    """Return where a source has gone, and whether that is believed yet."""
    if move is None:
        return None
    target = _shown(move.target)
    if move.adopted_at is not None:
        return f"it has moved to {target}, believed since {_day(move.adopted_at)}: please configure it"
    if move.given_up_at is not None and not move.sightings:
        return (
            f"it had moved to {target}, which is gone or no longer the same: since {_day(move.given_up_at)} "
            "the configured address is asked again"
        )
    if not move.sightings:
        return (
            f"it redirects for good to {target}, where nothing was found yet that it brought before: "
            "not believed; if it is the same, please configure it"
        )
    return (
        f"it redirects for good to {target}: confirmed in {move.sightings} rounds since "
        f"{_day(move.first_seen_at)}, believed after {SIGHTINGS} over a day"
    )


def news(before: Move | None, after: Move | None) -> str | None:
    """Return what operators should know at once: that another address is asked from now on; None else."""
    was = before.target if before is not None and before.adopted_at is not None else None
    stands = after.target if after is not None and after.adopted_at is not None else None
    if was == stands:
        return None
    if stands is not None or (after is not None and after.given_up_at is not None):
        return sentence(after)
    return f"its configured address serves it again, and is asked in place of {_shown(was or '')}"


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _shown(url: str) -> str:
    """Leave out of an address what may be secret: user, password and query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
