"""Photos of a city that does not exist: drawn row by row and packed as PNG, with zlib alone."""

import colorsys
import struct
import zlib
from functools import lru_cache

from syndicator.sample.chance import Chance
from syndicator.sample.portals.landscapes import HEIGHT, LAYERS, SKY, SUN, WATER, WIDTH, Rows, draw_landscape


class Photos:
    """Draws photo `n` of a seed; the last ones drawn are kept."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.photo = lru_cache(maxsize=256)(self._photo)

    def _photo(self, n: int) -> bytes:
        chance = Chance(self._seed, "photo", n)
        rows = [bytearray([y * SKY // HEIGHT]) * WIDTH for y in range(HEIGHT)]
        _draw_sun(rows, chance)
        draw_landscape(rows, chance)
        return _png(rows, _palette(chance))


def _draw_sun(rows: Rows, chance: Chance) -> None:
    radius = chance.number(22, 54)
    x, y = chance.number(90, WIDTH - 90), chance.number(60, 170)
    for dy in range(-radius, radius + 1):
        half = int((radius * radius - dy * dy) ** 0.5)
        rows[y + dy][x - half : x + half] = bytes([SUN]) * (2 * half)


def _palette(chance: Chance) -> bytes:
    """Choose an hour of the day: a hue above, another at the horizon, and houses in the shade of both."""
    above = 0.5 + 0.38 * chance.fraction()
    horizon = 0.14 * chance.fraction() + chance.pick((0.0, 0.0, 0.52))
    colours = [_mixed(above, horizon, step / SKY) for step in range(SKY)]
    colours += [_rgb(above, 0.35 + 0.1 * layer, 0.62 - 0.19 * layer) for layer in range(LAYERS)]
    colours += [(0, 0, 0)] * (SUN - len(colours))
    colours += [(255, 244, 214), (255, 214, 130)]
    above_water = bytes(part for colour in colours for part in colour)
    in_water = bytes(part * 3 // 4 for part in above_water)
    return above_water + bytes(3 * (WATER - len(colours))) + in_water


def _mixed(above: float, horizon: float, share: float) -> tuple[int, int, int]:
    upper, lower = _rgb(above, 0.42, 0.72), _rgb(horizon, 0.38, 0.98)
    return tuple(round(a + (b - a) * share) for a, b in zip(upper, lower, strict=True))  # type: ignore[return-value]  # three of three


def _rgb(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def _png(rows: Rows, palette: bytes) -> bytes:
    """Pack rows of palette indexes (PNG 1.2: colour type 3, 8 bits, no filter)."""
    pixels = b"".join(b"\0" + row for row in rows)
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", head), (b"PLTE", palette), (b"IDAT", zlib.compress(pixels, 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
