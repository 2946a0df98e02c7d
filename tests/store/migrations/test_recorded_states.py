"""The present code goes on with the state that earlier code left."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from store.migrations.recorded_world import (
    CONFIGURED,
    DESA,
    FOLDER,
    KOTA,
    LATEST,
    PASAR,
    PRIVATE,
    REGISTERED,
    Outside,
    Recorded,
    configuration,
    entries,
    outside,
    rss,
    run,
)
from support import ManualClock, own_redis

from syndicator.model.feed import Format
from syndicator.model.ids import EndpointId, EventId
from syndicator.model.ops.status import QueueCounts
from syndicator.opening import open_service
from syndicator.service import Service
from syndicator.settings import load
from syndicator.store.connection import connect
from syndicator.store.keys.table import Keys
from syndicator.store.layout import LAYOUT
from syndicator.store.ops.backup_file import BackupEnd, BackupHead, KeyRecords, checked, frames, written
from syndicator.store.ops.restore import restore
from syndicator.store.webhooks.attempts import AttemptQuery

NAMESPACE = "baru"


def fresh(path: Path, into: Path, now_ms: int) -> Path:
    """Copy a back-up of another day, with keys that end by themselves as long from now as they had then."""
    head, end = checked(path)
    later_ms = now_ms - int(head.began_at.timestamp() * 1000)
    with written(into, head) as file:
        for frame in frames(path):
            if isinstance(frame, KeyRecords):
                file.write(
                    [
                        replace(one, expires_ms=one.expires_ms + later_ms) if one.expires_ms else one
                        for one in frame.records
                    ]
                )
            else:
                assert isinstance(frame, BackupHead | BackupEnd)
        file.finish(end.keys)
    return into


@pytest.fixture(params=range(1, LAYOUT))
def layout(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def recorded(layout: int) -> Recorded:
    return msgspec.json.decode((FOLDER / f"state-{layout}.json").read_bytes(), type=Recorded)


@pytest.fixture
async def world() -> AsyncIterator[tuple[Outside, str]]:
    async with outside() as opened:
        yield opened


@pytest.fixture
async def service(
    layout: int, recorded: Recorded, world: tuple[Outside, str], tmp_path: Path
) -> AsyncIterator[Service]:
    """A service that starts on a recorded state, a minute after it was recorded."""
    clock = ManualClock(recorded.at + timedelta(minutes=1))
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data" / "seal.key").write_text(recorded.seal_key, "ascii")
    (tmp_path / "config").mkdir()
    async with own_redis(tmp_path / "redis") as server:
        url = f"unix://{server.socket}"
        async with connect(url, anchor=Keys(NAMESPACE).meta()) as redis:
            seconds, _ = await redis.call("TIME")
            path = fresh(FOLDER / f"state-{layout}.backup", tmp_path / "fresh.backup", int(seconds) * 1000)
            restored = await restore(redis, NAMESPACE, path)
        assert (restored.head.layout, restored.expired) == (layout, 0)
        store = f'[store]\nurl = "{url}"\nnamespace = "{NAMESPACE}"\ndata_dir = "{tmp_path / "data"}"\n'
        (tmp_path / "config" / "all.toml").write_text(store + configuration(world[1]), "utf-8")
        async with open_service(load(tmp_path / "config", {}), clock, wall=clock) as opened:
            await opened.sync_configuration()
            yield opened


async def test_feeds_go_on(service: Service, recorded: Recorded, world: tuple[Outside, str]) -> None:
    assert (await service.store.layout.read()).version == LAYOUT
    assert await entries(service) == recorded.entries
    world[0].documents["/kota"] = rss("kota", 1, 2, 3, 4, 5, 9, edited=1)
    await run(service, "gather")
    shown = await entries(service)
    assert [entry for entry in shown if entry in recorded.entries] == recorded.entries
    (new,) = [title for _, title in shown if title not in {known for _, known in recorded.entries}]
    assert new == "Kabar kota 9", "what is known is not new"
    assert b"Kabar kota 9" in (await service.publisher.rendition(LATEST, Format.RSS)).body


async def test_deliveries_go_on(service: Service, recorded: Recorded, world: tuple[Outside, str]) -> None:
    clock = service.clock
    assert isinstance(clock, ManualClock)
    attempts = service.store.attempts
    (tried,) = await attempts.find(CONFIGURED, AttemptQuery(event=EventId(recorded.waiting)), 0)
    assert (tried.result, tried.reason) == ("retry", "http_503")
    log = await attempts.find(CONFIGURED, AttemptQuery(), 0)
    await attempts.sweep(CONFIGURED, tried.at)
    assert await attempts.find(CONFIGURED, AttemptQuery(), 0) == log
    assert await attempts.find(CONFIGURED, AttemptQuery(event=tried.event), 0) == [tried]
    await run(service, "deliver")
    clock.advance(3600)
    await run(service, "deliver")
    assert [(path, event) for path, event, _ in world[0].received] == [("/partner", recorded.waiting)]
    assert (await counts(service, CONFIGURED)).delayed == 0
    koran = await counts(service, REGISTERED)
    assert (koran.delivered, koran.delayed) == (recorded.delivered, 1)
    (newest, *_) = await service.store.attempts.find(REGISTERED, AttemptQuery(), 5)
    assert newest.reason == "connect", "signed with the secret that was sealed then"


async def counts(service: Service, endpoint: EndpointId) -> QueueCounts:
    return await service.store.deliveries.counts(endpoint, service.clock())


async def test_tokens_and_subscribers_stay(
    service: Service, recorded: Recorded, world: tuple[Outside, str]
) -> None:
    assert await service.access.opens(recorded.token, PRIVATE)
    (subscriber,) = await service.store.hub.newest(0)
    assert service.store.hub.secret_of(subscriber) == "rahasia"
    assert subscriber.callback.endswith("/subscriber")


async def test_the_schedule_goes_on(service: Service, recorded: Recorded) -> None:
    states = dict(
        zip((KOTA, DESA, PASAR), await service.store.sources.states([KOTA, DESA, PASAR]), strict=True)
    )
    assert states[DESA].next_due_at == recorded.due
    due = dict([pair async for piece in service.store.sources.due_times() for pair in piece])
    assert int(due[DESA.encode()]) == int(recorded.due.timestamp() * 1000)
    assert len(await service.queries.round_history(KOTA)) == 3
    (pause,) = await service.store.sources.pauses.all(service.clock())
    assert (pause.scope, pause.reason) == (f"source:{PASAR}", "tutup")
