"""`init` gives a configuration that works, into an empty folder, and overwrites nothing."""

import json
from pathlib import Path

from warm_program import run


async def test_an_empty_folder_becomes_a_configuration_that_is_valid(tmp_path: Path) -> None:
    folder = tmp_path / "config"
    code, out, err = await run(folder, "init")
    assert (code, err) == (0, "")
    assert f"syndicator --config {folder} preview ADDRESS" in out
    code, out, err = await run(folder, "check")
    assert (code, err) == (0, "")
    assert "all well: 1 source, 2 feeds" in out
    assert all("#" in file.read_text("utf-8") for file in folder.rglob("*.toml"))
    code, out, _ = await run(folder / "examples", "check")
    assert (code, "all well" in out) == (0, True)


async def test_a_folder_given_by_name_may_hold_hidden_files(tmp_path: Path) -> None:
    folder = tmp_path / "news"
    (folder / ".git").mkdir(parents=True)
    code, out, _ = await run(tmp_path / "other", "init", str(folder), "--json")
    document = json.loads(out)
    assert (code, document["ok"], document["errors"]) == (0, True, [])
    assert {item["file"] for item in document["items"]} == {str(each) for each in folder.rglob("*.toml")}


async def test_files_are_never_overwritten(tmp_path: Path) -> None:
    own = tmp_path / "feeds.toml"
    own.write_text('[feed.mine]\ntitle = "Mine"\n', "utf-8")
    code, out, err = await run(tmp_path, "init")
    assert (code, out) == (1, "")
    assert f"{tmp_path} holds files" in err
    assert "--force" in err
    assert [each.name for each in tmp_path.iterdir()] == ["feeds.toml"]
    code, out, _ = await run(tmp_path, "init", "--force")
    assert (code, "feeds.toml" in out) == (0, False)
    assert own.read_text("utf-8") == '[feed.mine]\ntitle = "Mine"\n'
    assert (await run(tmp_path, "check"))[0] == 0


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, _, err = await run(tmp_path, "init", str(tmp_path / "file" / "config"))
    assert code == 1
    assert f"{tmp_path / 'file' / 'config'} cannot be written" in err
    assert "name another folder" in err
