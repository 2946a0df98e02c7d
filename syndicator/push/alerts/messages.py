"""Operators' events in plain words: what happened, why, since when, what to do, and where to look."""

from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from syndicator.errors import PushError
from syndicator.model.event import EndpointNotice, Event, EventType, SourceNotice
from syndicator.model.feed import Site
from syndicator.model.ids import EndpointId
from syndicator.observe.redact import clean_text

_LONGEST_HEADING, _LONGEST_FACT = 200, 500

_HEADINGS = {
    EventType.SOURCE_FAILING: "{title} cannot be read",
    EventType.SOURCE_QUIET: "{title} brings nothing new",
    EventType.SOURCE_RECOVERED: "{title} is well again",
    EventType.SOURCE_BEHIND: "{title} is behind its freshness objective",
    EventType.SOURCE_CAUGHT_UP: "{title} meets its freshness objective again",
    EventType.ENDPOINT_FAILING: "Endpoint {title} takes nothing",
    EventType.ENDPOINT_DISABLED: "Endpoint {title} is disabled",
    EventType.ENDPOINT_RECOVERED: "Endpoint {title} takes deliveries again",
}
_OVER = frozenset({EventType.SOURCE_RECOVERED, EventType.SOURCE_CAUGHT_UP, EventType.ENDPOINT_RECOVERED})
_REMEDIES = {
    "failing": "see what it answers now: syndicator sources run {id}",
    "stuck": "see what its selectors find now: syndicator preview --source {id}",
    "stopped": "correct the url of [source.{id}], or remove the source",
    "quiet": "see whether the portal still publishes there: syndicator preview --source {id}",
    "behind": "see where time is lost: syndicator sources show {id}; ask it more often, or add workers",
    EventType.ENDPOINT_FAILING: "deliveries wait and are tried again; try it: syndicator endpoints ping {id}",
    EventType.ENDPOINT_DISABLED: "events wait until it is resumed: syndicator endpoints resume {id}",
}
"""By the standing of a source, or by the type of an event."""


class AlertItem(Struct, frozen=True, kw_only=True):
    """One event, in words."""

    heading: str
    facts: tuple[tuple[str, str], ...] = ()
    """Why, since when, what to do."""
    link: str = ""
    is_over: bool = False
    """Whether it ends a trouble."""


class AlertMessage(Struct, frozen=True, kw_only=True):
    """What is sent at once."""

    subject: str
    items: tuple[AlertItem, ...]
    """Troubles before what is over, the newest first."""
    link: str = ""

    @property
    def is_over(self) -> bool:
        """Return whether there is no trouble in it."""
        return all(item.is_over for item in self.items)


def alert_message(events: Sequence[Event], site: Site) -> AlertMessage:
    """Put events into words. Raises PushError for an event that is not of operators."""
    newest_first = sorted(events, key=lambda event: event.at, reverse=True)
    items = sorted((_item(event, site) for event in newest_first), key=lambda item: item.is_over)
    first, more = items[0], len(items) - 1
    what = f"{first.heading}, and {more} more" if more else first.heading
    link = site.url("/admin/") if more else first.link
    return AlertMessage(subject=f"[{_short(site.title, 60)}] {what}", items=tuple(items), link=link)


def trial_message(endpoint: EndpointId) -> AlertMessage:
    """Return a message that only shows that messages arrive."""
    heading = f"Test of [alert.{endpoint}]"
    item = AlertItem(
        heading=heading, facts=(("Why", "somebody asked for it: nothing is wrong"),), is_over=True
    )
    return AlertMessage(subject=heading, items=(item,))


def plain_text(message: AlertMessage) -> str:
    """Return a message as it reads, whatever shows it."""
    return "\n\n".join((message.subject, *map(item_text, message.items)))


def item_text(item: AlertItem) -> str:
    """Return an item as lines, its heading first."""
    return f"{item.heading}\n{facts_text(item)}"


def facts_text(item: AlertItem) -> str:
    """Return an item as lines, without its heading."""
    lines = [f"{label}: {value}" for label, value in item.facts]
    return "\n".join([*lines, *([item.link] if item.link else [])])


def fitting(message: AlertMessage, render: Callable[[AlertItem], str], most_bytes: int) -> list[str]:
    """Return as many items as have room, rendered; where some are left out, the last part says how many."""
    parts: list[str] = []
    room = most_bytes
    for item in message.items:
        text = render(item)
        room -= len(text.encode()) + 2
        if room < 0 and parts:
            left = len(message.items) - len(parts)
            return [*parts, f"… and {left} more: {message.link}"]
        parts.append(text)
    return parts


def _item(event: Event, site: Site) -> AlertItem:
    notice, name = event.details, event.subject
    match notice:
        case SourceNotice():
            title, remedy = f"{notice.title} ({name})", _REMEDIES.get(notice.standing)
            link = site.url(f"/admin/sources/{name}")
        case EndpointNotice():
            title, remedy = name, _REMEDIES.get(event.type)
            link = site.url(f"/admin/endpoints/{name}")
        case _:
            raise PushError(f"The event {event.id} ({event.type}) is not for operators.")
    is_over = event.type in _OVER
    facts = [("Why", notice.why), ("Since", _local(notice.since, site.timezone))]
    if isinstance(notice, EndpointNotice) and notice.waiting:
        facts.append(("Waiting", f"{notice.waiting} deliveries"))
    if remedy and not is_over:
        facts.append(("What to do", remedy.format(id=name)))
    return AlertItem(
        heading=_short(_HEADINGS[event.type].format(title=title), _LONGEST_HEADING),
        facts=tuple((label, _short(value, _LONGEST_FACT)) for label, value in facts if value),
        link=link,
        is_over=is_over,
    )


def _local(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M %Z}"


def _short(text: str, most: int) -> str:
    line = clean_text(text)
    return line if len(line) <= most else line[: most - 1] + "…"
