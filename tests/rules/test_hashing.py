"""How digests are spelled."""

import base64
from random import Random

from syndicator.rules.hashing import base32


def test_bytes_of_any_length_are_spelled_as_base32_without_padding() -> None:
    rng = Random(1)
    for length in range(40):
        data = rng.randbytes(length)
        assert base32(data) == base64.b32encode(data).decode().rstrip("=").lower()
