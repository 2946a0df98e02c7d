"""The stores of objects that a cold store can be: all behave alike."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from socket import socket

import pytest
from aiohttp import ClientSession
from support import until

from syndicator.errors import ColdStoreAway, StoreError
from syndicator.store.cold.objects import IN_DATA_DIR, ColdObjects, opened

BUCKET = "kabar"


@pytest.fixture(scope="module")
def s3_port() -> Iterator[int]:
    """The port of a server that speaks S3."""
    pytest.importorskip("moto")
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        yield port
        server.terminate()


async def has_bucket(url: str) -> bool:
    """Make the bucket; return whether the server is there by now."""
    try:
        async with ClientSession() as session, session.put(f"{url}/{BUCKET}") as answer:
            return answer.status == 200
    except OSError:
        return False


@pytest.fixture(params=["sqlite", "folder", "s3"])
async def objects(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ColdObjects]:
    place = IN_DATA_DIR
    if request.param != "sqlite":
        pytest.importorskip("obstore")
        place = f"file://{tmp_path}/shared"
    if request.param == "s3":
        endpoint = f"http://127.0.0.1:{request.getfixturevalue('s3_port')}"
        await until(lambda: has_bucket(endpoint))
        place = as_s3(endpoint, monkeypatch)
    store = opened(place, f"ns-{os.getpid()}", tmp_path)
    yield store
    await store.close()


def as_s3(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in (
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ALLOW_HTTP", "true"),
    ):
        monkeypatch.setenv(name, value)
    return f"s3://{BUCKET}/syndicator"


async def test_objects_are_written_read_listed_and_removed(objects: ColdObjects) -> None:
    many = {f"{number % 3:02x}/a{number}.1.0f": bytes([number]) * 1000 for number in range(60)}
    await objects.put(many)
    assert await objects.get([*many, "00/none.1.0f", "ff/none.1.0f"]) == many
    assert await objects.get([]) == {}
    assert sorted(await objects.listed("01")) == sorted(name for name in many if name.startswith("01/"))
    assert await objects.listed("77") == []
    await objects.delete([*(name for name in many if name.startswith("01/")), "01/none.1.0f"])
    assert await objects.listed("01") == []
    assert len(await objects.get(list(many))) == 40
    await objects.put({"00/a0.1.0f": b"again"})
    assert await objects.get(["00/a0.1.0f"]) == {"00/a0.1.0f": b"again"}
    await objects.delete(list(many))


async def test_two_processes_share_a_file(tmp_path: Path) -> None:
    one, other = (opened(IN_DATA_DIR, "main", tmp_path) for _ in range(2))
    await one.put({"00/a.1.0f": b"x"})
    assert await other.get(["00/a.1.0f"]) == {"00/a.1.0f": b"x"}
    await other.delete(["00/a.1.0f"])
    assert await one.get(["00/a.1.0f"]) == {}
    await one.close()
    await other.close()


async def test_a_server_that_does_not_answer_is_away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("obstore")
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{probe.getsockname()[1]}"
    store = opened(as_s3(endpoint, monkeypatch), "main", tmp_path)
    for call in (store.get(["00/a"]), store.put({"00/a": b"x"}), store.delete(["00/a"]), store.listed("00")):
        with pytest.raises(ColdStoreAway, match="s3://kabar"):
            await call


async def test_a_file_that_is_damaged_is_away(tmp_path: Path) -> None:
    (tmp_path / "cold-main.db").write_bytes(b"no database" * 1000)
    store = opened(IN_DATA_DIR, "main", tmp_path)
    with pytest.raises(ColdStoreAway, match="cold-main"):
        await store.get(["00/a"])
    await store.close()


def test_a_url_of_no_store_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("obstore")
    with pytest.raises(StoreError, match="cold"):
        opened("foo://bucket", "main", tmp_path)
