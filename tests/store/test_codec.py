"""Values to bytes and back."""

from hashlib import sha256

import pytest
from msgspec import Struct

from syndicator.errors import UnreadableRecord
from syndicator.store import codec
from syndicator.store.codec import compressed, pack, unpack


class Thing(Struct, frozen=True):
    name: str
    numbers: tuple[int, ...] = ()


@pytest.mark.parametrize("name", ["", "Berita", "x" * 100_000])
def test_what_is_compressed_is_read_as_any(name: str) -> None:
    thing = Thing(name, (120, 0x78, -1))
    packed = compressed(pack(thing))
    assert unpack(packed, Thing) == thing
    assert compressed(packed) == packed, "once is enough"


def test_what_is_damaged_is_unreadable() -> None:
    packed = compressed(pack(Thing("Berita utama hari ini")))
    for damaged in (packed[:-6], packed[:10] + b"\xff\xff" + packed[12:], b"\x78", b"\x78\x9c\x00"):
        with pytest.raises(UnreadableRecord):
            unpack(damaged, Thing)


def test_the_dictionary_stays_as_it_is() -> None:
    """What is stored was compressed with it."""
    assert sha256(codec._DICTIONARY).hexdigest().startswith("4a55de8b35ee0c6a")
