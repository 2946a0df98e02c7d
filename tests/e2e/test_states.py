"""How sources, endpoints and deliveries of a running service stand is said in one word by all that shows it."""

import json
import socket
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from e2e.conftest import Start
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from redis_processes import free_port
from selectolax.lexbor import LexborHTMLParser, LexborNode
from support import until
from warm_program import run

from syndicator.model.ops.states import (
    UNDELIVERED,
    AttemptResult,
    DeliveryStatus,
    EndpointStanding,
    RoundStatus,
    SourceStanding,
    StateWord,
    TraceStatus,
)
from syndicator.sample.server import SAMPLE_SECRET
from syndicator.web.http.server import open_socket, port_of, serving
from syndicator.web.texts.texts import TEXTS

ENDPOINTS = {
    "partner": EndpointStanding.ACTIVE,
    "gone": EndpointStanding.DISABLED,
    "picky": EndpointStanding.DEGRADED,
    "resting": EndpointStanding.PAUSED,
    "silent": EndpointStanding.UNVERIFIED,
}
SOURCES = {
    "berita-kota": SourceStanding.OK,
    "broken": SourceStanding.FAILING,
    "asleep": SourceStanding.PAUSED,
}
ENGLISH = {"Accept": "text/html", "Accept-Language": "en"}


