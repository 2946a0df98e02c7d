"""Whom our hub asks and tells: subscribers are strangers, and reach nothing that partners may have."""

from collections.abc import Sequence

import pytest
from egress.raw_server import egress_on, reply, saying, serving
from support import NOON

from syndicator.errors import EgressError
from syndicator.model.hub import Confirmed, Mode, PendingRequest, Protocol, Refused, TopicName
from syndicator.push.hub import notify, ping, verify, verify_rsscloud
from syndicator.rules.hub.subscribers import new_subscriber

LOOPBACK = ["127.0.0.1"]


async def confirmed(callbacks: Sequence[str], subscribers: Sequence[str]) -> tuple[object, int]:
    async with (
        serving(saying(reply(b"fine"))) as reader,
        egress_on(callbacks=callbacks, subscribers=subscribers) as egress,
    ):
        outcome = await verify_rsscloud(
            egress, reader.url("/"), "https://x.example/feed", by_challenge=False, timeout_s=5, now=NOON
        )
        return outcome, reader.connections


async def test_a_subscriber_at_an_address_that_partners_may_have_is_refused() -> None:
    assert await confirmed(LOOPBACK, []) == (Refused(reason="blocked"), 0)
    outcome, connections = await confirmed([], LOOPBACK)
    assert (type(outcome), connections) == (Confirmed, 1)


async def test_it_is_neither_asked_back_nor_told() -> None:
    asked = PendingRequest(mode=Mode.SUBSCRIBE, topic_url="https://x.example/feed", lease_s=60, at=NOON)
    async with serving(saying(reply(b"fine"))) as reader, egress_on(*LOOPBACK, callbacks=LOOPBACK) as egress:
        outcome = await verify(egress, reader.url("/"), asked, timeout_s=5, now=NOON)
        assert outcome == Refused(reason="blocked")
        known = new_subscriber(Protocol.RSSCLOUD, TopicName("latest.rss"), reader.url("/"))
        with pytest.raises(EgressError, match="blocked"):
            await notify(egress, known, "https://x.example/feed", timeout_s=5)
        assert reader.connections == 0
        await ping(egress, known, "https://x.example/feed", timeout_s=5)
        assert reader.connections == 1, "a hub of others is what the configuration names"
