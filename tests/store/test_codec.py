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
    for damaged in (packed[:-6], packed[:5] + b"\xff\xff" + packed[7:], b"\x28", b"\x78", b"\x78\x9c\x00"):
        with pytest.raises(UnreadableRecord):
            unpack(damaged, Thing)


STORED = (
    b"\x82\xa4name\xbfPresiden dan Menteri di Jakarta\xa7numbers\x92\x01\x02",
    (
        b"x\xf9\x14\xe1}3kZ\x92\x07,\xea\xf7\xc3\x0bpPi\x0c+\xc4\x81\xa52\xb4\xa4^\x9eW\x9a\x0b,"
        b"\x01\x8b'12\x01\x00\xf1\x8e\x13\x0b"
    ),
    b"(\xb5/\xfd\x01\x00\x01\x15\x01\x00\xb0\x82\xa4name\xbfdadi\xa7numbers\x92\x01\x02\x03\xdc\n\xad1\xe48$N\x15\xa0",
)
"""One value as layouts have stored it: plain, by zlib (layout 3), by zstd (layout 4)."""


@pytest.mark.parametrize("stored", STORED)
def test_all_forms_that_were_stored_are_read(stored: bytes) -> None:
    assert unpack(stored, Thing) == Thing("Presiden dan Menteri di Jakarta", (1, 2))
    again = compressed(stored)
    assert unpack(again, Thing) == unpack(stored, Thing)
    assert compressed(again) == again


def test_the_dictionary_stays_as_it_is() -> None:
    """What is stored was compressed with it."""
    assert sha256(codec._DICTIONARY).hexdigest().startswith("4a55de8b35ee0c6a")
    assert sha256(codec._TABLES).hexdigest().startswith("ba1e054672087b1e")
