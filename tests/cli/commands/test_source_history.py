"""What a terminal shows of the past of a source."""

import json
from pathlib import Path

from cli.commands.test_articles import config
from warm_program import run

__all__ = ["config"]


async def test_rounds_are_shown_and_listed(config: Path) -> None:
    _, out, _ = await run(config, "sources", "history", "kota")
    assert out == "No round is known.\n"
    assert (await run(config, "once", "gather"))[0] == 0
    _, out, _ = await run(config, "sources", "history", "kota", "--json")
    (item,) = json.loads(out)["items"]
    assert (item["span"], item["status"], item["reason"], item["rounds"]) == ("round", "ok", None, 1)
    assert item["received_bytes"] > 0
    status, out, _ = await run(config, "sources", "history", "kota", "--limit", "1")
    head, *rows = out.splitlines()
    assert (status, head.split()) == (
        0,
        ["began", "status", "reason", "late", "new", "changed", "bytes", "ms"],
    )
    assert len(rows) == 1
    _, out, _ = await run(config, "sources", "show", "kota")
    (day,) = [line for line in out.splitlines() if line.startswith("last 24 hours")]
    assert day.endswith(f"1 round, 0 failed, {item['new']} new")
    assert out.splitlines()[-1].split()[3] == "ok"


async def test_the_history_of_an_unknown_source_is_refused(config: Path) -> None:
    status, _, errors = await run(config, "sources", "history", "nobody")
    assert (status, "no source is called 'nobody'" in errors) == (2, True)
