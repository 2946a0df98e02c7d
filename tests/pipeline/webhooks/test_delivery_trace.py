"""Why an article did not reach a partner: one test for each reason, with real endpoints."""

from datetime import timedelta

import pytest
from msgspec.structs import replace
from pipeline.feeds.test_publisher import admit
from pipeline.stories.test_copies_and_stories import FIRE, telling, text
from pipeline.stories.test_copies_and_stories import admit as admit_told
from pipeline.test_endpoint_directory import C, registered
from pipeline.webhooks.test_delivery import A, Partner, config, deliver, partner
from support import candidate, forget_events

from syndicator.model.article import WithdrawnBy
from syndicator.model.clock import system_clock
from syndicator.model.ids import EndpointId
from syndicator.pipeline.articles.admission import Admitter
from syndicator.pipeline.webhooks.delivery_trace import EndpointTrace
from syndicator.pipeline.webhooks.endpoint_views import OPERATOR
from syndicator.rules.sources.announcement import Announcing
from syndicator.rules.webhooks.circuit import FAILURES_TO_OPEN
from syndicator.service import Service

__all__ = ["partner"]  # a fixture

LEASE = timedelta(seconds=30)


@pytest.fixture(autouse=True)
def _now(partner: Partner) -> None:
    partner.clock.now = system_clock()  # attempts are logged by the time of Redis


def url(number: int) -> str:
    return f"https://city.example/read/{number}/berita"


async def traced(service: Service, number: int = 1, endpoint: EndpointId = A) -> EndpointTrace:
    found = await service.article_tracer.trace(url(number))
    assert found is not None
    return next(one for one in found.endpoints if one.endpoint == endpoint)


async def fan_out(service: Service) -> None:
    await service.deliver_step.event_fan_out.run()


async def test_it_was_delivered_at_the_third_attempt(partner: Partner) -> None:
    partner.statuses = [503, 500, 202]
    async with partner.service_of(config(partner)) as service:
        await admit(service, 1)
        for _ in range(3):
            await deliver(service)
            partner.clock.advance(120)
        found = await traced(service)
    (delivery,) = found.deliveries
    assert (found.status, found.reason, delivery.attempts) == ("delivered", "202", 3)
    assert found.why.startswith("article.created was delivered at ")
    assert found.why.endswith(", at attempt 3 (HTTP 202).")


async def test_it_failed_and_is_tried_again(partner: Partner) -> None:
    partner.statuses = [503]
    async with partner.service_of(config(partner)) as service:
        await admit(service, 1)
        await deliver(service)
        found = await traced(service)
        assert (found.status, found.reason) == ("delayed", "retry")
        assert found.why.startswith(
            "article.created waits: 1 attempt failed, the last with http_503; next at "
        )
        assert found.next_at is not None
        assert found.next_at > partner.clock()
        assert found.at == (await service.store.events.after("", 1))[0].event.at, "it waits since then"


async def test_it_waits_because_the_circuit_is_open(partner: Partner) -> None:
    partner.statuses = [503] * FAILURES_TO_OPEN
    async with partner.service_of(config(partner, more="max_in_flight = 1")) as service:
        await admit(service, *range(1, 8))
        await deliver(service)
        held = (await service.store.endpoints.state(A)).held_until
        assert held is not None
        waiting = [await traced(service, number) for number in range(1, 8)]
    assert {one.reason for one in waiting} == {"failing"}
    assert {one.deliveries[0].attempts for one in waiting} == {0, 1}
    (untried, *_) = [one for one in waiting if not one.deliveries[0].attempts]
    assert untried.next_at == held
    assert "5 attempts failed in a row, so the circuit is open and nothing is sent before" in untried.why


async def test_it_waits_because_the_receiver_asked_for_rest(partner: Partner) -> None:
    partner.statuses, partner.headers = [429], {"Retry-After": "600"}
    async with partner.service_of(config(partner)) as service:
        await admit(service, 1)
        await deliver(service)
        await admit(service, 2)
        await fan_out(service)
        found = await traced(service, 2)
    assert (found.status, found.reason) == ("ready", "rest")
    assert "asked for rest until" in found.why


