"""The opening tags of a piece of HTML: found once, and looked at instead of the whole text.

Most of an article is text, and most tags occur many times: what only depends on tags is cheaper to decide by
the few different ones.
"""

import re

RELATION = ' rel="noopener"'
"""What cleaning puts at the end of each link."""
_TAG = re.compile(r"<([a-zA-Z][^<>]*)")
# HTML 13.2.5.6: no tag begins with anything but an ASCII letter.


class OpeningTags:
    """The opening tags of a piece of HTML."""

    __slots__ = ("distinct", "joined", "lowered")

    def __init__(self, markup: str) -> None:
        self.distinct: tuple[str, ...] = tuple(dict.fromkeys(_TAG.findall(markup)))
        """What stands between `<` and `>`, as it is written; of equal tags the first."""
        self.joined = f"<{'<'.join(self.distinct)}<"
        """All of these, each between two `<`."""
        self.lowered = self.joined.lower()

    def has(self, name: str) -> bool:
        """Return whether there is a tag of that name among those of clean HTML: `<p>` or `<p …>`."""
        return f"<{name} " in self.joined or f"<{name}<" in self.joined

    def images(self) -> list[str]:
        """Return what stands behind `img` in each of such tags."""
        return [tag[3:] for tag in self.distinct if tag[0] in "iI" and tag[:3].lower() == "img"]
