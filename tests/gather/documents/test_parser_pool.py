"""Worker processes that are killed when a document takes too long or too much."""

import asyncio
import os
import pickle
import signal
import threading
import time
from functools import partial
from pathlib import Path

import nh3
import pytest
from gather.gather_values import fetched, source
from selectolax.lexbor import LexborHTMLParser

from syndicator.errors import EgressError, GatherError, NotReadable
from syndicator.gather.articles.article_page import read_article
from syndicator.gather.documents.parser_pool import DEFAULT_MEMORY_BYTES, open_pool
from syndicator.gather.documents.sniff import DocumentKind, sniff
from syndicator.model.fetch import Fetched
from syndicator.model.source import FetchLimits

MIB = 1024 * 1024
_HOARD: list[bytes] = []
"""Filled in workers only."""


def refuse(reason: str, detail: str) -> None:
    raise NotReadable(reason, detail)


def fail() -> None:
    raise ZeroDivisionError


def worker_id() -> int:
    return os.getpid()


def spin_in_c() -> int:
    """Stay in code that never looks at signals of Python: nested tags cost nh3 minutes."""
    return len(nh3.clean("<div>" * 200_000))


def eat(memory_bytes: int) -> int:
    """Take this much memory, and really write to it."""
    return len(b"x" * memory_bytes)


def eat_in_c() -> int:
    """Have a parser in C take far more memory than its document has: a hundred bytes and more for each tag."""
    return len(LexborHTMLParser("<p>x" * 2_500_000).css("p"))


def hoard(size: int) -> int:
    """Keep so much memory for good, as a leak does; give how often this worker did."""
    _HOARD.append(b"x" * size)
    return len(_HOARD)


def end_abruptly() -> None:
    os._exit(3)


def be_terminated_once(marker: str) -> str:
    """End by SIGTERM the first time, as when somebody stops all processes of a group."""
    path = Path(marker)
    if path.exists():
        return "done"
    path.touch()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(10)
    return "not terminated"


def make(size: int) -> bytes:
    return b"x" * size


def be_killed_amid_the_answer() -> bytes:
    """Begin to send far more than a pipe holds, and be killed while nobody has received it yet."""
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGKILL)).start()
    return make(300 * MIB)


async def asleep(process_id: int) -> None:
    """Wait until a process waits: it has given its answer, and holds no lock any more."""
    while Path(f"/proc/{process_id}/stat").read_text("ascii").rpartition(") ")[2][0] != "S":
        await asyncio.sleep(0.02)


async def gone(process_id: int) -> None:
    """Wait until a process is no more."""
    while Path(f"/proc/{process_id}").exists():
        await asyncio.sleep(0.02)


async def test_results_and_faults_of_ours_come_back() -> None:
    async with open_pool(workers=1) as pool:
        assert await pool.run(sniff, b"<rss>") is DocumentKind.XML_FEED
        with pytest.raises(NotReadable) as caught:
            await pool.run(refuse, "empty", "a selector finds nothing")
        assert (caught.value.reason, caught.value.detail) == ("empty", "a selector finds nothing")
        with pytest.raises(ZeroDivisionError):
            await pool.run(fail)


@pytest.mark.parametrize("kind", [GatherError, EgressError, NotReadable])
def test_errors_travel_between_processes(kind: type[GatherError]) -> None:
    error = pickle.loads(pickle.dumps(kind("timeout", "no answer")))  # noqa: S301 -- our own bytes
    assert type(error) is kind
    assert (error.reason, error.detail, str(error)) == ("timeout", "no answer", "timeout: no answer")


async def test_a_parser_in_c_is_killed_at_its_deadline() -> None:
    async with open_pool(workers=1) as pool:
        await pool.run(worker_id)
        began = time.monotonic()
        with pytest.raises(NotReadable, match=r"not parsed within 0\.3 s") as caught:
            await pool.run(spin_in_c, timeout_s=0.3)
        assert caught.value.reason == "parser"
        assert time.monotonic() - began < 30
        assert await pool.run(sniff, b"{") is DocumentKind.JSON


