"""The operators' page of deliveries: what waits, dead deliveries and why, replays."""

from datetime import timedelta

import pytest
from selectolax.lexbor import LexborHTMLParser, LexborNode
from support import NOON, ManualClock
from web.trouble import open_troubled_world
from web.web_world import OPS, Client, World, client_of, story

from syndicator.model.delivery import Endpoint, Secret
from syndicator.model.ids import EndpointId, EventId, ReplayId
from syndicator.model.replay import Replay
from syndicator.store.store import Store

ENGLISH = {"Accept": "text/html", "Accept-Language": "en"}
STUCK = EndpointId("stuck")


@pytest.fixture
async def world(store: Store, clock: ManualClock) -> World:
    return await open_troubled_world(store, clock)


async def page(operator: Client, path: str = "/admin/deliveries") -> LexborHTMLParser:
    answer = await operator.get(path, ENGLISH)
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert "token=hidden" not in answer.text, "paths and queries of webhooks are often secrets"
    return LexborHTMLParser(answer.body)


def rows(table: LexborNode) -> list[list[str]]:
    return [[" ".join(cell.text().split()) for cell in row.css("th, td")] for row in table.css("tbody tr")]


async def test_a_dead_delivery_stands_there_with_its_reason(operator: Client) -> None:
    endpoints, dead = (await page(operator)).css("table")
    assert [(row[0], row[1], row[4:]) for row in rows(endpoints)] == [
        ("quiet quiet.example", "Active", ["0", "0", "0", "0", "0"]),
        ("stuck stuck.example", "Degraded 1 delivery is dead Last failure: It answered with status 410",
         ["0", "0", "0", "1", "0"]),
    ]  # fmt: skip
    ((event, endpoint, reason, attempts, dead_since),) = rows(dead)
    assert event == f"{story(1).title} article.created evt_1"
    assert (endpoint, reason, attempts, dead_since) == (
        "stuck", "It answered with status 410 http_410", "1", "5 Nov 2026, 19:00",
    )  # fmt: skip


async def test_one_endpoint_is_shown_alone_and_how_it_rests(world: World, operator: Client) -> None:
    await world.store.endpoints.disable(STUCK, "gone", NOON)
    table, _ = (await page(operator, "/admin/deliveries?endpoint=stuck")).css("table")
    assert [row[:2] for row in rows(table)] == [
        ["stuck stuck.example", "Disabled gone Last failure: It answered with status 410"]
    ]
    quiet = await page(operator, "/admin/deliveries?endpoint=quiet")
    assert "No delivery is dead." in quiet.body.text()  # type: ignore[union-attr]
    assert (await operator.get("/admin/deliveries?endpoint=none", ENGLISH)).status == 404


async def test_a_delivery_that_is_due_has_no_next_try_in_the_past(
    world: World, operator: Client, clock: ManualClock
) -> None:
    await world.store.requeuing.requeue(STUCK, [(await _dead(world))], NOON)
    clock.now = NOON + timedelta(minutes=3)
    shown = await page(operator, "/admin/endpoints/stuck/deliveries/evt_1")
    steps = [one.text() for one in shown.css(".timeline h3")]
    assert steps[-1] == "Due since then. The page of the endpoint says what holds it."


async def test_what_is_due_tells_since_when_and_replays_how_far_they_are(
    world: World, operator: Client, clock: ManualClock
) -> None:
    await world.store.requeuing.requeue(STUCK, [(await _dead(world))], NOON)
    replay = Replay(
        id=ReplayId("rpl_1"), endpoint=STUCK, owner="koran", created_at=NOON, per_s=10,
        begin="0-0", end="1000-0", place="250-0", queued=1200, reason="the endpoint is paused",
    )  # fmt: skip
    await world.store.replays.add(replay, NOON)
    clock.now = NOON + timedelta(minutes=3)
    endpoints, replays = (await page(operator)).css("table")
    assert rows(endpoints)[1][3:5] == ["5 Nov 2026, 19:00 3 min ago", "1"]
    assert rows(replays) == [
        ["stuck rpl_1", "Running the endpoint is paused", "25 %", "1,200", "5 Nov 2026, 19:00"]
    ]


async def _dead(world: World) -> EventId:
    (one,) = await world.store.backlog.list(STUCK, 5, NOON)
    return one.delivery.event.id


async def test_very_many_endpoints_are_listed_in_pieces_the_worst_on_the_overview(
    store: Store, clock: ManualClock
) -> None:
    names = [EndpointId(f"partner-{number:03}") for number in range(400)]
    endpoints = [
        Endpoint(id=name, url=f"https://{name}.example/in", secrets=(Secret("whsec_x"),)) for name in names
    ]
    world = World(store, clock, endpoints=endpoints)
    (article,) = await world.admit(story(1))
    await store.endpoints.disable(names[333], "gone", NOON)
    async with client_of(world.ops_app(), OPS) as operator:
        for path, heading in (("/admin/deliveries", "endpoints"), (f"/admin/articles/{article}", "partners")):
            listed: list[str] = []
            following: str | None = path
            while following is not None:
                piece = await page(operator, following)
                assert len(piece.html or "") < 300_000
                (section,) = piece.css(f"section[aria-labelledby={heading}]")
                listed += [row[0].split()[0] for row in rows(section)]
                more = section.css("p.and-more a")
                following = f"{path}{more[0].attributes['href']}" if more else None
            assert listed == names
        overview = await page(operator, "/admin/")
        (section,) = overview.css("section[aria-labelledby=endpoints]")
        assert [row[0].split()[0] for row in rows(section)] == [names[333], *names[:19]]
        assert section.css("p.and-more")[0].text().strip() == "and 380 more"
