"""Texts of older articles: out of Redis, and readable all the same."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from pipeline.conftest import OpenService, Portal
from pipeline.ops.test_retention import sweep
from pipeline.rounds.test_feed_round import config as feed_config
from pipeline.rounds.test_feed_round import gather, rss
from pipeline.webhooks.test_delivery import A, Partner, deliver, partner
from pipeline.webhooks.test_delivery import config as endpoint_config
from store.cold.test_objects import as_s3, has_bucket, s3_port
from structlog.testing import capture_logs
from support import ManualClock, candidate, until

from syndicator.errors import ColdStoreAway, ConfigError, StoreError
from syndicator.model.article import WithdrawnBy
from syndicator.model.clock import system_clock, to_ms
from syndicator.model.feed import Format
from syndicator.model.ids import ArticleId, FeedId, SourceId
from syndicator.model.ops.configuration import ProcessNote
from syndicator.model.ops.states import ReplayStatus
from syndicator.pipeline.articles.admission import Admitter
from syndicator.pipeline.sources.gather_step import COLD_PAUSE
from syndicator.pipeline.webhooks.endpoint_views import OPERATOR
from syndicator.pipeline.webhooks.replays import ReplayWanted
from syndicator.rules.articles.admission import AdmissionVerdict
from syndicator.schedule.runner import Runner
from syndicator.service import Service
from syndicator.store.codec import pack
from syndicator.store.keys.partitions import Spread
from syndicator.store.keys.table import Keys
from syndicator.store.layout import COLD_TEXTS

__all__ = ["partner", "s3_port"]  # fixtures

KEPT = '[retention]\narticles = "30d"\nbodies = "20d"\nhot = "7d"\nrevisions = 3\n'
FEEDS = '[feed.latest]\ntitle = "Terbaru"\n[feed.kota]\ntitle = "Kota"\nfilter = { query = "kota" }\n'
IN_FILE = 'cold = "data_dir"\n'
DAY_S = 86400.0
LATEST = FeedId("latest")


@pytest.fixture(params=[1, 4], ids=["one-slot", "four-slots"])
def text_partitions(request: pytest.FixtureRequest) -> int:
    return int(request.param)


async def offload(service: Service) -> None:
    await Runner(service.offload_step, capacity=1, clock=service.clock, on_report=lambda _: None).run(
        until_empty=True
    )


async def publish(service: Service) -> None:
    await Runner(service.publish_step, capacity=1, clock=service.clock, on_report=lambda _: None).run(
        until_empty=True
    )


async def admit(
    service: Service, *numbers: int, text: str = "Isi", guid: str | None = None
) -> list[ArticleId]:
    admitter = Admitter(service.store.articles, service.publisher.specs.values(), service.clock)
    done = await admitter.admit(
        [
            candidate(
                number, body_html=f"<p>{text} berita kota nomor {number}.</p>", published_at=service.clock()
            )
            for number in numbers
        ]
    )
    return [one.article_id for one in done]


def keys_of(service: Service) -> Keys:
    section = service.settings.store
    return Keys(section.namespace, Spread(texts=section.partitions.texts))


async def in_redis(service: Service, article: ArticleId) -> tuple[bytes | None, bytes | None]:
    """Return the mark of the text, and the pointer."""
    body, pointer = await service.store.connection.call(
        "HMGET", keys_of(service).article(article), "text", "cold"
    )
    return body, pointer


async def objects(service: Service) -> list[str]:
    """Return the names of all objects in the cold store."""
    return [name for part in range(256) for name, _, _ in await service.store.cold_texts.listed(part)]


def spoil(folder: Path) -> None:
    """Make the cold store unusable: in the place of its file is a folder."""
    [path] = folder.glob("cold-*.db")
    path.rename(path.with_suffix(".away"))
    path.mkdir()


def mend(folder: Path) -> None:
    """Undo `spoil`."""
    [path] = folder.glob("cold-*.away")
    path.with_suffix(".db").rmdir()
    path.rename(path.with_suffix(".db"))


@pytest.fixture(params=["file", "folder", "s3"])
async def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Lines of `[store]` that name a cold store."""
    if request.param == "file":
        return IN_FILE
    pytest.importorskip("obstore")
    if request.param == "folder":
        return f'cold = "file://{tmp_path}/shared"\n'
    endpoint = f"http://127.0.0.1:{request.getfixturevalue('s3_port')}"
    await until(lambda: has_bucket(endpoint))
    return f'cold = "{as_s3(endpoint, monkeypatch)}"\n'


