"""The console's page of tokens."""

from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from selectolax.lexbor import LexborHTMLParser
from web.web_world import OPS, Answer, Client, World, client_of

from syndicator.model.ids import TokenId
from syndicator.model.token import Token, TokenScope
from syndicator.pipeline.ops.api_tokens import new_token

ENGLISH = {"Accept": "text/html", "Accept-Language": "en"}
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"} | ENGLISH


@pytest.fixture
async def operator(world: World) -> AsyncIterator[Client]:
    async with client_of(world.ops_app(), OPS) as opened:
        yield opened


async def send(operator: Client, path: str, fields: list[tuple[str, str]]) -> Answer:
    return await operator.send("POST", path, FORM, urlencode(fields).encode())


async def test_a_token_is_made_shown_once_and_works(world: World, operator: Client) -> None:
    fields = [("id", "koran"), ("scope", "partner"), ("scope", "read"), ("days", "30"), ("description", "K.")]
    answer = await send(operator, "/admin/tokens", fields)
    (value,) = [one.text() for one in LexborHTMLParser(answer.body).css(".made .code")]
    token = await world.access.check(value)
    assert token is not None
    assert token.scopes == (TokenScope.READ, TokenScope.PARTNER)
    assert token.expires == world.clock() + timedelta(days=30)
    page = await operator.get("/admin/tokens", ENGLISH)
    assert value not in page.text
    assert "koran" in page.text


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ([("id", ""), ("scope", "read")], "Small letters, digits and hyphens only"),
        ([("id", "<script>"), ("scope", "read")], "Small letters, digits and hyphens only"),
        ([("id", "a")], "a token without scopes and feeds could do nothing"),
        ([("id", "a"), ("scope", "read"), ("days", "-1")], "Write a number of days"),
        ([("id", "a"), ("scope", "read"), ("owner", "operators")], "take another name"),
        ([("id", "a"), ("scope", "nothing")], "a token without scopes and feeds could do nothing"),
        ([("id", "a"), ("feeds", "none")], "No feed has this name"),
    ],
)
async def test_what_is_wrong_stands_beside_the_form(
    world: World, operator: Client, fields: list[tuple[str, str]], told: str
) -> None:
    answer = await send(operator, "/admin/tokens", fields)
    page = LexborHTMLParser(answer.body)
    assert answer.status == 422
    assert told in " ".join(one.text() for one in page.css("[role=alert]"))
    assert page.css("#id")[0].attributes["value"] == dict(fields)["id"], "what was typed stays"
    assert page.css("script") == []
    assert await world.access.tokens() == []


async def test_a_token_gets_a_new_value_and_is_revoked(world: World, operator: Client) -> None:
    made = new_token(Token(id=TokenId("night"), scopes=(TokenScope.READ,)), world.clock())
    await world.access.keep(made)
    answer = await send(operator, "/admin/tokens/night/rotate", [("overlap_hours", "0")])
    (value,) = [one.text() for one in LexborHTMLParser(answer.body).css(".made .code")]
    assert await world.access.check(made.value) is None
    assert await world.access.check(value) is not None
    done = await send(operator, "/admin/tokens/night/revoke", [])
    assert done.headers["Location"] == "/admin/tokens?note=token_revoked"
    assert await world.access.check(value) is None
    assert (await send(operator, "/admin/tokens/night/revoke", [])).status == 404


async def test_very_many_tokens_come_in_pieces(world: World, operator: Client) -> None:
    for at in range(450):
        wanted = Token(id=TokenId(f"t{at:03}"), scopes=(TokenScope.READ,))
        await world.access.keep(new_token(wanted, world.clock()))
    seen: list[str] = []
    path = "/admin/tokens"
    while path:
        answer = await operator.get(path, ENGLISH)
        assert len(answer.body) < 300_000
        page = LexborHTMLParser(answer.body)
        seen += [one.text().strip() for one in page.css("tbody th")]
        more = page.css(".and-more a")
        path = f"/admin/tokens{more[0].attributes['href']}" if more else ""
    assert seen == [f"t{at:03}" for at in range(450)]
