"""Feeds while Redis hangs, refuses writes, was emptied, or serves processes that are configured otherwise."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from operator import not_
from pathlib import Path

import pytest
from egress.raw_server import Asked, egress_on, reply, serving
from msgspec.structs import replace
from pipeline.conftest import OpenService
from pipeline.visiting_world import visiting
from support import ManualClock, candidate, until

from syndicator.errors import StoreUnavailable
from syndicator.model.article import Photo
from syndicator.model.feed import Format, Rendition
from syndicator.model.ids import FeedId, SourceId
from syndicator.opening import open_service
from syndicator.pipeline.articles.admission import Admitter
from syndicator.pipeline.articles.pictures import PicturePolicy
from syndicator.pipeline.steps import JobReport
from syndicator.schedule.runner import Runner
from syndicator.service import Service
from syndicator.settings import load
from syndicator.store.embedded import EmbeddedServer, find_server
from syndicator.store.keys.table import Keys

LATEST = FeedId("latest")
CONFIG = '[feed.latest]\ntitle = "Terbaru"\n[feed.sport]\ntitle = "Olahraga"\n'
IDLE = (
    '[source.idle]\ntitle = "x"\nkind = "feed"\nurl = "http://127.0.0.1:9/"\nschedule = { every = "30d" }\n'
)


async def admit(service: Service, *numbers: int) -> None:
    admitter = Admitter(service.store.articles, service.settings.feeds.values(), service.clock)
    await admitter.admit([candidate(number) for number in numbers])


@asynccontextmanager
async def own_server(tmp_path: Path) -> AsyncIterator[tuple[Service, int]]:
    """Give a service over a server of its own, and that server's process id."""
    server = EmbeddedServer(tmp_path / "redis", find_server(None))
    await server.ensure()
    assert server._process is not None
    folder = tmp_path / "config"
    folder.mkdir()
    store = f'[store]\nurl = "unix://{server.socket}"\ndata_dir = "{tmp_path}"\n'
    (folder / "all.toml").write_text(store + IDLE + CONFIG, "utf-8")
    try:
        async with open_service(load(folder, {})) as service:
            await service.sync_configuration()
            await admit(service, 1)
            yield service, server._process.pid
    finally:
        await server.stop()


async def test_readers_get_what_is_there_while_redis_hangs(tmp_path: Path) -> None:
    async with own_server(tmp_path) as (service, pid):
        before = await service.publisher.rendition(LATEST, Format.RSS)
        service.publisher.stale_cache.confirm(before)

        async def read() -> Rendition | None:
            try:
                return await service.publisher.rendition(LATEST, Format.RSS)
            except StoreUnavailable:
                kept = await service.publisher.stale_cache.get(LATEST, Format.RSS)
                return kept[0] if kept else None

        os.kill(pid, signal.SIGSTOP)
        try:
            for _ in range(3):
                async with asyncio.timeout(30):
                    shown = await asyncio.gather(*(read() for _ in range(60)))
                assert all(one is before for one in shown)
            with pytest.raises(StoreUnavailable):
                await service.publisher.rendition(LATEST, Format.RSS)
        finally:
            os.kill(pid, signal.SIGCONT)
        await until(lambda: _refused(service), not_)
        await admit(service, 2)
        assert b"Berita nomor 2" in (await service.publisher.rendition(LATEST, Format.RSS)).body


async def _refused(service: Service) -> bool:
    try:
        await service.publisher.rendition(LATEST, Format.RSS)
    except StoreUnavailable:
        return True
    return False


async def test_readers_without_anything_kept_do_not_queue_for_a_redis_that_hangs(tmp_path: Path) -> None:
    async with own_server(tmp_path) as (service, pid):
        os.kill(pid, signal.SIGSTOP)
        try:
            async with asyncio.timeout(20):
                told = await asyncio.gather(
                    *(service.publisher.rendition(LATEST, Format.RSS) for _ in range(60)),
                    return_exceptions=True,
                )
        finally:
            os.kill(pid, signal.SIGCONT)
        assert {type(error) for error in told} == {StoreUnavailable}


async def test_fresh_bytes_are_served_though_redis_takes_no_writes(tmp_path: Path) -> None:
    async with own_server(tmp_path) as (service, _):
        await service.store.connection.call("CONFIG", "SET", "maxmemory", "1")
        with pytest.raises(StoreUnavailable):
            await service.store.feeds.touch([LATEST], service.clock())
        shown = await service.publisher.rendition(LATEST, Format.RSS)
        assert b"Berita nomor 1" in shown.body
        assert await service.publisher.rendition(LATEST, Format.RSS) is shown
        assert await service.store.feeds.rendition(LATEST, Format.RSS) is None


