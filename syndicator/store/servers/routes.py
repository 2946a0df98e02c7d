"""Chooses the slot of each command by the hash tag of its key: a namespace may have keys in several slots."""

from collections.abc import Iterable, Mapping, Sequence

from syndicator.errors import CrossSlot
from syndicator.store.servers.route import Route, Words
from syndicator.store.servers.server_pool import Servers

_OF_SEVERAL_KEYS = frozenset({"DEL", "UNLINK", "EXISTS", "MGET"})
"""Of the commands that we use: all their words are keys. The others name their only key first."""


class Routes:
    """The ways to the slots that the keys of a connection are in."""

    def __init__(self, servers: Servers, anchor: str, others: Sequence[str]) -> None:
        """`others`: a key of each further slot, besides that of the anchor."""
        self._is_cluster = servers.is_cluster
        self.anchor = Route(servers, anchor)
        """Commands without keys go there, and keys with a tag that is not known."""
        self._others = {_tag(key): Route(servers, key) for key in others}

    @property
    def is_one(self) -> bool:
        return not self._others

    @property
    def all(self) -> Sequence[Route]:
        return [self.anchor, *self._others.values()]

    def of_key(self, key: object) -> Route:
        return self._others.get(_tag(key), self.anchor) if self._others else self.anchor

    def of_keys(self, keys: Iterable[object]) -> Route:
        """Return the way that all keys have in common. Raises CrossSlot."""
        if not self._others:
            return self.anchor
        names = list(keys)
        found = {self.of_key(key): key for key in names}
        if len(found) > 1:
            one, other, *_ = map(_text, found.values())
            raise CrossSlot(f"the keys {one} and {other} are in different slots, and no step has both")
        return next(iter(found), self.anchor)

    def of_command(self, words: Words) -> Route:
        """Return the way of a command. Raises CrossSlot where its keys are in different slots."""
        if not self._others or len(words) == 1:
            return self.anchor
        return self.of_keys(words[1:]) if words[0] in _OF_SEVERAL_KEYS else self.of_key(words[1])

    def parted(self, commands: Sequence[Words]) -> Mapping[Route, Sequence[int]]:
        """Return the places of commands by the way that they go; all go one way where there is one server."""
        if not self._others:
            return {self.anchor: range(len(commands))}
        found: dict[Route, list[int]] = {}
        for place, words in enumerate(commands):
            found.setdefault(self.of_command(words), []).append(place)
        return found if self._is_cluster else {self.anchor: range(len(commands))}

    def parted_units(self, units: Sequence[Sequence[object]]) -> Mapping[Route, Sequence[int]]:
        """Return the places of transactions, each given by its keys, by the way that they go.

        Raises CrossSlot.
        """
        if not self._others:
            return {self.anchor: range(len(units))}
        found: dict[Route, list[int]] = {}
        for place, keys in enumerate(units):
            found.setdefault(self.of_keys(keys), []).append(place)
        return found


def _text(key: object) -> str:
    return key.decode("utf-8", "replace") if isinstance(key, bytes) else str(key)


def _tag(key: object) -> str:
    """Return a key up to the end of its hash tag."""
    return _text(key).partition("}")[0]
