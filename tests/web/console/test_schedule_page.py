"""The operators' page of simulated schedules: its form, its charts, and what it says of each source."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from msgspec.structs import replace
from selectolax.lexbor import LexborHTMLParser
from support import NOON, ManualClock
from web.trouble import open_troubled_world
from web.web_world import OPS, Client, World, client_of, source

from syndicator.model.ids import SourceId
from syndicator.model.ops.pause import Pause
from syndicator.model.schedule import Calendar, Cron, Every, Holidays
from syndicator.model.source import Source, SourceState
from syndicator.store.store import Store
from syndicator.web.console.schedule_page import ON_PAGE

ENGLISH = {"Accept": "text/html", "Accept-Language": "en"}
NEW_YORK = "America/New_York"
SOURCES = (
    replace(source("kota", "Berita Kota"), group="city", schedule=Every(interval_s=600)),
    replace(
        source("subuh", "Subuh"), schedule=Cron(expression="30 4 * * *", timezone="Asia/Jakarta"),
        timezone="Asia/Jakarta",
    ),
    replace(
        source("york", "York"), schedule=Cron(expression="30 2 * * *", timezone=NEW_YORK), timezone=NEW_YORK,
        calendar=Calendar(timezone=NEW_YORK, holidays=Holidays(country="US")),
    ),
    source("rehat", "Rehat"),
)  # fmt: skip


@pytest.fixture
def world(store: Store, clock: ManualClock) -> World:
    return World(store, clock, sources=SOURCES)


async def page(operator: Client, query: str = "", *, status: int = 200) -> LexborHTMLParser:
    answer = await operator.get(f"/admin/schedule{query}", ENGLISH)
    assert answer.status == status
    assert answer.headers["Cache-Control"] == "no-store"
    assert "style-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "style=" not in answer.text, "the policy refuses it"
    return LexborHTMLParser(answer.body)


def words(text: str) -> str:
    return " ".join(text.split())


def section(whole: LexborHTMLParser, name: str) -> str:
    """Return the words of the part under a heading."""
    (found,) = whole.css(f"section[aria-labelledby={name}]")
    return words(found.text())


def figures(whole: LexborHTMLParser) -> list[str]:
    return [words(one.text(separator=" ")) for one in whole.css(".figures div")]


async def test_it_shows_the_load_by_full_hours_of_the_site(operator: Client, clock: ManualClock) -> None:
    clock.now = NOON.replace(minute=26)
    whole = await page(operator, "?for=24h&source=kota")
    assert figures(whole) == ["Runs 144", "Sources 1", "Most an hour 6", "Most a minute 1"]
    hours = [words(row.text(separator=" ")) for row in whole.css(".more-hours tbody tr")]
    assert hours[:2] == ["Thu 5 Nov, 19:26–20:00 4", "Thu 5 Nov, 20:00–21:00 6"]
    assert hours[-1] == "Fri 6 Nov, 19:00–19:26 2"
    assert "No hour is much busier than the others." in section(whole, "runs")
    bars = whole.css(".hourly path.usual")[0].attributes["d"] or ""
    assert bars.count("M") == 25


async def test_the_busiest_hour_is_marked_in_the_chart_and_said_in_words(
    store: Store, operator: Client
) -> None:
    sources = store.sources
    await sources.enlist([SourceId("subuh")], [], NOON)
    await sources.claim("me", NOON, timedelta(minutes=5), 1)
    due = SourceState(next_due_at=NOON + timedelta(hours=9.5))
    assert await sources.settle(SourceId("subuh"), "me", due)
    whole = await page(operator, "?source=subuh")
    assert "Most runs in an hour: 1, Fri 6 Nov, 04:00–05:00." in section(whole, "runs")
    drawn = {
        str(path.attributes["class"]): path.attributes["d"] or ""
        for path in whole.css(".hourly path.usual, .hourly path.peak")
    }
    assert (drawn["usual"], drawn["peak"].count("M")) == ("", 1)
    assert whole.css(".hourly text.peak")[0].text() == "1"
    (described,) = whole.css(".hourly desc")
    assert words(described.text()) == words(whole.css("figcaption")[0].text())


async def test_the_next_runs_of_a_source_have_its_local_time_and_the_reason(operator: Client) -> None:
    whole = await page(operator, "?source=york&for=31d")
    rows = [
        [words(cell.text()) for cell in row.css("th, td")]
        for row in whole.css("[aria-labelledby=next] tbody tr")
    ]
    assert len(rows) == 10
    assert rows[1] == [
        "6 Nov 2026, 02:30 EST in 19 h, 6 Nov 2026, 14:30 at this site",
        "cron 30 2 * * * in America/New_York (at 02:30)",
    ]
    all_of_them = await page(operator)
    assert "Next runs" in section(all_of_them, "next")
    links = [link.attributes["href"] or "" for link in all_of_them.css("[aria-labelledby=next] a")]
    assert parse_qs(urlsplit(links[0]).query)["source"] == ["kota"]


async def test_moved_clocks_and_holidays_are_told(operator: Client, clock: ManualClock) -> None:
    clock.now = datetime(2027, 3, 12, 12, 0, tzinfo=UTC)
    special = section(await page(operator, "?for=3d"), "special")
    assert "14 Mar 2027, 03:00 EDT Clocks are moved forward by 1 h (America/New_York)" in special
    assert "run at the next time that exists" in special
    told = section(await page(operator, "?for=3d&source=kota&source=subuh"), "runs")
    assert ("Shaded" in told, "dashed line" in told) == (False, False)
    (line,) = (await page(operator, "?for=3d")).css(".hourly path.clocks")
    assert line.attributes["d"] == "M597.2 0V100"
    clock.now = datetime(2027, 7, 4, 12, 0, tzinfo=UTC)
    whole = await page(operator, "?for=3d&source=york")
    assert "Holiday Independence Day: rest" in section(whole, "special")
    assert len(whole.css(".hourly rect.holiday")) == 2
    assert "Shaded are special times" in section(whole, "runs")


async def test_a_paused_source_says_so_with_its_reason_and_end(world: World, operator: Client) -> None:
    ends = NOON + timedelta(days=2)
    await world.store.sources.pauses.order(
        [Pause(scope="source:rehat", since=NOON, until=ends, reason="server pindah")]
    )
    starved = section(await page(operator), "starved")
    assert starved.endswith(
        "rehat Paused until 7 Nov 2026, 19:00: server pindah syndicator sources resume rehat"
    )
    answer = await operator.get("/api/v1/schedule?hours=24")
    (found,) = answer.json["load"]["starved"]
    assert (found["source"], found["kind"], found["pause"]["reason"]) == ("rehat", "paused", "server pindah")
    assert found["because"].startswith("paused by an operator until 2026-11-07 12:00 UTC (server pindah)")
    later = await page(operator, "?for=3d")
    assert "Every source runs as it is configured." in section(later, "starved"), "the pause ends before"


async def test_a_group_is_simulated_alone(world: World, operator: Client) -> None:
    assert "Sources 1" in figures(await page(operator, "?group=city"))
    await world.store.sources.pauses.order([Pause(scope="group:city", since=NOON)])
    whole = await page(operator, "?group=city")
    assert "Paused until it is resumed syndicator sources resume --group city" in section(whole, "starved")
    assert "Nothing runs in this time." in section(whole, "runs")
    assert whole.css("#group")[0].attributes["value"] == "city"


@pytest.mark.parametrize(
    ("query", "field", "fault"),
    [
        ("from=tomorrow", "from", "“tomorrow” is not a time. Write one as in 2027-03-13T06:00"),
        ("from=9999-12-31T23:59:00-14:00", "from", "is not a time"),
        ("from=1999-01-01", "from", "This time is too far away."),
        ("for=soon", "for", "“soon” is not a length of time. Write one as in 90m, 24h or 7d."),
        ("for=0s", "for", "More than nothing and at most 31 days can be simulated."),
        ("for=999999999w", "for", "at most 31 days"),
        ("source=kotta", "source", "No source is called “kotta”. Did you mean “kota”?"),
        ("source=zzzzzz,kota", "source", "No source is called “zzzzzz”."),
        ("group=citty", "group", "No group is called “citty”. Did you mean “city”?"),
        ("group=city&source=york", "group", "The source “york” is not in the group “city”."),
        ("source=%3Cscript%3E", "source", "No source is called “<script>”."),
    ],
)
async def test_a_field_that_cannot_be_used_says_why(
    operator: Client, query: str, field: str, fault: str
) -> None:
    whole = await page(operator, f"?{query}", status=400)
    (told,) = whole.css(".fault")
    assert fault in told.text()
    (marked,) = whole.css("[aria-invalid]")
    assert (marked.attributes["name"], marked.attributes["aria-describedby"]) == (
        field,
        told.attributes["id"],
    )
    assert whole.css("script") == []
    assert len(whole.css("section")) == 0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-11-06T07:30", "2026-11-06T07:30"),
        ("2026-11-06", "2026-11-06T00:00"),
        ("2026-11-06T00:30:00Z", "2026-11-06T07:30"),
        ("2026-11-06T01:30:00+01:00", "2026-11-06T07:30"),
        ("2026-11-06T01:30:00%2B01:00", "2026-11-06T07:30"),
    ],
)
async def test_times_without_an_offset_are_those_of_the_site(operator: Client, text: str, shown: str) -> None:
    whole = await page(operator, f"?from={text}&for=90m")
    assert whole.css("#from")[0].attributes["value"] == shown
    (chosen,) = [one for one in whole.css("#for option") if "selected" in one.attributes]
    assert chosen.attributes["value"] == "90m"
    assert shown[-5:] in section(whole, "runs")


async def test_overview_and_sources_lead_there(store: Store, clock: ManualClock) -> None:
    world = await open_troubled_world(store, clock)
    async with client_of(world.ops_app(), OPS) as operator:
        status = LexborHTMLParser((await operator.get("/admin/", ENGLISH)).body)
        links = [link.attributes["href"] or "" for link in status.css("main a[href^='/admin/schedule']")]
        assert links.count("/admin/schedule") == 1
        listed = LexborHTMLParser((await operator.get("/admin/sources", ENGLISH)).body)
        rows = [link.attributes["href"] or "" for link in listed.css("main a[href^='/admin/schedule']")]
        assert [parse_qs(urlsplit(link).query)["source"] for link in rows] == [
            ["failing"], ["hollow"], ["late"], ["waiting"], ["fine"],
        ]  # fmt: skip
        for link in rows:
            assert "Next runs of" in (await operator.get(link, ENGLISH)).text


async def many(store: Store, number: int) -> Sequence[Source]:
    """Return hourly sources, six of a host, each in a group of its own; pause every tenth."""
    await store.sources.pauses.order(
        [Pause(scope=f"source:s{one}", since=NOON, reason=f"reason {one}") for one in range(0, number, 10)]
    )
    hourly = Cron(expression="0 * * * *", timezone="UTC")
    return [
        replace(
            source(f"s{one}", f"Source {one}"), schedule=hourly, url=f"https://h{one // 6}.example/{one}",
            group=f"g{one}",
        )
        for one in range(number)
    ]  # fmt: skip


async def test_the_page_stays_small_with_very_many_sources(store: Store, clock: ManualClock) -> None:
    clock.now = NOON + timedelta(minutes=30)
    world = World(store, clock, sources=await many(store, 1800))
    async with client_of(world.ops_app(), OPS) as operator:
        answer = await operator.get("/admin/schedule", ENGLISH)
        whole = LexborHTMLParser(answer.body)
        refused = await operator.get("/admin/schedule?for=31d", ENGLISH)
        one_group = await operator.get(f"/admin/schedule?for=31d&group={quote('g7')}", ENGLISH)
    assert len(answer.body) < 40_000
    assert whole.css("datalist") == []
    assert section(whole, "starved").endswith("and 160 more")
    assert len(whole.css("[aria-labelledby=starved] tbody tr")) == ON_PAGE
    assert section(whole, "collisions").endswith("and 280 more")
    assert section(whole, "hosts").endswith("and 290 more")
    assert (refused.status, one_group.status) == (400, 200)
    assert [one.text() for one in whole.css("#for option")] == ["1h"]
    assert "Choose a source or a group for longer times." in answer.text
    assert "Choose a source or a group" not in one_group.text
    assert len(LexborHTMLParser(one_group.body).css("#for option")) == 8
    assert "1800 sources are too many for so long a time." in refused.text
    assert "and 577 more" in one_group.text, "hours of the table"
    assert len(one_group.body) < 80_000
