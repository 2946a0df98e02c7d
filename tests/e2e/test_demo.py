"""`run --demo`: the samples outside of any checkout, in one folder that can be deleted."""

import json
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import aiohttp
import pytest
from e2e.conftest import Start
from support import until
from warm_program import run


@pytest.fixture
def usual_ports_are_taken() -> Iterator[None]:
    """Hold the ports of the shipped configuration; those that another process holds are taken anyway."""
    with ExitStack() as stack:
        for port in (8080, 8081, 8082, 8083, 8089):
            holder = stack.enter_context(socket.socket())
            with suppress(OSError):
                holder.bind(("127.0.0.1", port))
                holder.listen()
        yield


async def items(url: str) -> list[dict[str, str]]:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/feeds/latest.json") as answer:
        found: list[dict[str, str]] = json.loads(await answer.read())["items"]
        return found


@pytest.mark.usefixtures("usual_ports_are_taken")
async def test_the_demo_takes_free_ports_and_keeps_all_in_its_folder(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "the demo"
    # Overrides of a real service are not for the demo.
    environment = {"SYNDICATOR__STORE__DATA_DIR": str(tmp_path / "real")}
    demo = ("run", "--demo", "--demo-folder", str(folder))
    program = await start(tmp_path / "none", *demo, environment=environment)
    url = await program.ready()
    assert not url.endswith(":8080")
    found = await until(lambda: items(url), lambda found: len(found) > 20)
    assert not any(re.search(r":808[0-9]/", item["url"]) for item in found)
    assert await program.stop() == 0
    assert program.faults() == []
    said = "\n".join(program.other_lines)
    assert f"rm -r '{folder}'" in said
    assert {each.name for each in tmp_path.iterdir()} == {"the demo"}
    assert {each.name for each in folder.iterdir()} == {"config", "data", "demo.txt"}
    code, out, _ = await run(folder / "config", "check")
    assert (code, "all well: 3 sources" in out) == (0, True)

    port = int(url.rpartition(":")[2])
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        code, _, err = await run(tmp_path / "none", *demo)
    assert code == 1
    assert f"port {port}, which this demo has used before, cannot be opened" in err
    assert "rm -r" in err

    again = await start(tmp_path / "none", *demo)
    assert await again.ready() == url
    kept = {item["url"] for item in found}
    assert kept & {item["url"] for item in await items(url)}
    assert await again.stop() == 0


async def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    code, _, err = await run(tmp_path / "none", "run", "--demo", "--demo-folder", str(tmp_path))
    assert code == 1
    assert "holds something else than a demo" in err
    assert "--demo-folder" in err
    assert [each.name for each in tmp_path.iterdir()] == ["config"]
