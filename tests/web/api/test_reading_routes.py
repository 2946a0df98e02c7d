"""What operators ask by program: everything that explains a source or an article, and no secret."""

from datetime import timedelta

import pytest
from msgspec.structs import replace
from support import ManualClock, candidate
from web.web_world import Client, World, source

from syndicator.model.ops.states import RoundStatus
from syndicator.model.source import SourceState
from syndicator.model.sources.round_history import RoundLine, RoundLog
from syndicator.rules.sources.round_history import with_round
from syndicator.store.lease_owners import new_token
from syndicator.store.store import Store

LEASE = timedelta(seconds=15)


@pytest.fixture
def world(store: Store, clock: ManualClock) -> World:
    private = replace(
        source("kota", "Berita Kota"),
        headers={"Authorization": "Bearer very-private"},
        proxy="http://me:very-private@proxy.example:3128",
    )
    return World(store, clock, sources=(private,))


async def test_a_source_tells_why_it_is_due(operator: Client, world: World) -> None:
    token = new_token()
    name = world.sources[0].id
    await world.store.sources.enlist([name], [], world.clock())
    assert await world.store.sources.lease(name, token, world.clock(), LEASE)
    state = SourceState(
        due_because="every 5m, but the feed asks for 1 h (ttl)", last_success_at=world.clock()
    )
    await world.store.sources.settle(name, token, state)
    told = (await operator.get("/api/v1/sources/kota")).json
    assert told["state"]["due_because"] == "every 5m, but the feed asks for 1 h (ttl)"
    assert told["health"]["kind"] == "ok"
    assert (await operator.get("/api/v1/sources")).json["items"] == [told]


async def test_the_rounds_of_a_source_are_listed_and_its_earlier_hours(
    operator: Client, world: World
) -> None:
    name, log, lease = world.sources[0].id, RoundLog(), timedelta(days=1)
    await world.store.sources.enlist([name], [], world.clock())
    for number in range(200):
        token, line = new_token(), RoundLine(began_at=world.clock(), status=RoundStatus.OK, new=number % 2)
        log = with_round(log, line)
        assert await world.store.sources.lease(name, token, world.clock(), lease)
        assert await world.store.sources.settle(name, token, SourceState(log=log), line=line)
        world.clock.advance(120)
    path = "/api/v1/sources/kota/history?limit=100"
    first = (await operator.get(path)).json
    second = (await operator.get(f"{path}&cursor={first['next']}")).json
    items = first["items"] + second["items"]
    assert (len(first["items"]), second["next"]) == (100, None)
    assert [one["span"] for one in items] == ["round"] * 150 + ["hour"] * 2
    assert items[0]["began_at"] == "2026-11-05T18:38:00Z"
    assert [(one["began_at"], one["rounds"], one["new"]) for one in items[150:]] == [
        ("2026-11-05T13:00:00Z", 30, 15),
        ("2026-11-05T12:00:00Z", 30, 15),
    ]
    assert (await operator.get(f"{path}&cursor=x")).status == 400
    assert (await operator.get("/api/v1/sources/nobody/history")).status == 404


async def test_secrets_are_not_told(operator: Client) -> None:
    answer = await operator.get("/api/v1/sources/kota")
    assert answer.json["source"]["headers"] == {"Authorization": "[hidden]"}
    assert answer.json["source"]["proxy"] == "http://[hidden]@proxy.example:3128"
    assert b"very-private" not in answer.body


async def test_an_article_tells_its_provenance_and_who_carries_it(operator: Client, world: World) -> None:
    (article,) = await world.admit(candidate(1, source="kota"))
    told = (await operator.get(f"/api/v1/articles/{article}")).json
    assert {window: score["total"] for window, score in told["popularity"].items()} == dict.fromkeys(
        ("1h", "24h", "7d", "all"), 0
    )
    assert told["article"]["provenance"]["source"] == "kota"
    assert list(told["carried"]) == ["kota"]


async def test_revisions_are_listed_and_compared(operator: Client, world: World) -> None:
    (article,) = await world.admit(candidate(1, source="kota"))
    world.clock.advance(600)
    await world.admit(candidate(1, source="kota", body_html="<p>Isi kabar nomor 7.</p>"))
    path = f"/api/v1/articles/{article}/revisions"
    listed = (await operator.get(path)).json["items"]
    assert [(one["revision"], bool(one["change"])) for one in listed] == [(2, True), (1, False)]
    assert listed[0]["change"]["size"] == "major"
    second = (await operator.get(f"{path}/2")).json
    assert second["before"] == 1
    (field,) = second["diff"]["fields"]
    assert field["field"] == "body"
    assert {piece["kind"] for piece in field["pieces"]} == {"same", "removed", "added"}
    first = (await operator.get(f"{path}/1")).json
    assert (first["before"], first["diff"]) == (None, None)
    assert first["article"]["body_html"] == "<p>Isi berita nomor 1.</p>"
    assert (await operator.get(f"{path}/3")).status == 404


async def test_an_article_is_withdrawn_and_restored(operator: Client, world: World) -> None:
    (article,) = await world.admit(candidate(1, source="kota"))
    path, headers = f"/api/v1/articles/{article}", {"Content-Type": "application/json"}
    answer = await operator.post(f"{path}/withdraw", b'{"reason": "atas permintaan"}', headers)
    assert (answer.status, answer.json["revision"]) == (200, 2)
    assert (await operator.get(path)).status == 404
    assert (await operator.post(f"{path}/withdraw", b'{"reason": "x"}', headers)).status == 404
    (told,) = (await operator.get("/api/v1/withdrawals")).json["items"]
    assert (told["id"], told["by"], told["reason"]) == (article, "operator", "atas permintaan")
    answer = await operator.post(f"{path}/restore", b"", headers)
    assert (answer.status, answer.json["revision"]) == (200, 3)
    assert (await operator.get(path)).status == 200
    assert (await operator.post(f"{path}/restore", b"", headers)).status == 404


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b'{"reason": "x"}', {"Content-Type": "text/plain"}, 415),
        (b'{"reason": " "}', {"Content-Type": "application/json"}, 400),
        (b"", {"Content-Type": "application/json"}, 400),
        (b"{", {"Content-Type": "application/json"}, 400),
        (b'{"why": "x"}', {"Content-Type": "application/json"}, 400),
    ],
)
async def test_nothing_is_withdrawn_by_a_form_or_without_a_reason(
    operator: Client, world: World, body: bytes, headers: dict[str, str], status: int
) -> None:
    (article,) = await world.admit(candidate(1, source="kota"))
    answer = await operator.post(f"/api/v1/articles/{article}/withdraw", body, headers)
    assert answer.status == status
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert (await operator.get(f"/api/v1/articles/{article}")).status == 200


@pytest.mark.parametrize(
    "path", ["/api/v1/sources/nope", "/api/v1/articles/nope", "/api/v1/articles/nope/revisions"]
)
async def test_what_is_not_there_is_a_problem(operator: Client, path: str) -> None:
    answer = await operator.get(path)
    assert answer.status == 404
    assert answer.headers["Content-Type"].startswith("application/problem+json")
