"""`make bench`: all of them; `python -m bench NAME …`: some; options go to the one that is named."""

import importlib
import logging
import os
import sys
from itertools import takewhile

from syndicator.cli.event_loop import run_loop
from syndicator.observe import logs

BENCHES = (
    "parsing", "admitting", "stories", "rounds", "gather", "many_sources", "hostile", "popularity", "search",
    "serving", "publishing", "ad_hoc", "hub", "push",
)  # fmt: skip


def main() -> None:
    logs.configure("error")
    logging.disable(logging.WARNING)
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    names = list(takewhile(lambda word: not word.startswith("-"), sys.argv[1:]))
    options = sys.argv[1 + len(names) :]
    for name in names or BENCHES:
        print(f"\n{name}")
        run_loop(importlib.import_module(f"bench.{name}").run(*options))


if __name__ == "__main__":
    main()
