"""Parts commands that are too long for a transaction into several that do the same."""

from collections.abc import Sequence

from syndicator.errors import StoreError

MAX_WORDS = 7000
"""Of one command in a transaction: Lua passes 8,000 arguments at most."""

_PARTED = {
    "DEL": (1, 1), "UNLINK": (1, 1), "HDEL": (2, 1), "HSET": (2, 2), "RPUSH": (2, 1), "SADD": (2, 1),
    "SREM": (2, 1), "ZADD": (2, 2), "ZREM": (2, 1),
}  # fmt: skip
"""Commands that do the same in pieces: where what repeats begins, and how many words belong together."""

_ZADD_OPTIONS = frozenset({"NX", "XX", "GT", "LT", "CH"})

Command = Sequence[str | bytes | int | float]


def parts(command: Command, most: int) -> Sequence[Command]:
    """Return a command, in pieces of up to `most` repeated words where it is too long.

    Raises StoreError for one that does something else in pieces.
    """
    if len(command) <= MAX_WORDS:
        return (command,)
    name = str(command[0])
    if name not in _PARTED:
        raise StoreError(f"{name} with {len(command)} words is too long for a transaction")
    begin, step = _PARTED[name]
    while name == "ZADD" and command[begin] in _ZADD_OPTIONS:
        begin += 1
    size = most // step * step
    return [(*command[:begin], *command[at : at + size]) for at in range(begin, len(command), size)]
