"""`make bench`: all of them; `python -m bench NAME …`: some."""

import asyncio
import importlib
import logging
import os
import sys

from syndicator.observe import logs

BENCHES = (
    "parsing", "admitting", "stories", "rounds", "hostile", "popularity", "search",
    "serving", "publishing", "ad_hoc", "hub", "push",
)  # fmt: skip


def main() -> None:
    logs.configure("error")
    logging.disable(logging.WARNING)
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    for name in sys.argv[1:] or BENCHES:
        print(f"\n{name}")
        asyncio.run(importlib.import_module(f"bench.{name}").run())


if __name__ == "__main__":
    main()
