"""`make bench`: all of them; `python -m bench NAME …`: some; options go to the one that is named."""

import importlib
import logging
import os
import sys
from itertools import takewhile

from syndicator.cli.event_loop import run_loop
from syndicator.observe import logs

BENCHES = {
    "parsing": "gather.parsing",
    "admitting": "gather.admitting",
    "traces": "gather.traces",
    "stories": "stories.course",
    "rounds": "gather.rounds",
    "gather": "gather.course",
    "memory": "memory",
    "many_sources": "gather.many_sources",
    "reload": "gather.reload",
    "scale": "scale.course",
    "backup": "gather.backup",
    "node_backup": "scale.node_backup",
    "schedule": "gather.schedule",
    "hostile": "hostile.course",
    "popularity": "serving.popularity",
    "search": "serving.search",
    "serving": "serving.requests",
    "publishing": "serving.prerender",
    "ad_hoc": "serving.any_filter_feeds",
    "hub": "push.hub",
    "push": "push.webhooks",
    "partitions": "push.partitions",
    "rivals": "push.rivals",
}


def main() -> None:
    logs.configure("error")
    logging.disable(logging.WARNING)
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    names = list(takewhile(lambda word: not word.startswith("-"), sys.argv[1:]))
    options = sys.argv[1 + len(names) :]
    for name in names or BENCHES:
        print(f"\n{name}")
        run_loop(importlib.import_module(f"bench.{BENCHES[name]}").run(*options))


if __name__ == "__main__":
    main()
