"""The audit log over the API: what was changed by a token, with the token's id."""

from web.api.test_story_routes import AS_JSON, two
from web.web_world import Client, World

from syndicator.model.ids import TokenId
from syndicator.model.token import Token, TokenScope
from syndicator.pipeline.ops.api_tokens import new_token


async def entries(operator: Client) -> list[tuple[str, str, str]]:
    items = (await operator.get("/api/v1/audit")).json["items"]
    return [(one["who"], one["what"], one["name"]) for one in items]


async def test_what_a_token_changes_stands_in_the_log(world: World, operator: Client) -> None:
    made = new_token(Token(id=TokenId("night-shift"), scopes=(TokenScope.ADMIN,)), world.clock())
    await world.access.keep(made)
    first, second = await two(world)
    headers = AS_JSON | {"Authorization": f"Bearer {made.value}"}
    split = await operator.send("POST", f"/api/v1/stories/{second}/split", headers)
    assert split.status == 200
    joined = f'{{"with": "{first}"}}'.encode()
    assert (await operator.send("POST", f"/api/v1/stories/{second}/join", headers, joined)).status == 200
    reason = b'{"reason": "asked to"}'
    path = f"/api/v1/articles/{first}"
    assert (await operator.send("POST", f"{path}/withdraw", headers, reason)).status == 200
    assert (await operator.send("POST", f"{path}/restore", headers)).status == 200
    assert (await operator.send("DELETE", "/api/v1/tokens/night-shift", AS_JSON)).status == 200
    assert await entries(operator) == [
        ("operators", "token.revoked", "night-shift"),
        ("night-shift", "article.restored", first),
        ("night-shift", "article.withdrawn", first),
        ("night-shift", "story.joined", second),
        ("night-shift", "story.split", second),
        ("service", "token.added", "night-shift"),
    ]
    (entry,) = (await operator.get("/api/v1/audit?limit=1")).json["items"]
    assert entry["before"]["scopes"] == ["admin"]
    assert made.value not in str(entry)


async def test_what_is_refused_does_not_stand_in_the_log(world: World, operator: Client) -> None:
    first, _ = await two(world)
    await operator.send("POST", f"/api/v1/stories/{first}/join", AS_JSON, b'{"with": "nowhere"}')
    await operator.send("DELETE", "/api/v1/tokens/nobody", AS_JSON)
    assert await entries(operator) == []


async def test_the_list_goes_on_where_it_ended(world: World, operator: Client) -> None:
    for number in range(3):
        await world.store.audit.append("source.paused", str(number))
    first = (await operator.get("/api/v1/audit?limit=2")).json
    rest = (await operator.get(f"/api/v1/audit?limit=2&cursor={first['next']}")).json
    assert [one["name"] for one in (*first["items"], *rest["items"])] == ["2", "1", "0"]
    assert rest["next"] is None
    refused = await operator.get("/api/v1/audit?cursor=yesterday")
    assert refused.status == 400


async def test_partners_do_not_see_it(world: World, operator: Client) -> None:
    made = new_token(Token(id=TokenId("koran"), scopes=(TokenScope.PARTNER,)), world.clock())
    await world.access.keep(made)
    answer = await operator.get("/api/v1/audit", {"Authorization": f"Bearer {made.value}"})
    assert answer.status == 403
