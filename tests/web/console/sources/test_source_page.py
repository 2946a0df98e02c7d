"""The page of one source, and what its forms do."""

from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from msgspec.structs import replace
from selectolax.lexbor import LexborHTMLParser
from support import NOON, ManualClock
from web.trouble import SOURCES, open_troubled_world
from web.web_world import CITY, OPS, Answer, Client, World, client_of, source, story

from syndicator.model.clock import to_ms
from syndicator.model.ids import SourceId
from syndicator.model.ops.states import BackfillStatus, RoundStatus
from syndicator.model.source import SourceState
from syndicator.model.sources.round_history import RoundLine, RoundLog
from syndicator.observe.actor import acting
from syndicator.pipeline.sources.source_control import Choice
from syndicator.rules.sources.round_history import with_round
from syndicator.store.connection import Command
from syndicator.store.keys.table import Keys
from syndicator.store.sources.round_history import history_writes
from syndicator.store.store import Store
from syndicator.web.console.sources.source_page import ON_PAGE

ENGLISH = {"Accept": "text/html", "Accept-Language": "en"}
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"} | ENGLISH
FINE, FAILING = SourceId("fine"), SourceId("failing")


@pytest.fixture
async def world(store: Store, clock: ManualClock) -> World:
    return await open_troubled_world(store, clock)


@pytest.fixture
async def operator(world: World) -> AsyncIterator[Client]:
    async with client_of(world.ops_app(), OPS) as opened:
        yield opened


async def send(operator: Client, path: str, **fields: object) -> Answer:
    return await operator.send("POST", path, FORM, urlencode(fields).encode())


async def seen(operator: Client, path: str) -> LexborHTMLParser:
    answer = await operator.get(path, ENGLISH)
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    return LexborHTMLParser(answer.body)


def words(page: LexborHTMLParser, selector: str = "main") -> str:
    return " ".join(" ".join(one.text(separator=" ") for one in page.css(selector)).split())


def buttons(page: LexborHTMLParser) -> list[str]:
    return [one.text() for one in page.css("main button")]


async def test_a_failing_source_says_why_what_to_do_and_when_it_is_tried_again(operator: Client) -> None:
    page = await seen(operator, "/admin/sources/failing")
    standing = words(page, ".standing")
    assert standing.startswith(
        "Failing The last 4 rounds failed It answered with status 503: The portal answered 503."
    ), standing
    assert standing.endswith("What to do: the server is in trouble: try again later")
    facts = words(page, ".pairs")
    assert "5 Nov 2026, 19:20 in 20 min, backing off after 4 failures" in facts
    assert "Last success 5 Nov 2026, 19:00 0 s ago Last round 5 Nov 2026, 19:00 failed, 0 s ago" in facts
    assert "95% shown within 10 min 76 of 1,340 articles of 30 days were late" in facts
    assert buttons(page)[0] == "Run now"
    assert (await operator.get("/admin/sources/none", ENGLISH)).status == 404


async def test_addresses_are_links_and_secrets_are_nowhere(store: Store, clock: ManualClock) -> None:
    portal = replace(
        source("portal", "<b>Portal</b>"),
        url="https://portal.example/rss?token=rahasia-sekali",
        headers={"Authorization": "Bearer rahasia-juga"},
        proxy="http://user:rahasia-proxy@proxy.example:3128",
        tags=("<i>satu</i>",),
    )
    world = World(store, clock, sources=[portal])
    async with client_of(world.ops_app(), OPS) as client:
        answer = await client.get("/admin/sources/portal", ENGLISH)
    assert answer.status == 200
    assert "rahasia" not in answer.text
    assert "<i>satu" not in answer.text
    page = LexborHTMLParser(answer.body)
    assert page.css("h1")[0].text() == "<b>Portal</b>"
    (link,) = page.css(".pairs a[rel=noreferrer]")
    assert str(link.attributes["href"]).startswith("https://portal.example/rss?token=")


