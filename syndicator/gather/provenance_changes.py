"""What we made of what a source says: noted while a candidate is made, cheaply, and bounded."""

import html
import re
from collections.abc import Iterable, Sequence
from itertools import islice

from syndicator.gather.documents.opening_tags import RELATION, OpeningTags
from syndicator.gather.documents.text import MAX_URL, without_unwanted
from syndicator.model.article import Change
from syndicator.observe.redact import has_userinfo, hide_userinfo

MAX_CHANGES = 16
"""Of one candidate."""
MAX_RECEIVED = 200
CREDENTIALS = "a name or password in an address is left out"
_ENCODED = "characters that no address may hold are encoded"
_NAMED = 8
_NAME = re.compile(r"[a-zA-Z][\w:-]{0,40}")
MAX_ATTRIBUTES = 2000
"""Characters of all attributes of one tag that are looked at."""
_ATTRIBUTE = re.compile(r"""[\s"'/]([a-zA-Z_][\w:.-]{0,40}+)\s{0,3}=\s{0,3}("[^"]*+"|'[^']*+'|)""")
_ADDRESSES = frozenset({"href", "src"})
_NOT_RELATIVE = re.compile(r"https?://|mailto:|tel:|data:|javascript:|#|[\"']", re.IGNORECASE)
_SCRIPT_LINK = re.compile(r"[\"'\s=](?:java|vb)script:", re.IGNORECASE)
_ACTIVE = frozenset(
    {
        *("applet", "audio", "button", "canvas", "embed", "form", "frame", "frameset", "iframe", "input"),
        *("link", "math", "meta", "noscript", "object", "script", "select", "style", "svg", "template"),
        *("textarea", "video"),
    }
)


class Adjustments:
    """The changes of one candidate, in the order in which they are noted."""

    def __init__(self) -> None:
        self._noted: list[Change] = []

    def note(self, field: str, received: str, why: str) -> None:
        if len(self._noted) < MAX_CHANGES:
            self._noted.append(Change(field=field, received=excerpt(received), why=why))

    def add(self, changes: Iterable[Change]) -> None:
        """Note changes that were noted apart."""
        self._noted += islice(changes, MAX_CHANGES - len(self._noted))

    def note_text(self, field: str, received: str, kept: str) -> None:
        """Note the change of a line of text, if it changed."""
        received = received.strip()
        if kept != received:
            self.note(field, received, _made_of_text(received, kept))

    def note_address(self, field: str, received: str, url: str, base: str) -> None:
        """Note the change of an address that was resolved against `base`, if it changed."""
        if url == received:
            return
        if has_userinfo(received):
            self.note(field, received, CREDENTIALS)
        elif received.strip().startswith(("http://", "https://")):
            self.note(field, received, _ENCODED)
        else:
            self.note(field, received, f"it is resolved against {hide_userinfo(base)}")

    def note_markup(self, field: str, received: str, tags: OpeningTags, left: OpeningTags, base: str) -> None:
        """Note what cleaning took out of HTML: elements, attributes and relative addresses.

        `tags` are those of what was `received`, `left` those of what is kept of it.
        """
        others = _not_in(tags, left)
        if not others and "script:" not in tags.lowered:
            return
        names, attributes = _named(others, tags)
        self._note_tags(field, received, {name for name in names if not left.has(name)})
        if attributes:
            if has_userinfo(attributes):
                self.note(field, _from(received, ["://"]), CREDENTIALS)
            gone, relative = _judged(_ATTRIBUTE.findall(attributes), left)
            self._note_attributes(field, received, attributes, gone)
            if relative:
                why = f"relative addresses are resolved against {hide_userinfo(base)}"
                self.note(field, _from(received, [relative]), why)

    def _note_tags(self, field: str, received: str, tags: set[str]) -> None:
        for group, why in (
            (tags & _ACTIVE, "active markup is removed: "),
            (tags - _ACTIVE, "markup that has no place in an article, or is empty, is removed: "),
        ):
            if group:
                self.note(field, _from(received, [f"<{tag}" for tag in group]), why + _list(group))

    def _note_attributes(self, field: str, received: str, attributes: str, gone: set[str]) -> None:
        handlers = {name for name in gone if name.startswith("on")}
        if handlers or ("script:" in attributes.lower() and _SCRIPT_LINK.search(attributes)):
            called = _list(handlers) if handlers else "a link"
            self.note(
                field,
                _from(received, handlers or ["script:"]),
                f"scripts in attributes are removed: {called}",
            )
        if others := gone - handlers:
            why = f"attributes without a use here are removed: {_list(others)}"
            self.note(field, _from(received, [f" {name}" for name in others]), why)

    def all(self) -> tuple[Change, ...]:
        return tuple(self._noted)


def _not_in(tags: OpeningTags, left: OpeningTags) -> list[str]:
    """Return the tags that are not left as they were, but for the slash at their end."""
    kept = {tag.removesuffix(RELATION) for tag in left.distinct}
    return [tag for tag in tags.distinct if tag not in kept and tag.rstrip("/ ") not in kept]


def _named(others: Sequence[str], tags: OpeningTags) -> tuple[set[str], str]:
    """Return the names of elements, in lower case, and all attributes of those tags that are not left."""
    if "script:" in tags.lowered or any(tag.count('"') % 2 or tag.count("'") % 2 for tag in others):
        # A link holds a script, or a value a bracket: what is shown of it depends on what stands around it.
        others = tags.distinct
    parts = _parts(others)
    attributes = " ".join([rest for _tag, rest in parts if "=" in rest])
    return {tag.lower() for tag, _rest in parts}, attributes


def _parts(tags: Iterable[str]) -> list[tuple[str, str]]:
    """Return the name and the attributes of each tag."""
    return [
        (match[0], tag[match.end() : match.end() + MAX_ATTRIBUTES])
        for tag in tags
        if (match := _NAME.match(tag))
    ]


def _judged(attributes: Iterable[tuple[str, str]], left: OpeningTags) -> tuple[set[str], str]:
    """Return the names of attributes of which none is left, and the first address without a scheme."""
    gone: set[str] = set()
    relative = ""
    for written, value in attributes:
        name = written.lower()
        if f' {name}="' not in left.joined:
            gone.add(name)
        if not relative and name in _ADDRESSES and value and not _NOT_RELATIVE.match(value, 1):
            relative = value
    return gone, relative


def excerpt(received: str) -> str:
    """Return the beginning of what came, fit to be stored and shown."""
    return without_unwanted(hide_userinfo(received[: MAX_RECEIVED + MAX_URL])[:MAX_RECEIVED])


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


def _from(received: str, parts: Iterable[str]) -> str:
    """Return the beginning of the markup from the first tag that has one of the parts."""
    place = min([place for part in parts if (place := received.find(part)) >= 0], default=0)
    begin = max(0, received.rfind("<", 0, place + 1))
    return received[begin : begin + MAX_RECEIVED + MAX_URL]


def _list(names: set[str]) -> str:
    listed = sorted(names)
    return ", ".join(listed[:_NAMED]) + (", …" if len(listed) > _NAMED else "")