async def test_it_waits_because_the_endpoint_is_paused(partner: Partner) -> None:
    async with partner.service_of(config(partner)) as service:
        await service.store.endpoints.pause(A, "moving house", partner.clock())
        await admit(service, 1)
        await deliver(service)
        found = await traced(service)
    assert (found.status, found.reason, found.next_at) == ("ready", "paused", None)
    assert "the endpoint is paused since" in found.why
    assert found.why.endswith("(moving house); `syndicator endpoints resume a` sends it.")


async def test_it_waits_because_the_endpoint_disabled_itself(partner: Partner) -> None:
    partner.statuses = [410]
    async with partner.service_of(config(partner)) as service:
        await admit(service, 1)
        await deliver(service)
        await admit(service, 2)
        await deliver(service)
        first, second = await traced(service, 1), await traced(service, 2)
    assert (first.status, first.reason) == ("dead", "gone")
    assert (second.status, second.reason) == ("ready", "disabled")


async def test_it_waits_because_of_the_rate_of_the_endpoint(partner: Partner) -> None:
    async with partner.service_of(config(partner, more='rate = "1/m"')) as service:
        await admit(service, 1, 2)
        await deliver(service)
        first, second = sorted(
            [await traced(service, 1), await traced(service, 2)], key=lambda one: one.status
        )
        assert (first.status, second.status, second.reason) == ("delivered", "ready", "rate_limit")
        assert second.next_at is not None
        assert second.next_at - partner.clock() == pytest.approx(
            timedelta(minutes=1), abs=timedelta(seconds=1)
        )
        assert "its rate of 1/m lets the next one go at" in second.why


async def test_it_waits_for_its_digest(partner: Partner) -> None:
    async with partner.service_of(config(partner, more='digest = { items = 3, every = "10m" }')) as service:
        await admit(service, 1)
        await deliver(service)
        found = await traced(service)
    assert (found.status, found.reason) == ("delayed", "digest")
    assert found.next_at is not None


async def test_it_waits_because_deliveries_to_many_who_fetch_are_spread(partner: Partner) -> None:
    many = "".join(config(partner, name=f"e{number:02}", more='payload = "thin"') for number in range(30))
    async with partner.service_of(many) as service:
        await admit(service, 1)
        await fan_out(service)
        found = await service.article_tracer.trace(url(1))
        assert found is not None
    assert {(one.status, one.reason) for one in found.endpoints} <= {
        ("delayed", "spread"),
        ("ready", "no_worker"),
    }
    assert "spread" in {one.reason for one in found.endpoints}


async def test_it_waits_for_a_worker(partner: Partner) -> None:
    async with partner.service_of(config(partner)) as service:
        await admit(service, 1)
        before = await traced(service)
        await fan_out(service)
        found = await traced(service)
    assert (before.status, before.reason) == ("in_outbox", "no_worker")
    assert (found.status, found.reason) == ("ready", "no_worker")
    assert "no worker has taken it" in found.why


async def test_it_is_being_sent_and_others_wait_behind_it(partner: Partner) -> None:
    async with partner.service_of(config(partner, more="max_in_flight = 1")) as service:
        await admit(service, 1)
        await fan_out(service)
        (leased,) = (await service.store.deliveries.claim(partner.clock(), LEASE, 1)).leased
        await admit(service, 2)
        await admit(service, 1, title="Diralat")
        await fan_out(service)
        first, second = await traced(service, 1), await traced(service, 2)
    updated, created = first.deliveries
    assert (created.event, created.status, created.reason) == (
        leased.delivery.event.id,
        "in_flight",
        "sending",
    )
    assert (updated.type, updated.status, updated.reason) == ("article.updated", "delayed", "behind")
    assert (first.reason, second.reason) == ("behind", "slots"), "of the article, the newest revision counts"


