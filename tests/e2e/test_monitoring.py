"""What `contrib/` has for Prometheus and Grafana, checked by promtool and against a running service."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from docs.test_pages import anchors
from e2e.conftest import Start
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from support import until
from warm_program import run

from syndicator import __version__
from syndicator.model.ops.states import DeliveryStatus, EndpointStanding, SourceStanding, StateWord

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "contrib" / "prometheus"
ALERTS = (PROMETHEUS / "alerts.yml").read_text("utf-8")
DASHBOARD: Mapping[str, Any] = json.loads(
    (ROOT / "contrib" / "grafana" / "syndicator.json").read_text("utf-8")
)

PROMTOOL = shutil.which("promtool")
NEEDS_PROMTOOL = pytest.mark.skipif(
    PROMTOOL is None and os.environ.get("SYNDICATOR_TEST_TOOLS") != "required",
    reason="promtool is not installed (Debian: prometheus)",
)

OF_PROMETHEUS = frozenset({"job", "instance", "le", "alertname", "alertstate", "severity"})
"""Labels that Prometheus adds, and those of histograms and alerts."""

RARE = frozenset(
    {
        "syndicator_data_lost_timestamp_seconds",
        "syndicator_fresh_budget_ratio",
        "syndicator_fresh_ratio",
        "syndicator_redis_memory_limit_bytes",
    }
)
"""Exported by name; they have values only after a loss, after many articles, and where Redis has a limit."""


def promtool(*arguments: str | Path, given: str = "") -> str:
    """Run promtool; return what it prints. Fail with that where it finds a fault."""
    command = [PROMTOOL or "promtool", *arguments]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def rules() -> list[dict[str, str]]:
    """Return name, expression and documentation of each alert, from the text: there is no YAML library."""
    found = []
    for part in re.split(r"^      - alert: ", ALERTS, flags=re.MULTILINE)[1:]:
        name, _, body = part.partition("\n")
        expression = re.search(r"expr: (>-\n(?: {10}.*\n)+|.*\n)", body)
        docs = re.search(r"^ +docs: (.*)$", body, re.MULTILINE)
        severity = re.search(r"severity: (\w+)", body)
        assert expression is not None, name
        assert docs is not None, name
        assert severity is not None, name
        found.append(
            {
                "name": name,
                "expr": " ".join(expression[1].removeprefix(">-").split()),
                "docs": docs[1],
                "severity": severity[1],
            }
        )
    return found


def dashboard_expressions() -> Iterator[str]:
    """Yield the expressions of panels, variables and annotations, with values in place of variables."""
    listed = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]
    listed += [one["expr"] for one in DASHBOARD["annotations"]["list"]]
    for one in DASHBOARD["templating"]["list"]:
        if one["type"] == "query":
            query = re.fullmatch(r"label_values\((.*), (\w+)\)", one["query"]["query"])
            assert query, one
            listed.append(f"count by ({query[2]}) ({query[1]})")
    for expression in listed:
        yield re.sub(r"\$\w+", "x", expression.replace("$__rate_interval", "5m"))


EXPRESSIONS = [*(rule["expr"] for rule in rules()), *dashboard_expressions()]


@NEEDS_PROMTOOL
def test_alert_rules_hold_their_unit_tests() -> None:
    promtool("check", "rules", PROMETHEUS / "alerts.yml")
    promtool("test", "rules", PROMETHEUS / "alerts_test.yml")


def test_every_alert_has_a_unit_test() -> None:
    tested = set(re.findall(r'alertname="(\w+)"', (PROMETHEUS / "alerts_test.yml").read_text("utf-8")))
    assert {rule["name"] for rule in rules()} == tested


def test_every_alert_says_how_urgent_it_is_and_where_to_read_on() -> None:
    for rule in rules():
        assert rule["severity"] in {"critical", "warning", "info"}, rule["name"]
        page, _, anchor = rule["docs"].partition("#")
        assert (ROOT / page).is_file(), rule["docs"]
        assert not anchor or anchor in anchors(ROOT / page), rule["docs"]
    texts = ALERTS.count("          summary: "), ALERTS.count("          description: ")
    assert texts == (len(rules()), len(rules()))


def test_the_documentation_lists_the_alerts_that_wake_somebody() -> None:
    page = (ROOT / "docs" / "howto" / "monitoring.md").read_text("utf-8")
    listed = re.findall(r"^\| `(Syndicator\w+)` \|", page, re.MULTILINE)
    assert sorted(listed) == sorted(rule["name"] for rule in rules() if rule["severity"] == "critical")


@NEEDS_PROMTOOL
@pytest.mark.parametrize("name", ["prometheus.yml", "prometheus-remote.yml"])
def test_configurations_of_prometheus_are_valid(name: str, tmp_path: Path) -> None:
    token = tmp_path / "syndicator.token"
    token.write_text("synd_token\n", "utf-8")
    shutil.copy(PROMETHEUS / "alerts.yml", tmp_path)
    config = (PROMETHEUS / name).read_text("utf-8").replace("/etc/prometheus/syndicator.token", str(token))
    (tmp_path / name).write_text(config, "utf-8")
    assert "rule files" in promtool("check", "config", tmp_path / name)


@NEEDS_PROMTOOL
def test_expressions_of_the_dashboard_are_valid(tmp_path: Path) -> None:
    file = tmp_path / "rules.yml"
    group = {
        "name": "dashboard",
        "rules": [
            {"record": f"panel:{number}", "expr": expression}
            for number, expression in enumerate(dashboard_expressions())
        ],
    }
    file.write_text(json.dumps({"groups": [group]}), "utf-8")  # JSON is YAML
    assert f"{len(group['rules'])} rules found" in promtool("check", "rules", file)


def test_the_dashboard_is_one_that_grafana_10_imports() -> None:
    assert DASHBOARD["schemaVersion"] >= 38
    assert "__inputs" not in DASHBOARD, "the data source is a variable"
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["type"] in {"row", "stat", "timeseries", "table"}
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        assert panel["type"] == "row" or panel["datasource"]["uid"] == "${datasource}"
    taken = [
        (panel["gridPos"]["x"] + column, panel["gridPos"]["y"] + line)
        for panel in panels
        for column in range(panel["gridPos"]["w"])
        for line in range(panel["gridPos"]["h"])
    ]
    assert len(set(taken)) == len(taken), "panels overlap"


def names_in(expression: str) -> set[str]:
    """Return the metrics that an expression reads."""
    return set(re.findall(r"\b(?:syndicator|process|python)_\w+", expression))


def labels_in(expression: str) -> set[str]:
    """Return the labels that an expression names in matchers and groupings."""
    matchers = " ".join(re.findall(r"\{([^{}]*)\}", re.sub(r'"[^"]*"', '""', expression)))
    groupings = re.findall(r"\b(?:by|on|ignoring|without|group_left) \(([^)]*)\)", expression)
    return set(re.findall(r"(\w+)\s*[=!]", matchers)) | set(re.findall(r"\w+", " ".join(groupings)))


def test_names_and_labels_are_found_in_expressions() -> None:
    text = 'sum by (le) (rate(process_a_total{b="c{d}",e!~"f"}[5m])) / on (g) syndicator_h'
    assert names_in(text) == {"process_a_total", "syndicator_h"}
    assert labels_in(text) == {"le", "b", "e", "g"}


STANDINGS: Mapping[str, type[StateWord]] = {
    "syndicator_sources": SourceStanding,
    "syndicator_source_standing": SourceStanding,
    "syndicator_endpoint_standing": EndpointStanding,
    "syndicator_deliveries_pending": DeliveryStatus,
}


def test_standings_in_expressions_are_words_that_are_exported() -> None:
    found = 0
    for expression in EXPRESSIONS:
        for metric, words in re.findall(r'(\w+)\{[^{}]*\bstanding=~?"([^"]*)"', expression):
            found += 1
            assert set(words.split("|")) <= set(STANDINGS[metric]), expression
    assert found > 10


CONFIG = """
[source.broken]
title = "Rusak"
kind = "feed"
url = "http://127.0.0.1:9/rss"
schedule = { every = "5s" }
[endpoint.away]
url = "http://127.0.0.1:9/hook"
secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
"""


async def test_a_running_service_exports_what_alerts_and_dashboard_read(config: Path, start: Start) -> None:
    sources = config / "sources.toml"
    text = sources.read_text("utf-8").replace("[defaults]", '[defaults]\nfresh_within = "10m"', 1)
    sources.write_text(text, "utf-8")
    (config / "monitored.toml").write_text(CONFIG, "utf-8")
    program = await start(config, "run")
    url = await program.ready()
    operators = next(event["operators"] for event in program.events if event["event"] == "ready")
    added, _, told = await run(config, "tokens", "add", "scraper", "--scope", "read", "--expires", "9d")
    assert added == 0, told
    wanted = {name for expression in EXPRESSIONS for name in names_in(expression)}
    async with aiohttp.ClientSession() as scraper:

        async def scrape() -> dict[str, Metric]:
            for path in ("/feeds/latest.rss", "/search?q=kota", "/nowhere"):
                await scraper.get(f"{url}{path}")
            async with scraper.get(f"http://{operators}/metrics") as answer:
                assert answer.status == 200
                return {one.name: one for one in text_string_to_metric_families(await answer.text())}

        def missing(found: Mapping[str, Metric]) -> set[str]:
            names = {sample.name for family in found.values() for sample in family.samples}
            return wanted - names - (RARE & found.keys())

        await scrape()  # its requests are counted, too
        families = await until(scrape, lambda found: not missing(found))
    samples = [sample for family in families.values() for sample in family.samples]
    assert not [sample.name for sample in samples if sample.name.endswith("_created")]
    build = next(sample for sample in samples if sample.name == "syndicator_build_info")
    assert (build.labels["version"], build.value) == (__version__, 1)
    failing = {
        (sample.labels["source"], sample.labels["reason"])
        for sample in samples
        if sample.name == "syndicator_source_failed_rounds"
    }
    assert failing == {("broken", "connect")}
    routes = {sample.labels["route"] for sample in samples if sample.name == "syndicator_http_requests_total"}
    assert {"/feeds/{feed}.{form}", "/search", "unknown", "/metrics"} <= routes
    assert not [route for route in routes if "latest" in route or "nowhere" in route]
    known: dict[str, set[str]] = {}
    for sample in samples:
        known.setdefault(sample.name, set()).update(sample.labels)
    for expression in EXPRESSIONS:
        names = names_in(expression)
        if names & RARE:
            continue
        there = OF_PROMETHEUS.union(*(known[name] for name in names))
        assert labels_in(expression) <= there, expression


@NEEDS_PROMTOOL
async def test_prometheus_reads_what_is_exported_and_finds_all_processes(
    config: Path, start: Start, tmp_path: Path
) -> None:
    server, worker = await start(config, "run"), await start(config, "work")
    await server.ready()
    await worker.ready()
    addresses = [
        next(event["operators"] for event in program.events if event["event"] == "ready")
        for program in (server, worker)
    ]
    asked = (PROMETHEUS / "prometheus.yml").read_text("utf-8").replace("127.0.0.1:8089", addresses[0])
    file = tmp_path / "prometheus.yml"
    file.write_text(asked.replace("rule_files: [alerts.yml]", ""), "utf-8")
    found = await until(
        lambda: promtool("check", "service-discovery", "--timeout=2s", file, "syndicator"),
        lambda text: all(address in text for address in addresses),
    )
    assert {one["labels"]["job"] for one in json.loads(found)} == {"syndicator"}
    async with aiohttp.ClientSession() as scraper, scraper.get(f"http://{addresses[1]}/metrics") as answer:
        promtool("check", "metrics", given=await answer.text())


@NEEDS_PROMTOOL
async def test_prometheus_asks_with_a_token_from_another_machine(
    config: Path, start: Start, tmp_path: Path
) -> None:
    rest = config / "rest.toml"
    rest.write_text(
        rest.read_text("utf-8").replace("ops_port = 0", 'ops_port = 0\nops_host = "0.0.0.0"'), "utf-8"
    )
    program = await start(config, "serve")
    await program.ready()
    operators = next(event["operators"] for event in program.events if event["event"] == "ready")
    _, made, _ = await run(config, "tokens", "add", "prometheus", "--scope", "read", "--json")
    token, file = tmp_path / "syndicator.token", tmp_path / "prometheus.yml"
    token.write_text(json.loads(made)["token"] + "\n", "utf-8")
    asked = (PROMETHEUS / "prometheus-remote.yml").read_text("utf-8")
    asked = re.sub(r"news-\d.internal:8089", f"127.0.0.1:{operators.rpartition(':')[2]}", asked)
    asked = asked.replace("rule_files: [alerts.yml]", "")
    file.write_text(asked.replace("/etc/prometheus/syndicator.token", str(token)), "utf-8")
    await until(
        lambda: promtool("check", "service-discovery", "--timeout=2s", file, "syndicator"),
        lambda text: operators in text,
    )
