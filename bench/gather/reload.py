"""A changed configuration of 10,000 sources: how soon it runs, and whether any round is missed meanwhile.

A real process, `syndicator run`, over the embedded server. Some sources are due each second, at a server of
this process; all others are not due. A run is missed where a source is not asked for longer than two seconds.
"""

import asyncio
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from bench.measure import tell

SOURCES, BUSY, RELOADS = 10_000, 20, 10
RELOAD_S, GAP_S = 1.0, 2.0
"""What is wanted at most."""
_FEED = "<rss version='2.0'><channel><title>x</title><link>http://x.example/</link></channel></rss>"


async def run() -> None:
    asked: dict[str, list[float]] = defaultdict(list)
    all_asked = asyncio.Event()  # each new source is gathered once

    async def answer(request: web.Request) -> web.Response:
        asked[request.path].append(time.monotonic())
        if len(asked) == SOURCES + BUSY:
            all_asked.set()
        return web.Response(text=_FEED, content_type="application/rss+xml")

    app = web.Application()
    app.router.add_get("/{name}", answer)
    async with TestServer(app) as server:
        with tempfile.TemporaryDirectory() as folder:
            await _measure(Path(folder), str(server.make_url("")).rstrip("/"), asked, all_asked)


async def _measure(folder: Path, url: str, asked: dict[str, list[float]], all_asked: asyncio.Event) -> None:
    config = folder / "config"
    config.mkdir()
    (config / "main.toml").write_text(
        f'[store]\ndata_dir = "{folder}/data"\n[server]\nport = 0\nops_port = 0\n[egress]\n'
        'allow = ["127.0.0.0/8"]\n[feed.latest]\ntitle = "Latest"\n[defaults.politeness]\nscope = "url"\n',
        "utf-8",
    )
    _write_sources(config, url, title="Portal")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "syndicator", "--config", str(config), "--log-json", "run",
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        started = time.monotonic()
        await _logged(process, "ready")
        start_s, start_cpu_s = time.monotonic() - started, _cpu_s(process.pid)
        await all_asked.wait()
        await asyncio.sleep(5)
        took, cpu_s, began = [], [], time.monotonic()
        for number in range(RELOADS):
            _write_sources(config, url, title=f"Portal of {number}")
            changed, before_s = time.monotonic(), _cpu_s(process.pid)
            process.send_signal(signal.SIGHUP)
            await _logged(process, "configuration_applied")
            took.append(time.monotonic() - changed)
            cpu_s.append(_cpu_s(process.pid) - before_s)
            await asyncio.sleep(2)
        gaps = [
            after - before for times in asked.values() for before, after in pairwise(times) if before >= began
        ]
    finally:
        process.terminate()
        await process.wait()
    tell("reload, median", statistics.median(took), RELOAD_S, unit="s", against="at most")
    tell("reload, longest", max(took), RELOAD_S, unit="s", against="at most")
    print(f"its processor time, rounds meanwhile included: {statistics.median(cpu_s):.2f} s")
    print(f"from the start until ready: {start_s:.1f} s, {start_cpu_s:.1f} s of a processor")
    tell(
        "longest time between two rounds of a source due each second",
        max(gaps),
        GAP_S,
        unit="s",
        against="at most",
    )


def _cpu_s(pid: int) -> float:
    """Return the processor time that a process has used, in all of its threads."""
    user, system = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _write_sources(config: Path, url: str, *, title: str) -> None:
    blocks = [
        f'[source.busy-{number}]\ntitle = "{title}"\nkind = "feed"\nurl = "{url}/{number}"\n'
        'schedule = { every = "1s", jitter = "0s" }\n'
        for number in range(BUSY)
    ]
    blocks += [
        f'[source.portal-{number}]\ntitle = "Portal"\nkind = "feed"\nurl = "{url}/portal-{number}"\n'
        'schedule = { cron = "0 0 1 1 *" }\n'
        for number in range(SOURCES)
    ]
    (config / "sources.toml").write_text("".join(blocks), "utf-8")


async def _logged(process: asyncio.subprocess.Process, event: str) -> None:
    assert process.stderr is not None
    while line := await process.stderr.readline():
        if line.startswith(b"{") and json.loads(line)["event"] == event:
            return
    raise RuntimeError(f"the service ended before it said {event}")
