"""Releases on data of another layout: the program as users start it."""

import json
from pathlib import Path

from e2e.conftest import Start
from store.migrations.recorded_world import FOLDER, configuration
from support import until
from warm_program import run

from syndicator.store.connection import connect
from syndicator.store.embedded import EmbeddedServer
from syndicator.store.keys.table import Keys
from syndicator.store.layout import LAYOUT


def configured(server: EmbeddedServer, tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "all.toml").write_text(
        f'[store]\nurl = "unix://{server.socket}"\nnamespace = "kota"\ndata_dir = "{tmp_path / "data"}"\n'
        f"[server]\nport = 0\nops_port = 0\n{configuration('http://127.0.0.1:9')}",
        "utf-8",
    )
    return folder


async def test_a_back_up_of_the_first_layout_is_started(
    server: EmbeddedServer, tmp_path: Path, start: Start
) -> None:
    config = configured(server, tmp_path)
    status, out, errors = await run(config, "restore", str(FOLDER / "state-1.backup"))
    assert (status, f"from layout 1 to {LAYOUT}" in out) == (0, True), errors
    status, _, errors = await run(config, "doctor")
    assert (status, f"has layout 1, and this release works with layout {LAYOUT}" in errors) == (1, True)
    program = await start(config, "work")
    await program.ready()
    steps = [event for event in program.events if event["event"] == "layout_migrated"]
    assert [step["layout"] for step in steps] == list(range(2, LAYOUT + 1))
    _, out, _ = await run(config, "doctor", "--json")
    assert json.loads(out)["layout"] == LAYOUT
    assert await program.stop() == 0
    again = await start(config, "work")
    await again.ready()
    assert "layout_migrat" not in again.told()


async def test_a_process_ends_when_newer_ones_exclude_it(
    server: EmbeddedServer, tmp_path: Path, start: Start
) -> None:
    program = await start(configured(server, tmp_path), "run")
    await program.ready()
    keys = Keys("kota")
    async with connect(f"unix://{server.socket}", anchor=keys.meta()) as redis:
        await redis.call("HSET", keys.meta(), "schema_oldest", 99)
        await until(lambda: program.process.returncode is not None)
        assert await program.wait() == 1
        assert "is brought to layout 99, which this process does not know" in program.told()
    again = await start(tmp_path / "config", "run")
    assert await again.wait() == 1
    assert "the data has layout 99" in again.told()
