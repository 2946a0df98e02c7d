"""A source that has another id now: nothing is told again, and nothing is lost."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from itertools import chain

import pytest
from msgspec.structs import replace
from pipeline.conftest import OpenService, Portal
from pipeline.rounds.test_feed_round import gather, rss
from pipeline.webhooks.test_delivery import SECRET
from support import ManualClock

from syndicator.errors import StoreError
from syndicator.model.article import WithdrawnBy
from syndicator.model.delivery import Endpoint, Secret
from syndicator.model.endpoint import Registration
from syndicator.model.feed import Filter
from syndicator.model.ids import ArticleId, EndpointId, FeedId, SourceId
from syndicator.model.subscription import Grant
from syndicator.pipeline.websub.callbacks import Open
from syndicator.service import Service
from syndicator.store.connection import Transaction
from syndicator.web.http.query_parameters import called_now

OLD, NEW = SourceId("city"), SourceId("kota")
LATEST = FeedId("latest")


def config(portal: Portal, source: str, *, more: str = "") -> str:
    return (
        f'[source.{source}]\ntitle = "Kota"\nkind = "feed"\nurl = "{portal.url}/rss"\n'
        f'schedule = {{ every = "5m" }}\n{more}\n'
        f'[feed.latest]\ntitle = "Terbaru"\nfilter = {{ source = "{source}" }}\n'
    )


def renamed(portal: Portal) -> str:
    return config(portal, "kota", more='former_ids = ["city"]')


async def shown(service: Service) -> dict[str, ArticleId]:
    snapshot = await service.publisher.snapshot(LATEST)
    assert {entry.origin.id for entry in snapshot.entries} <= {NEW}
    return {entry.article.title: entry.article.id for entry in snapshot.entries}


async def fill(portal: Portal, service_of: OpenService, clock: ManualClock) -> dict[str, ArticleId]:
    """Gather five articles, one changed and one withdrawn; give the ids of those that are shown."""
    portal.documents["/rss"] = rss(1, 2, 3, 4, 5)
    portal.etags["/rss"] = '"five"'
    async with service_of(config(portal, "city")) as service:
        await service.sync_configuration()
        await gather(service)
        clock.advance(300)
        portal.documents["/rss"] = rss(1, 2, 3, 4, 5, edited=1)
        portal.etags["/rss"] = '"edited"'
        await gather(service)
        snapshot = await service.publisher.snapshot(LATEST)
        ids = {entry.article.title: entry.article.id for entry in snapshot.entries}
        gone = ids.pop("Berita 5")
        assert await service.withdrawer.withdraw(gone, WithdrawnBy.OPERATOR, "atas permintaan")
        return dict(ids)


async def test_all_of_it_goes_on_under_the_new_id(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    ids = await fill(portal, service_of, clock)
    async with service_of(renamed(portal), synced=False) as service:
        told = await service.store.outbox.waiting()
        await service.sync_configuration()
        assert await shown(service) == ids
        assert await gather(service) == []  # it is due when it was due before
        clock.advance(300)
        (round_,) = await gather(service)
        assert (round_.source, round_.status) == (NEW, "unchanged")  # by the validators of the former id
        del portal.etags["/rss"]
        portal.documents["/rss"] = rss(1, 2, 3, 4, 5, 6, edited=1)
        clock.advance(300)
        (round_,) = await gather(service)
        assert (round_.round.new, round_.round.changed, round_.round.unchanged) == (1, 0, 5)
        found = await shown(service)
        assert found.pop("Berita 6")
        assert found == ids
        assert told + 1 == await service.store.outbox.waiting()


async def test_its_guids_are_known_under_the_new_id_and_after_the_former_is_told_no_more(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    ids = await fill(portal, service_of, clock)
    del portal.etags["/rss"]
    for place, text in enumerate((renamed(portal), config(portal, "kota"))):
        async with service_of(text) as service:
            await service.sync_configuration()
            clock.advance(300)
            moved = rss(1, 2, 3, 4, 5, edited=1).replace("city.example/", f"city.example/{place}/baca/")
            portal.documents["/rss"] = moved
            (round_,) = await gather(service)
            assert (round_.status, round_.round.new) == ("ok", 0)
            assert (await shown(service)).items() == ids.items()


async def test_what_was_withdrawn_stays_so_and_is_put_back_under_the_new_id(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    await fill(portal, service_of, clock)
    async with service_of(renamed(portal)) as service:
        await service.sync_configuration()
        (gone,) = await service.store.withdrawals.newest(0)
        assert gone.article.source == NEW
        await service.withdrawer.restore(gone.article.id)
        assert "Berita 5" in await shown(service)
        changed = next(one for title, one in (await shown(service)).items() if "ralat" in title)
        (earlier,) = await service.store.articles.kept_revisions(changed)
        assert earlier.source == NEW


async def test_workers_that_start_at_one_moment_do_it_once(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    ids = await fill(portal, service_of, clock)
    unsynced = [service_of(renamed(portal), synced=False) for _ in range(2)]
    async with unsynced[0] as one, unsynced[1] as other:
        await asyncio.gather(one.sync_configuration(), other.sync_configuration(), one.sync_configuration())
        assert await shown(one) == ids == await shown(other)
        clock.advance(300)
        rounds = await asyncio.gather(gather(one), gather(other))
        assert [(each.source, each.status) for each in chain(*rounds)] == [(NEW, "unchanged")]


@pytest.mark.parametrize("steps", [0, 1, 2, 4, 6, 7])
async def test_what_was_cut_off_in_the_middle_is_gone_on_with(
    portal: Portal,
    service_of: OpenService,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
    steps: int,
) -> None:
    ids = await fill(portal, service_of, clock)
    async with service_of(renamed(portal), synced=False) as service:
        commit, left = service.store.connection.commit, iter(range(steps))

        async def cut_off(units: Sequence[Transaction], *, replicated: bool = False) -> list[bool]:
            if next(left, None) is None:
                raise StoreError("killed")
            return await commit(units, replicated=replicated)

        monkeypatch.setattr(service.store.connection, "commit", cut_off)
        with pytest.raises(StoreError, match="killed"):
            await service.sync_configuration()
    async with service_of(renamed(portal)) as service:
        await service.sync_configuration()
        assert await shown(service) == ids
        clock.advance(300)
        (round_,) = await gather(service)
        assert (round_.source, round_.status) == (NEW, "unchanged")


async def test_what_asks_by_a_former_id_is_answered_by_the_new_one(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    await fill(portal, service_of, clock)
    async with service_of(renamed(portal)) as service:
        await service.sync_configuration()
        known = service.publisher.sources
        assert called_now(Filter(source=(OLD, NEW)), known).source == (NEW,)
        endpoint = Endpoint(
            id=EndpointId("ep_c"),
            url="https://partner.example/",
            secrets=(Secret(SECRET),),
            filter=Filter(source=(OLD,)),
        )
        await service.store.endpoints.register(
            Registration(endpoint=endpoint, owner="tok_1", created_at=clock())
        )
        await service.endpoints.reload()
        assert service.endpoints.listed[endpoint.id].endpoint.filter.source == (NEW,)


async def test_hubs_push_to_the_address_that_they_were_given_under_the_former_id(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    site = '[site]\npublic_url = "https://news.example"\n'
    grant = Grant(
        hub="https://hub.example/",
        topic=f"{portal.url}/rss",
        callback="https://news.example/websub/city/abc",
        callback_id="abc",
        secret="of the hub",
        requested_at=clock(),
        verified_at=clock(),
        lease_ends_at=clock() + timedelta(days=1),
    )
    async with service_of(site + config(portal, "city")) as service:
        await service.sync_configuration()
        await service.store.subscriptions.update(OLD, lambda sub: replace(sub, active=grant))
    async with service_of(site + renamed(portal)) as service:
        await service.sync_configuration()
        opened = await service.hub_callbacks.open(OLD, "abc")
        assert isinstance(opened, Open)
        assert (opened.source, opened.grant) == (NEW, grant)
        assert await service.hub_callbacks.open(NEW, "abc") == opened
