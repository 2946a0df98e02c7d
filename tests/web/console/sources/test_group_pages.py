"""The console's pages of groups."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace
from selectolax.lexbor import LexborHTMLParser
from support import NOON, ManualClock
from web.trouble import write_day
from web.web_world import OPS, Client, World, client_of, source

from syndicator.model.ids import SourceId
from syndicator.model.schedule import ActiveHours, Blackout, Calendar, Cron, Holidays
from syndicator.model.source import Politeness, SourceScope
from syndicator.pipeline.sources.source_control import Choice, SourceControl
from syndicator.store.sources.request_slots import HoldOff, Wanted
from syndicator.store.store import Store

ENGLISH = {"Accept": "text/html", "Accept-Language": "en"}
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"} | ENGLISH
ODD = "/admin/groups/desa%20%3Cb%3E%20%2F%20kota"
NIGHTS = Calendar(
    timezone="Asia/Jakarta",
    windows=(
        ActiveHours(weekdays=(0, 1, 2, 3, 4), opens=300, closes=1410, text="mon-fri 05:00-23:30"),
        ActiveHours(weekdays=(5,), opens=1320, closes=1560, text="sat 22:00-02:00"),
    ),
    holidays=Holidays(country="ID"),
    blackouts=(
        Blackout(begin=NOON - timedelta(days=9), end=NOON - timedelta(days=8), reason="long over"),
        Blackout(begin=NOON - timedelta(hours=1), end=NOON + timedelta(hours=1), reason="they <move>"),
    ),
)


@pytest.fixture
async def operator(store: Store, clock: ManualClock) -> AsyncIterator[Client]:
    clock.now = NOON
    sources = tuple(
        replace(source(f"s{at}", f"S{at}"), group="kota" if at % 3 else "desa <b> / kota") for at in range(6)
    )
    own = replace(
        sources[1], schedule=Cron(expression="30 6 * * mon-fri", timezone="Asia/Jakarta"), calendar=NIGHTS,
        politeness=Politeness(scope=SourceScope.DOMAIN, max_in_flight=4, per_minute=7.5),
    )  # fmt: skip
    sources = (sources[0], own, *sources[2:])
    await store.sources.enlist([one.id for one in sources], [], clock())
    async with client_of(World(store, clock, sources=sources).ops_app(), OPS) as opened:
        yield opened


async def page_of(operator: Client, path: str) -> LexborHTMLParser:
    answer = await operator.get(path, ENGLISH)
    assert answer.status == 200
    return LexborHTMLParser(answer.body)


def words_of(page: LexborHTMLParser, css: str) -> list[str]:
    return [" ".join(row.text(separator=" ").split()) for row in page.css(css)]


async def rows(operator: Client) -> list[str]:
    return words_of(await page_of(operator, "/admin/groups"), "tbody tr")


async def test_the_list_says_how_each_group_stands_and_when_it_runs(operator: Client) -> None:
    assert await rows(operator) == [
        "desa <b> / kota 2 New 2 Every 5 min Runs Run now Pause",
        "kota 4 New 4 Every 5 min other schedules: 1 Runs Run now Pause",
    ]
    page = await page_of(operator, "/admin/groups")
    links = [one.attributes["href"] for one in page.css("tbody a")]
    assert ODD in links
    assert "/admin/sources?group=kota&state=new" in links
    assert (await operator.get(ODD, ENGLISH)).status == 200


async def test_a_group_shows_schedules_rests_and_limits_in_words(operator: Client) -> None:
    page = await page_of(operator, "/admin/groups/kota")
    assert words_of(page, "section[aria-labelledby=plans] dd") == [
        "Every 5 min",
        (
            "By cron 30 6 * * mon-fri, time of Asia/Jakarta (at 06:30, Monday through Friday) "
            "Only Monday–Friday 05:00–23:30, Saturday 22:00–02:00, time of Asia/Jakarta "
            "Rests on holidays of ID "
            "Now: Blackout: 5 Nov 2026, 18:00 WIB until 5 Nov 2026, 20:00 WIB: they <move>"
        ),
    ]
    assert words_of(page, "section[aria-labelledby=limits] table:first-of-type tbody tr") == [
        "3 sources 2 at most for each host no limit 200 at most",
        "1 source 4 at most for each domain 7.5 at most 200 at most",
    ]


async def test_a_group_shows_what_is_used_of_its_limits(
    operator: Client, store: Store, clock: ManualClock
) -> None:
    wanted = Wanted(scope="host:s2.example:443", token="one", max_in_flight=2)
    ran_out = Wanted(scope="host:s4.example:443", token="two", max_in_flight=2)
    await store.request_slots.exchange(
        [ran_out], now=clock() - timedelta(hours=1), lease=timedelta(minutes=1)
    )
    held = HoldOff(scope="domain:s1.example", until=clock() + timedelta(minutes=9))
    await store.request_slots.exchange([wanted], now=clock(), lease=timedelta(minutes=1), held_off=[held])
    await write_day(store, SourceId("s2"), "....138..1.4.......2...9")
    await write_day(store, SourceId("s4"), "21..36.. ..1..1x!.2.xxxx")
    page = await page_of(operator, "/admin/groups/kota")
    assert words_of(page, "section[aria-labelledby=limits] table:nth-of-type(2) tbody tr") == [
        "s1.example 1 0 of 4 asked to be left alone until 5 Nov 2026, 19:09 WIB 7.5 at most",
        "s2.example:443 1 1 of 2 no limit",
        "s4.example:443 1 0 of 2 no limit",
        "s5.example:443 1 0 of 2 no limit",
    ]
    (used,) = words_of(page, "section[aria-labelledby=limits] dd")
    assert used == "141 rounds, 16 failed, 44 new 0 kB received"


async def test_a_group_is_paused_resumed_and_run(operator: Client, store: Store, clock: ManualClock) -> None:
    done = await operator.send("POST", "/admin/groups/kota/pause", FORM, b"reason=moving&until=")
    assert done.headers["Location"] == "/admin/groups/kota?note=group_paused"
    (pause,) = await store.sources.pauses.all(clock())
    assert (pause.scope, pause.reason, pause.until) == ("group:kota", "moving", None)
    assert (await rows(operator))[1].endswith("Paused until it is resumed moving Resume")
    assert (
        (await operator.send("POST", "/admin/groups/kota/run", FORM))
        .headers["Location"]
        .endswith("group_rests")
    )
    assert (await operator.send("POST", "/admin/groups/kota/resume", FORM)).status == 303
    assert await store.sources.pauses.all(clock()) == []
    done = await operator.send("POST", f"{ODD}/run", FORM)
    assert done.headers["Location"] == f"{ODD}?note=group_run"
    assert (await operator.send("POST", "/admin/groups/none/run", FORM)).status == 404
    assert (await operator.get("/admin/groups/none", ENGLISH)).status == 404
    entries, _ = await store.audit.list(0)
    assert [entry.what for entry in entries] == [
        "source.run",
        "source.resumed",
        "source.run",
        "source.paused",
    ]


async def test_a_pause_ends_at_the_time_that_the_form_names(
    operator: Client, store: Store, clock: ManualClock
) -> None:
    body = b"reason=moving&until=2026-11-06T06:00"
    assert (await operator.send("POST", "/admin/groups/kota/pause", FORM, body)).status == 303
    (pause,) = await store.sources.pauses.all(clock())
    assert pause.until == datetime(2026, 11, 6, 6, tzinfo=ZoneInfo("Asia/Jakarta"))
    page = await page_of(operator, "/admin/groups/kota")
    assert words_of(page, ".standing") == ["Paused until 6 Nov 2026, 06:00 WIB moving Paused 4"]
    assert page.css("#until") == []


@pytest.mark.parametrize(
    ("until", "told"),
    [("2026-11-05T06:00", "the pause would have ended already"), ("soon", "This is not a time")],
)
async def test_an_end_that_cannot_be_stands_beside_its_field(
    operator: Client, store: Store, clock: ManualClock, until: str, told: str
) -> None:
    answer = await operator.send("POST", "/admin/groups/kota/pause", FORM, f"reason=x&until={until}".encode())
    assert answer.status == 422
    page = LexborHTMLParser(answer.body)
    assert told.lower() in page.css("#fault")[0].text().lower()
    assert page.css("#reason")[0].attributes["value"] == "x"
    assert page.css("details[open] #until")
    assert await store.sources.pauses.all(clock()) == []


async def test_a_pause_of_everything_is_told_and_not_lifted_with_that_of_a_group(
    operator: Client, store: Store, clock: ManualClock
) -> None:
    sources = {SourceId("s1"): replace(source("s1", "S1"), group="kota")}
    control = SourceControl(store, sources, clock)
    await control.pause(Choice(all=True), reason="new servers")
    await control.pause(Choice(group="kota"))
    done = await operator.send("POST", "/admin/groups/kota/resume", FORM)
    assert done.headers["Location"].endswith("note=group_still_rests")
    page = await page_of(operator, "/admin/groups/kota")
    assert words_of(page, ".standing")[0].startswith("Paused until it is resumed new servers")
    assert page.css("form[action$='/run']") == []


async def test_a_group_that_was_added_links_to_its_configuration(
    operator: Client, store: Store, clock: ManualClock
) -> None:
    tables = World(store, clock).cases.editing
    await tables.put({"group": {"desa": {"schedule": {"every": "1h"}}}})
    page = await page_of(operator, "/admin/groups/desa")
    assert page.css("a[href='/admin/configuration/group/desa']")
    assert "No source is in this group." in page.css("main")[0].text()
    assert (await rows(operator))[0].startswith("desa 0")
    kota = await page_of(operator, "/admin/groups/kota")
    assert "No file has it now" in kota.css("section.table")[0].text(), "there are no files here"


async def test_a_source_says_when_it_is_gathered_and_links_to_its_group(operator: Client) -> None:
    page = await page_of(operator, "/admin/sources/s1")
    assert "Only Monday–Friday 05:00–23:30" in " ".join(words_of(page, "section[aria-labelledby=facts] dd"))
    assert page.css("a[href='/admin/groups/kota']")