async def test_a_text_leaves_memory_and_is_read_all_the_same(
    service_of: OpenService, clock: ManualClock, place: str
) -> None:
    async with service_of(KEPT + FEEDS, store=place) as service:
        old, *_ = await admit(service, 1)
        await admit(service, 1, text="Ralat")
        clock.advance(6 * DAY_S)
        new, *_ = await admit(service, 2)
        before = [await service.store.articles.get(one) for one in (old, new)]
        revisions = await service.store.articles.kept_revisions(old)
        feed = (await service.publisher.rendition(LATEST, Format.ATOM)).body
        clock.advance(1.5 * DAY_S)
        await offload(service)
        assert await service.store.offloading.count() == 1
        assert await service.store.cold_texts.is_up()
        assert await in_redis(service, old) != (None, None)
        assert (await in_redis(service, old))[0] is None
        assert (await in_redis(service, new))[1] is None
        assert await service.store.connection.call("EXISTS", keys_of(service).revisions(old)) == 0
    async with service_of(KEPT + FEEDS, store=place) as service:
        assert [await service.store.articles.get(one) for one in (old, new)] == before
        assert await service.store.articles.kept_revisions(old) == revisions
        assert [one.body_html for one in revisions] == ["<p>Isi berita kota nomor 1.</p>"]
        assert (await service.publisher.rendition(LATEST, Format.ATOM)).body == feed
        shown = (await service.publisher.snapshot(LATEST)).entries
        assert {entry.article.body_html for entry in shown} == {one.body_html for one in before if one}
        found = await service.publisher.snapshot(FeedId("kota"))
        assert {entry.article.id for entry in found.entries} == {old, new}
        [(article, _)] = [one for one in await service.store.event_articles.get_many([old]) if one]
        assert article == before[0]


async def test_what_stays_of_a_cold_article_is_packed(service_of: OpenService, clock: ManualClock) -> None:
    async with service_of(KEPT + FEEDS, store=IN_FILE) as service:
        admitter = Admitter(service.store.articles, service.publisher.specs.values(), clock)
        text = " ".join(f"Kalimat nomor {number} tentang kota." for number in range(50))
        [done] = await admitter.admit([candidate(1, body_html=f"<p>{text}</p>", tags=tuple("abcdef"))])
        call, key = service.store.connection.call, keys_of(service).article(done.article_id)
        await call("HSET", key, "story", "a1", "kin", b"\x80")
        before = await call("HGETALL", key)
        head = await service.store.articles.get_many([done.article_id], bodies=False)
        clock.advance(8 * DAY_S)
        await offload(service)
        after = await call("HGETALL", key)
        was, now = (dict(zip(found[::2], found[1::2], strict=True)) for found in (before, after))
        assert was.keys() - now.keys() == {b"text"}
        assert now.keys() - was.keys() == {b"cold"}
        assert all(now[field] == was[field] for field in now.keys() - {b"cold"})
        assert await call("OBJECT", "ENCODING", key) == b"listpack"
        assert await service.store.articles.get_many([done.article_id], bodies=False) == head


