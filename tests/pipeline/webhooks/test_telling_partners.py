"""Partners are told a text once: by the first who has it, of those that they asked for and were told of."""

import json
from datetime import timedelta

from msgspec.structs import replace
from pipeline.conftest import OpenService
from pipeline.stories.test_copies_and_stories import FIRE, admit, admitter, telling, text
from pipeline.webhooks.test_delivery import Partner, config, deliver, partner
from support import NOON, ManualClock

from syndicator.model.article import Candidate
from syndicator.rules.sources.announcement import Announcing
from syndicator.service import Service

__all__ = ["partner"]


def copy(number: int, source: str) -> Candidate:
    return telling(number, source, FIRE, text(1))


async def told(service: Service, partner: Partner) -> list[tuple[str, str]]:
    await deliver(service)
    events = [json.loads(body) for _, body in partner.received]
    return [(event["type"], event["data"]["article"]["source"]) for event in events]


async def test_a_text_is_told_once(partner: Partner, service_of: OpenService, clock: ManualClock) -> None:
    async with service_of(config(partner)) as service:
        for number, source in enumerate(("wire", "city", "post")):
            await admit(service.store, clock, copy(number, source))
            clock.advance(60)
        assert await told(service, partner) == [("article.created", "wire")]
        longer = telling(1, "city", FIRE, f"{text(1)} {text(2, 3)}")
        await admit(service.store, clock, longer)
        assert len(await told(service, partner)) == 1, "nor is a copy's later revision"


async def test_of_copies_of_what_an_endpoint_does_not_have_it_is_told_the_first(partner: Partner) -> None:
    wanted = 'filter = { section = ["olahraga"] }'
    async with partner.service_of(config(partner, more=wanted)) as service:
        for number, source in enumerate(("wire", "city", "post")):
            section = "Kota" if source == "wire" else "Olahraga"
            await admit(service.store, partner.clock, replace(copy(number, source), section=section))
            partner.clock.advance(60)
        assert await told(service, partner) == [("article.created", "city")]


async def test_a_copy_of_what_was_too_old_to_be_told_is_told(partner: Partner) -> None:
    async with partner.service_of(config(partner)) as service:
        archived = replace(copy(1, "wire"), published_at=NOON - timedelta(days=2))
        await admitter(service.store, partner.clock).admit(
            [archived], backfill=True, announcing=Announcing(since=NOON)
        )
        partner.clock.advance(4000)
        await admit(service.store, partner.clock, copy(2, "city"))
        partner.clock.advance(60)
        await admit(service.store, partner.clock, copy(3, "post"))
        assert await told(service, partner) == [("article.created", "city")]


async def test_what_was_told_before_its_original_was_found_is_told_on(partner: Partner) -> None:
    async with partner.service_of(config(partner)) as service:
        for number, source, hours in ((1, "city", 4), (2, "wire", 6)):
            one = replace(copy(number, source), published_at=NOON - timedelta(hours=hours))
            await admitter(service.store, partner.clock).admit([one], backfill=True)
            await told(service, partner)
            partner.clock.advance(5)
        await admit(service.store, partner.clock, telling(1, "city", f"{FIRE} (diralat)", text(1)))
        assert (await told(service, partner))[-1] == ("article.updated", "city")


async def test_of_first_rounds_that_bring_one_text_the_first_publisher_is_told(partner: Partner) -> None:
    async with partner.service_of(config(partner)) as service:
        for number, source, hours in ((1, "city", 4), (2, "wire", 6)):
            one = replace(copy(number, source), published_at=NOON - timedelta(hours=hours))
            await admitter(service.store, partner.clock).admit([one], backfill=True)
            partner.clock.advance(5)
        assert await told(service, partner) == [("article.created", "wire")]


async def test_who_asked_for_corrections_alone_gets_those_of_copies(partner: Partner) -> None:
    async with partner.service_of(config(partner, more='events = ["article.updated"]')) as service:
        for number, source in ((1, "wire"), (2, "city")):
            await admit(service.store, partner.clock, copy(number, source))
            partner.clock.advance(60)
        await admit(service.store, partner.clock, telling(2, "city", f"{FIRE} (diralat)", text(1)))
        assert await told(service, partner) == [("article.updated", "city")]