async def test_it_waits_because_no_process_has_the_endpoint_configured(partner: Partner) -> None:
    async with partner.service_of(config(partner)) as service:
        await admit(service, 1)
        await fan_out(service)
    partner.clock.advance(1200)
    async with partner.service_of("") as service:
        found = await traced(service)
    assert (found.status, found.reason) == ("ready", "orphaned")
    assert "no running process has [endpoint.a] configured" in found.why


async def test_it_was_given_up(partner: Partner) -> None:
    partner.statuses, partner.headers = [422], {"webhook-delivery": "abort-message"}
    async with partner.service_of(config(partner)) as service:
        await admit(service, 1)
        await deliver(service)
        found = await traced(service)
    (delivery,) = found.deliveries
    assert (found.status, found.reason, delivery.attempts) == ("dead", "refused:http_422", 1)
    assert f"`syndicator deliveries resend a {delivery.event}` sends it again" in found.why


async def test_it_was_superseded_by_its_withdrawal(partner: Partner) -> None:
    async with partner.service_of(config(partner, more='events = ["article.created"]')) as service:
        await service.store.endpoints.pause(A, "x", partner.clock())
        await admit(service, 1)
        await fan_out(service)
        (name,) = await service.store.articles.shown_since(partner.clock() - LEASE)
        await service.withdrawer.withdraw(name, WithdrawnBy.OPERATOR, "atas permintaan")
        await fan_out(service)
        found = await traced(service)
    assert found.status == "superseded"
    assert found.why.startswith("article.created was not sent: at ")
    assert found.why.endswith(", article.withdrawn of revision 2 took its place.")
    withdrawn = found.deliveries[0]
    assert (withdrawn.type, withdrawn.status, withdrawn.reason) == (
        "article.withdrawn",
        "not_wanted",
        "events",
    )


async def test_a_newer_revision_went_in_its_place(partner: Partner) -> None:
    async with partner.service_of(config(partner)) as service:
        await service.store.endpoints.pause(A, "x", partner.clock())
        await admit(service, 1)
        await fan_out(service)
        partner.clock.advance(5)
        await admit(service, 1, title="Diralat")
        await fan_out(service)
        await service.store.endpoints.resume(A, partner.clock())
        await deliver(service)
        found = await traced(service)
    assert [(one.type, one.status) for one in found.deliveries] == [
        ("article.updated", "delivered"),
        ("article.created", "superseded"),
    ]
    assert found.status == "delivered"


async def test_a_copy_of_its_text_was_sent(partner: Partner) -> None:
    async with partner.service_of(config(partner)) as service:
        (original,) = await admit_told(service.store, partner.clock, telling(1, "wire", FIRE, text(1)))
        partner.clock.advance(60)
        (copy,) = await admit_told(service.store, partner.clock, telling(2, "city", FIRE, text(1)))
        await deliver(service)
        trace = await service.article_tracer.trace(copy)
    assert trace is not None
    (found,) = trace.endpoints
    assert (found.status, found.reason) == ("copy_sent", "copy_sent")
    assert found.why.endswith(f"the endpoint was sent the same text before, as article {original}.")
    assert trace.story.copy_of == original


@pytest.mark.parametrize(
    ("setting", "reason", "words"),
    [
        ('events = ["article.withdrawn"]', "events", "the endpoint asks for article.withdrawn (events)"),
        (
            'filter = { section = ["olahraga"] }',
            "filter.section",
            "filter.section takes olahraga, the article has Transportasi",
        ),
        ('filter = { tag = ["banjir"] }', "filter.tag", "filter.tag takes banjir, the article has none"),
        ('filter = { language = ["en"] }', "filter.language", "filter.language takes en, the article has id"),
        ('filter = { author = ["sari"] }', "filter.author", "filter.author takes sari, the article has none"),
        ('filter = { source = ["idle"] }', "filter.source", "filter.source takes idle, the article has city"),
        (
            'filter = { query = "jembatan" }',
            "filter.query",
            'filter.query "jembatan" does not find the article',
        ),
    ],
)
async def test_a_setting_of_the_endpoint_refuses_it(
    partner: Partner, setting: str, reason: str, words: str
) -> None:
    async with partner.service_of(config(partner, more=setting)) as service:
        await admit(service, 1)
        await deliver(service)
        found = await traced(service)
    assert (found.status, found.reason) == ("not_wanted", reason)
    assert found.why == f"article.created is not sent: {words}."


