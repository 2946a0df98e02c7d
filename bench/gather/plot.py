"""The figures of `bench gather --out` as a picture: `python -m bench.gather.plot RESULTS.json PICTURE.svg`.

One panel for each phase, one bar for each service: processor time of a feed, that of the store in a lighter
shade. Each panel has a scale of its own, since phases differ by a hundred times.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape

import msgspec

from bench.gather.peer import Results

_WIDTH, _NAME, _BAR = 720, 130, 460
_ROW, _TITLE, _GAP = 22, 26, 14
_COLOURS = {"ours": "#2f6f9f", "Miniflux": "#b8642d"}
_OTHER = "#6b6b6b"


def draw(results: Results) -> str:
    """Return the picture."""
    parts, top = [], _GAP
    for phase in dict.fromkeys(phase for phases in results.services.values() for phase in phases):
        rows = {name: phases[phase] for name, phases in results.services.items() if phase in phases}
        figures = {
            name: (1000 * one.service_s / results.feeds, 1000 * one.store_s / results.feeds)
            for name, one in rows.items()
        }
        parts.append(_panel(phase, figures, top))
        top += _TITLE + _ROW * len(figures) + _GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top}" role="img"'
        f' font-family="sans-serif" font-size="13"><title>Processor time per feed</title>'
        f'<rect width="{_WIDTH}" height="{top}" fill="#ffffff"/>{"".join(parts)}</svg>\n'
    )


def _panel(phase: str, figures: Mapping[str, tuple[float, float]], top: int) -> str:
    most = max(sum(pair) for pair in figures.values()) or 1.0
    parts = [f'<text x="8" y="{top + 16}" font-weight="bold">{escape(phase)}: CPU ms per feed</text>']
    for row, (name, (service, store)) in enumerate(figures.items()):
        y = top + _TITLE + row * _ROW
        colour, first, second = _COLOURS.get(name, _OTHER), _BAR * service / most, _BAR * store / most
        parts.append(
            f'<text x="{_NAME - 8}" y="{y + 13}" text-anchor="end">{escape(name)}</text>'
            f'<rect x="{_NAME}" y="{y}" width="{first:.1f}" height="16" fill="{colour}"/>'
            f'<rect x="{_NAME + first:.1f}" y="{y}" width="{second:.1f}" height="16" fill="{colour}"'
            f' fill-opacity="0.45"/>'
            f'<text x="{_NAME + first + second + 6:.1f}" y="{y + 13}">{service:.2f} + {store:.2f}</text>'
        )
    return "".join(parts)


def main(results: str, picture: str) -> None:
    """Read the one file and write the other."""
    found = msgspec.json.decode(Path(results).read_bytes(), type=Results)
    Path(picture).write_text(draw(found), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
