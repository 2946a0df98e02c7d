"""Real processes: the program as users start it, beside sample portals that outlive it."""

import asyncio
import json
import os
import signal
import sys
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from redis_cluster import is_on_cluster
from support import PATIENCE_S, until
from warm_program import run

from syndicator.model.clock import system_clock
from syndicator.sample.server import SAMPLE_SECRET, Sample, SampleOptions, open_sample


class Program:
    """A running `syndicator`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.events: list[dict[str, Any]] = []
        self.other_lines: list[str] = []
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, config: Path, *command: str, environment: Mapping[str, str]) -> "Program":
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "syndicator", "--config", str(config), "--log-json", *command,
            stderr=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            env={**os.environ, **environment},
        )  # fmt: skip
        return cls(process)

    async def ready(self) -> str:
        """Wait until it is up; give its address."""
        await until(lambda: self._event("ready") is not None or self.process.returncode is not None)
        event = self._event("ready")
        assert event is not None, self.told()
        return str(event.get("url") or "")

    async def stop(self, name: signal.Signals = signal.SIGTERM) -> int:
        if self.process.returncode is None:
            self.process.send_signal(name)
        return await self.wait()

    async def wait(self) -> int:
        """Wait until it has ended; return its exit code."""
        async with asyncio.timeout(PATIENCE_S):
            code = await self.process.wait()
            await self._reading
        return code

    def told(self) -> str:
        return "\n".join([*self.other_lines, *(json.dumps(event) for event in self.events)])

    def faults(self) -> list[dict[str, Any]]:
        return [event for event in self.events if event["level"] == "error"]

    def _event(self, name: str) -> dict[str, Any] | None:
        return next((event for event in self.events if event["event"] == name), None)

    async def _read(self) -> None:
        assert self.process.stderr is not None
        while line := await self.process.stderr.readline():
            try:
                self.events.append(json.loads(line))
            except ValueError:
                self.other_lines.append(line.decode("utf-8", "replace").rstrip())


Start = Callable[..., Awaitable[Program]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Start programs; those that still run at the end of the test are killed."""
    started: list[Program] = []

    async def begin(config: Path, *command: str, environment: Mapping[str, str] | None = None) -> Program:
        started.append(await Program.start(config, *command, environment=environment or {}))
        return started[-1]

    yield begin
    for program in started:
        await program.stop(signal.SIGKILL)


async def articles(config: Path) -> list[dict[str, Any]]:
    code, out, err = await run(config, "articles", "list", "--limit", "0", "--json")
    assert code == 0, err
    items: list[dict[str, Any]] = json.loads(out)["items"]
    return items


def announced(sample: Sample) -> Counter[str | None]:
    """Count the events by which the partner was told of each new article; one sent again counts once."""
    return Counter(one.article_url for one in sample.inbox.newest_first() if one.type == "article.created")


@pytest.fixture(autouse=True)
def store_of_programs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have programs use a cluster where tests are to, unless the test has a server of its own."""
    has_own = {"server", "redis_url"} & set(request.fixturenames)
    if is_on_cluster() and not has_own and not request.node.get_closest_marker("embedded"):
        monkeypatch.setenv("SYNDICATOR__STORE__URL", request.getfixturevalue("cluster").url)
        monkeypatch.setenv("SYNDICATOR__STORE__NAMESPACE", f"e2e-{uuid.uuid4().hex}")


@pytest.fixture
async def sample() -> AsyncIterator[Sample]:
    """The sample portals, standing still: tests say when something happens."""
    async with open_sample(SampleOptions(interval_s=None), system_clock) as opened:
        yield opened


@pytest.fixture
def config(tmp_path: Path, sample: Sample) -> Path:
    """A configuration over the sample portals, on free ports, with data of its own."""
    shipped = (Path(__file__).parents[2] / "config" / "sources.toml").read_text("utf-8")
    folder = tmp_path / "config"
    folder.mkdir()
    for port, url in ((8081, sample.city_url), (8082, sample.wire_url)):
        shipped = shipped.replace(f"http://127.0.0.1:{port}", url)
    # Whatever the portals ever brought is told to the partner, also what is older than the service.
    shipped = shipped.replace("[defaults]", '[defaults]\nannounce_age = "90d"', 1)
    (folder / "sources.toml").write_text(shipped, "utf-8")
    (folder / "rest.toml").write_text(
        f"""
[server]
port = 0
ops_port = 0
[store]
data_dir = "{tmp_path / "data"}"
[egress]
allow = ["127.0.0.0/8"]
allow_callbacks = ["127.0.0.0/8"]
[feed.latest]
title = "Terbaru"
size = 100
[feed.city]
title = "Kota"
filter = {{ source = "berita-kota" }}
[feed.popular]
title = "Terpopuler"
order = "popular"
[endpoint.partner]
url = "{sample.partner_url}/hook"
secret = "{SAMPLE_SECRET}"
retry = {{ delays = ["1s", "1s", "1s", "1s", "1s", "1s", "1s", "1s", "1s", "1s"] }}
""",
        "utf-8",
    )
    return folder
