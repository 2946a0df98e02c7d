"""Back-ups from a terminal: out of one data folder, into another."""

import json
import shutil
from pathlib import Path

from cli.commands.test_articles import config
from warm_program import run

from syndicator.model.feed import Format
from syndicator.model.ids import FeedId
from syndicator.model.ops.configuration import ProcessNote
from syndicator.opening import open_service
from syndicator.settings import load
from syndicator.store.shared_clock import redis_time

__all__ = ["config"]


async def bodies(folder: Path) -> dict[Format, bytes]:
    """Return the bytes of a feed in every format."""
    async with open_service(load(folder, {})) as service:
        return {form: (await service.publisher.rendition(FeedId("latest"), form)).body for form in Format}


def moved(config: Path, tmp_path: Path) -> Path:
    """Return a copy of a configuration whose data lie elsewhere."""
    folder, data = tmp_path / "elsewhere", tmp_path / "other-data"
    shutil.copytree(config, folder)
    for file in folder.glob("*.toml"):
        lines = [
            f'data_dir = "{data}"' if line.startswith("data_dir") else line
            for line in file.read_text("utf-8").splitlines()
        ]
        file.write_text("\n".join(lines), "utf-8")
    return folder


async def test_feeds_of_a_restored_back_up_have_the_same_bytes(config: Path, tmp_path: Path) -> None:
    assert (await run(config, "once", "gather"))[0] == 0
    assert (await run(config, "once", "publish"))[0] == 0
    before = await bodies(config)
    file = tmp_path / "kota.syn"
    status, out, _ = await run(config, "backup", str(file), "--json")
    copied = json.loads(out)
    assert (status, copied["bytes"]) == (0, file.stat().st_size)
    elsewhere = moved(config, tmp_path)
    status, out, errors = await run(elsewhere, "restore", str(file))
    assert status == 0
    assert out.startswith(f"{copied['keys']} keys of 20")
    assert await bodies(elsewhere) == before
    status, _, errors = await run(elsewhere, "restore", str(file))
    assert (status, "or replace it (--replace)" in errors) == (1, True)
    status, out, _ = await run(elsewhere, "restore", str(file), "--replace", "--json")
    assert (status, json.loads(out)["keys"]) == (0, copied["keys"])


async def test_the_number_of_partitions_is_changed_as_the_refusal_says(config: Path, tmp_path: Path) -> None:
    assert (await run(config, "once", "gather"))[0] == 0
    assert (await run(config, "once", "publish"))[0] == 0
    before, file, number = await bodies(config), tmp_path / "kota.syn", config / "partitions.toml"
    for former, then in ((1, 4), (4, 1)):
        number.write_text(f"[store.partitions]\nendpoints = {then}\nhub = {then}\ntexts = {then}\n", "utf-8")
        advice = f"has {former}: set it to {former}. To change the number, stop all processes, set the new one, and run"
        for command in (("once", "publish"), ("backup", str(tmp_path / "other.syn"))):
            status, _, errors = await run(config, *command)
            assert (status, advice in " ".join(errors.split())) == (1, True)
        words = [str(file)] if then == 4 else []
        status, out, _ = await run(config, "repartition", *words)
        assert (status, f"endpoints {former} → {then}, hub {former} → {then}" in out) == (0, True)
        assert await bodies(config) == before
        status, out, _ = await run(config, "repartition")
        assert (status, "Nothing was changed." in out) == (0, True)
    (kept,) = Path(load(config, {}).store.data_dir).glob("partitions-main-*.syn")
    assert kept.stat().st_mode & 0o777 == 0o600
    number.write_text("[store.partitions]\nendpoints = 4\nhub = 4\ntexts = 4\n", "utf-8")
    assert (await run(config, "restore", "--replace", str(kept)))[0] == 0, "the way back"
    assert await bodies(config) == before


async def test_partitions_are_not_changed_into_a_file_that_is_there(config: Path, tmp_path: Path) -> None:
    assert (await run(config, "once", "gather"))[0] == 0
    before, file = await bodies(config), tmp_path / "kota.syn"
    file.write_bytes(b"of another day")
    (config / "partitions.toml").write_text("[store.partitions]\nendpoints = 4\n", "utf-8")
    status, _, errors = await run(config, "repartition", str(file))
    assert (status, "is there already: name another file" in errors) == (1, True)
    assert file.read_bytes() == b"of another day"
    (config / "partitions.toml").unlink()
    assert await bodies(config) == before


async def test_partitions_are_not_changed_while_a_process_lives(config: Path) -> None:
    assert (await run(config, "once", "gather"))[0] == 0
    before = await bodies(config)
    async with open_service(load(config, {})) as service:
        now = await redis_time(service.store.connection)
        await service.store.configuration.note(ProcessNote(process="mesin:7", version=0, at=now))
    (config / "partitions.toml").write_text("[store.partitions]\nendpoints = 4\n", "utf-8")
    status, _, errors = await run(config, "repartition")
    assert (status, "the service runs: mesin:7" in errors) == (1, True)
    (config / "partitions.toml").unlink()
    assert await bodies(config) == before


async def test_another_seal_key_is_pointed_out(config: Path, tmp_path: Path) -> None:
    assert (await run(config, "endpoints", "list"))[0] == 0
    data = json.loads((await run(config, "config", "show", "--json"))[1])
    assert data is not None
    file = tmp_path / "kota.syn"
    for folder in (config, elsewhere := moved(config, tmp_path)):
        path = Path(load(folder, {}).store.data_dir) / "seal.key"
        path.parent.mkdir(exist_ok=True)
        path.write_text(("A" if folder is config else "B") * 43 + "=", "ascii")
    assert (await run(config, "backup", str(file)))[0] == 0
    status, _, errors = await run(elsewhere, "restore", str(file))
    assert (status, "sealed with another key than this machine has" in errors) == (0, True)


async def test_what_is_no_back_up_is_refused(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "kota.syn"
    file.write_bytes(b"not a back-up")
    status, _, errors = await run(config, "restore", str(file))
    assert (status, "no back-up of syndicator" in errors) == (1, True)
    status, _, errors = await run(config, "restore", str(tmp_path / "none"))
    assert (status, "cannot be read" in errors) == (1, True)