async def test_its_rounds_are_listed_in_pieces(world: World, operator: Client) -> None:
    log, writes = RoundLog(), list[Command]()
    for number in range(ON_PAGE + 3):
        line = RoundLine(
            began_at=NOON - timedelta(minutes=5 * (ON_PAGE + 3 - number)),
            status=RoundStatus.FAILED if number == 0 else RoundStatus.OK,
            reason="http_404" if number == 0 else None,
            new=number,
            took_ms=180,
        )
        log = with_round(log, line)
        writes += history_writes(Keys(world.store.again.namespace), SourceId("late"), log, line)
    await world.store.connection.batch(writes)
    first = await seen(operator, "/admin/sources/late")
    rows = first.css("#history ~ table tbody tr")
    assert len(rows) == ON_PAGE
    assert rows[0].css("td.count")[0].text() == str(ON_PAGE + 2)
    (more,) = (one.attributes["href"] for one in first.css("a") if one.text() == "Earlier rounds")
    rest = await seen(operator, f"/admin/sources/late{more}".split("#")[0])
    assert len(rest.css("#history ~ table tbody tr")) == 3
    assert words(rest, ".round-failed td:nth-of-type(1)") == "Failed It answered with status 404"
    assert (await operator.get("/admin/sources/late?before=x", ENGLISH)).status == 400


async def test_its_latest_articles_lead_to_their_pages(store: Store, clock: ManualClock) -> None:
    world = World(store, clock)
    (article,) = await world.admit(story(1))
    async with client_of(world.ops_app(), OPS) as client:
        page = await seen(client, f"/admin/sources/{CITY}")
    (link,) = page.css(".lines a")
    assert (link.text(), link.attributes["href"]) == (
        "Kabar <nomor> 1 & lainnya",
        f"/admin/articles/{article}",
    )


async def test_it_is_run_now(world: World, operator: Client) -> None:
    done = await send(operator, "/admin/sources/failing/run")
    assert (done.status, done.headers["Location"]) == (303, "/admin/sources/failing?note=source_run")
    assert (await world.store.sources.state(FAILING)).next_due_at == NOON + timedelta(minutes=20)
    keys = Keys(world.store.again.namespace)
    due_ms = await world.store.connection.call("ZSCORE", keys.sources_due(), FAILING)
    assert float(due_ms) <= to_ms(NOON)
    led = await operator.get(
        done.headers["Location"], ENGLISH | {"Cookie": done.headers["Set-Cookie"].partition(";")[0]}
    )
    assert "as soon as a worker has room" in words(LexborHTMLParser(led.body))


async def test_it_is_paused_with_an_end_and_a_reason_and_resumed(world: World, operator: Client) -> None:
    done = await send(operator, "/admin/sources/fine/pause", until="2026-11-06T06:00", reason="<b>moving")
    assert done.headers["Location"] == "/admin/sources/fine?note=source_paused"
    (pause,) = await world.store.sources.pauses.all(NOON)
    assert (pause.scope, pause.reason, pause.by) == ("source:fine", "<b>moving", "operators")
    assert pause.until is not None
    assert pause.until.isoformat() == "2026-11-05T23:00:00+00:00", "a time of the site's zone"
    page = await seen(operator, "/admin/sources/fine")
    assert words(page, ".standing").startswith(
        "Paused paused by an operator until 2026-11-05 23:00 UTC (<b>moving)"
    )
    assert buttons(page)[0] == "Resume"
    assert "Run now" not in buttons(page)
    done = await send(operator, "/admin/sources/fine/run")
    assert done.headers["Location"].endswith("note=source_rests")
    done = await send(operator, "/admin/sources/fine/resume")
    assert done.headers["Location"].endswith("note=source_resumed")
    assert await world.store.sources.pauses.all(NOON) == []


