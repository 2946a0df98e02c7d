"""What a terminal shows of simulated schedules."""

import json
from pathlib import Path

import pytest
from cli.cli_world import configured
from warm_program import run

SOURCES = """
[site]
title = "Warta"
timezone = "Asia/Kolkata"
[source.kota]
title = "Kota"
kind = "feed"
url = "http://127.0.0.1:9/rss"
group = "pagi"
schedule = { cron = "*/5 6-22 * * *", timezone = "America/New_York" }
holidays = { days = [2027-03-13], then = { every = "1h" } }
[source.rehat]
title = "Rehat"
kind = "feed"
url = "http://127.0.0.1:9/rehat"
schedule = { every = "5m", jitter = "0s" }
[group.pagi]
tags = ["pagi"]
"""
FROM = "2027-03-13T06:20:00"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return configured(tmp_path, SOURCES)


async def test_the_chart_has_full_hours_and_fits_80_columns(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"COLUMNS": "80", "FORCE_COLOR": "1", "NO_COLOR": "1", "TERM": "dumb"}.items():
        monkeypatch.setenv(name, value)
    status, out, _ = await run(config, "schedule", "--from", FROM, "--for", "31h")
    lines = out.splitlines()
    assert status == 0
    assert max(map(len, lines)) <= 80
    chart = lines[2 : lines.index("", 2)]
    assert [line[11:16] for line in chart[:3]] == ["06:20", "07:00", "08:00"]
    assert {line[14:16] for line in chart[1:]} == {"00"}
    assert chart[0].startswith("Sat 13 Mar 06:20 ")
    assert next(line[11:16] for line in chart if line.endswith(" most")) == "00:00"
    special = " ".join(out[out.index("Special times:") :].split())
    assert "2027-03-14 03:00 America/New_York 1 clocks go forward by 1 h" in special
    assert "2027-03-13 00:00 2027-03-14 00:00 Asia/Kolkata 1 holiday (a configured" in special


async def test_a_paused_source_says_so_with_its_reason_and_end(config: Path) -> None:
    ends = "2027-03-20T00:00:00Z"
    paused = await run(config, "sources", "pause", "rehat", "--until", ends, "--reason", "server pindah")
    assert paused[0] == 0
    _, out, _ = await run(config, "schedule", "--from", FROM, "--for", "24h")
    starved = " ".join(out[out.index("Not as configured (1):") :].split())
    assert "paused by an operator until 2027-03-20 00:00 UTC (server pindah)" in starved
    _, out, _ = await run(config, "schedule", "--from", FROM, "--for", "24h", "--json")
    load = json.loads(out)["load"]
    (found,) = load["starved"]
    assert (found["source"], found["kind"], found["pause"]["reason"]) == ("rehat", "paused", "server pindah")
    assert found["pause"]["until"] == ends
    assert load["hours"][0]["begins_at"] == "2027-03-13T00:50:00Z"
    assert load["hours"][1]["begins_at"] == "2027-03-13T01:30:00Z", "a full hour in Kolkata"
