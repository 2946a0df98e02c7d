"""With --json, commands answer in one form: {"ok", "items", "next", "errors"}."""

import json
from pathlib import Path
from typing import Any

import pytest
from cli.cli_world import LATEST, configured, source_of
from warm_program import run

from syndicator.store.access.admin_token_file import keep_admin_token, kept_admin_token


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return configured(tmp_path, source_of("http://127.0.0.1:1/rss") + LATEST)


async def answer(config: Path, *command: str) -> dict[str, Any]:
    code, out, err = await run(config, *command, "--json")
    assert code == 0, err
    document: dict[str, Any] = json.loads(out)
    assert list(document)[:4] == ["ok", "items", "next", "errors"]
    assert (document["ok"], document["errors"]) == (True, [])
    return document


async def test_what_is_made_shown_and_revoked_is_an_item(config: Path) -> None:
    made = await answer(config, "tokens", "add", "partner-a", "--scope", "partner")
    assert made["items"][0]["token"] == made["token"]
    for command in (("tokens", "list"), ("tokens", "show", "partner-a"), ("tokens", "revoke", "partner-a")):
        assert [item["id"] for item in (await answer(config, *command))["items"]] == ["partner-a"]


@pytest.mark.parametrize(
    "command", [("sources", "show", "kota"), ("feeds", "show", "latest"), ("sources", "list"), ("check",)]
)
async def test_other_commands_answer_so_too(config: Path, command: tuple[str, ...]) -> None:
    assert len((await answer(config, *command))["items"]) == 1


async def test_the_value_of_a_revoked_administrator_is_not_kept(config: Path, tmp_path: Path) -> None:
    made = await answer(config, "tokens", "add", "first-admin", "--scope", "admin")
    code, _, err = await run(config, "tokens", "show", "first-admin", "--value")
    assert (code, "kept nowhere" in err) == (1, True)
    path = keep_admin_token(tmp_path / "data", made["token"])
    shown = await answer(config, "tokens", "show", "first-admin")
    assert shown["value_file"] == str(path)
    assert kept_admin_token(tmp_path / "data", "0" * 64) is None
    await answer(config, "tokens", "revoke", "first-admin")
    assert not path.exists()


async def test_commands_that_end_log_no_more_than_warnings(config: Path) -> None:
    code, _, err = await run(config, "once", "rank")
    assert (code, err) == (0, "")
    (config / "all.toml").write_text((config / "all.toml").read_text("utf-8") + "size = 20\n", "utf-8")
    _, _, err = await run(config, "--log-level", "info", "once", "rank")
    assert '"event":"configuration_published"' in err


async def test_what_was_added_beside_the_files_is_removed_in_one_document(
    config: Path, tmp_path: Path
) -> None:
    (tmp_path / "new.toml").write_text(source_of("https://portal.example/rss", "portal"), "utf-8")
    await answer(config, "config", "add", str(tmp_path / "new.toml"))
    removed = await answer(config, "config", "remove", "source.portal")
    assert removed["items"] == [{"id": "source.portal"}]