async def test_a_feed_that_cannot_be_rendered_starves_no_other(
    service_of: OpenService, clock: ManualClock, capsys: pytest.CaptureFixture[str]
) -> None:
    async with service_of(CONFIG.replace('"Terbaru"', '"Terbaru"\norder = "popular"')) as service:
        keys = Keys(service.settings.store.namespace)
        await service.store.connection.call("SET", keys.ranking(LATEST), b"\xc1")  # no such value
        reports: list[JobReport] = []
        runner = Runner(service.publish_step, capacity=1, clock=service.clock, on_report=reports.append)
        await runner.run(until_empty=True)
        await runner.run(until_empty=True)
        assert [dict(report.fields)["feed"] for report in reports] == ["sport"]
        assert capsys.readouterr().out.count("feed_render_failed") == 1
        await service.store.feeds.put_ranking(LATEST, [], clock())
        await runner.run(until_empty=True)
        assert dict(reports[-1].fields)["feed"] == "latest"


async def test_a_feed_lives_on_when_redis_was_emptied(service_of: OpenService, clock: ManualClock) -> None:
    async with service_of(CONFIG) as service:
        await admit(service, 1)
        for _ in range(5):
            await service.store.feeds.touch([LATEST], clock())
        await service.publisher.rendition(LATEST, Format.RSS)
        reports: list[JobReport] = []
        runner = Runner(service.publish_step, capacity=1, clock=service.clock, on_report=reports.append)
        await runner.run(until_empty=True)
        ours = f"syn:{{{service.settings.store.namespace}}}:*"
        await service.store.connection.call("DEL", *await service.store.connection.call("KEYS", ours))
        clock.advance(60)
        await service.data_loss.check()
        await admit(service, 2)
        shown = (await service.publisher.rendition(LATEST, Format.RSS)).body
        assert (b"nomor 1" in shown, b"nomor 2" in shown) == (False, True)
        reports.clear()
        await runner.run(until_empty=True)
        assert len(reports) == 1


async def test_equal_numbers_of_different_times_are_different_versions(
    service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(CONFIG) as service:
        await admit(service, 1)
        before = await service.publisher.rendition(LATEST, Format.RSS)
        ours = f"syn:{{{service.settings.store.namespace}}}:*"
        await service.store.connection.call("DEL", *await service.store.connection.call("KEYS", ours))
        clock.advance(60)
        await service.data_loss.check()
        await admit(service, 2)
        after = await service.publisher.rendition(LATEST, Format.RSS)
        assert after.version == before.version
        assert b"nomor 2" in after.body


async def test_processes_with_different_public_urls_share_no_bytes(service_of: OpenService) -> None:
    one_site = '[site]\npublic_url = "https://one.example"\n'
    other_site = '[site]\npublic_url = "https://other.example"\n'
    async with service_of(one_site + CONFIG) as one, service_of(other_site + CONFIG) as other:
        await admit(one, 1)
        for _ in range(2):
            for service, own, foreign in (
                (one, b"https://one.example/", b"https://other.example/"),
                (other, b"https://other.example/", b"https://one.example/"),
            ):
                shown = (await service.publisher.rendition(LATEST, Format.ATOM)).body
                assert own in shown
                assert foreign not in shown


async def test_what_is_stored_is_compressed_and_comes_back_whole(service_of: OpenService) -> None:
    async with service_of(CONFIG) as service:
        await admit(service, *range(1, 40))
        made = await service.publisher.rendition(LATEST, Format.JSON)
        assert await service.store.feeds.rendition(LATEST, Format.JSON) == made
        key = Keys(service.settings.store.namespace).rendition(LATEST, Format.JSON)
        written = await service.store.connection.call("STRLEN", key)
        assert written < len(made.gzip) + len(made.brotli) + len(made.zstd) + 3000 < len(made.body)


async def test_damaged_stored_bytes_are_made_anew(service_of: OpenService) -> None:
    async with service_of(CONFIG) as service:
        await admit(service, 1)
        key = Keys(service.settings.store.namespace).rendition(LATEST, Format.RSS)
        await service.store.connection.call("SET", key, b"\xc1")
        assert b"nomor 1" in (await service.publisher.rendition(LATEST, Format.RSS)).body


async def test_a_round_that_loses_redis_amid_its_pictures_is_no_failure_of_the_source(tmp_path: Path) -> None:
    async with own_server(tmp_path) as (service, pid):

        async def gone(asked: Asked, writer: asyncio.StreamWriter) -> None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            writer.write(reply(status=302, headers=(("Location", "/2.jpg"),)))

        async with (
            serving(gone) as server,
            egress_on("127.0.0.1", clock=service.clock) as egress,
            visiting(egress, service.store, service.clock) as polite_client,
        ):
            pictures = PicturePolicy(service.store.pictures, polite_client, service.clock)
            given = replace(candidate(2), photos=(Photo(url=server.url("/1.jpg")),))
            with pytest.raises(StoreUnavailable):
                await pictures.prepare(service.settings.sources[SourceId("idle")], [given])
            assert server.asked
