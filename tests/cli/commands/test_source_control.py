"""`sources pause`, `resume` and `run`: of ids, of groups, of tags, of all."""

import json
from pathlib import Path
from typing import Any

import pytest
from cli.cli_world import LATEST, configured, source_of
from warm_program import run

GROUP = "\n[group.national]\n"
KOTA, DESA = "kota", "desa"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    kota = source_of("http://127.0.0.1:1/rss", KOTA) + 'group = "national"\n'
    desa = source_of("http://127.0.0.1:2/rss", DESA) + 'tags = ["rural"]\n'
    return configured(tmp_path, kota + desa + GROUP + LATEST)


async def answer(config: Path, *command: str) -> dict[str, Any]:
    code, out, err = await run(config, "sources", *command, "--json")
    assert code == 0, err
    document: dict[str, Any] = json.loads(out)
    return document


async def resting(config: Path) -> set[str]:
    listed = await answer(config, "list")
    return {item["id"] for item in listed["items"] if item["health"] == "paused"}


@pytest.mark.parametrize(
    ("choice", "named", "rests"),
    [
        ((KOTA,), "kota", {KOTA}),
        (("--group", "national"), "group national (1 source)", {KOTA}),
        (("--tag", "rural"), "tag rural (1 source)", {DESA}),
        (("--all",), "all (2 sources)", {KOTA, DESA}),
    ],
)
async def test_what_is_chosen_rests_until_it_is_resumed(
    config: Path, choice: tuple[str, ...], named: str, rests: set[str]
) -> None:
    await run(config, "once", "gather")
    code, out, err = await run(config, "sources", "pause", *choice, "--for", "2h", "--reason", "moving")
    assert (code, err) == (0, "")
    assert out.startswith(f"{named}: paused until 2")
    assert await resting(config) == rests
    resumed = await answer(config, "resume", *choice)
    assert [(one["status"], one["until"]) for one in resumed["items"]] == [("due now", None)]
    assert not await resting(config)


@pytest.mark.parametrize(
    ("choice", "meant"),
    [
        ((KOTA,), {KOTA}),
        (("--group", "national"), {KOTA}),
        (("--tag", "rural"), {DESA}),
        (("--all",), {KOTA, DESA}),
    ],
)
async def test_a_round_is_ordered_for_what_is_chosen(
    config: Path, choice: tuple[str, ...], meant: set[str]
) -> None:
    ordered = await answer(config, "run", *choice, "--wait", "0")
    assert {(item["source"], item["status"]) for item in ordered["items"]} == {
        (name, "waiting") for name in meant
    }


async def test_no_round_is_waited_for_where_no_process_runs(config: Path) -> None:
    # An hour would be far beyond what the program is waited for.
    code, out, err = await run(config, "sources", "run", KOTA, "--wait", "3600")
    assert code == 1
    assert "waiting" in out
    assert "see that a worker runs" in err
    code, out, _ = await run(config, "sources", "run", KOTA, "--wait", "3600", "--json")
    document = json.loads(out)
    assert (code, document["ok"]) == (1, False)
    (error,) = document["errors"]
    assert (error["key"], error["reason"]) == (KOTA, "waiting")


@pytest.mark.parametrize("command", ["pause", "resume", "run"])
async def test_a_group_without_sources_is_refused(config: Path, command: str) -> None:
    code, out, err = await run(config, "sources", command, "--group", "natinal")
    assert (code, out) == (1, "")
    assert "natinal" in err


@pytest.mark.parametrize("choice", [(), (KOTA, "--all"), ("--group", "national", "--tag", "rural")])
@pytest.mark.parametrize("command", ["pause", "resume", "run"])
async def test_one_way_to_choose_is_asked_for(config: Path, command: str, choice: tuple[str, ...]) -> None:
    code, _, err = await run(config, "sources", command, *choice)
    assert code == 2
    assert "--group" in err
