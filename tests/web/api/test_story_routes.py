"""Stories by program: shown, explained, split, joined."""

import pytest
from support import candidate
from web.web_world import Client, World, client_of

from syndicator.model.ids import ArticleId

FIRE = "Kebakaran Hanguskan Pasar Tambora, Ratusan Pedagang Mengungsi"
AS_JSON = {"Content-Type": "application/json"}


async def two(world: World) -> list[ArticleId]:
    return await world.admit(
        candidate(1, source="kota", title=FIRE, body_html=f"<p>{FIRE}.</p>"),
        candidate(2, source="pelabuhan", title=FIRE, body_html=f"<p>{FIRE} malam ini.</p>"),
    )


async def test_a_story_is_shown_split_and_joined(world: World, operator: Client) -> None:
    first, second = await two(world)
    told = (await operator.get(f"/api/v1/stories/{second}")).json
    assert [one["article"] for one in told["told_by"]] == [first, second]
    why = (await operator.get(f"/api/v1/stories/{first}/explain/{second}")).json
    assert why["together"] is True
    assert "tambora" in why["judged"]["shared_words"]
    left = await operator.send("POST", f"/api/v1/stories/{second}/split", AS_JSON)
    assert (left.status, left.json["id"]) == (200, first)
    assert (await operator.get(f"/api/v1/stories/{second}")).json["id"] == second
    joined = await operator.send(
        "POST", f"/api/v1/stories/{second}/join", AS_JSON, f'{{"with": "{first}"}}'.encode()
    )
    assert len(joined.json["told_by"]) == 2


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        (b"", 400, "with"),
        (b'{"with": 3}', 400, "with"),
        (b'{"with": "x", "and": 1}', 400, "and"),
        (b'{"with": "nowhere"}', 404, "nowhere"),
    ],
)
async def test_what_is_asked_wrongly_is_said(
    world: World, operator: Client, body: bytes, status: int, word: str
) -> None:
    first, _ = await two(world)
    answer = await operator.send("POST", f"/api/v1/stories/{first}/join", AS_JSON, body)
    assert answer.status == status
    assert word in answer.json["detail"]


@pytest.mark.parametrize(
    "headers", [{"Content-Type": "text/plain"}, AS_JSON, AS_JSON | {"Origin": "https://x.example"}]
)
async def test_what_a_page_could_send_is_refused(world: World, headers: dict[str, str]) -> None:
    first, _ = await two(world)
    async with client_of(world.ops_app()) as page:
        answer = await page.send("POST", f"/api/v1/stories/{first}/split", headers)
    assert answer.status == 401
