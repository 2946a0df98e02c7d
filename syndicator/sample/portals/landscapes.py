"""What stands before the sky of an invented photo: a skyline, hills, a bay with boats, or a village."""

import math
from collections.abc import Callable

from syndicator.sample.chance import Chance

Rows = list[bytearray]
"""Palette indexes, row by row."""

WIDTH, HEIGHT = 640, 360
SKY, LAYERS, SUN, WINDOW, WATER = 96, 3, 100, 101, 112
"""Palette: 0–95 the sky from top to bottom, 96–98 what stands there from far to near, 100 the sun,
101 windows; from 112 on the same again, as water shows it."""

_STEP = 4
"""Width of a column of a hill."""


def draw_landscape(rows: Rows, chance: Chance) -> None:
    """Draw one of the landscapes, chosen by chance."""
    chance.pick(_LANDSCAPES)(rows, chance)


def _skyline(rows: Rows, chance: Chance) -> None:
    for layer in range(LAYERS):
        _draw_houses(rows, chance, layer)
    if chance.one_in(2):
        _flood(rows, HEIGHT - chance.number(50, 110))


def _hills(rows: Rows, chance: Chance) -> None:
    for layer in range(LAYERS):
        tops = _draw_hill(rows, chance, layer, HEIGHT - 170 + 55 * layer)
        for _ in range(chance.number(4, 14) * layer):
            at = chance.number(0, len(tops) - 1)
            _draw_tree(rows, at * _STEP, tops[at], 14 + 12 * layer, SKY + layer)


def _bay(rows: Rows, chance: Chance) -> None:
    shore = HEIGHT - chance.number(110, 160)
    _draw_hill(rows, chance, 0, shore - 40)
    _flood(rows, shore)
    for _ in range(chance.number(2, 6)):
        _draw_boat(rows, chance, chance.number(40, WIDTH - 120), chance.number(shore + 20, HEIGHT - 25))


def _village(rows: Rows, chance: Chance) -> None:
    _draw_hill(rows, chance, 0, HEIGHT - 190)
    for layer in (1, 2):
        x, ground = -chance.number(0, 60), HEIGHT - 90 + 50 * (layer - 1)
        _fill(rows, SKY + layer, x=0, y=ground, width=WIDTH, height=HEIGHT - ground)
        while x < WIDTH:
            width = chance.number(46, 86) + 24 * (layer - 1)
            _draw_cottage(rows, chance, x=x, ground=ground, width=width, colour=SKY + layer)
            x += width + chance.number(10, 120)
            if chance.one_in(2):
                _draw_tree(rows, x - 5, ground, chance.number(40, 80), SKY + layer)


_LANDSCAPES: tuple[Callable[[Rows, Chance], None], ...] = (_skyline, _hills, _bay, _village)


def _draw_houses(rows: Rows, chance: Chance, layer: int) -> None:
    """Draw one row of houses: the nearer, the lower, wider and darker; the farthest without lights."""
    x = -chance.number(0, 30)
    colour = SKY + layer
    while x < WIDTH:
        width = chance.number(22, 46) + layer * 16
        top = HEIGHT - chance.number(60, 190) + layer * 42
        _fill(rows, colour, x=x, y=top, width=width, height=HEIGHT - top)
        if chance.one_in(3):
            _fill(rows, colour, x=x + width // 2 - 2, y=top - chance.number(10, 36), width=4, height=40)
        if layer:
            _light(rows, chance, x, top, width)
        x += width + chance.number(0, 9 if layer < LAYERS - 1 else 26)


def _draw_hill(rows: Rows, chance: Chance, layer: int, level: int) -> list[int]:
    """Draw a row of hills about a level; return the top of each column."""
    waves = [
        (chance.number(10, 46), chance.number(90, 260), 6.3 * chance.fraction()),
        (chance.number(3, 12), chance.number(25, 70), 6.3 * chance.fraction()),
    ]
    tops = []
    for x in range(0, WIDTH, _STEP):
        top = level + int(sum(height * math.sin(x / length + phase) for height, length, phase in waves))
        _fill(rows, SKY + layer, x=x, y=top, width=_STEP, height=HEIGHT - top)
        tops.append(top)
    return tops


def _draw_tree(rows: Rows, x: int, ground: int, height: int, colour: int) -> None:
    """Draw a trunk and a round crown."""
    radius = height // 3
    _fill(rows, colour, x=x - 2, y=ground - height, width=4, height=height + 8)
    for dy in range(-radius, radius + 1):
        half = int((radius * radius - dy * dy) ** 0.5)
        _fill(rows, colour, x=x - half, y=ground - height + dy, width=2 * half, height=1)


def _draw_boat(rows: Rows, chance: Chance, x: int, y: int) -> None:
    """Draw a hull with one sail."""
    length = chance.number(40, 90)
    for dy in range(length // 6):
        _fill(rows, SKY + 2, x=x + dy, y=y + dy, width=length - 2 * dy, height=1)
    for dy in range(length):
        _fill(rows, SKY + 1, x=x + length // 2, y=y - dy, width=(length - dy) // 2, height=1)


def _draw_cottage(rows: Rows, chance: Chance, *, x: int, ground: int, width: int, colour: int) -> None:
    """Draw a house with a pitched roof and two windows."""
    wall, roof = width // 2, width // 3
    _fill(rows, colour, x=x, y=ground - wall, width=width, height=wall)
    for dy in range(roof):
        rise = dy * (width // 2 + 8) // roof
        _fill(rows, colour, x=x - 8 + rise, y=ground - wall - dy, width=width + 16 - 2 * rise, height=1)
    for at in (width // 5, 3 * width // 5):
        if not chance.one_in(3):
            _fill(rows, WINDOW, x=x + at, y=ground - wall + wall // 3, width=width // 6, height=wall // 3)


def _flood(rows: Rows, shore: int) -> None:
    """Lay water below a line: what stands above it is mirrored, darker and a little torn."""
    darker = bytes((index + WATER) % 256 for index in range(256))
    for depth, y in enumerate(range(shore, HEIGHT)):
        mirrored = rows[shore - 1 - depth].translate(darker)
        shift = (depth * 7 % 5 - 2) * (1 + depth // 12) // 2
        rows[y] = mirrored[shift:] + mirrored[:shift]


def _light(rows: Rows, chance: Chance, x: int, top: int, width: int) -> None:
    for y in range(top + 9, HEIGHT - 14, 15):
        for at in range(x + 6, x + width - 9, 12):
            if chance.one_in(3):
                _fill(rows, WINDOW, x=at, y=y, width=5, height=7)


def _fill(rows: Rows, colour: int, *, x: int, y: int, width: int, height: int) -> None:
    left, right = max(0, x), min(WIDTH, x + width)
    if right <= left:
        return
    span = bytes([colour]) * (right - left)
    for row in rows[max(0, y) : max(0, y + height)]:
        row[left:right] = span
