"""Which events a newer one makes pointless, and which go ahead. Pure.

An endpoint that gets a revision needs no older one: unsent deliveries of older ones are closed, and the newer
event goes in its place. A withdrawal or restoration closes the older for everybody, also for those who do not
ask for it.
"""

from collections.abc import Collection

from msgspec import Struct

from syndicator.model.event import Event, EventType
from syndicator.model.ids import EventId
from syndicator.rules.identity.identity import event_id

REVISIONS = 100
"""So many before the newer one are looked for among what is still to be sent."""

REVISIONS_OF_OTHERS = 20
"""The same of what else has revisions; feeds and sources name the one before, and each closes that."""

_FOR_ALL = frozenset({EventType.ARTICLE_WITHDRAWN, EventType.ARTICLE_RESTORED})
_COUNTED_APART = frozenset({"popularity"})
"""Of these the subject alone does not say what revisions are counted in."""


class Older(Struct, frozen=True, kw_only=True):
    """An event that there may have been."""

    id: EventId
    type: EventType


def older(event: Event) -> tuple[Older, ...]:
    """Return the events of earlier revisions of the same, whichever of them there were."""
    family = event.type.family
    if family in _COUNTED_APART:
        return ()
    kinds = [kind for kind in EventType if kind.group == event.type.group]
    back = REVISIONS if family == "article" else REVISIONS_OF_OTHERS
    revisions = (event.follows,) if event.follows else range(max(1, event.revision - back), event.revision)
    return tuple(
        Older(id=event_id(event.subject, revision, kind), type=kind)
        for revision in revisions
        for kind in kinds
    )


def newer(event: Event, kinds: Collection[EventType], newest: int | None = None) -> tuple[EventId, ...]:
    """Return the events of these types that a later revision of the same may have brought, the next ones.

    `newest`: the last revision that there is, where that is known.
    """
    family = event.type.family
    if family in _COUNTED_APART or event.follows is not None:
        return ()
    last = event.revision + REVISIONS_OF_OTHERS
    last = last if newest is None else min(last, newest)
    return tuple(
        event_id(event.subject, revision, kind)
        for revision in range(event.revision + 1, last + 1)
        for kind in kinds
        if kind.group == event.type.group
    )


def is_urgent(event: Event) -> bool:
    """Return whether an event goes ahead of all that waits."""
    return event.type is EventType.ARTICLE_WITHDRAWN


def closes_for_all(event: Event) -> bool:
    """Return whether older events are closed also where this one is not asked for."""
    return event.type in _FOR_ALL
