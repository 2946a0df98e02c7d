"""Watching a key: no write is unheard, nobody is asked, and where that cannot be promised there is no watch."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import closing

import hiredis
import pytest
from support import until

from syndicator.store.embedded import EmbeddedServer
from syndicator.store.watch import Watch
from syndicator.web.http.server import open_socket, port_of

KEY = "syn:{test}:feeds:version"


def packed(*words: str) -> bytes:
    text: bytes = hiredis.pack_command(words)  # type: ignore[arg-type]  # of any length
    return text


WRITE = packed("HINCRBY", KEY, "latest", "1")


def say(opened: socket.socket, *words: str) -> bytes:
    opened.sendall(packed(*words))
    return opened.recv(65_536)


@pytest.fixture
def writer(server: EmbeddedServer) -> Iterator[socket.socket]:
    with closing(socket.socket(socket.AF_UNIX)) as opened:
        opened.connect(str(server.socket))
        yield opened


@pytest.fixture
def tcp_port(writer: socket.socket) -> int:
    free = open_socket("127.0.0.1", 0)
    port = port_of(free)
    free.close()
    for name, value in (("protected-mode", "no"), ("bind", "127.0.0.1"), ("port", str(port))):
        assert say(writer, "CONFIG", "SET", name, value) == b"+OK\r\n"
    return port


@pytest.mark.parametrize("way", ["unix", "tcp"])
async def test_a_writer_never_hears_of_its_write_before_the_watch(
    server: EmbeddedServer, writer: socket.socket, tcp_port: int, way: str
) -> None:
    url = f"unix://{server.socket}" if way == "unix" else f"redis://127.0.0.1:{tcp_port}/0"
    watch = Watch(url, KEY)
    async with watch.running():
        before = watch.moves()
        assert before is not None
        for _ in range(3000):
            writer.sendall(WRITE)
            writer.recv(100)
            after = watch.moves()
            assert after is not None
            assert after != before
            before = after


async def test_writes_are_looked_for_once_in_a_turn(server: EmbeddedServer, writer: socket.socket) -> None:
    watch = Watch(f"unix://{server.socket}", KEY)
    async with watch.running():
        before = watch.moves_of_turn()
        writer.sendall(WRITE)
        writer.recv(100)
        assert watch.moves_of_turn() == before
        heard: list[int | None] = []
        asyncio.get_running_loop().call_soon(lambda: heard.append(watch.moves_of_turn()))
        await asyncio.sleep(0)
        assert heard != [before]
        assert heard == [watch.moves_of_turn()]


async def test_nothing_moves_while_nothing_is_written(server: EmbeddedServer, writer: socket.socket) -> None:
    watch = Watch(f"unix://{server.socket}", KEY)
    async with watch.running():
        before = watch.moves()
        say(writer, "HGETALL", KEY)
        say(writer, "SET", "syn:{test}:feeds", "x")
        say(writer, "HSET", "syn:{other}:feeds:version", "latest", "1")
        assert watch.moves() == before
        say(writer, "FLUSHALL")  # is heard, too, though perhaps after its reply
        await until(lambda: watch.moves() != before)


async def test_a_lost_watch_says_so_and_comes_back(server: EmbeddedServer) -> None:
    watch = Watch(f"unix://{server.socket}", KEY)
    async with watch.running():
        before = watch.moves()
        await server.stop()
        assert watch.moves() is None
        await server.ensure()
        await until(lambda: watch.moves() is not None)
        assert watch.moves() != before, "what was written meanwhile is not known"
    assert watch.moves() is None


async def test_writes_that_nobody_asks_about_do_not_pile_up(
    server: EmbeddedServer, writer: socket.socket
) -> None:
    watch = Watch(f"unix://{server.socket}", KEY)
    async with watch.running():
        before = watch.moves()
        for _ in range(20):
            writer.sendall(WRITE * 500)
            heard = 0
            while heard < 500:
                heard += writer.recv(65_536).count(b"\r\n")
            await asyncio.sleep(0)
        assert watch.moves() not in {None, before}


async def test_a_password_is_given(server: EmbeddedServer, writer: socket.socket, tcp_port: int) -> None:
    say(writer, "CONFIG", "SET", "requirepass", "rahasia")
    right, wrong = (Watch(f"redis://:{one}@127.0.0.1:{tcp_port}/0", KEY) for one in ("rahasia", "tebakan"))
    async with right.running(), wrong.running():
        assert right.moves() is not None
        assert wrong.moves() is None
    say(writer, "CONFIG", "SET", "requirepass", "")


async def test_a_proxy_before_redis_may_be_slower_than_the_writer(tcp_port: int) -> None:
    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection("127.0.0.1", tcp_port)

        async def pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while heard := await source.read(65_536):
                sink.write(heard)
            sink.close()

        await asyncio.gather(pass_on(reader, ours), pass_on(theirs, writer))

    async with await asyncio.start_server(relay, "127.0.0.1", 0) as proxy:
        watch = Watch(f"redis://127.0.0.1:{proxy.sockets[0].getsockname()[1]}/0", KEY)
        async with watch.running():
            assert watch.moves() is None


@pytest.mark.parametrize(
    "url",
    [
        "redis://redis.example:6379/0",
        "redis://192.0.2.1/0",
        "rediss://127.0.0.1/0",
        "sentinel://127.0.0.1/kabar",
    ],
)
async def test_there_is_none_of_another_machine(url: str) -> None:
    watch = Watch(url, KEY)
    async with watch.running():
        assert watch.moves() is None
