"""Photos of a city that does not exist: drawn row by row and packed as PNG, with zlib alone."""

import colorsys
import struct
import zlib
from functools import lru_cache

from syndicator.sample.chance import Chance

WIDTH, HEIGHT = 640, 360
_SKY, _LAYERS, _SUN, _WINDOW, _WATER = 96, 3, 100, 101, 112
"""Palette: 0–95 the sky from top to bottom, 96–98 the houses from far to near, 100 the sun, 101 windows;
from 112 on the same again, as water shows it."""


class Photos:
    """Draws photo `n` of a seed; the last ones drawn are kept."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.photo = lru_cache(maxsize=256)(self._photo)

    def _photo(self, n: int) -> bytes:
        chance = Chance(self._seed, "photo", n)
        rows = [bytearray([y * _SKY // HEIGHT]) * WIDTH for y in range(HEIGHT)]
        _draw_sun(rows, chance)
        for layer in range(_LAYERS):
            _draw_houses(rows, chance, layer)
        if chance.one_in(2):
            _flood(rows, HEIGHT - chance.number(50, 110))
        return _png(rows, _palette(chance))


def _draw_sun(rows: list[bytearray], chance: Chance) -> None:
    radius = chance.number(22, 54)
    x, y = chance.number(90, WIDTH - 90), chance.number(60, 170)
    for dy in range(-radius, radius + 1):
        half = int((radius * radius - dy * dy) ** 0.5)
        rows[y + dy][x - half : x + half] = bytes([_SUN]) * (2 * half)


def _draw_houses(rows: list[bytearray], chance: Chance, layer: int) -> None:
    """Draw one row of houses: the nearer, the lower, wider and darker; the farthest without lights."""
    x = -chance.number(0, 30)
    colour = _SKY + layer
    while x < WIDTH:
        width = chance.number(22, 46) + layer * 16
        top = HEIGHT - chance.number(60, 190) + layer * 42
        _fill(rows, colour, x=x, y=top, width=width, height=HEIGHT - top)
        if chance.one_in(3):
            _fill(rows, colour, x=x + width // 2 - 2, y=top - chance.number(10, 36), width=4, height=40)
        if layer:
            _light(rows, chance, x, top, width)
        x += width + chance.number(0, 9 if layer < _LAYERS - 1 else 26)


def _flood(rows: list[bytearray], shore: int) -> None:
    """Lay water below a line: what stands above it is mirrored, darker and a little torn."""
    darker = bytes((index + _WATER) % 256 for index in range(256))
    for depth, y in enumerate(range(shore, HEIGHT)):
        mirrored = rows[shore - 1 - depth].translate(darker)
        shift = (depth * 7 % 5 - 2) * (1 + depth // 12) // 2
        rows[y] = mirrored[shift:] + mirrored[:shift]


def _light(rows: list[bytearray], chance: Chance, x: int, top: int, width: int) -> None:
    for y in range(top + 9, HEIGHT - 14, 15):
        for at in range(x + 6, x + width - 9, 12):
            if chance.one_in(3):
                _fill(rows, _WINDOW, x=at, y=y, width=5, height=7)


def _fill(rows: list[bytearray], colour: int, *, x: int, y: int, width: int, height: int) -> None:
    left, right = max(0, x), min(WIDTH, x + width)
    if right <= left:
        return
    span = bytes([colour]) * (right - left)
    for row in rows[max(0, y) : y + height]:
        row[left:right] = span


def _palette(chance: Chance) -> bytes:
    """Choose an hour of the day: a hue above, another at the horizon, and houses in the shade of both."""
    above = 0.5 + 0.38 * chance.fraction()
    horizon = 0.14 * chance.fraction() + chance.pick((0.0, 0.0, 0.52))
    colours = [_mixed(above, horizon, step / _SKY) for step in range(_SKY)]
    colours += [_rgb(above, 0.35 + 0.1 * layer, 0.62 - 0.19 * layer) for layer in range(_LAYERS)]
    colours += [(0, 0, 0)] * (_SUN - len(colours))
    colours += [(255, 244, 214), (255, 214, 130)]
    above_water = bytes(part for colour in colours for part in colour)
    in_water = bytes(part * 3 // 4 for part in above_water)
    return above_water + bytes(3 * (_WATER - len(colours))) + in_water


def _mixed(above: float, horizon: float, share: float) -> tuple[int, int, int]:
    upper, lower = _rgb(above, 0.42, 0.72), _rgb(horizon, 0.38, 0.98)
    return tuple(round(a + (b - a) * share) for a, b in zip(upper, lower, strict=True))  # type: ignore[return-value]  # three of three


def _rgb(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def _png(rows: list[bytearray], palette: bytes) -> bytes:
    """Pack rows of palette indexes (PNG 1.2: colour type 3, 8 bits, no filter)."""
    pixels = b"".join(b"\0" + row for row in rows)
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", head), (b"PLTE", palette), (b"IDAT", zlib.compress(pixels, 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