async def test_a_changed_article_is_back_in_memory_until_it_is_old_again(
    service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(KEPT + FEEDS, store=IN_FILE) as service:
        [old] = await admit(service, 1)
        clock.advance(8 * DAY_S)
        await offload(service)
        [before] = await objects(service)
        admitter = Admitter(service.store.articles, service.publisher.specs.values(), clock)
        done = await admitter.admit([candidate(1, body_html="<p>Isi berita kota nomor 1.</p>")])
        assert done[0].verdict is not AdmissionVerdict.CHANGED, "nothing has changed but where the text is"
        await admit(service, 1, text="Ralat")
        article = await service.store.articles.get(old)
        assert article is not None
        assert article.body_html == "<p>Ralat berita kota nomor 1.</p>"
        assert article.revised is not None
        assert article.revised.fields == ("body",)
        assert (await in_redis(service, old))[0] is not None
        await offload(service)
        assert (await in_redis(service, old))[0] is not None, "it is as new as its text"
        clock.advance(4 * DAY_S)
        await admit(service, 1, text="Lagi")
        clock.advance(7.5 * DAY_S)
        await offload(service)
        assert (await in_redis(service, old))[0] is None
        kept = await service.store.articles.kept_revisions(old)
        assert [one.body_html.split()[0] for one in kept] == ["<p>Ralat", "<p>Isi"]
        assert len(await objects(service)) == 1
        assert await objects(service) != [before]
        found = await service.store.articles.revision(old, 1)
        assert found is not None
        assert found.body_html == "<p>Isi berita kota nomor 1.</p>"


async def move(service: Service) -> None:
    """Move all texts, several times, as a worker does."""
    offloading, now = service.store.offloading, service.clock()
    for turn in range(6):
        token = f"{turn} {id(object())}"
        if await offloading.lease(token, now, now + timedelta(minutes=2)):
            aged = await offloading.aged(now, timedelta(0), timedelta(days=20), 500)
            await offloading.offload(aged, token)
            await offloading.sweep(token, now)
            await offloading.release(token)
        await asyncio.sleep(0)


async def test_nothing_is_lost_while_articles_change_and_leave_at_once(
    service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(KEPT + FEEDS, store=IN_FILE) as service:
        numbers = range(30)
        ids = await admit(service, *numbers)
        clock.advance(8 * DAY_S)

        async def change(turn: int) -> None:
            await admit(service, *numbers[turn::3], text=f"Giliran {turn}")

        async def read() -> None:
            for _ in range(10):
                found = await service.store.articles.get_many(ids)
                assert all(one is not None and one.body_html for one in found)

        async def withdraw() -> None:
            for one in ids[:6]:
                await service.withdrawer.withdraw(one, WithdrawnBy.OPERATOR, "keliru")
                await service.withdrawer.restore(one)

        await withdraw()
        await asyncio.gather(*map(change, range(3)), move(service), move(service), read())
        await asyncio.gather(withdraw(), move(service), move(service))
        await move(service)
        for number, one in zip(numbers, ids, strict=True):
            article = await service.store.articles.get(one)
            assert article is not None
            assert article.body_html == f"<p>Giliran {number % 3} berita kota nomor {number}.</p>"
            kept = await service.store.articles.kept_revisions(one)
            assert f"<p>Isi berita kota nomor {number}.</p>" in {each.body_html for each in kept}
            assert (await in_redis(service, one))[0] is None
        for _ in range(256):
            clock.advance(60)
            await offload(service)
        assert len(await objects(service)) == len(ids)


async def test_texts_end_with_their_retention_in_the_cold_store_too(
    service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(KEPT + FEEDS, store=IN_FILE) as service:
        [one] = await admit(service, 1)
        clock.advance(8 * DAY_S)
        await offload(service)
        assert len(await objects(service)) == 1
        clock.advance(13 * DAY_S)
        await sweep(service)
        assert await objects(service) == []
        assert await in_redis(service, one) == (None, None)
        article = await service.store.articles.get(one)
        assert article is not None
        assert not article.body_html
        await offload(service)
        assert await objects(service) == []


async def test_a_withdrawal_takes_the_text_out_of_the_cold_store(
    service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(KEPT + FEEDS, store=IN_FILE) as service:
        [one] = await admit(service, 1)
        await admit(service, 1, text="Ralat")
        clock.advance(8 * DAY_S)
        await offload(service)
        before = await service.store.articles.get(one)
        assert before is not None
        withdrawn = await service.withdrawer.withdraw(one, WithdrawnBy.OPERATOR, "hak cipta")
        assert withdrawn is not None
        assert withdrawn.article == before
        assert await objects(service) == []
        restored = await service.withdrawer.restore(one)
        assert restored is not None
        assert restored.body_html == before.body_html
        assert [kept.revision for kept in await service.store.articles.kept_revisions(one)] == [1]
        await offload(service)
        clock.advance(7.5 * DAY_S)
        await offload(service)
        after = await service.store.articles.get(one)
        assert after is not None
        assert after.body_html == before.body_html
        assert (await in_redis(service, one))[0] is None


async def test_without_the_cold_store_nothing_is_shown_without_its_text(
    service_of: OpenService, clock: ManualClock, tmp_path: Path
) -> None:
    async with service_of(KEPT + FEEDS, store=IN_FILE) as service:
        old, other = await admit(service, 1, 2)
        feed = (await service.publisher.rendition(LATEST, Format.ATOM)).body
        clock.advance(8 * DAY_S)
        await offload(service)
        assert len(await objects(service)) == 2
    spoil(tmp_path)
    async with service_of(KEPT + FEEDS, store=IN_FILE) as service:
        assert await service.store.cold_texts.is_up() is False
        [new] = await admit(service, 3)
        assert (await service.store.articles.get(new)) is not None
        with pytest.raises(ColdStoreAway):
            await service.store.articles.get(old)
        with pytest.raises(ColdStoreAway):
            await admit(service, 1, text="Ralat")
        with pytest.raises(ColdStoreAway):
            await service.publisher.rendition(LATEST, Format.ATOM)
        stored = await service.store.feeds.rendition(LATEST, Format.ATOM)
        assert stored is not None
        assert stored.body == feed
        clock.advance(8 * DAY_S)
        await offload(service)
        assert (await in_redis(service, new))[0] is not None, "nothing leaves memory meanwhile"
        versions = await service.store.feeds.versions([LATEST, FeedId("kota")])
        withdrawn = await service.withdrawer.withdraw(other, WithdrawnBy.OPERATOR, "hak cipta")
        assert withdrawn is not None
        after = await service.store.feeds.versions([LATEST, FeedId("kota")])
        assert all(after[feed].version > versions[feed].version for feed in after)


async def leave_a_delivery_in_the_cold(partner: Partner, text: str, folder: Path) -> None:
    """Have an article sent, its text moved to the cold store, and that store away."""
    async with partner.service_of(text, store=IN_FILE) as service:
        await admit(service, 1)
        await deliver(service)
        partner.clock.advance(8 * DAY_S)
        await offload(service)
        assert len(await objects(service)) == 1
    partner.received.clear()
    spoil(folder)


async def test_deliveries_of_cold_articles_wait_for_their_texts(partner: Partner, tmp_path: Path) -> None:
    text = KEPT + FEEDS + endpoint_config(partner, more='max_age = "14d"')
    partner.statuses = [503]
    await leave_a_delivery_in_the_cold(partner, text, tmp_path)
    async with partner.service_of(text, store=IN_FILE) as service:
        await admit(service, 2)
        await deliver(service)
        assert ["Berita nomor 2" in body.decode() for _, body in partner.received] == [True]
        mend(tmp_path)
        partner.clock.advance(61)
        await deliver(service)
        assert ["Isi berita kota nomor 1." in body.decode() for _, body in partner.received] == [False, True]


async def test_a_replay_leaves_out_nothing_while_texts_cannot_be_read(
    partner: Partner, tmp_path: Path
) -> None:
    text = KEPT + FEEDS + endpoint_config(partner, more='filter = { query = "kota" }')
    await leave_a_delivery_in_the_cold(partner, text, tmp_path)
    async with partner.service_of(text, store=IN_FILE) as service:
        wanted = ReplayWanted(endpoint=A, since=partner.clock() - timedelta(days=9))
        asked = await service.replays.begin(OPERATOR, wanted)
        with capture_logs() as logs:
            for _ in range(3):
                partner.clock.advance(2)
                await deliver(service)
        assert [line for line in logs if line["event"] == "replay_left_out"] == []
        assert (await service.replays.show(OPERATOR, asked.id)).status is ReplayStatus.RUNNING
        assert partner.received == []
        mend(tmp_path)
        for _ in range(10):
            partner.clock.advance(61)
            await deliver(service)
        assert (await service.replays.show(OPERATOR, asked.id)).status is ReplayStatus.DONE
        assert ["Isi berita kota nomor 1." in body.decode() for _, body in partner.received] == [True]


def with_texts(*numbers: int, text: str) -> str:
    """Return a feed whose entries have full texts."""
    whole = rss(*numbers).replace("<rss ", '<rss xmlns:content="http://purl.org/rss/1.0/modules/content/" ')
    return whole.replace("</item>", f"<content:encoded>&lt;p&gt;{text}&lt;/p&gt;</content:encoded></item>")


async def test_a_round_that_needs_a_cold_text_is_put_off(portal: Portal, tmp_path: Path) -> None:
    config = KEPT + feed_config(portal)
    portal.documents["/rss"] = with_texts(1, text="Isi kota.")
    async with portal.service_of(config, store=IN_FILE) as service:
        assert len(await gather(service)) == 1
        [place], _ = await service.store.articles.timeline(["all"], 1)
        portal.clock.advance(8 * DAY_S)
        await offload(service)
        assert (await in_redis(service, place.article_id))[0] is None
    spoil(tmp_path)
    portal.documents["/rss"] = with_texts(1, text="Ralat kota.")
    async with portal.service_of(config, store=IN_FILE) as service:
        asked = len(portal.asked)
        assert await gather(service) == []
        assert await gather(service) == []
        assert len(portal.asked) == asked + 1, "its server is not asked in a loop"
        mend(tmp_path)
        portal.clock.advance(COLD_PAUSE.total_seconds())
        [report] = await gather(service)
        assert report.round.changed == 1
        article = await service.store.articles.get(place.article_id)
        assert article is not None
        assert article.body_html == "<p>Ralat kota.</p>"


async def test_other_feeds_are_rendered_ahead_while_one_needs_a_cold_text(
    service_of: OpenService, clock: ManualClock, tmp_path: Path
) -> None:
    feeds = '[feed.a]\ntitle = "A"\n[feed.b]\ntitle = "B"\nfilter = { tag = ["baru"] }\n'
    async with service_of(KEPT + feeds, store=IN_FILE) as service:
        await admit(service, 1)
        clock.advance(8 * DAY_S)
        await offload(service)
        assert len(await objects(service)) == 1
    spoil(tmp_path)
    async with service_of(KEPT + feeds, store=IN_FILE) as service:
        admitter = Admitter(service.store.articles, service.publisher.specs.values(), clock)
        await admitter.admit([candidate(2, tags=("baru",), published_at=clock())])
        await publish(service)
        made = await service.store.feeds.rendition(FeedId("b"), Format.ATOM)
        assert made is not None
        assert "Berita nomor 2" in made.body.decode()
        mend(tmp_path)
        clock.advance(61)
        await publish(service)
        made = await service.store.feeds.rendition(FeedId("a"), Format.ATOM)
        assert made is not None
        assert "Berita nomor 2" in made.body.decode()


async def test_objects_that_no_article_names_are_removed(service_of: OpenService, clock: ManualClock) -> None:
    async with service_of(KEPT + FEEDS, store=IN_FILE) as service:
        [one] = await admit(service, 1)
        clock.advance(8 * DAY_S)
        await offload(service)
        [named] = await objects(service)
        [text] = (await service.store.cold_texts.read_objects([named])).values()
        orphan = f"{named.rpartition('.')[0]}.00000000"
        await service.store.cold_texts.write({orphan: text})
        meta = keys_of(service).meta()
        await service.store.connection.call("HSET", meta, "lost_ms", to_ms(clock() - timedelta(days=6)))
        for _ in range(257):
            clock.advance(60)
            await offload(service)
        assert len(await objects(service)) == 2, "a snapshot of Redis may come back"
        clock.advance(DAY_S)
        for _ in range(256):
            clock.advance(60)
            await offload(service)
        assert await objects(service) == [named]
        assert (await service.store.articles.get(one)) is not None


async def test_a_worker_that_stood_still_moves_nothing(service_of: OpenService, clock: ManualClock) -> None:
    async with service_of(KEPT + FEEDS, store=IN_FILE) as service:
        [one] = await admit(service, 1)
        clock.advance(8 * DAY_S)
        offloading, now = service.store.offloading, clock()
        assert await offloading.lease("slow", now, now + timedelta(minutes=2))
        assert not await offloading.lease("other", now, now + timedelta(minutes=2))
        aged = await offloading.aged(now, timedelta(days=7), timedelta(days=20), 10)
        assert aged.ids == (one,)
        later = clock.advance(121)
        assert await offloading.lease("other", later, later + timedelta(minutes=2))
        assert await offloading.offload(aged, "slow") == 0
        assert (await in_redis(service, one))[1] is None
        assert await offloading.offload(aged, "other") == 1
        assert (await in_redis(service, one))[0] is None


async def test_another_store_is_refused(service_of: OpenService, clock: ManualClock, tmp_path: Path) -> None:
    pytest.importorskip("obstore")
    first, second = (f'cold = "file://{tmp_path / name}"\n' for name in ("one", "two"))
    async with service_of(KEPT + FEEDS, store=first) as service:
        [one] = await admit(service, 1)
        clock.advance(8 * DAY_S)
        await offload(service)
        assert len(await objects(service)) == 1
    for other, refusal in ((second, StoreError), (IN_FILE, StoreError), ("", ConfigError)):
        with pytest.raises(refusal, match="cold"):
            async with service_of(KEPT + FEEDS, store=other):
                pass
    async with service_of(KEPT + FEEDS, store=first) as service:
        article = await service.store.articles.get(one)
        assert article is not None
        assert article.body_html


async def test_no_text_leaves_while_a_process_runs_that_could_not_read_it(
    service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(FEEDS, store=IN_FILE) as service:
        keys, call = keys_of(service), service.store.connection.call
        note = ProcessNote(process="kota:1", version=0, layout=2, at=system_clock() + timedelta(days=1))
        await call("HSET", keys.configuration_processes(), note.process, pack(note))
        [one] = await admit(service, 1)
    async with service_of(KEPT + FEEDS, store=IN_FILE) as service:
        clock.advance(8 * DAY_S)
        for _ in range(3):
            await offload(service)
            clock.advance(60)
        assert (await in_redis(service, one))[1] is None
        assert (await service.store.layout.read()).oldest < COLD_TEXTS
        await service.store.connection.call("DEL", keys.configuration_processes())
        await offload(service)
        assert (await service.store.layout.read()).oldest == COLD_TEXTS
        assert (await in_redis(service, one))[1] is None, "those that are excluded have some seconds to end"
        clock.advance(60)
        await offload(service)
        assert (await in_redis(service, one))[0] is None


async def test_texts_have_nowhere_to_go_without_a_cold_store(service_of: OpenService) -> None:
    with pytest.raises(ConfigError, match=r"\[store\] cold"):
        async with service_of(KEPT + FEEDS):
            pass


async def test_only_this_user_reads_the_file(service_of: OpenService, tmp_path: Path) -> None:
    async with service_of(KEPT + FEEDS, store=IN_FILE) as service:
        path = tmp_path / f"cold-{service.settings.store.namespace}.db"
        assert path.stat().st_mode & 0o077 == 0


async def test_a_store_is_known_again_after_redis_was_emptied(
    service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(KEPT + FEEDS, store=IN_FILE) as service:
        await admit(service, 1)
        meta = keys_of(service).meta()
        name = await service.store.connection.call("HGET", meta, "cold")
        assert name is not None
        await service.store.connection.call("HDEL", meta, "cold")
        clock.advance(8 * DAY_S)
        await offload(service)
        assert await service.store.connection.call("HGET", meta, "cold") == name
        assert len(await objects(service)) == 1


async def test_a_renamed_source_has_its_cold_revisions_renamed(
    service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(KEPT + FEEDS, store=IN_FILE) as service:
        [old] = await admit(service, 1)
        await admit(service, 1, text="Ralat")
        clock.advance(8 * DAY_S)
        await offload(service)
        await service.store.renaming.rename(SourceId("city"), SourceId("kota"), "city")
        article = await service.store.articles.get(old)
        assert article is not None
        assert article.source == "kota"
        assert article.body_html == "<p>Ralat berita kota nomor 1.</p>"
        [earlier] = await service.store.articles.kept_revisions(old)
        assert earlier.source == "kota"
        clock.advance(60)
        await offload(service)
        assert (await in_redis(service, old))[0] is None
        assert await service.store.articles.kept_revisions(old) == [earlier]
