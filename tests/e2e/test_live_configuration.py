"""What operators change while the service runs: files, signals, several processes with other files."""

import asyncio
import json
import os
import pty
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from e2e.conftest import Program, Start
from e2e.crashes.test_crashes import settle
from support import own_redis, until
from warm_program import run

from syndicator.sample.server import Sample

FEED = '[feed.added]\ntitle = "Tambahan"\n'
WRONG = '[feed.wrong]\ntitle = "Salah"\nsize = -1\norder = "newest"\n'


async def status(url: str) -> int:
    async with aiohttp.ClientSession() as client, client.get(url) as answer:
        return answer.status


async def readiness(url: str) -> dict[str, Any]:
    async with aiohttp.ClientSession() as client, client.get(f"{url}/readyz") as answer:
        return {"code": answer.status, **await answer.json()}


async def logged(program: Program, event: str, times: int) -> None:
    """Wait until an event was logged so many times."""
    await until(lambda: len(happened(program, event)) >= times)


async def answers_with(url: str, code: int) -> None:
    """Wait until an address answers with a status."""
    await until(lambda: status(url), lambda found: found == code)


def happened(program: Program, event: str) -> list[dict[str, Any]]:
    return [one for one in program.events if one["event"] == event]


@asynccontextmanager
async def readers(url: str) -> AsyncIterator[list[int | str]]:
    """Ask for a feed again and again, each time by a new connection; yield the answers so far."""
    answers: list[int | str] = []

    async def ask() -> None:
        while True:
            try:
                answers.append(await status(f"{url}/feeds/latest.rss"))
            except aiohttp.ClientError as error:
                answers.append(repr(error))
            await asyncio.sleep(0.01)

    asking = asyncio.create_task(ask())
    try:
        yield answers
    finally:
        asking.cancel()


async def test_changed_files_are_applied_without_a_pause(start: Start, config: Path, sample: Sample) -> None:
    program = await start(config, "run")
    url = await program.ready()
    assert await status(f"{url}/feeds/added.rss") == 404
    async with readers(url) as answers:
        for number in range(3):
            sample.world.publish()
            (config / "added.toml").write_text(f"{FEED}size = {10 + number}\n", "utf-8")
            await logged(program, "configuration_applied", number + 1)
        await answers_with(f"{url}/feeds/added.rss", 200)
        (config / "added.toml").unlink()
        await until(lambda: status(f"{url}/feeds/added.rss"), lambda code: code != 200)
    assert set(answers) == {200}
    await settle(config, sample)
    assert await program.stop() == 0
    assert program.faults() == []


async def test_a_wrong_file_is_refused_as_a_whole_and_what_runs_goes_on(start: Start, config: Path) -> None:
    program = await start(config, "run")
    url = await program.ready()
    (config / "added.toml").write_text(FEED + WRONG, "utf-8")
    await until(lambda: happened(program, "configuration_refused"))
    assert await status(f"{url}/feeds/added.rss") == 404
    ready = await readiness(url)
    assert (ready["code"], ready["status"]) == (200, "degraded")
    assert "refused (2 faults" in ready["parts"]["configuration"]["detail"]

    async def warned() -> str:
        code, _, err = await run(config, "sources", "list")
        assert code == 0, err
        return err

    await until(warned, lambda found: "feed.wrong.order" in found)
    code, _, err = await run(config, "reload")
    assert code == 2
    assert "feed.wrong.size" in err
    assert "feed.wrong.order" in err
    (config / "added.toml").write_text(FEED, "utf-8")
    await answers_with(f"{url}/feeds/added.rss", 200)
    assert (await readiness(url))["status"] == "ready"


async def test_a_hangup_reloads_files_that_are_older_than_what_runs(start: Start, config: Path) -> None:
    program = await start(config, "run")
    url = await program.ready()
    added = config / "added.toml"
    added.write_text(FEED, "utf-8")
    for path in (config, *config.iterdir()):
        os.utime(path, (time.time() - 86_400, time.time() - 86_400))
    await asyncio.sleep(3)  # two looks at the files: nothing may come of them
    assert await status(f"{url}/feeds/added.rss") == 404
    program.process.send_signal(signal.SIGHUP)
    await answers_with(f"{url}/feeds/added.rss", 200)
    assert await program.stop() == 0