@pytest.mark.parametrize(
    ("until", "told"),
    [
        ("tomorrow", "This is not a time. Write one as in 2027-03-13T06:00."),
        ("2026-11-01T06:00", "The pause would have ended already: 2026-10-31 23:00 UTC is past."),
    ],
)
async def test_a_time_that_cannot_be_used_stands_beside_its_field(
    world: World, operator: Client, until: str, told: str
) -> None:
    answer = await send(operator, "/admin/sources/fine/pause", until=until, reason="moving")
    assert answer.status == 422
    page = LexborHTMLParser(answer.body)
    (field,) = page.css("[aria-invalid]")
    assert field.attributes["name"] == "until"
    assert field.attributes["value"] == until
    assert page.css("[role=alert]")[0].text() == told
    assert page.css("input[name=reason]")[0].attributes["value"] == "moving", "what was typed is kept"
    assert page.css("details[open]")
    assert await world.store.sources.pauses.all(NOON) == []


async def test_a_pause_of_its_group_is_named_and_resumed_there(store: Store, clock: ManualClock) -> None:
    world = World(store, clock, sources=[replace(source("satu", "Satu"), group="regional")])
    with acting("someone"):
        await world.cases.source_control.pause(Choice(group="regional"), reason="moving")
    async with client_of(world.ops_app(), OPS) as client:
        page = await seen(client, "/admin/sources/satu")
        assert "This pause is of group:regional: resume it there." in words(page)
        assert "Resume" not in buttons(page)
        await send(client, "/admin/sources/satu/pause")
        done = await send(client, "/admin/sources/satu/resume")
        assert done.headers["Location"].endswith("note=source_still_rests")


async def test_one_that_was_stopped_is_asked_again(world: World, operator: Client) -> None:
    await world.store.sources.claim("me", NOON + timedelta(hours=1), timedelta(minutes=5), 10)
    stopped = SourceState(stopped="gone for good (http_410)", next_due_at=NOON + timedelta(days=365))
    assert await world.store.sources.settle(SOURCES[0].id, "me", stopped)
    page = await seen(operator, "/admin/sources/fine")
    assert buttons(page)[0] == "Resume"
    await send(operator, "/admin/sources/fine/resume")
    assert (await world.store.sources.state(FINE)).stopped is None


async def test_older_articles_are_gathered_and_that_is_stopped(world: World, operator: Client) -> None:
    path = "/admin/sources/fine"
    done = await send(
        operator, f"{path}/backfill", since="2026-01-01", articles=300, requests=900, announce="yes"
    )
    assert done.headers["Location"] == f"{path}?note=backfill_begun"
    walk = await world.store.backfills.get(FINE)
    assert walk is not None
    assert (walk.wish.articles, walk.wish.requests, walk.wish.announce) == (300, 900, True)
    assert walk.wish.since is not None
    assert walk.wish.since.isoformat() == "2025-12-31T17:00:00+00:00"
    page = await seen(operator, path)
    assert "Running" in words(page, "#backfill ~ dl")
    assert "0 of at most 300 new articles" in words(page)
    again = await send(operator, f"{path}/backfill", articles=300, requests=900)
    assert again.status == 422
    assert "its past is being gathered already".upper() in again.text.upper()
    done = await send(operator, f"{path}/stop-backfill")
    assert done.headers["Location"] == f"{path}?note=backfill_stopped"
    walk = await world.store.backfills.get(FINE)
    assert walk is not None
    assert walk.status is BackfillStatus.CANCELLED
    assert (await send(operator, f"{path}/stop-backfill")).status == 409


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"articles": 0, "requests": 1}, "articles"),
        ({"articles": 1, "requests": "many"}, "requests"),
        ({"articles": 1, "requests": 1, "since": "yesterday"}, "since"),
    ],
)
async def test_a_number_or_day_that_cannot_be_used_stands_beside_its_field(
    world: World, operator: Client, fields: dict[str, object], wrong: str
) -> None:
    answer = await send(operator, "/admin/sources/fine/backfill", **fields)
    assert answer.status == 422
    assert [one.attributes["name"] for one in LexborHTMLParser(answer.body).css("[aria-invalid]")] == [wrong]
    assert await world.store.backfills.get(FINE) is None
