"""Traces of the program: from the request of a source to the delivery at a partner, at a real collector."""

import json
import os
import re
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.utils import format_datetime
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from e2e.conftest import Program, Start
from otlp_collector import CollectedSpan, Collector, Value, collecting
from support import answering, until

from syndicator.model.clock import system_clock
from syndicator.sample.server import SAMPLE_SECRET

pytestmark = pytest.mark.timeout(180)

TITLES = ("Jembatan baru dibuka", "Panen raya di lembah")


@dataclass
class Outside:
    """A portal with two articles, and a partner; what both were sent is kept."""

    url: str = ""
    partner_status: int = 204
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def pushed(self) -> list[str]:
        """The ids of the events that the partner was sent, in order."""
        return [headers["webhook-id"] for path, headers in self.asked if path == "/hook"]

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append((request.path, {name.lower(): value for name, value in request.headers.items()}))
        if request.path == "/hook":
            return web.Response(status=self.partner_status)
        if request.path != "/rss":
            return web.Response(status=404)
        at = format_datetime(system_clock())
        items = "".join(
            f"<item><title>{title}</title><link>{self.url}/{number}</link><pubDate>{at}</pubDate>"
            f"<description>{title}, kata wali kota pada hari Senin.</description></item>"
            for number, title in enumerate(TITLES)
        )
        channel = f"<channel><title>Kota</title><link>{self.url}</link><description/>{items}</channel>"
        return web.Response(text=f'<rss version="2.0">{channel}</rss>', content_type="application/rss+xml")


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    played = Outside()
    async with answering(played.answer) as played.url:
        yield played


@pytest.fixture
def config(tmp_path: Path, outside: Outside) -> Path:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "all.toml").write_text(
        f"""
[server]
port = 0
ops_port = 0
[store]
data_dir = "{tmp_path / "data"}"
[egress]
allow = ["127.0.0.0/8"]
allow_callbacks = ["127.0.0.0/8"]
[source.kota]
title = "Kota"
kind = "feed"
url = "{outside.url}/rss?api_key=geheim"
schedule = {{ every = "1h" }}
announce_age = "90d"
[feed.latest]
title = "Terbaru"
[endpoint.partner]
url = "{outside.url}/hook"
secret = "{SAMPLE_SECRET}"
retry = {{ delays = ["1s", "1s", "1s", "1s", "1s", "1s", "1s", "1s", "1s", "1s"] }}
""",
        "utf-8",
    )
    return folder


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as opened:
        yield opened


async def delivered(collector: Collector) -> list[CollectedSpan]:
    """Wait for one successful attempt of each article; return them."""

    def attempts() -> list[CollectedSpan]:
        return [span for span in collector.named("delivery attempt") if not span.has_failed]

    return await until(attempts, lambda found: len(found) >= len(TITLES))


def logged(program: Program, event: str) -> list[str]:
    return [str(each.get("trace_id")) for each in program.events if each["event"] == event]


async def test_a_trace_goes_from_the_request_of_a_source_to_the_delivery_at_a_partner(
    start: Start, config: Path, outside: Outside, collector: Collector
) -> None:
    program = await start(config, "run", environment=collector.environment())
    url = await program.ready()
    attempts = await delivered(collector)
    (round_,) = await until(lambda: collector.named("source round", source="kota"))
    (request,) = collector.named("GET", **{"server.address": "127.0.0.1"})
    (parse,) = collector.named("parse", source="kota")
    (admission,) = collector.named("admission", source="kota")
    assert {span.trace_id for span in (request, parse, admission)} == {round_.trace_id}
    assert (round_.parent, round_.values["new"], round_.has_failed) == ("", 2, False)
    assert (request.kind, request.values["http.response.status_code"]) == ("client", 200)
    assert request.values["url.full"] == f"{outside.url}/rss?api_key=[hidden]"
    assert parse.parent == admission.parent == round_.span_id

    roots = {str(span.values["article"]): span for span in collector.named("article admitted")}
    assert len(roots) == len(TITLES)
    for article, root in roots.items():
        assert (root.parent, root.values["source"], root.values["verdict"]) == ("", "kota", "new")
        assert root.links == (admission.place,)
        assert root.place in admission.links
        (attempt,) = [span for span in attempts if span.values["article"] == article]
        (assigned,) = collector.named("article assigned", article=article)
        (fanned_out,) = collector.named("event fanned out", article=article, deliveries=1)
        for span in (assigned, fanned_out, attempt):
            assert (span.trace_id, span.parent) == root.place
        assert (attempt.values["endpoint"], attempt.values["attempt"]) == ("partner", 1)
        assert attempt.values["event"] == fanned_out.values["event"] == root.values["event"]
        assert attempt.values["event"] in outside.pushed
        (push,) = [span for span in collector.named("POST") if span.parent == attempt.span_id]
        assert push.values["http.response.status_code"] == 204
        assert "url.full" not in push.values, "what a partner is called may be a secret"
    told = await until(lambda: logged(program, "delivery_succeeded"), lambda found: len(found) == len(TITLES))
    assert sorted(told) == sorted(span.trace_id for span in attempts)
    assert await until(lambda: logged(program, "source_gathered")) == [round_.trace_id]

    async with aiohttp.ClientSession() as session, session.get(f"{url}/feeds/latest.json") as answer:
        assert answer.status == 200
    (served,) = await until(lambda: collector.named("GET /feeds/{feed}.{form}"))
    assert (served.kind, served.values["http.response.status_code"]) == ("server", 200)
    assert collector.named("feed rendering", feed="latest")
    assert {span.process["service.name"] for span in collector.spans} == {"syndicator"}
    assert not [name for _, headers in outside.asked for name in headers if name.startswith("trace")]
    assert await program.stop() == 0
    assert program.faults() == []


