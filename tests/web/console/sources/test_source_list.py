"""The list of sources: each with its state, its reason and its day, the worst first; found by state and words."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from msgspec.structs import replace
from selectolax.lexbor import LexborHTMLParser, LexborNode
from support import NOON, ManualClock
from web.trouble import SOURCES, open_troubled_world
from web.web_world import OPS, Client, World, client_of, source

from syndicator.model.ops.pause import Pause
from syndicator.model.source import Failure, Round, SourceState
from syndicator.rules.sources.health import health
from syndicator.rules.sources.rests import scope_of
from syndicator.store.store import Store
from syndicator.web.console.sources.source_list import ON_PAGE

ENGLISH = {"Accept": "text/html", "Accept-Language": "en"}


@pytest.fixture
async def world(store: Store, clock: ManualClock) -> World:
    return await open_troubled_world(store, clock)


@pytest.fixture
async def client(world: World) -> AsyncIterator[Client]:
    async with client_of(world.ops_app(), OPS) as opened:
        yield opened


async def page(client: Client, query: str = "") -> LexborHTMLParser:
    answer = await client.get(f"/admin/sources{query}", ENGLISH)
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    return LexborHTMLParser(answer.body)


def rows(table: LexborNode) -> dict[str | None, list[str]]:
    return {
        row.attributes.get("class"): [" ".join(cell.text().split()) for cell in row.css("th, td")]
        for row in table.css("tbody tr")
    }


async def test_the_worst_source_stands_on_top_with_its_reason(client: Client) -> None:
    (sources,) = (await page(client)).css("table")
    told = rows(sources)
    assert list(told) == ["failing", "stuck", "late", "new", "ok"]
    assert told["failing"] == [
        "Failing failing",
        (
            "Failing The last 4 rounds failed It answered with status 503: The portal answered 503. "
            "Behind: 94.3% of 1,340 articles shown within 10 min (objective 95%)"
        ),
        "5 Nov 2026, 19:00 0 s ago",
        "5 Nov 2026, 19:00 failed, 0 s ago",
        "5 Nov 2026, 19:20 in 20 min, backing off after 4 failures",
        "69 rounds, 16 failed, 16 new failed: 16:00–20:00, 11:00–13:00",
    ]
    assert told["ok"] == [
        "Fine fine", "OK One item had no date.", "5 Nov 2026, 19:00 0 s ago",
        "3 new, 1 changed, 2 duplicate, 20 unchanged", "5 Nov 2026, 19:05 in 5 min, every 5m",
        "72 rounds, 0 failed, 28 new",
    ]  # fmt: skip
    assert told["stuck"][1:3] == [
        "Stuck No entry was readable.",
        "5 Nov 2026, 18:59 4 s ago",
    ]
    assert told["stuck"][4] == "5 Nov 2026, 19:00 in 1 s, every 5s"
    assert told["new"][2:] == ["never", "never", "never gathered", "–"]


async def test_the_last_24_hours_are_drawn_and_told_in_words(client: Client) -> None:
    """Failures stand below the line, and in the text: colour alone says nothing."""
    (sources,) = (await page(client)).css("table")
    (row,) = sources.css("tr.failing")
    words = " ".join(row.css("td")[-1].text().split())
    assert words == "69 rounds, 16 failed, 16 new failed: 16:00–20:00, 11:00–13:00"
    bars = {path.attributes["class"]: path.attributes["d"] or "" for path in row.css("svg.strip path")}
    assert {name: path.count("M") for name, path in bars.items()} == {
        "axis": 1, "calm": 23, "news": 7, "bad": 6,
    }  # fmt: skip
    (row,) = sources.css("tr.new")
    assert (row.css("svg"), row.css("td")[-1].text().strip()) == ([], "–")


async def test_each_says_why_and_in_the_words_of_the_commands(world: World, client: Client) -> None:
    (table,) = (await page(client)).css("table")
    assert rows(table)["late"][1] == "Late it has been due for 1 h"
    asked_too_often = SourceState(
        last_success_at=NOON,
        excused=50,
        failure=Failure(reason="http_429", detail="It is asked too often.", at=NOON),
        next_due_at=NOON + timedelta(minutes=60),
    )
    sources = world.store.sources
    pause = Pause(scope=scope_of(SOURCES[0].id), since=NOON)
    await sources.pauses.order([pause])
    resting = SourceState(last_success_at=NOON, paused=True, pause=pause, next_due_at=NOON)
    await sources.claim("me", NOON + timedelta(hours=1), timedelta(minutes=5), 10)
    assert await sources.settle(SOURCES[3].id, "me", asked_too_often)
    assert await sources.settle(SOURCES[0].id, "me", resting)
    (table,) = (await page(client)).css("table")
    told = rows(table)
    assert list(told) == ["failing", "stuck", "late", "new", "paused"]
    assert told["failing"][1] == (
        "Failing The last 50 rounds failed It answered with status 429: It is asked too often."
    )
    assert told["paused"][1] == (
        "Paused paused by an operator; `syndicator sources resume fine` starts it again"
    )
    status = await world.reading.status()
    words = {health(one.source, one.state, NOON).kind.value for one in status.sources}
    assert words == set(told)


async def test_a_single_failure_is_no_row_of_failures(world: World, client: Client) -> None:
    await world.store.sources.claim("me", NOON + timedelta(hours=1), timedelta(minutes=5), 10)
    failure = Failure(reason="dns", detail="", at=NOON)
    assert await world.store.sources.settle(
        SOURCES[3].id, "me", SourceState(failures=1, failure=failure, next_due_at=NOON)
    )
    (sources,) = (await page(client)).css("table")
    assert rows(sources)["failing"][1] == ("Failing The last round failed The host name is not found")
    assert rows(sources)["failing"][2:4] == ["never", "5 Nov 2026, 19:00 failed, 0 s ago"]


async def test_an_unchanged_document_is_called_as_in_the_history(world: World, client: Client) -> None:
    await world.store.sources.claim("me", NOON + timedelta(hours=1), timedelta(minutes=5), 10)
    for one, warnings in ((SOURCES[0], ()), (SOURCES[4], ("No entry was readable.",))):
        state = SourceState(
            last_success_at=NOON, last_round=Round(), next_due_at=NOON, due_because="", warnings=warnings
        )
        assert await world.store.sources.settle(one.id, "me", state)
    found = rows((await page(client)).css("table")[0]).values()
    last = {cells[0].split()[-1]: cells[3] for cells in found}
    assert last["fine"] == "Unchanged"
    assert last["hollow"] == "0 new, 0 changed, 0 duplicate, 0 unchanged", "it was read, and held nothing"


async def test_a_round_that_failed_is_the_last_one_and_not_the_one_that_worked_before(
    world: World, client: Client
) -> None:
    await world.store.sources.claim("me", NOON + timedelta(hours=1), timedelta(minutes=5), 10)
    state = SourceState(
        last_success_at=NOON - timedelta(minutes=5),
        last_round=Round(new=3),
        failures=1,
        failure=Failure(reason="dns", detail="", at=NOON),
        next_due_at=NOON,
    )
    assert await world.store.sources.settle(SOURCES[3].id, "me", state)
    (sources,) = (await page(client)).css("table")
    told = rows(sources)["failing"]
    assert told[2:4] == ["5 Nov 2026, 18:55 5 min ago", "5 Nov 2026, 19:00 failed, 0 s ago"]


async def test_a_source_that_has_stopped_or_gone_quiet_says_why(world: World, client: Client) -> None:
    sources = world.store.sources
    await sources.claim("me", NOON + timedelta(hours=1), timedelta(minutes=5), 10)
    stopped = SourceState(
        last_success_at=NOON,
        stopped="gone for good (http_410)",
        next_due_at=NOON + timedelta(days=365),
    )
    quiet = SourceState(
        first_success_at=NOON - timedelta(days=60),
        last_success_at=NOON,
        last_new_at=NOON - timedelta(days=2),
        rhythm=(2.0,) * 168,
        rhythm_at=NOON,
        next_due_at=NOON + timedelta(minutes=5),
    )
    assert await sources.settle(SOURCES[0].id, "me", stopped)
    assert await sources.settle(SOURCES[4].id, "me", quiet)
    (table,) = (await page(client)).css("table")
    told = rows(table)
    assert list(told) == ["stopped", "failing", "late", "quiet", "new"]
    assert told["stopped"][1] == "Stopped gone for good (http_410)"
    assert told["stopped"][4] == "–"
    assert told["quiet"][1].startswith("Quiet nothing new for 2 d, in which about ")


async def test_very_many_sources_are_shown_page_by_page(store: Store, clock: ManualClock) -> None:
    many = [source(f"portal-{number}", f"Portal {number}") for number in range(ON_PAGE + 30)]
    world = World(store, clock, sources=many)
    await store.sources.enlist([one.id for one in many], [], NOON)
    await store.sources.claim("me", NOON, timedelta(minutes=5), len(many))
    for one in many[-20:]:
        state = SourceState(failures=2, failure=Failure(reason="dns", detail="", at=NOON), next_due_at=NOON)
        assert await store.sources.settle(one.id, "me", state)
    async with client_of(world.ops_app(), OPS) as client:
        first = await page(client)
        assert ids_of(first) == [one.id for one in (*many[-20:], *many[: ON_PAGE - 20])]
        links = {link.text(): str(link.attributes["href"]) for link in first.css("nav.choices a")}
        assert links == {
            "All sources 180": "?", "Failing 20": "?state=failing", "New 160": "?state=new",
        }  # fmt: skip
        (more,) = (link.attributes["href"] for link in first.css("a") if link.text() == "More sources")
        assert more == "?from=new.portal-130"
        rest = await page(client, more)
        assert ids_of(rest) == [one.id for one in many[ON_PAGE - 20 : -20]]
        assert "More sources" not in rest.text()
        assert "There are no more sources." in (await page(client, "?from=ok")).text()
        for query in ("?from=broken", "?state=broken"):
            assert (await client.get(f"/admin/sources{query}", ENGLISH)).status == 400


async def test_sources_are_found_by_state_group_and_words(store: Store, clock: ManualClock) -> None:
    many = [
        replace(
            source(f"portal-{number}", f"Kabar {'Pagi' if number % 2 else 'Sore'} {number}"),
            group="regional" if number < 250 else None,
            url=f"https://{'pagi' if number % 2 else 'sore'}.example/rss?token=rahasia",
        )
        for number in range(500)
    ]
    world = World(store, clock, sources=many)
    await store.sources.enlist([one.id for one in many], [], NOON)
    await store.sources.claim("me", NOON, timedelta(minutes=5), 1)
    failed = SourceState(failures=2, failure=Failure(reason="dns", detail="", at=NOON), next_due_at=NOON)
    assert await store.sources.settle(many[0].id, "me", failed)
    async with client_of(world.ops_app(), OPS) as client:
        assert ids_of(await page(client, "?state=failing")) == ["portal-0"]
        assert ids_of(await page(client, "?q=KABAR+sore.example&group=regional"))[:2] == [
            "portal-0",
            "portal-2",
        ]
        found = await page(client, "?q=pagi")
        assert [one.text() for one in found.css("nav.choices a")] == ["All sources 250", "New 250"]
        (more,) = (link.attributes["href"] for link in found.css("a") if link.text() == "More sources")
        assert more == "?q=pagi&from=new.portal-301"
        assert ids_of(await page(client, more)) == [one.id for one in many[301::2]]
        assert found.css("input[name=q]")[0].attributes["value"] == "pagi"
        assert [one.attributes["value"] for one in found.css("datalist option")] == ["regional"]
        for query in ("?q=rahasia", "?group=none", "?q=%3Cb%3E"):
            nothing = await page(client, query)
            assert "No source matches." in nothing.text()
            assert not nothing.css("table")


def ids_of(whole: LexborHTMLParser) -> list[str]:
    return [one.text() for one in whole.css("table")[0].css("th .id")]
