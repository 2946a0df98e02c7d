"""What a collector of traces sees of our hub."""

import pytest
from otlp_collector import collecting, recording
from pipeline.own_hub_world import World, reader, world

__all__ = ["reader", "world"]  # fixtures


async def test_verifications_and_distributions_are_spans_with_their_requests(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with collecting() as collector:
        async with recording(collector, monkeypatch):
            await world.subscribe()
            await world.publish(2)
        (subscriber,) = await world.subscribers()
    (verification,) = collector.named("hub verification", subscriber=subscriber.id, result="verified")
    (distribution,) = collector.named("hub distribution", subscriber=subscriber.id, feed="latest.rss")
    assert distribution.values["result"] == "delivered"
    assert [span.trace_id for span in collector.named("GET")] == [verification.trace_id]
    assert [span.parent for span in collector.named("POST")] == [distribution.span_id]
    assert collector.named("feed rendering", feed="latest", format="rss")
