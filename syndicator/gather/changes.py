"""What we made of what a source says: noted while a candidate is made, cheaply, and bounded."""

import html
import re

from syndicator.gather.text import without_unwanted
from syndicator.model.article import Change

MAX_CHANGES = 16
"""Of one candidate."""
MAX_RECEIVED = 200
_NAMED = 8
_TAG = re.compile(r"<([a-zA-Z][\w:-]{0,40})")
_ATTRIBUTE = re.compile(r"[\s\"'/]([a-zA-Z_][\w:.-]{0,40})\s{0,3}=\s{0,3}[\"']")
_RELATIVE = re.compile(
    r"\b(?:href|src)\s{0,3}=\s{0,3}[\"'](?!https?://|mailto:|tel:|data:|javascript:|#|[\"'])", re.IGNORECASE
)
_SCRIPT_LINK = re.compile(r"[\"'\s=](?:java|vb)script\s{0,3}:", re.IGNORECASE)
_ACTIVE = frozenset(
    {
        *("applet", "audio", "button", "canvas", "embed", "form", "frame", "frameset", "iframe", "input"),
        *("link", "math", "meta", "noscript", "object", "script", "select", "style", "svg", "template"),
        *("textarea", "video"),
    }
)


class Changes:
    """The changes of one candidate, in the order in which they are noted."""

    def __init__(self) -> None:
        self._noted: list[Change] = []

    def note(self, field: str, received: str, why: str) -> None:
        if len(self._noted) < MAX_CHANGES:
            self._noted.append(Change(field=field, received=excerpt(received), why=why))

    def note_text(self, field: str, received: str, kept: str) -> None:
        """Note what became of a line of text, where it is not what came."""
        received = received.strip()
        if kept != received:
            self.note(field, received, _made_of_text(received, kept))

    def note_markup(self, field: str, received: str, kept: str, base: str) -> None:
        """Note what cleaning took out of HTML: elements, attributes and relative addresses."""
        if received == kept or "<" not in received:
            return
        tags = {tag.lower() for tag in _TAG.findall(received)}
        tags.difference_update(_TAG.findall(kept))
        self._note_tags(field, received, tags)
        if "=" not in received:
            return
        names = {name.lower() for name in _ATTRIBUTE.findall(received)}
        names.difference_update(_ATTRIBUTE.findall(kept))
        self._note_attributes(field, received, names)
        if relative := _RELATIVE.search(received):
            self.note(field, received[relative.start() :], f"relative addresses are resolved against {base}")

    def _note_tags(self, field: str, received: str, tags: set[str]) -> None:
        for group, why in (
            (tags & _ACTIVE, "active markup is removed: "),
            (tags - _ACTIVE, "markup that has no place in an article, or is empty, is removed: "),
        ):
            if group:
                first = re.search(rf"<(?:{'|'.join(map(re.escape, group))})\b", received, re.IGNORECASE)
                self.note(field, received[first.start() if first else 0 :], why + _list(group))

    def _note_attributes(self, field: str, received: str, names: set[str]) -> None:
        handlers = {name for name in names if name.startswith("on")}
        if handlers or _SCRIPT_LINK.search(received):
            called = _list(handlers) if handlers else "a link"
            self.note(field, _from(received, handlers), f"scripts in attributes are removed: {called}")
        if others := names - handlers:
            self.note(
                field,
                _from(received, others),
                f"attributes without a use here are removed: {_list(others)}",
            )

    def all(self) -> tuple[Change, ...]:
        return tuple(self._noted)


def excerpt(received: str) -> str:
    """Give the beginning of what came, fit to be stored."""
    return without_unwanted(received[:MAX_RECEIVED])


def _made_of_text(received: str, kept: str) -> str:
    if not kept:
        return "nothing that can be read is left of it"
    made = []
    if "<" in received and received.count("<") > kept.count("<"):
        made.append("markup is removed")
    if "&" in received and html.unescape(received) != received:
        made.append("entities are decoded")
    if kept.endswith("…") and len(received) > len(kept):
        made.append("it is shortened")
    return ", ".join(made) or "white space and unseen characters are tidied"


def _from(received: str, names: set[str]) -> str:
    """Give the markup from the first tag that has one of the attributes."""
    places = (received.find(name) for name in names)
    place = min((place for place in places if place >= 0), default=0)
    return received[max(0, received.rfind("<", 0, place)) :]


def _list(names: set[str]) -> str:
    listed = sorted(names)
    return ", ".join(listed[:_NAMED]) + (", …" if len(listed) > _NAMED else "")
