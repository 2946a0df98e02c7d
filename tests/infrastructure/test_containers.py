"""The Dockerfile and compose.yaml, as far as they can be tried without a container engine."""

import asyncio
import json
import os
import re
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
from aiohttp import web
from warm_program import run

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = (ROOT / "compose.yaml").read_text(encoding="utf-8")


def instructions() -> list[tuple[str, str]]:
    joined = re.sub(r"\\\n\s*", "", DOCKERFILE)
    lines = [line for line in joined.splitlines() if line and not line.startswith("#")]
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines)]


def last(name: str) -> str:
    return [rest for each, rest in instructions() if each == name][-1]


def health_check() -> list[str]:
    command: list[str] = json.loads(last("HEALTHCHECK").partition("CMD ")[2])
    return [sys.executable, *command[1:]]


def test_what_is_copied_exists_and_is_not_ignored() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    sources = [
        source
        for name, rest in instructions()
        if name == "COPY" and "--from=" not in rest
        for source in rest.split()[:-1]
    ]
    assert "syndicator" in {Path(source).name for source in sources}
    for source in sources:
        assert (ROOT / source).exists(), source
        assert any(fnmatch(Path(source).as_posix().removeprefix("./"), each) for each in kept), source


def test_it_runs_as_a_plain_user_and_keeps_its_data_apart() -> None:
    names = [name for name, _ in instructions()]
    assert last("USER") == "syndicator"
    assert names.index("USER") < names.index("ENTRYPOINT")
    assert last("VOLUME") == "/data"
    assert "SYNDICATOR__STORE__DATA_DIR=/data" in last("ENV")


def test_the_python_of_the_image_is_one_that_the_project_supports() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version = re.match(r"python:(\d+\.\d+)-slim", last("FROM"))
    assert version
    assert f"Programming Language :: Python :: {version[1]}" in project["classifiers"]


def test_the_entry_point_is_the_command_that_the_package_installs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert json.loads(last("ENTRYPOINT"))[0] in project["scripts"]


@pytest.mark.parametrize("command", ["run", "serve", "work", "sample"])
async def test_every_command_of_a_container_is_one_of_ours(command: str) -> None:
    used = {*json.loads(last("CMD")), *re.findall(r'^    command: \["([a-z]+)"\]', COMPOSE, re.MULTILINE)}
    assert command in used
    assert (await run(ROOT / "config", command, "--help"))[0] == 0


@pytest.mark.parametrize(("status", "exit_code"), [(200, 0), (503, 1)])
async def test_the_health_check_asks_the_server(status: int, exit_code: int) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status if request.path == "/healthz" else 404)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        process = await asyncio.create_subprocess_exec(
            *health_check(),
            env={**os.environ, "SYNDICATOR__SERVER__PORT": str(port)},
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert await process.wait() == exit_code
    finally:
        await runner.cleanup()


def test_the_redis_beside_it_keeps_everything() -> None:
    (command,) = re.findall(r"command: (\[.*valkey-server.*\])", COMPOSE)
    options = json.loads(command)
    assert options[options.index("--appendonly") + 1] == "yes"
    assert options[options.index("--maxmemory-policy") + 1] == "noeviction"


def test_every_process_gets_the_same_public_url() -> None:
    shared, _, services = COMPOSE.partition("\nservices:")
    assert "SYNDICATOR__SITE__PUBLIC_URL:" in shared
    for name in ("serve", "work", "sample"):
        (service,) = re.findall(rf"^  {name}:\n((?:    .*\n)+)", services, re.MULTILINE)
        assert "<<: *syndicator" in service
        assert "environment" not in service
