"""What a source's own headers may say, and who hears it."""

import pytest
from egress.raw_server import egress_on, reply, saying, serving


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Cookie", "session=1; region=id"),
        ("cookie", "session=1"),
        ("Authorization", "Bearer token"),
        ("Authorization", "Basic YW5uOnNlY3JldA=="),
        ("X-Api-Key", "key"),
    ],
)
async def test_a_sources_own_headers_arrive_as_written(name: str, value: str) -> None:
    async with serving(saying(reply(b"x"))) as server, egress_on("127.0.0.1") as egress:
        await egress.fetch(server.url(), headers={name: value})
        await egress.fetch(server.url())
    assert server.asked[0].headers[name.lower()] == value
    assert server.asked[0].times(name.lower()) == 1
    assert name.lower() not in server.asked[1].headers


async def test_a_cookie_of_ours_is_not_mixed_with_those_of_answers() -> None:
    script = saying(reply(headers=[("Set-Cookie", "session=theirs; Path=/")]))
    async with serving(script) as server, egress_on("127.0.0.1") as egress:
        for _ in range(2):
            await egress.fetch(server.url(), headers={"Cookie": "session=ours"})
    assert [asked.headers["cookie"] for asked in server.asked] == ["session=ours"] * 2
