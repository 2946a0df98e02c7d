"""Prints what of each room the tests run, by lines and branches, and the modules of which they run too little.

Usage: python tests/coverage_by_room.py coverage.json
"""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

CORE = ("pipeline", "rules", "store")
"""Of these rooms, modules of which less than `LEAST` percent is run, lines and branches together, are listed."""
LEAST = 90.0


def shares(counted: Mapping[str, int]) -> tuple[float, float]:
    """Return the percentages of lines and of branches that were run."""

    def share(run: str, all_of_them: str) -> float:
        return 100 * counted[run] / counted[all_of_them] if counted[all_of_them] else 100.0

    return share("covered_lines", "num_statements"), share("covered_branches", "num_branches")


def report(found: Mapping[str, Any]) -> str:
    rooms: defaultdict[str, Counter[str]] = defaultdict(Counter)
    low: list[str] = []
    for path, measured in sorted(found["files"].items()):
        parts = PurePath(path).with_suffix("").parts[1:]
        room = parts[0] if len(parts) > 1 else "(top)"
        summary = {name: value for name, value in measured["summary"].items() if isinstance(value, int)}
        for name in (room, "all"):
            rooms[name].update(summary)
        lines, branches = shares(summary)
        if room in CORE and measured["summary"]["percent_covered"] < LEAST:
            low.append(f"  {lines:5.1f}  {branches:5.1f}  {path}")
    rows = [
        f"{room:12}{lines:7.1f}{branches:10.1f}{counted['num_statements']:9}"
        for room, counted in sorted(rooms.items(), key=lambda one: (one[0] == "all", one[0]))
        for lines, branches in [shares(counted)]
    ]
    heading = f"{'room':12}{'lines %':>7}{'branches %':>10}{'lines':>9}"
    below = (
        [f"Below {LEAST:.0f} % in {', '.join(CORE)} (percent of lines, of branches):", *low] if low else []
    )
    return "\n".join([heading, *rows, *below])


if __name__ == "__main__":
    sys.stdout.write(report(json.loads(Path(sys.argv[1]).read_text("utf-8"))) + "\n")
