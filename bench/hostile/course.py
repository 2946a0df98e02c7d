"""Hostile sources: what each comes to, and what it costs the process that gathers it and its parsing worker.

Each is gathered once by the whole service, while a healthy source beside it is gathered again and again. Told
are the reason, the time, how long the event loop stood still at most, by how much memory grew at the peak (of
this process, and of the worker that grew most, together), and how long the slowest healthy round took.

`python -m bench.hostile.course` tells the same in JSON.
"""

import asyncio
import json
import logging
import multiprocessing
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path

import msgspec
from msgspec import Struct

from bench.hostile.names import DNS_ANSWERS, REBINDING, SPELLINGS, Names
from bench.hostile.watching import MIB, watching
from bench.hostile.world import ALLOWED, Attack, attacks, serve
from syndicator.egress.client import Egress, open_egress
from syndicator.model.clock import system_clock
from syndicator.model.fetch import FetchFailed
from syndicator.model.ids import SourceId
from syndicator.observe import logs
from syndicator.observe.pauses import collect_briefly
from syndicator.opening import open_service
from syndicator.service import Service
from syndicator.settings import load

HEALTHY = SourceId("healthy")


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of one attack."""

    name: str
    expects: tuple[str, ...]
    came_to: tuple[str, ...]
    """Reasons, each once; `ok` where something could be read."""
    took_s: float
    lag_s: float
    """The longest time for which the event loop stood still."""
    grown_bytes: int
    healthy_rounds: int
    healthy_slowest_s: float

    @property
    def as_expected(self) -> bool:
        return bool(self.came_to) and set(self.came_to) <= set(self.expects)


class Campaign(Struct, frozen=True, kw_only=True):
    """All of them."""

    idle_lag_s: float
    """How long the loop stood still with no attack: what the machine itself does."""
    outcomes: tuple[Outcome, ...]
    reached: int
    """How often a connection was made to where none may go."""


async def run() -> None:
    campaign = await wage()
    print(f"the loop at rest stood still for {campaign.idle_lag_s * 1000:.0f} ms at most")
    for one in campaign.outcomes:
        verdict = "as expected" if one.as_expected else "WRONG"
        print(
            f"{one.name:<30} {verdict:<11} {', '.join(one.came_to):<10} {one.took_s:>6.2f} s"
            f"   lag {one.lag_s * 1000:>4.0f} ms   memory {one.grown_bytes / MIB:>+6.1f} MiB"
            f"   slowest of {one.healthy_rounds} healthy rounds {one.healthy_slowest_s * 1000:>4.0f} ms"
        )
    print(f"the inside was reached {campaign.reached} times")


async def wage() -> Campaign:
    """Let all attacks come, one after the other, and then at once."""
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    server = context.Process(target=serve, args=(theirs,))
    server.start()
    try:
        port = int(await asyncio.to_thread(mine.recv))
        with tempfile.TemporaryDirectory() as folder:
            config = _config(Path(folder), port)
            async with open_service(load(config, {}), system_clock) as service:
                idle, outcomes = await _against_the_service(service)
        outcomes += await _against_names(port)
        mine.send("reached?")
        return Campaign(
            idle_lag_s=idle, outcomes=tuple(outcomes), reached=int(await asyncio.to_thread(mine.recv))
        )
    finally:
        mine.send("stop")
        await asyncio.to_thread(server.join)


async def _against_the_service(service: Service) -> tuple[float, list[Outcome]]:
    await service.sync_configuration()
    await _warm_up(service)
    collect_briefly()
    async with watching() as idle:
        await asyncio.sleep(1)
    outcomes = [await _attacked(service, attack) for attack in attacks()]

    async def all_at_once() -> tuple[str, ...]:
        came = await asyncio.gather(*(_gather(service, _id(number)) for number, _ in enumerate(attacks())))
        wrong = [one for one, attack in zip(came, attacks(), strict=True) if one not in attack.expects]
        return tuple(wrong) or ("ok",)

    outcomes.append(await _measured("all of them at once", ("ok",), all_at_once, service))
    return idle.lag_s, outcomes


async def _attacked(service: Service, attack: Attack) -> Outcome:
    number = [each.name for each in attacks()].index(attack.name)

    async def attacked() -> tuple[str, ...]:
        return (await _gather(service, _id(number)),)

    return await _measured(attack.name, attack.expects, attacked, service)


async def _measured(
    name: str,
    expects: tuple[str, ...],
    attack: Callable[[], Awaitable[tuple[str, ...]]],
    service: Service | None = None,
) -> Outcome:
    async with watching() as watched, _healthy_rounds(service) as rounds_s:
        began = time.perf_counter()
        came_to = await attack()
        took_s = time.perf_counter() - began
    return Outcome(
        name=name,
        expects=expects,
        came_to=came_to,
        took_s=took_s,
        lag_s=watched.lag_s,
        grown_bytes=watched.grown_bytes,
        healthy_rounds=len(rounds_s),
        healthy_slowest_s=max(rounds_s, default=0.0),
    )


@asynccontextmanager
async def _healthy_rounds(service: Service | None) -> AsyncIterator[list[float]]:
    """Gather the healthy source every 50 ms meanwhile, once at least; how long each round took."""
    rounds_s: list[float] = []
    if service is None:
        yield rounds_s
        return
    over = asyncio.Event()

    async def again_and_again() -> None:
        while not (over.is_set() and rounds_s):
            began = time.perf_counter()
            came_to = await _gather(service, HEALTHY)
            assert came_to == "ok", came_to
            rounds_s.append(time.perf_counter() - began)
            await asyncio.sleep(0.05)

    task = asyncio.create_task(again_and_again())
    try:
        yield rounds_s
    finally:
        over.set()
        await task


async def _gather(service: Service, source: SourceId) -> str:
    """Gather one source now; `ok`, or the reason why not."""
    token = await service.gather_step.lease(source)
    assert token is not None
    report = await service.gather_step.gather(service.settings.sources[source], token)
    assert report is not None
    return report.reason or "ok"


async def _warm_up(service: Service) -> None:
    """Have every room do its work once, so that what it holds from then on is not counted."""
    for _ in range(20):
        assert await _gather(service, HEALTHY) == "ok"
    await asyncio.gather(*(_gather(service, SourceId(f"warm{number}")) for number in range(4)))


async def _against_names(port: int) -> list[Outcome]:
    allowed = "127.0.3.1"
    async with (
        open_egress(
            user_agent="bench/1",
            allow=(ip_network(ALLOWED),),
            allow_callbacks=(),
            clock=system_clock,
            resolver=Names(allowed),
        ) as egress,
        open_egress(
            user_agent="bench/1", allow=(ip_network(ALLOWED),), allow_callbacks=(), clock=system_clock
        ) as plain,
    ):
        hosts = [f"{host}:{port}" for host in SPELLINGS]
        straight = [f"http://{host}/" for host in hosts]
        sent_on = [f"http://{allowed}:{port}/to?{number}" for number in range(len(hosts))]
        named = [f"http://n{number}.example:{port}/" for number in range(len(DNS_ANSWERS))]
        return [
            await _all_blocked(plain, f"{len(straight)} spellings of inside", straight),
            await _all_blocked(plain, f"{len(sent_on)} redirects inside", sent_on),
            await _all_blocked(egress, f"{len(named)} DNS answers inside", named),
            await _rebinding(egress, port),
        ]


async def _all_blocked(egress: Egress, name: str, urls: list[str]) -> Outcome:
    async def attack() -> tuple[str, ...]:
        return tuple(sorted({await _fetch(egress, url) for url in urls}))

    return await _measured(name, ("blocked",), attack)


async def _rebinding(egress: Egress, port: int) -> Outcome:
    """A name that is fine when it is first asked for; of another port, its address is asked for anew."""

    async def attack() -> tuple[str, ...]:
        first = await _fetch(egress, f"http://{REBINDING}:{port}/")
        assert first == "ok", first
        return (await _fetch(egress, f"http://{REBINDING}:{port + 1}/"),)

    return await _measured("name that rebinds", ("blocked",), attack)


async def _fetch(egress: Egress, url: str) -> str:
    result = await egress.fetch(url)
    return result.code if isinstance(result, FetchFailed) else "ok"


def _id(number: int) -> SourceId:
    return SourceId(f"attack{number}")


def _config(folder: Path, port: int) -> Path:
    config = folder / "config"
    config.mkdir()
    text = f'[store]\ndata_dir = "{folder}/data"\n[egress]\nallow = ["{ALLOWED}"]\n'
    text += _source(HEALTHY, "feed", f"http://127.0.3.1:{port}/rss")
    for number, attack in enumerate(attacks()):
        url = f"http://127.0.3.{number + 2}:{port}/"
        text += _source(_id(number), attack.kind, url) + attack.settings
    for number in range(4):
        text += _source(SourceId(f"warm{number}"), "feed", f"http://127.0.3.1:{port}/large?{number}")
    (config / "all.toml").write_text(text, "utf-8")
    return config


def _source(source: SourceId, kind: str, url: str) -> str:
    schedule = 'schedule = { every = "1d" }'
    return f'[source.{source}]\ntitle = "x"\nkind = "{kind}"\nurl = "{url}"\n{schedule}\n'


def main() -> None:
    logs.configure("error")
    logging.disable(logging.WARNING)
    print(json.dumps(msgspec.to_builtins(asyncio.run(wage()))))


if __name__ == "__main__":
    main()
