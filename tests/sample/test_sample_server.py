import asyncio
import json
import socket
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import ClientConnectorError, ClientSession
from sample.sample_values import HandClock, visiting
from support import until

from syndicator.errors import SyndicatorError
from syndicator.sample.server import SampleError, SampleOptions, open_sample


def now() -> datetime:
    return datetime.now(UTC)


async def test_the_world_moves_by_itself() -> None:
    async with open_sample(SampleOptions(interval_s=0.02), now) as sample, ClientSession() as session:
        await until(lambda: len(sample.world.city) >= 40)
        async with session.get(sample.city_url + "/_sample/ledger.json") as response:
            told = json.loads(await response.read())
    assert len(told["articles"]) >= 40


async def test_a_port_in_use_is_named_with_the_remedy() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            SampleError, match=rf"Port {port} on 127\.0\.0\.1 is in use.*\[sample\] ports"
        ) as caught:
            async with open_sample(SampleOptions(ports=(0, port, 0)), HandClock()):
                pass
    assert isinstance(caught.value, SyndicatorError)


async def test_ports_are_free_again_after_a_fault_and_after_the_end() -> None:
    async with open_sample(SampleOptions(interval_s=None), HandClock()) as sample:
        urls = (sample.city_url, sample.wire_url, sample.partner_url)
        assert len(set(urls)) == 3
        ports = tuple(int(url.rsplit(":", 1)[1]) for url in urls)
        free = (ports[0] + 0, 0, 0)
        with pytest.raises(SampleError):
            async with open_sample(SampleOptions(ports=free, interval_s=None), HandClock()):
                pass
    options = SampleOptions(ports=(ports[0], ports[1], ports[2]), interval_s=None)
    async with open_sample(options, HandClock()) as again:
        assert (again.city_url, again.wire_url, again.partner_url) == urls


async def test_closing_does_not_wait_for_a_request_that_is_under_way() -> None:
    async with ClientSession() as session:
        async with open_sample(SampleOptions(interval_s=0.05), now) as sample:
            async with session.post(sample.partner_url + "/behave", data=b'{"delay_s": 60}') as answer:
                assert answer.status == 204
            hanging = asyncio.create_task(session.post(sample.partner_url + "/hook", data=b"{}"))
            async with session.get(sample.city_url + "/") as answer:
                assert answer.status == 200
            begun = time.monotonic()
        assert time.monotonic() - begun < 30
        hanging.cancel()
        with pytest.raises(ClientConnectorError):
            await session.get(sample.city_url + "/")


@pytest.mark.parametrize("secret", ["", "secret", "whsec_", "whsec_***", "d2hhdA=="])
async def test_a_secret_that_is_none_is_a_fault_that_does_not_tell_it(secret: str) -> None:
    with pytest.raises(SampleError, match="whsec_") as caught:
        async with open_sample(SampleOptions(secret=secret), HandClock()):
            pass
    assert "***" not in str(caught.value)


async def test_a_folder_that_cannot_be_used_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SampleError, match="cannot be used"):
        async with open_sample(SampleOptions(folder=tmp_path / "file"), HandClock()):
            pass


async def test_the_same_addresses_stand_after_a_restart(tmp_path: Path) -> None:
    titles: list[list[str]] = []
    for _ in range(2):
        async with visiting(folder=tmp_path) as visitor:
            told = json.loads((await visitor.get(visitor.sample.city_url + "/_sample/ledger.json")).body)
            titles.append([row["title"] + row["published_at"] for row in told["articles"]])
            visitor.sample.world.publish()
    assert titles[1][: len(titles[0])] == titles[0]
    assert len(titles[1]) == len(titles[0]) + 1