async def test_memory_is_limited_and_what_takes_too_much_is_no_burden_to_the_next() -> None:
    async with open_pool(workers=1) as pool:
        process_id = await pool.run(worker_id)
        for greedy in (partial(eat, DEFAULT_MEMORY_BYTES * 9 // 8), partial(eat, 4 * 1024 * MIB), eat_in_c):
            with pytest.raises(NotReadable, match="takes too much memory") as caught:
                await pool.run(greedy)
            assert caught.value.reason == "parser"
        assert await pool.run(worker_id) != process_id
        assert await pool.run(eat, DEFAULT_MEMORY_BYTES * 3 // 4) == DEFAULT_MEMORY_BYTES * 3 // 4


async def test_a_task_can_be_given_more_memory_and_the_next_has_the_usual() -> None:
    async with open_pool(workers=1) as pool:
        process_id = await pool.run(worker_id)
        assert await pool.run(eat, 200 * MIB, memory_bytes=256 * MIB) == 200 * MIB
        assert await pool.run(worker_id) == process_id
        with pytest.raises(NotReadable, match="takes too much memory"):
            await pool.run(eat, 200 * MIB)


async def test_what_a_worker_keeps_of_earlier_documents_is_charged_to_no_later_one() -> None:
    large = DEFAULT_MEMORY_BYTES * 3 // 4
    async with open_pool(workers=1) as pool:
        process_id = await pool.run(worker_id)
        for _ in range(12):
            await pool.run(hoard, 3 * MIB)
            assert await pool.run(eat, large) == large
        assert await pool.run(worker_id) != process_id


async def test_a_worker_that_hoards_is_replaced_before_it_grows_without_end() -> None:
    async with open_pool(workers=1) as pool:
        assert [await pool.run(hoard, 30 * MIB) for _ in range(3)] == [1, 1, 1]
        assert 2 <= max([await pool.run(hoard, 4 * MIB) for _ in range(12)]) <= 4


async def test_a_worker_that_was_allowed_more_may_keep_more() -> None:
    async with open_pool(workers=1) as pool:
        hoarded = [await pool.run(hoard, 30 * MIB, memory_bytes=300 * MIB) for _ in range(3)]
        assert hoarded == [1, 2, 3]


async def test_a_large_page_is_read_whatever_its_worker_keeps_of_earlier_ones() -> None:
    page = page_of(5800)
    assert len(page.body) > 0.9 * MIB
    async with open_pool(workers=1) as pool:
        for _ in range(3):
            reading = await pool.run(read_article, source(full_text=True), page, timeout_s=120)
            assert reading.candidate.body_html
            await pool.run(hoard, 20 * MIB)


def page_of(paragraphs: int) -> Fetched:
    """Give an article page of so many paragraphs, each with words of its own."""
    text = "".join(
        f"<p>Warga desa {number} menerima bantuan setelah hujan deras, kata kepala desa {number * 7}. "
        f"Ia menambahkan bahwa {number * 13} rumah sudah diperbaiki oleh relawan sejak Senin lalu.</p>"
        for number in range(paragraphs)
    )
    return fetched(
        f"<html><head><title>Bantuan tiba</title></head><body><h1>Bantuan tiba di desa</h1><div>{text}</div></body>",
        url="https://news.example/2026/11/bantuan-tiba-di-desa",
    )


async def test_slow_pages_of_one_source_do_not_hold_up_another_source() -> None:
    done: list[str] = []
    async with open_pool(workers=2) as pool:

        async def read(queue: str, seconds: float) -> None:
            await pool.run(time.sleep, seconds, queue=queue)
            done.append(queue)

        slow = [asyncio.create_task(read("slow", 1)) for _ in range(5)]
        await asyncio.sleep(0.3)
        for _ in range(10):
            await read("other", 0)
        assert done[:10].count("slow") <= 2
        for task in slow:
            task.cancel()


async def test_sources_take_turns_where_all_workers_are_busy() -> None:
    done: list[str] = []
    async with open_pool(workers=1) as pool:

        async def read(queue: str) -> None:
            await pool.run(worker_id, queue=queue)
            done.append(queue)

        await asyncio.gather(*(read(queue) for queue in "aaaabbc"))
    assert "".join(done) == "aabcaba"


async def test_a_call_that_is_cancelled_while_it_waits_leaves_the_turn_to_the_next() -> None:
    async with open_pool(workers=1) as pool:
        busy = asyncio.create_task(pool.run(time.sleep, 0.3, queue="a"))
        await asyncio.sleep(0.1)
        waiting = asyncio.create_task(pool.run(worker_id, queue="a"))
        last = asyncio.create_task(pool.run(sniff, b"{", queue="a"))
        await asyncio.sleep(0)
        waiting.cancel()
        assert await last is DocumentKind.JSON
        await busy
        with pytest.raises(asyncio.CancelledError):
            await waiting


async def test_the_largest_document_reaches_its_worker_and_comes_back() -> None:
    body = b"x" * FetchLimits().max_body_bytes
    async with open_pool(workers=1) as pool:
        assert await pool.run(bytes, body) == body


@pytest.mark.timeout(30)
async def test_what_is_sent_may_take_more_memory_than_the_task() -> None:
    size = DEFAULT_MEMORY_BYTES * 3 // 4
    async with open_pool(workers=1) as pool:
        assert len(await pool.run(make, size)) == size  # packed, there are two of it
        assert await pool.run(len, b"x" * (2 * DEFAULT_MEMORY_BYTES)) == 2 * DEFAULT_MEMORY_BYTES


@pytest.mark.timeout(30)
async def test_an_answer_that_is_too_much_for_its_worker_costs_only_its_task() -> None:
    async with open_pool(workers=2) as pool:
        with pytest.raises(NotReadable) as caught:
            await pool.run(make, 700 * MIB, memory_bytes=1000 * MIB)
        assert caught.value.reason == "parser"
        assert [await pool.run(sniff, b"{") for _ in range(4)] == [DocumentKind.JSON] * 4


@pytest.mark.timeout(30)
async def test_a_worker_that_is_killed_amid_its_answer_holds_up_nobody() -> None:
    async with open_pool(workers=2) as pool:
        await asyncio.gather(pool.run(worker_id), pool.run(worker_id))
        with pytest.raises(NotReadable) as caught:
            await pool.run(be_killed_amid_the_answer, memory_bytes=1000 * MIB)
        assert caught.value.reason == "parser"
        assert [await pool.run(sniff, b"{") for _ in range(4)] == [DocumentKind.JSON] * 4


async def test_a_worker_that_dies_costs_only_its_task() -> None:
    async with open_pool(workers=1) as pool:
        with pytest.raises(NotReadable, match="exit 3") as caught:
            await pool.run(end_abruptly)
        assert caught.value.reason == "parser"
        assert await pool.run(sniff, b"{") is DocumentKind.JSON


async def test_a_worker_that_is_stopped_from_outside_says_nothing_about_its_document(tmp_path: Path) -> None:
    async with open_pool(workers=1) as pool:
        assert await pool.run(be_terminated_once, str(tmp_path / "marker")) == "done"


async def test_a_worker_that_is_killed_while_idle_is_replaced() -> None:
    async with open_pool(workers=1) as pool:
        for _ in range(3):
            process_id = await pool.run(worker_id)
            await asleep(process_id)
            os.kill(process_id, signal.SIGKILL)
            assert await pool.run(worker_id) != process_id


async def test_a_cancelled_call_frees_its_worker() -> None:
    async with open_pool(workers=1) as pool:
        process_id = await pool.run(worker_id)
        task = asyncio.create_task(pool.run(spin_in_c, timeout_s=30))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await pool.run(worker_id, timeout_s=5) != process_id


async def test_one_hostile_document_does_not_hold_up_the_others() -> None:
    async with open_pool(workers=2) as pool:
        await asyncio.gather(pool.run(worker_id), pool.run(worker_id))
        hostile = asyncio.create_task(pool.run(spin_in_c, timeout_s=60))
        for _ in range(20):
            await pool.run(sniff, b"{")
        assert not hostile.done()
        hostile.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hostile


async def test_closing_ends_the_workers_whatever_they_do() -> None:
    async with open_pool(workers=2) as pool:
        process_id = await pool.run(worker_id)
        busy = asyncio.create_task(pool.run(spin_in_c, timeout_s=60))
        await asyncio.sleep(0.2)
        began = time.monotonic()
    assert time.monotonic() - began < 30
    with pytest.raises(NotReadable, match="the parser was stopped"):
        await busy
    with pytest.raises(NotReadable):
        await pool.run(worker_id)
    await asyncio.wait_for(gone(process_id), 30)


async def test_nothing_starts_before_the_first_task() -> None:
    async with open_pool() as pool:
        assert pool._processes is None
