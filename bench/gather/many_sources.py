"""100,000 configured sources: how soon a process is ready, what it costs when nothing is due, `/status`.

Real processes over the embedded server: `syndicator work`, then `syndicator serve` beside it. Each source has
been gathered once and is due in half a day; one of twenty is failing. There is no floor to compare with: the
targets stand beside the figures.
"""

import asyncio
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp

from bench.gather.processes import free_port
from bench.measure import tell
from syndicator.model.clock import system_clock, to_ms
from syndicator.model.ids import SourceId
from syndicator.model.source import Failure, Round, Source, SourceState
from syndicator.opening import open_service
from syndicator.rules.identity.identity import spec_hash
from syndicator.settings import load
from syndicator.store.access.operators_token import operators_token
from syndicator.store.codec import pack
from syndicator.store.connection import Command
from syndicator.store.keys.table import Keys

SOURCES = 100_000
IN_A_FILE = 10_000
IDLE_S = 120.0
READY_S, IDLE_PERCENT, PAGE_MS = 10.0, 5.0, 300.0
"""What is wanted at most."""
TURNS = 5


@dataclass(frozen=True)
class Started:
    """A process of the service that is ready."""

    process: subprocess.Popen[str]
    ready_s: float

    def spent_s(self) -> float:
        """Return the processor time that it has taken so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def run(count: int = SOURCES) -> None:
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        _write(Path(folder), count, port)
        settings = load(Path(folder), {})
        # This process holds the embedded server, so that what is measured is one role alone.
        async with open_service(settings) as service:
            await service.sync_configuration()
            await service.store.connection.batch(_gathered(service.settings.sources, Keys("main")))
            with _started(Path(folder), "work") as work:
                _tell_ready("work", work)
                await _ask_status(port, operators_token(settings.store.data_dir, making=False))
                before_s, began = work.spent_s(), time.monotonic()
                await asyncio.sleep(IDLE_S)
                idle = (work.spent_s() - before_s) / (time.monotonic() - began) * 100
                tell("idle worker", idle, IDLE_PERCENT, unit="% of a core", against="at most")
                with _started(Path(folder), "serve") as serve:
                    _tell_ready("serve", serve)


def _tell_ready(role: str, started: Started) -> None:
    tell(f"{role}: ready after", started.ready_s, READY_S, unit="s", against="at most")
    tell(f"{role}: processor time until then", started.spent_s(), READY_S, unit="s", against="at most")


async def _ask_status(port: int, token: str) -> None:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
        took = []
        for _ in range(TURNS + 1):
            began = time.perf_counter()
            async with session.get(f"http://127.0.0.1:{port}/status", raise_for_status=True) as answer:
                size = len(await answer.read())
            took.append((time.perf_counter() - began) * 1000)
    tell("/status, the first", took[0], PAGE_MS, unit="ms", against="at most")
    tell("/status, median of the next", statistics.median(took[1:]), PAGE_MS, unit="ms", against="at most")
    print(f"/status: {size:,} bytes")


def _write(folder: Path, count: int, ops_port: int) -> None:
    (folder / "main.toml").write_text(
        f'[store]\ndata_dir = "{folder}/data"\n[server]\nport = 0\nops_port = {ops_port}\n'
        '[defaults]\nschedule = { every = "1d" }\n[feed.latest]\ntitle = "Latest"\n',
        "utf-8",
    )
    for start in range(0, count, IN_A_FILE):
        blocks = (
            f'[source.portal-{number}]\ntitle = "Portal {number}"\nkind = "feed"\n'
            f'url = "https://portal-{number}.example/rss"\n'
            for number in range(start, min(start + IN_A_FILE, count))
        )
        (folder / f"sources-{start:07}.toml").write_text("".join(blocks), "utf-8")


def _gathered(sources: Mapping[SourceId, Source], keys: Keys) -> list[Command]:
    """Return what keeps of each source that it was gathered: as a round leaves it."""
    now = system_clock()
    commands: list[Command] = []
    for number, source in enumerate(sources.values()):
        state = SourceState(
            spec_hash=spec_hash(source),
            first_success_at=now,
            last_success_at=now,
            last_new_at=now,
            last_round=Round(unchanged=20),
            rhythm=(0.1,) * 168,
            rhythm_at=now,
            failures=2 if number % 20 == 0 else 0,
            failure=Failure(reason="http_503", detail="", at=now) if number % 20 == 0 else None,
            next_due_at=now + timedelta(hours=12, seconds=number % 3600),
            due_because="every 1d",
        )
        due_ms = to_ms(now) + 12 * 3_600_000 + number % 3600 * 1000
        commands.append(("SET", keys.source(source.id), pack(state)))
        commands.append(("ZADD", keys.sources_due(), due_ms, source.id))
    return commands


@contextmanager
def _started(folder: Path, role: str) -> Iterator[Started]:
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "syndicator", "--config", str(folder), "--log-json", role],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if '"event":"ready"' in line:
                break
        yield Started(process, time.monotonic() - began)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()
