"""The operators' listener of a running service: opened by a printed link, and reached by no request of ours."""

import asyncio
import json
import os
import re
import socket
import sys
from datetime import timedelta
from pathlib import Path

import aiohttp
from aiohttp import web
from e2e.conftest import Start
from redis_processes import free_port
from support import PATIENCE_S, until
from warm_program import run

from syndicator.model.clock import system_clock
from syndicator.rules.access.signed_tickets import ends_at
from syndicator.web.access.sign_in_links import LINK_LIFE
from syndicator.web.http.server import open_socket, port_of, serving


async def test_a_printed_link_opens_the_pages_and_the_file_opens_the_api(
    config: Path, tmp_path: Path, start: Start
) -> None:
    port = free_port()
    rest = config / "rest.toml"
    rest.write_text(rest.read_text("utf-8").replace("ops_port = 0", f"ops_port = {port}"), "utf-8")
    status, _, errors = await run(config, "status")
    assert (status, "the first start of the service makes it" in errors) == (1, True)
    program = await start(config, "run")
    await program.ready()
    assert "/sign-in/" not in program.told(), "logs are kept"
    assert "opens once" not in program.told(), "/admin/ is no such link"
    assert "syndicator status prints a link that signs in" in program.told()
    status, link, _ = await run(config, "status")
    assert (status, link.startswith(f"http://127.0.0.1:{port}/admin/sign-in/")) == (0, True)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        base = f"http://127.0.0.1:{port}"
        assert (await browser.get(f"{base}/admin/")).status == 401
        opened = await browser.get(link.strip())
        assert (opened.status, opened.url.path) == (200, "/admin/")
        assert (await browser.get(f"{base}/admin/deliveries")).status == 200
        assert (await browser.get(f"{base}/api/v1/tokens")).status == 401
        token = (tmp_path / "data" / "operators.token").read_text("utf-8").strip()
        bearer = {"Authorization": f"Bearer {token}"}
        assert (await browser.get(f"{base}/api/v1/tokens", headers=bearer)).status == 200
    async with aiohttp.ClientSession() as other:
        assert (await other.get(link.strip(), allow_redirects=False)).status == 401, "it worked once"
    assert (tmp_path / "data" / "operators.token").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    assert "data_folder" not in program.told(), "it was made so"
    assert await program.stop() == 0
    again = await start(config, "serve")
    await again.ready()
    async with aiohttp.ClientSession() as other:
        assert (await other.get(link.strip(), allow_redirects=False)).status == 401, "also after a restart"


async def test_both_listeners_believe_a_trusted_proxy_that_says_a_browser_came_over_tls(
    config: Path, tmp_path: Path, start: Start
) -> None:
    rest = config / "rest.toml"
    trusting = f'ops_port = {free_port()}\ntrusted_proxies = ["127.0.0.1"]'
    rest.write_text(rest.read_text("utf-8").replace("ops_port = 0", trusting), "utf-8")
    program = await start(config, "run")
    public = await program.ready()
    _, link, _ = await run(config, "status")
    over_tls = {"X-Forwarded-Proto": "https", "Sec-Fetch-Site": "same-origin", "Host": "127.0.0.1"}
    token = {"token": (tmp_path / "data" / "admin.token").read_text("utf-8").strip()}
    async with aiohttp.ClientSession(headers=over_tls) as browser:
        for opened in (
            await browser.get(link.strip(), allow_redirects=False),
            await browser.post(f"{public}/admin/sign-in", data=token, allow_redirects=False),
        ):
            assert opened.status == 303
            assert opened.headers["Set-Cookie"].startswith("__Host-")


async def test_every_process_has_metrics_and_each_names_all(config: Path, start: Start) -> None:
    port = free_port()
    rest = config / "rest.toml"
    text = rest.read_text("utf-8").replace("ops_port = 0", f'ops_port = {port}\nops_host = "0.0.0.0"')
    rest.write_text(text, "utf-8")
    server = await start(config, "run")
    await server.ready()
    worker = await start(config, "work")
    await worker.ready()
    name = socket.gethostname()
    (first, second) = (
        next(event["operators"] for event in program.events if event["event"] == "ready")
        for program in (server, worker)
    )
    assert first == f"{name}:{port}"
    assert second.startswith(f"{name}:")
    assert second != first
    _, made, _ = await run(config, "tokens", "add", "prometheus", "--scope", "read", "--json")
    token = {"Authorization": f"Bearer {json.loads(made)['token']}"}
    async with aiohttp.ClientSession(headers=token) as scraper:

        async def targets() -> set[str]:
            async with scraper.get(f"http://127.0.0.1:{port}/metrics/targets") as answer:
                assert answer.status == 200
                return {group["targets"][0] for group in await answer.json()}

        await until(targets, lambda found: found == {first, second})
        for address in (first, second):
            asked = f"http://127.0.0.1:{address.rpartition(':')[2]}/metrics"
            async with scraper.get(asked, headers={"Host": address}) as answer:
                assert (answer.status, "syndicator_articles" in await answer.text()) == (200, True)
        async with aiohttp.ClientSession() as anybody, anybody.get(asked) as answer:
            assert answer.status == 401


async def test_the_link_on_a_terminal_works_for_ten_minutes_as_is_said_there(config: Path) -> None:
    terminal, theirs = os.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "syndicator", "--config", str(config), "run",
        stdout=asyncio.subprocess.DEVNULL, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while b"Ctrl-C" not in shown:
                shown += await asyncio.to_thread(os.read, terminal, 4096)
    finally:
        process.kill()
        await process.wait()
        os.close(terminal)
    assert b"opens once, within ten minutes; syndicator status prints another link" in shown
    link = re.search(r"console +http://127.0.0.1:[0-9]+/admin/sign-in/(\S+)", shown.decode())
    assert link is not None
    assert timedelta(0) < ends_at(link[1]) - system_clock() <= LINK_LIFE == timedelta(minutes=10)


async def test_a_data_folder_that_all_users_share_is_warned_of(
    config: Path, tmp_path: Path, start: Start
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(0o1777)
    program = await start(config, "serve")
    await program.ready()
    (told,) = [one for one in program.events if one["event"] == "data_folder_open"]
    assert told["folder"] == str(tmp_path / "data")
    assert "chmod 700" in told["remedy"]
    assert (tmp_path / "data").stat().st_mode & 0o7777 == 0o1777


async def test_a_worker_does_not_ask_a_server_that_runs_beside_it(config: Path, start: Start) -> None:
    server = await start(config, "serve")
    ours = await server.ready()

    async def away(_: web.Request) -> web.Response:
        raise web.HTTPFound(f"{ours}/feeds/latest.rss")

    app = web.Application()
    app.router.add_get("/rss", away)
    portal = open_socket("127.0.0.1", 0)
    async with serving(app, portal):
        (config / "portal.toml").write_text(
            f'[source.portal]\ntitle = "Portal"\nkind = "feed"\nurl = "http://127.0.0.1:{port_of(portal)}/rss"\n',
            "utf-8",
        )
        status, out, _ = await run(config, "once", "gather", "--source", "portal", "--json")
        assert (status, json.loads(out)["sources"]["portal"]["reason"]) == (1, "blocked")
        worker = await start(config, "work")
        await worker.ready()
        await until(lambda: any(event.get("reason") == "blocked" for event in worker.events))