async def test_what_only_a_start_applies_is_named(start: Start, config: Path) -> None:
    program = await start(config, "run")
    url = await program.ready()
    rest = config / "rest.toml"
    rest.write_text(rest.read_text("utf-8").replace("port = 0\nops", "port = 8099\nops") + FEED, "utf-8")
    await until(lambda: happened(program, "configuration_needs_restart"))
    assert happened(program, "configuration_needs_restart")[0]["key"] == "server.port"
    await answers_with(f"{url}/feeds/added.rss", 200)
    assert "server.port" in (await readiness(url))["parts"]["configuration"]["detail"]


@asynccontextmanager
async def two_folders(config: Path, tmp_path: Path) -> AsyncIterator[tuple[Path, Path]]:
    """Yield two configurations over one Redis: the second lacks what the first added, and is older."""
    (tmp_path / "redis").mkdir()
    async with own_redis(tmp_path / "redis") as redis:
        rest = config / "rest.toml"
        rest.write_text(
            rest.read_text("utf-8").replace("[store]", f'[store]\nurl = "unix://{redis.socket}"'), "utf-8"
        )
        older = tmp_path / "older"
        older.mkdir()
        for path in config.iterdir():
            (older / path.name).write_text(path.read_text("utf-8"), "utf-8")
        for path in (*older.iterdir(), older):
            os.utime(path, (time.time() - 3600, time.time() - 3600))
        (config / "added.toml").write_text(
            f'{FEED}[source.third]\ntitle = "Third"\nkind = "feed"\nurl = "http://127.0.0.1:9/rss"\n', "utf-8"
        )
        yield config, older


async def sources_of(config: Path) -> set[str]:
    code, out, err = await run(config, "sources", "list", "--json")
    assert code == 0, err
    return {item["id"] for item in json.loads(out)["items"]}


@pytest.mark.embedded
@pytest.mark.parametrize("newer_starts_first", [True, False])
async def test_processes_with_other_files_run_one_configuration(
    start: Start, config: Path, tmp_path: Path, newer_starts_first: bool
) -> None:
    async with two_folders(config, tmp_path) as (newer, older):
        folders = [newer, older] if newer_starts_first else [older, newer]
        programs = [await start(folder, "serve") for folder in folders]
        for program in programs:
            url = await program.ready()
            await answers_with(f"{url}/feeds/added.rss", 200)
        assert await sources_of(newer) == await sources_of(older)
        assert "third" in await sources_of(older)
        # Whoever asks for it makes his files those that run, everywhere.
        code, out, err = await run(older, "reload", "--json")
        assert code == 0, err
        assert len(json.loads(out)["items"]) == 2
        newest = json.loads((await run(older, "audit", "list", "--json"))[1])["items"][0]
        assert newest["what"] == "configuration.published"
        assert newest["who"].startswith("operator (CLI")
        for program in programs:
            url = await program.ready()
            assert await status(f"{url}/feeds/added.rss") != 200
        assert "third" not in await sources_of(newer)


async def test_files_that_cannot_be_opened_leave_a_process_with_its_own(
    start: Start, config: Path, tmp_path: Path
) -> None:
    async with two_folders(config, tmp_path) as (newer, older):
        rest = older / "rest.toml"
        other_data = rest.read_text("utf-8").replace(f'"{tmp_path / "data"}"', f'"{tmp_path / "elsewhere"}"')
        rest.write_text(other_data, "utf-8")
        for path in (rest, older):
            os.utime(path, (time.time() - 3600, time.time() - 3600))
        await (await start(newer, "serve")).ready()
        foreign = await start(older, "serve")
        url = await foreign.ready()
        assert await status(f"{url}/feeds/latest.rss") == 200
        ready = await readiness(url)
        assert ready["status"] == "degraded"
        assert "refused" in ready["parts"]["configuration"]["detail"]
        code, _, err = await run(older, "sources", "list")
        assert code == 0
        assert "seal_key_file" in err


@pytest.mark.skipif(sys.platform == "win32", reason="there are no terminals of this kind")
async def test_a_closed_terminal_stops_it_in_order(config: Path) -> None:
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _TAKE_TERMINAL, sys.executable, "-m", "syndicator"),
        *("--config", str(config), "--log-json", "work"),
        stdin=theirs, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    program = Program(process)
    await program.ready()
    os.close(ours)
    assert await program.wait() == 0
    assert happened(program, "stopping")


_TAKE_TERMINAL = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"


async def test_articles_stay_one_through_many_reloads(start: Start, config: Path, sample: Sample) -> None:
    program = await start(config, "run")
    await program.ready()
    for number in range(6):
        sample.world.publish()
        (config / "added.toml").write_text(f"{FEED}size = {10 + number}\n", "utf-8")
        await logged(program, "configuration_published", number + 2)
    await settle(config, sample)