@dataclass
class Operator:
    """Who looks at a running service from all sides."""

    config: Path
    base: str
    session: aiohttp.ClientSession

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> str:
        async with self.session.get(f"{self.base}{path}", headers=headers or {}) as answer:
            text = await answer.text()
            assert answer.status == 200, text
            return text

    async def items(self, path: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = json.loads(await self.get(f"/api/v1/{path}"))["items"]
        return items

    async def command(self, *words: str) -> list[dict[str, Any]]:
        code, out, err = await run(self.config, *words, "--json")
        assert code == 0, err
        items: list[dict[str, Any]] = json.loads(out)["items"]
        return items

    async def metrics(self) -> list[Sample]:
        families = text_string_to_metric_families(await self.get("/metrics"))
        return [sample for family in families for sample in family.samples]

    async def page(self, path: str) -> LexborHTMLParser:
        return LexborHTMLParser(await self.get(path, ENGLISH))


@pytest.fixture
async def receivers() -> AsyncIterator[str]:
    """Receivers: gone for good; taking all events but the first; not giving a challenge back."""
    refused = [""]

    async def gone(_: web.Request) -> web.Response:
        return web.Response(status=410)

    async def picky(_: web.Request) -> web.Response:
        if refused:
            refused.clear()
            return web.Response(status=422, headers={"webhook-delivery": "abort-message"})
        return web.Response(status=204)

    async def silent(_: web.Request) -> web.Response:
        return web.Response(status=204)

    app = web.Application()
    app.add_routes([web.post("/gone", gone), web.post("/picky", picky), web.post("/silent", silent)])
    listener = open_socket("127.0.0.1", 0)
    async with serving(app, listener):
        yield f"http://127.0.0.1:{port_of(listener)}"


@pytest.fixture
async def operator(config: Path, tmp_path: Path, start: Start, receivers: str) -> AsyncIterator[Operator]:
    port, closed = free_port(), socket.socket()
    closed.bind(("127.0.0.1", 0))  # nothing listens: connections are refused
    refusing = f"http://127.0.0.1:{closed.getsockname()[1]}/rss"
    rest = config / "rest.toml"
    text = rest.read_text("utf-8").replace("ops_port = 0", f"ops_port = {port}")
    for name in ("broken", "asleep"):
        text += f'\n[source.{name}]\ntitle = "{name}"\nkind = "feed"\nurl = "{refusing}"\n'
    for name in ("gone", "picky", "resting"):
        text += f'\n[endpoint.{name}]\nurl = "{receivers}/{name}"\nsecret = "{SAMPLE_SECRET}"\n'
    rest.write_text(text, "utf-8")
    for words in (
        ("sources", "pause", "asleep"),
        ("endpoints", "pause", "resting"),
        ("endpoints", "add", f"{receivers}/silent", "--id", "silent"),
    ):
        assert (await run(config, *words))[0] == 0, words
    await (await start(config, "run")).ready()
    token = (tmp_path / "data" / "operators.token").read_text("utf-8").strip()
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
        one = Operator(config=config, base=f"http://127.0.0.1:{port}", session=session)
        await until(lambda: health(one, "endpoints"), lambda found: found == ENDPOINTS)
        await until(lambda: health(one, "sources"), lambda found: found.items() >= SOURCES.items())
        yield one
    closed.close()


async def health(operator: Operator, path: str) -> dict[str, str]:
    return {
        one["id"] if "id" in one else one["source"]["id"]: one["health"]["kind"]
        for one in await operator.items(path)
    }


def marks(page: LexborHTMLParser, section: str) -> dict[str, tuple[str, str]]:
    """Return of each row of a table what it calls the state, and the class that colours it."""

    def found(row: LexborNode) -> tuple[str, tuple[str, str]]:
        (mark,) = row.css("td .mark")[:1]
        name = row.css("th a, th")[0].text(deep=section == "endpoints").split()
        word = row.css(".id")[0].text() if section == "sources" else name[0]
        return word, (mark.text(), str(mark.attributes["class"]))

    return dict(
        found(row)
        for row in page.css(
            "table.sources tbody tr" if section == "sources" else "#endpoints ~ table:not(.sources) tbody tr"
        )
    )


def standings(samples: Iterable[Sample], kind: str) -> dict[str, str]:
    """Return the standings of sources or endpoints as their metric names them."""
    found = [one.labels for one in samples if one.name == f"syndicator_{kind}_standing"]
    return {labels[kind]: labels["standing"] for labels in found}


def on_pages(states: Mapping[str, StateWord]) -> dict[str, tuple[str, str]]:
    return {name: (TEXTS[f"state.{state}"][1], f"mark {state.severity}") for name, state in states.items()}


async def test_an_endpoint_and_its_deliveries_have_one_word_everywhere(operator: Operator) -> None:
    listed = await operator.items("endpoints")
    assert {one["id"]: one["state"]["standing"] for one in listed} == ENDPOINTS
    commands = await operator.command("endpoints", "list")
    assert {one["id"]: one["health"] for one in commands} == ENDPOINTS
    assert standings(await operator.metrics(), "endpoint") == ENDPOINTS
    for path in ("/admin/", "/admin/deliveries"):
        assert marks(await operator.page(path), "endpoints") == on_pages(ENDPOINTS), path
    for name, state in ENDPOINTS.items():
        shown = (await operator.page(f"/admin/endpoints/{name}")).css(".standing .mark")[0]
        assert (shown.text(), shown.attributes["class"]) == on_pages({name: state})[name]
        code, out, _ = await run(operator.config, "endpoints", "show", name)
        (line,) = [line for line in out.splitlines() if line.startswith("health ")]
        assert (code, line.split()[1].rstrip(":")) == (0, state)
    for one in await operator.items("deliveries?endpoint=picky&status=dead"):
        path = f"endpoints/picky/deliveries/{one['event']}"
        shown = (await operator.page(f"/admin/{path}")).css(".standing .mark")[0]
        assert (one["status"], shown.text(), shown.attributes["class"]) == ("dead", "Dead", "mark attention")
    commands = await operator.command("deliveries", "list", "--endpoint", "picky", "--status", "dead")
    assert {one["status"] for one in commands} == {"dead"}
    results = {one["result"] for one in await operator.items("endpoints/picky/attempts")}
    assert {"dead"} < results <= set(AttemptResult)


async def test_a_source_has_one_word_everywhere_and_labels_of_metrics_are_states(operator: Operator) -> None:
    commands = await operator.command("sources", "list")
    assert {one["id"]: one["health"] for one in commands}.items() >= SOURCES.items()
    shown = marks(await operator.page("/admin/sources"), "sources")
    assert shown.items() >= on_pages(SOURCES).items()
    for name, state in SOURCES.items():
        mark = (await operator.page(f"/admin/sources/{name}")).css(".standing .mark")[0]
        assert (mark.text(), mark.attributes["class"]) == on_pages({name: state})[name]
    samples = await operator.metrics()
    troubled = {name: state for name, state in SOURCES.items() if state is not SourceStanding.OK}
    assert standings(samples, "source").items() >= troubled.items()
    labels: dict[tuple[str, str], set[str]] = {}
    for sample in samples:
        for label in {"result", "standing"} & sample.labels.keys():
            labels.setdefault((sample.name, label), set()).add(sample.labels[label])
    assert {"ok", "failed"} <= labels["syndicator_rounds_total", "result"] <= set(RoundStatus)
    assert labels["syndicator_deliveries_total", "result"] <= set(AttemptResult)
    assert labels["syndicator_sources", "standing"] == set(SourceStanding)
    assert set(UNDELIVERED) <= set(DeliveryStatus)
    pending = labels["syndicator_deliveries_pending", "standing"]
    assert pending == {TraceStatus.IN_LOG, *UNDELIVERED}
    told = json.loads(await operator.get("/readyz"))
    faults = (await operator.page("/admin/")).css(".faults .mark")
    assert (told["status"], {part["status"] for part in told["parts"].values()}) == ("ready", {"ready"})
    assert faults == []
