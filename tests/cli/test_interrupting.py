"""Ctrl-C amid a preview: it ends at once, without a word of its parsers, and leaves no process behind."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer


def of_session(session: int) -> list[str]:
    """Name the processes of a session that still run; who ended and was not yet waited for does not."""
    running = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            told = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(told[3]) == session and told[0] != "Z":
            running.append(entry.name)
    return running


@pytest.mark.parametrize("wait_s", [0.0, 0.3, 1.0])
async def test_an_interrupted_preview_ends_in_silence(tmp_path: Path, wait_s: float) -> None:
    asked, over = asyncio.Event(), asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        if request.path != "/":
            await over.wait()
        asked.set()
        page = "<html><body>" + "<p><a href='/read/1/satu-dua-tiga-empat'>Satu</a></p>" * 20_000
        return web.Response(text=page, content_type="text/html")

    (tmp_path / "all.toml").write_text('[egress]\nallow = ["127.0.0.1/32"]\n', "utf-8")
    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with TestServer(app) as server:
        command = (sys.executable, "-m", "syndicator", "--config", str(tmp_path), "preview")
        process = await asyncio.create_subprocess_exec(
            *command,
            str(server.make_url("/")),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            # Where the tests themselves run in the background, they ignore it, and so would what they start.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        try:
            await asked.wait()
            await asyncio.sleep(wait_s)
            os.killpg(process.pid, signal.SIGINT)
            out, err = await asyncio.wait_for(process.communicate(), 40)
            assert (process.returncode, out, err) == (130, b"", b"")
            for _ in range(50):  # the server of the workers ends as soon as it notices
                if not of_session(process.pid):
                    break
                await asyncio.sleep(0.1)
            assert not of_session(process.pid)
        finally:
            over.set()
            if process.returncode is None:
                process.kill()
                await process.communicate()