async def test_a_configured_endpoint_was_added_later(partner: Partner) -> None:
    async with partner.service_of(config(partner)) as service:
        await admit(service, 1)
        await deliver(service)
    partner.clock.advance(3600)
    async with partner.service_of(config(partner) + config(partner, name="b")) as service:
        found = await traced(service, endpoint=EndpointId("b"))
        assert (found.status, found.reason) == ("added_later", "added_later")
        assert "`syndicator endpoints backfill b` sends what was published before" in found.why
        assert (await traced(service)).status == "delivered"
        assert await service.registration.backfill(OPERATOR, EndpointId("b"), articles=5) == 1
        await deliver(service)
        again = await traced(service, endpoint=EndpointId("b"))
    assert [one.status for one in again.deliveries] == ["delivered", "added_later"]
    assert again.status == "delivered"


async def test_its_address_was_not_verified_or_only_later(partner: Partner) -> None:
    async with partner.service_of("") as service:
        await service.store.endpoints.register(registered(partner))
        await admit(service, 1)
        await deliver(service)
        found = await traced(service, endpoint=C)
        assert (found.status, found.reason) == ("unverified", "unverified")
        assert found.why.endswith("its address is not verified; `syndicator endpoints verify ep_c`.")
        partner.clock.advance(60)
        known = await service.store.endpoints.registration(C)
        assert known is not None
        await service.store.endpoints.change(replace(known, verified_at=partner.clock()))
        later = await traced(service, endpoint=C)
        assert later.status == "unverified"
        assert "its address was verified at" in later.why
        # Its address changes: events wait until the new one is proven.
        known = await service.store.endpoints.registration(C)
        assert known is not None
        await service.store.endpoints.change(replace(known, verified_at=None, has_moved=True))
        await admit(service, 2)
        await deliver(service)
        moved = await traced(service, 2, endpoint=C)
    assert (moved.status, moved.reason) == ("ready", "unverified")


async def test_it_was_set_aside_because_it_could_not_be_read(partner: Partner) -> None:
    async with partner.service_of(config(partner)) as service:
        await admit(service, 1)
        pending = await service.store.outbox.pending(10)
        assert await service.store.outbox.set_aside(pending.cursor, pending.entries)
        found = await traced(service)
    assert (found.status, found.reason) == ("set_aside", "unreadable")
    assert "see `syndicator doctor`" in found.why


async def test_it_was_too_old_to_be_announced(partner: Partner) -> None:
    async with partner.service_of(config(partner)) as service:
        announcing = Announcing(since=partner.clock())
        admitter = Admitter(service.store.articles, (), partner.clock)
        await admitter.admit([candidate(1)], backfill=True, announcing=announcing)
        await deliver(service)
        found = await traced(service)
    assert (found.status, found.deliveries) == ("not_announced", ())
    assert "too old when it was admitted (announce_age)" in found.why


async def test_it_was_dropped_while_the_endpoint_rested(partner: Partner) -> None:
    async with partner.service_of(config(partner)) as service:
        await service.store.endpoints.pause(A, "x", partner.clock())
        await admit(service, 1)
        await fan_out(service)
        assert await service.store.deliveries.shed(A, partner.clock() + LEASE) == 1
        found = await traced(service)
    assert (found.status, found.reason) == ("not_recorded", "dropped")


async def test_nothing_is_recorded_of_it_any_more(partner: Partner) -> None:
    async with partner.service_of(config(partner)) as service:
        await admit(service, 1)
        await deliver(service)
        await service.store.connection.call("DEL", service.store.attempts._keys.attempts(A))
        found = await traced(service)
        assert (found.status, found.reason) == ("not_recorded", "not_recorded")
        keys = service.store.events._keys
        await forget_events(service.store)
        await service.store.connection.call("DEL", keys.events_log())
        forgotten = await traced(service)
    assert forgotten.why == "No event of the article is kept: events are kept for 30 days."
