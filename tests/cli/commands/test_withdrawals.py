"""Withdrawing and restoring on the command line."""

import json
from pathlib import Path

from cli.commands.test_articles import config
from warm_program import run

__all__ = ["config"]


async def test_an_article_is_withdrawn_and_restored(config: Path) -> None:
    assert (await run(config, "once", "gather"))[0] == 0
    _, out, _ = await run(config, "articles", "list", "--json")
    (item,) = json.loads(out)["items"]
    status, _, errors = await run(config, "articles", "withdraw", item["id"])
    assert (status, "--reason" in errors) == (2, True)
    status, out, _ = await run(
        config, "articles", "withdraw", item["id"], "--reason", "atas permintaan portal"
    )
    assert (status, out) == (0, "Withdrawn: Pasar dibuka\n")
    _, out, _ = await run(config, "articles", "list", "--json")
    assert json.loads(out)["items"] == []
    _, out, _ = await run(config, "articles", "list", "--withdrawn", "--json")
    (told,) = json.loads(out)["items"]
    assert (told["id"], told["by"], told["reason"]) == (item["id"], "operator", "atas permintaan portal")
    status, _, errors = await run(config, "articles", "show", item["id"])
    assert status == 1
    assert "atas permintaan portal" in errors
    status, out, _ = await run(config, "articles", "restore", item["id"])
    assert (status, out) == (0, "Restored: Pasar dibuka\n")
    status, _, errors = await run(config, "articles", "restore", item["id"])
    assert (status, "is withdrawn" in errors) == (1, True)
    status, out, _ = await run(config, "articles", "show", item["id"], "--revision", "3")
    assert (status, out.startswith("Pasar dibuka\n  revision 3")) == (0, True)
