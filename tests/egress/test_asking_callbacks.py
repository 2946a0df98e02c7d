"""Callbacks are asked and posted to as they are spelled, and reached only where callbacks may be."""

import pytest
from egress.raw_server import egress_on, reply, saying, serving, silent
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from syndicator.egress.answers import MAX_ANSWER_BYTES
from syndicator.egress.redirect_chain import parse_exactly, parse_url
from syndicator.errors import EgressError

SPELLINGS = [
    "/a%2Fb/../c?x=%3D%26&y=[1]",
    "/%7Eb?a+b=%20&hub.topic=https%3A%2F%2Fx%2F",
    "/x?",
    "/ü?ü=ü",
    "?only=1",
]


@pytest.mark.parametrize("spelled", SPELLINGS)
async def test_path_and_query_are_sent_as_they_are_spelled(spelled: str) -> None:
    sent = spelled if spelled.startswith("/") else f"/{spelled}"
    if not spelled.isascii():
        sent = "/%C3%BC?%C3%BC=%C3%BC"
    async with serving(saying(reply(b"yes"))) as server, egress_on(subscribers=["127.0.0.1"]) as egress:
        url = server.url("").rstrip("/") + spelled
        await egress.ask_subscriber(url)
        await egress.post_to_subscriber(url, body=b"x", headers={})
    assert [one.method for one in server.asked] == ["GET", "POST"]
    assert {one.path for one in server.asked} == {sent.removesuffix("?")}


@pytest.mark.parametrize("status", [301, 307, 308, 404, 500])
async def test_asking_follows_no_redirect(status: int) -> None:
    script = saying(reply(b"no", status=status, headers=[("Location", "/elsewhere")]))
    async with serving(script) as server, egress_on(subscribers=["127.0.0.1"]) as egress:
        answer = await egress.ask_subscriber(server.url("/cb"))
    assert (answer.status, len(server.asked)) == (status, 1)


async def test_of_a_long_answer_only_the_beginning_is_heard() -> None:
    async with (
        serving(saying(reply(b"x" * 500_000))) as server,
        egress_on(subscribers=["127.0.0.1"]) as egress,
    ):
        assert len((await egress.ask_subscriber(server.url())).body) == MAX_ANSWER_BYTES


async def test_what_sources_may_reach_is_not_for_callbacks() -> None:
    async with serving(saying(reply(b"yes"))) as server, egress_on("127.0.0.1") as egress:
        with pytest.raises(EgressError) as raised:
            await egress.ask_subscriber(server.url())
    assert raised.value.reason == "blocked"
    assert server.asked == []


async def test_asking_ends_in_time() -> None:
    async with serving(silent()) as server, egress_on(subscribers=["127.0.0.1"]) as egress:
        with pytest.raises(EgressError) as raised:
            await egress.ask_subscriber(server.url(), timeout_s=0.2)
    assert raised.value.reason == "timeout"


@given(rest=st.text(st.characters(codec="ascii"), max_size=40))
def test_an_exact_address_leads_where_the_usual_one_does(rest: str) -> None:
    for url in (f"http://a.example/{rest}", f"http://a.example{rest}", f"http://{rest}"):
        try:
            usual = parse_url(url)
        except EgressError:
            with pytest.raises(EgressError):
                parse_exactly(url)
            continue
        exact = parse_exactly(url)
        assert (exact.scheme, exact.raw_authority) == (usual.scheme, usual.raw_authority)
        assert exact.raw_path.startswith("/")
        line = exact.raw_path_qs
        assert line.isascii()
        assert not any(char <= " " or char == "\x7f" for char in line)
        assert URL(str(exact), encoded=True).raw_authority == usual.raw_authority