async def test_attempts_of_later_processes_are_in_the_trace_of_the_article(
    start: Start, config: Path, outside: Outside, collector: Collector
) -> None:
    outside.partner_status = 503
    environment = {**collector.environment(), "OTEL_SERVICE_NAME": "news"}
    program = await start(config, "run", environment=environment)
    failed = await until(lambda: collector.named("delivery attempt", **{"error.type": "http_503"}))
    assert await program.stop() == 0
    outside.partner_status = 204
    await start(config, "run", environment=environment)
    attempts = await delivered(collector)
    roots = {span.trace_id: span for span in collector.named("article admitted")}
    assert failed[0].has_failed
    assert {span.parent for span in (*failed, *attempts)} == {span.span_id for span in roots.values()}
    assert {span.trace_id for span in attempts} == set(roots)
    instances = [{span.process["service.instance.id"] for span in spans} for spans in (failed, attempts)]
    assert len(instances[0] | instances[1]) == 2
    assert {span.process["service.name"] for span in collector.spans} == {"news"}


async def test_every_process_sends_its_own_spans(start: Start, config: Path, collector: Collector) -> None:
    text = (config / "all.toml").read_text("utf-8")
    async with TestServer(web.Application()) as free:
        port = free.make_url("").port
    (config / "all.toml").write_text(
        text.replace("port = 0\nops", f"port = {port}\nprocesses = 2\nops"), "utf-8"
    )
    program = await start(config, "run", environment=collector.environment())
    url = await program.ready()

    async def servers() -> set[Value]:
        async with aiohttp.ClientSession() as session, session.get(f"{url}/feeds/latest.json") as answer:
            assert answer.status == 200
        return {span.process["service.instance.id"] for span in collector.named("GET /feeds/{feed}.{form}")}

    await until(servers, lambda found: len(found) == 2)
    assert await program.stop() == 0
    assert program.faults() == []


async def test_what_a_sampler_leaves_out_is_not_sent_and_all_else_goes_on(
    start: Start, config: Path, outside: Outside, collector: Collector
) -> None:
    sampler = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"}
    program = await start(config, "run", environment={**collector.environment(), **sampler})
    await until(lambda: len(outside.pushed) == len(TITLES))
    await until(lambda: len(logged(program, "delivery_succeeded")) == len(TITLES))
    assert await program.stop() == 0
    assert set(logged(program, "delivery_succeeded")) == {"None"}
    assert collector.requests == 0


async def test_a_collector_that_never_answers_stops_nothing(
    start: Start, config: Path, outside: Outside
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # takes connections, and never says a word
        environment = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{deaf.getsockname()[1]}",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "600",
            "OTEL_BSP_SCHEDULE_DELAY": "50",
        }
        program = await start(config, "run", environment=environment)
        url = await program.ready()
        await until(lambda: len(outside.pushed) == len(TITLES))
        async with aiohttp.ClientSession() as session, session.get(f"{url}/feeds/latest.json") as answer:
            assert len(json.loads(await answer.text())["items"]) == len(TITLES)
        assert await program.stop() == 0, "it does not wait for the time-out of ten minutes"
        assert program.faults() == []


async def test_a_collector_that_is_away_is_told_of_once(
    start: Start, config: Path, outside: Outside, collector: Collector
) -> None:
    collector.status = 400
    program = await start(config, "run", environment=collector.environment())
    url = await program.ready()
    await until(lambda: logged(program, "traces_not_sent"))
    async with aiohttp.ClientSession() as session:

        async def requests() -> int:
            async with session.get(f"{url}/feeds.opml"):
                return collector.requests

        await until(requests, lambda sent: sent >= 5)
        collector.status = 200
        await until(requests, lambda _: logged(program, "traces_sent_again"))
    assert await program.stop() == 0
    (warning,) = [event for event in program.events if event["event"] == "traces_not_sent"]
    assert re.search("400|Bad Request", warning["reason"])
    assert warning["collector"] == collector.url
    assert program.faults() == []


async def test_without_the_extra_all_works_and_a_line_says_what_is_missing(
    start: Start, config: Path, outside: Outside, collector: Collector, tmp_path: Path
) -> None:
    missing = tmp_path / "missing" / "opentelemetry"
    missing.mkdir(parents=True)
    (missing / "__init__.py").write_text("raise ModuleNotFoundError(name='opentelemetry')", "utf-8")
    environment = {
        **collector.environment(),
        "PYTHONPATH": os.pathsep.join([str(missing.parent), os.environ.get("PYTHONPATH", "")]),
    }
    program = await start(config, "run", environment=environment)
    url = await program.ready()
    await until(lambda: len(outside.pushed) == len(TITLES))
    async with aiohttp.ClientSession() as session, session.get(f"{url}/feeds/latest.rss") as answer:
        assert answer.status == 200
    assert await program.stop() == 0
    (warning,) = [event for event in program.events if event["event"] == "traces_unavailable"]
    assert warning["remedy"] == "pip install 'syndicator[otel]'"
    assert program.faults() == []
    assert collector.requests == 0
