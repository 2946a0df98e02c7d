"""Starts the demo of an installed program, and waits until its feed shows articles."""  # noqa: INP001  a script

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

PATIENCE_S = 120
_URL = re.compile(r"^  index +(http://\S+)", re.MULTILINE)


def main(program: str) -> None:
    """Exit 1 where the demo shows nothing, or does not end as it should."""
    log = Path("demo.log")
    with log.open("w") as out:
        process = subprocess.Popen([program, "run", "--demo"], stderr=out)  # noqa: S603  our own
    try:
        count = _articles(process, log, time.monotonic() + PATIENCE_S)
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(PATIENCE_S)
    if not count or code:
        sys.exit(f"the demo showed {count} articles, and ended with {code}:\n{log.read_text()}")
    print(f"the demo shows {count} articles, in {Path('syndicator-demo').resolve()}")  # noqa: T201


def _articles(process: subprocess.Popen[bytes], log: Path, end: float) -> int:
    count = 0
    while not count and process.poll() is None and time.monotonic() < end:
        time.sleep(0.5)
        if found := _URL.search(log.read_text()):
            with urlopen(f"{found[1]}feeds/latest.json") as answer:  # noqa: S310  on loopback
                count = len(json.load(answer)["items"])
    return count


main(sys.argv[1])
