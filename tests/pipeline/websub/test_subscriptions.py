"""A source's hub is asked, asks back, pushes, stops: with a scripted hub and our real web server."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from msgspec import json
from pipeline.hub_world import CITY, SOURCE, TOPIC, Hub, Subscriber, open_hub, open_subscriber, rss
from support import ManualClock

from syndicator.gather.documents.parser_pool import open_pool
from syndicator.gather.gatherer import Gatherer
from syndicator.model.ids import SourceId
from syndicator.model.source import Round, SourceKind
from syndicator.pipeline.articles.admission import Admitter, tally
from syndicator.store.ops.configured_names import ConfiguredNames
from syndicator.store.store import Store

DAY = 86_400.0


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    async with open_hub() as played:
        yield played


@pytest.fixture
async def ours(store: Store, clock: ManualClock) -> AsyncIterator[Subscriber]:
    async with open_subscriber(store, clock) as subscriber:
        yield subscriber


async def take(ours: Subscriber) -> list[bytes]:
    return [one.body for one in await ours.websub_subscriptions.take_pushed(ours.source)]


# --- asking


async def test_must_send_a_form_with_callback_mode_topic_and_secret(ours: Subscriber, hub: Hub) -> None:
    await ours.reads(hub.url)
    (report,) = await ours.work()
    assert (report.event, report.failed) == ("websub_subscribe_sent", False)
    (form,), (sent,) = hub.asked, hub.sent
    assert sent["content-type"].split(";")[0] == "application/x-www-form-urlencoded"
    assert form["hub.mode"] == "subscribe"
    assert form["hub.topic"] == TOPIC
    assert form["hub.callback"].startswith(f"{ours.public_url}/websub/kota/")
    assert len(form["hub.callback"].rpartition("/")[2]) >= 43, "256 random bits cannot be guessed"
    assert 43 <= len(form["hub.secret"]) < 200
    assert int(form["hub.lease_seconds"]) == 10 * DAY


async def test_the_headers_of_a_source_are_not_sent_to_its_hub(ours: Subscriber, hub: Hub) -> None:
    await ours.reads(hub.url)
    await ours.work()
    assert "authorization" not in hub.sent[0]


async def test_must_send_the_self_url_that_was_found_as_topic(ours: Subscriber, hub: Hub) -> None:
    await ours.reads(hub.url, self_url="https://kota.example/resmi.xml")
    await ours.work()
    assert hub.asked[0]["hub.topic"] == "https://kota.example/resmi.xml"


async def test_must_retry_at_the_hub_that_a_redirect_names(ours: Subscriber, hub: Hub) -> None:
    await ours.reads(hub.url + "moved")
    await ours.work()
    first, second = hub.asked
    assert first == second, "307: the same request again"
    assert (await hub.verify())[0] == 200
    assert (await ours.status()).state == "verified"


async def test_a_request_is_sent_once_and_its_verification_waited_for(ours: Subscriber, hub: Hub) -> None:
    await ours.reads(hub.url)
    for _ in range(3):
        await ours.work()
        await ours.reads(hub.url)
    assert len(hub.asked) == 1
    assert (await ours.status()).state == "requested"


async def test_several_workers_send_one_request(ours: Subscriber, hub: Hub) -> None:
    await ours.reads(hub.url)
    await asyncio.gather(*(ours.work() for _ in range(4)))
    assert len(hub.asked) == 1


async def test_a_hub_that_never_asks_back_is_asked_again_later(
    ours: Subscriber, hub: Hub, clock: ManualClock
) -> None:
    await ours.reads(hub.url)
    await ours.work()
    clock.advance(3600)
    await ours.work()
    assert len(hub.asked) == 1, "not at once"
    assert (await ours.status()).reason == "the hub did not ask back"
    clock.advance(120)
    await ours.work()
    assert len(hub.asked) == 2


async def test_a_hub_in_trouble_is_asked_again_ever_later_then_the_next_one(
    ours: Subscriber, hub: Hub, clock: ManualClock
) -> None:
    hub.status, hub.text = 500, "sedang rusak"
    async with open_hub() as other:
        await ours.reads(hub.url, other.url)
        await ours.work()
        assert (await ours.status()).reason == "http_500: sedang rusak"
        asked = [len(hub.asked)]
        for wait_s in (59, 2, 290, 11):
            clock.advance(wait_s)
            await ours.work()
            asked.append(len(hub.asked))
        assert asked == [1, 1, 2, 2, 3]
        assert len(other.asked) == 1, "after three times it is the other one's turn, at once"


async def test_a_hub_that_asks_to_wait_is_left_alone_until_then(
    ours: Subscriber, hub: Hub, clock: ManualClock
) -> None:
    hub.status, hub.headers = 429, {"Retry-After": "3000"}
    await ours.reads(hub.url)
    await ours.work()
    clock.advance(2990)
    await ours.work()
    assert len(hub.asked) == 1
    clock.advance(20)
    await ours.work()
    assert len(hub.asked) == 2


@pytest.mark.parametrize("status", [400, 403, 404, 410, 301])
async def test_a_hub_that_refuses_is_left_for_the_next_one(
    ours: Subscriber, hub: Hub, clock: ManualClock, status: int
) -> None:
    hub.status = status
    async with open_hub() as other:
        await ours.reads(hub.url, other.url)
        await ours.work()
        assert (len(hub.asked), len(other.asked)) == (1, 1)
        assert (await other.verify())[0] == 200
    clock.advance(3600)
    await ours.work()
    assert len(hub.asked) == 1


async def test_once_all_hubs_refused_there_is_a_day_of_peace(
    ours: Subscriber, hub: Hub, clock: ManualClock
) -> None:
    hub.status, hub.text = 410, "Gone\r\nfor good \x07"
    await ours.reads(hub.url)
    (report,) = await ours.work()
    assert report.failed
    for _ in range(23):
        clock.advance(3600)
        await ours.reads(hub.url)
        await ours.work()
    assert len(hub.asked) == 1
    status = await ours.status()
    assert (status.state, status.reason) == ("denied", "http_410: Gone for good ")
    clock.advance(3700)
    await ours.work()
    assert len(hub.asked) == 2


async def test_a_hub_that_is_not_there_or_not_allowed_costs_nothing_but_a_reason(
    ours: Subscriber, hub: Hub
) -> None:
    await ours.reads("http://127.0.0.1:9/", "http://10.0.0.1:80/hub")
    reports = await ours.work()
    assert [report.failed for report in reports] == [True]
    assert "connect" in ((await ours.status()).reason or "")


async def test_a_private_address_as_hub_is_blocked(ours: Subscriber) -> None:
    await ours.reads("http://10.0.0.1:80/hub")
    await ours.work()
    assert ((await ours.status()).reason or "").startswith("blocked")


async def test_a_source_that_names_another_hub_each_time_does_not_have_us_ask_them_all(
    ours: Subscriber, hub: Hub, clock: ManualClock
) -> None:
    for number in range(10):
        await ours.reads(f"{hub.url}{number}")
        await ours.work()
        clock.advance(60)
    assert len(hub.asked) == 1


async def test_a_hub_may_ask_back_before_it_answers(ours: Subscriber, hub: Hub) -> None:
    hub.eager = True
    await ours.reads(hub.url)
    await ours.work()
    assert (await ours.status()).state == "verified"


@pytest.mark.parametrize(
    "changes", [{"websub": False}, {"kind": SourceKind.PAGE}, {"kind": SourceKind.SITEMAP}]
)
async def test_nobody_is_asked_who_is_not_wanted(
    ours: Subscriber, hub: Hub, changes: dict[str, object]
) -> None:
    other = ours.changed(**changes)
    await other.reads(hub.url)
    await other.work()
    assert hub.asked == []
    assert await other.websub_subscriptions.status(other.source) is None


async def test_nobody_is_asked_while_no_public_address_is_configured(ours: Subscriber, hub: Hub) -> None:
    ours.reachable = False
    await ours.reads(hub.url)
    await ours.work()
    assert hub.asked == []


# --- renewing and ending


async def test_must_renew_before_the_lease_ends(ours: Subscriber, hub: Hub, clock: ManualClock) -> None:
    old = await ours.subscribed(hub)
    renewal = (await ours.status()).next_request_at
    assert renewal is not None
    assert 6 * DAY <= (renewal - clock()).total_seconds() <= 7 * DAY
    clock.advance(5.9 * DAY)
    await ours.work()
    assert len(hub.asked) == 1, "too early"
    clock.advance(1.2 * DAY)
    await ours.work()
    new = hub.asked[1]
    assert new["hub.mode"] == "subscribe"
    assert new["hub.callback"] != old["hub.callback"], "the address changes with each renewal"
    assert new["hub.secret"] != old["hub.secret"]
    assert await hub.push(rss(1), old) == 202, "the old one works until the new one is verified"
    assert (await hub.verify(new))[0] == 200
    await ours.work()
    assert [form["hub.mode"] for form in hub.asked] == ["subscribe", "subscribe", "unsubscribe"]
    assert hub.asked[2]["hub.callback"] == old["hub.callback"]
    assert await hub.push(rss(2), old) == 202, "what was under way is not lost"
    assert (await hub.verify(hub.asked[2]))[0] == 200
    assert await hub.push(rss(3), old) == 404
    assert await hub.push(rss(3), new) == 202


async def test_a_renewal_that_fails_leaves_what_works(ours: Subscriber, hub: Hub, clock: ManualClock) -> None:
    form = await ours.subscribed(hub)
    await hub.push(rss(1))
    await settle(ours, Round(new=1))
    hub.status = 503
    clock.advance(7.2 * DAY)
    await ours.work()
    assert len(hub.asked) == 2
    assert (await ours.status()).state == "verified"
    assert await ours.websub_subscriptions.delivers(SOURCE)
    assert await hub.push(rss(2), form) == 202


async def test_after_the_lease_nothing_is_taken_and_polls_go_on(
    ours: Subscriber, hub: Hub, clock: ManualClock
) -> None:
    form = await ours.subscribed(hub, lease_s=3600)
    assert await hub.push(rss(1)) == 202
    await settle(ours, Round(new=1))
    assert await ours.websub_subscriptions.delivers(SOURCE)
    clock.advance(3600)
    assert not await ours.websub_subscriptions.delivers(SOURCE)
    assert await hub.push(rss(2), form) == 410
    await ours.work()
    assert len(hub.asked) == 2, "asked for anew"


@pytest.mark.parametrize("lease_s", [1, 30, 600])
async def test_a_hub_with_tiny_leases_does_not_make_us_ask_without_end(
    ours: Subscriber, hub: Hub, clock: ManualClock, lease_s: int
) -> None:
    await ours.subscribed(hub, lease_s=lease_s)
    for _ in range(60):
        clock.advance(60)
        before = len(hub.asked)
        await ours.work()
        for form in hub.asked[before:]:
            await hub.verify(form, lease_s=lease_s)
    assert 9 <= len([form for form in hub.asked if form["hub.mode"] == "subscribe"]) <= 13


async def test_a_source_that_moves_its_topic_is_subscribed_anew_then_the_old_is_left(
    ours: Subscriber, hub: Hub, clock: ManualClock
) -> None:
    await ours.subscribed(hub)
    clock.advance(DAY)
    await ours.reads(hub.url, self_url="https://kota.example/baru.rss")
    await ours.work()
    assert [form["hub.mode"] for form in hub.asked] == ["subscribe", "subscribe"]
    await hub.verify()
    await ours.work()
    assert [(form["hub.mode"], form["hub.topic"]) for form in hub.asked][2] == ("unsubscribe", TOPIC)


async def test_one_document_without_a_hub_ends_nothing(ours: Subscriber, hub: Hub) -> None:
    await ours.subscribed(hub)
    await hub.push(rss(1))
    await settle(ours, Round(new=1))
    await ours.reads()
    await ours.work()
    assert await ours.websub_subscriptions.delivers(SOURCE)
    await ours.reads(hub.url)
    await ours.work()
    assert len(hub.asked) == 1


async def test_turning_it_off_takes_the_subscription_back(ours: Subscriber, hub: Hub) -> None:
    form = await ours.subscribed(hub)
    off = ours.changed(websub=False)
    await off.work()
    assert hub.asked[1] == {
        "hub.mode": "unsubscribe",
        "hub.topic": TOPIC,
        "hub.callback": form["hub.callback"],
    }
    assert (await off.status()).state == "unsubscribing"
    assert await hub.push(rss(1), form) == 410
    assert (await hub.verify(hub.asked[1]))[0] == 200
    await off.work()
    assert await off.websub_subscriptions.status(off.source) is None, "nothing is left of it"


async def test_taking_back_is_tried_a_few_times_and_then_forgotten(
    ours: Subscriber, hub: Hub, clock: ManualClock
) -> None:
    await ours.subscribed(hub)
    hub.status = 500
    off = ours.changed(websub=False)
    for _ in range(10):
        await off.work()
        clock.advance(3600)
    assert [form["hub.mode"] for form in hub.asked] == ["subscribe"] + ["unsubscribe"] * 3
    assert await off.websub_subscriptions.status(off.source) is None


async def test_a_source_that_left_the_configuration_is_taken_back_from_its_hub(
    ours: Subscriber, hub: Hub, clock: ManualClock, store: Store
) -> None:
    await ours.subscribed(hub)
    await store.configured.note(ConfiguredNames(sources=(CITY,)), clock())
    without = ours.changed(id=SourceId("lain"))
    await without.work()
    assert len(hub.asked) == 1, "another process may know it: the configurations differ for a while"
    clock.advance(3700)
    await without.work()
    assert hub.asked[1]["hub.mode"] == "unsubscribe"


async def test_another_public_address_means_another_callback(ours: Subscriber, hub: Hub) -> None:
    await ours.subscribed(hub)
    ours.public_url = "https://pindah.example"
    ours.clock.advance(300)
    await ours.work()
    assert hub.asked[1]["hub.callback"].startswith("https://pindah.example/websub/kota/")


# --- pushes


async def test_a_push_wakes_its_source_and_waits_to_be_read(
    ours: Subscriber, hub: Hub, store: Store, clock: ManualClock
) -> None:
    await store.sources.enlist([CITY], [], clock() + timedelta(hours=3))
    await ours.subscribed(hub)
    assert await hub.push(rss(1)) == 202
    assert (await store.sources.claim("t", clock(), timedelta(seconds=15), 1)).items == (CITY,)
    assert ours.pushes == [None]
    (document,) = await ours.websub_subscriptions.take_pushed(SOURCE)
    assert (document.requested_url, document.url, document.status) == (TOPIC, TOPIC, 200)
    assert dict(document.headers) == {"content-type": "application/rss+xml"}
    assert (document.body, document.fetched_at) == (rss(1), clock())


async def settle(ours: Subscriber, brought: Round) -> None:
    await ours.websub_subscriptions.settled(
        SOURCE, await ours.websub_subscriptions.take_pushed(SOURCE), brought
    )


async def test_what_was_taken_stays_until_it_is_settled(ours: Subscriber, hub: Hub) -> None:
    await ours.subscribed(hub)
    for number in (1, 2):
        await hub.push(rss(number))
    documents = await ours.websub_subscriptions.take_pushed(SOURCE)
    assert await take(ours) == [rss(1), rss(2)], "a crash repeats, and loses nothing"
    await hub.push(rss(3))
    await ours.websub_subscriptions.settled(SOURCE, documents, Round(new=2))
    assert await take(ours) == [rss(3)], "what came meanwhile is still there"
    status = await ours.status()
    assert (status.pushes, status.articles_by_push, status.waiting) == (3, 2, 1)


async def test_a_document_that_breaks_every_round_is_given_up(ours: Subscriber, hub: Hub) -> None:
    await ours.subscribed(hub)
    await hub.push(b"\x00 racun")
    assert [len(await take(ours)) for _ in range(7)] == [1] * 5 + [0] * 2
    assert (await ours.status()).waiting == 0
    await hub.push(rss(1))
    assert await take(ours) == [rss(1)]


async def test_what_redis_no_longer_has_stops_nothing(ours: Subscriber, hub: Hub, store: Store) -> None:
    await ours.subscribed(hub)
    for number in (1, 2):
        await hub.push(rss(number))
    sub = await store.subscriptions.get(CITY)
    await store.connection.call("HDEL", store.subscriptions._keys.pushed(CITY), sub.waiting[0].id)
    assert await take(ours) == [rss(2)]


async def test_a_replayed_push_is_harmless(
    ours: Subscriber, hub: Hub, store: Store, clock: ManualClock
) -> None:
    await ours.subscribed(hub)
    async with open_pool() as pool:
        gatherer, admitter = Gatherer(pool), Admitter(store.articles, [], clock)
        found = []
        for _ in range(3):
            assert await hub.push(rss(1, 2)) == 202
            documents = await ours.websub_subscriptions.take_pushed(SOURCE)
            reading = await gatherer.read_feed(SOURCE, documents[0])
            brought = tally(await admitter.admit(reading.candidates))
            await ours.websub_subscriptions.settled(SOURCE, documents, brought)
            found.append(brought.new)
    assert found == [2, 0, 0]
    assert await store.articles.count() == 2
    assert (await ours.status()).articles_by_push == 2


async def test_must_ignore_what_is_signed_with_another_secret(ours: Subscriber, hub: Hub) -> None:
    await ours.subscribed(hub)
    assert await hub.push(rss(1), secret="tebakan") == 202, "who tries secrets learns nothing"
    assert await hub.push(rss(1), method="md5") == 202
    assert await take(ours) == []
    status = await ours.status()
    assert (status.refused, status.pushes, status.last_push_at) == (2, 0, None)
    assert not await ours.websub_subscriptions.delivers(SOURCE)


async def test_must_ignore_what_is_not_signed_though_we_gave_a_secret(ours: Subscriber, hub: Hub) -> None:
    await ours.subscribed(hub)
    assert await hub.push(rss(1), method=None) == 202
    assert await take(ours) == []
    assert (await ours.status()).refused == 1


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
async def test_must_take_what_is_signed_by_any_recognised_method(
    ours: Subscriber, hub: Hub, method: str
) -> None:
    await ours.subscribed(hub)
    assert await hub.push(rss(1), method=method) == 202
    assert await take(ours) == [rss(1)]


async def test_must_not_tell_the_subscription_by_the_link_headers_of_a_push(
    ours: Subscriber, hub: Hub
) -> None:
    await ours.subscribed(hub)
    links = {"Link": '<https://penipu.example/hub>; rel=hub, <https://lain.example/x>; rel="self"'}
    assert await hub.push(rss(1), headers=links) == 202
    (document,) = await ours.websub_subscriptions.take_pushed(SOURCE)
    assert document.requested_url == TOPIC
    assert "link" not in document.headers, "fields are not signed"


async def test_an_empty_push_is_no_document(ours: Subscriber, hub: Hub) -> None:
    await ours.subscribed(hub)
    assert await hub.push(b" \n") == 202
    assert await take(ours) == []


async def test_a_hub_that_pushes_faster_than_we_read_is_asked_to_try_again(
    ours: Subscriber, hub: Hub
) -> None:
    await ours.subscribed(hub)
    answers = [await hub.push(rss(number)) for number in range(52)]
    assert answers == [202] * 50 + [503] * 2
    documents = await ours.websub_subscriptions.take_pushed(SOURCE)
    await ours.websub_subscriptions.settled(SOURCE, documents[:1], Round(new=1))
    assert await hub.push(rss(51)) == 202


# --- whether pushes are relied on


async def test_a_hub_that_accepts_and_never_pushes_is_never_relied_on(ours: Subscriber, hub: Hub) -> None:
    await ours.subscribed(hub)
    for _ in range(5):
        await ours.websub_subscriptions.polled(SOURCE, 3)
        assert not await ours.websub_subscriptions.delivers(SOURCE)
    status = await ours.status()
    assert (status.articles_by_poll, status.articles_by_push) == (15, 0)
    assert status.because == "subscribed, but the hub has not pushed yet"


async def test_a_hub_that_pushes_is_relied_on(ours: Subscriber, hub: Hub, clock: ManualClock) -> None:
    await ours.subscribed(hub)
    assert not await ours.websub_subscriptions.delivers(SOURCE)
    await hub.push(rss(1))
    assert not await ours.websub_subscriptions.delivers(SOURCE), "who knows what is in it"
    await settle(ours, Round(new=1))
    clock.advance(5 * DAY)
    await ours.websub_subscriptions.polled(SOURCE, 0)
    assert await ours.websub_subscriptions.delivers(SOURCE), "a quiet source is no fault of its hub"
    assert (await ours.status()).because == "the hub pushes"


async def test_a_hub_that_stops_is_noticed_by_the_next_poll_and_trusted_when_it_pushes_again(
    ours: Subscriber, hub: Hub, clock: ManualClock
) -> None:
    await ours.subscribed(hub)
    await hub.push(rss(1))
    await settle(ours, Round(new=1))
    clock.advance(3600)
    await ours.websub_subscriptions.polled(SOURCE, 2)
    assert not await ours.websub_subscriptions.delivers(SOURCE)
    assert "no push had brought" in (await ours.status()).because
    clock.advance(30)
    await hub.push(rss(1, 2, 3))
    await settle(ours, Round(unchanged=3))
    assert not await ours.websub_subscriptions.delivers(SOURCE), "it is slower than our polls"
    clock.advance(30)
    await hub.push(rss(1, 2, 3, 4))
    await settle(ours, Round(new=1, unchanged=3))
    assert await ours.websub_subscriptions.delivers(SOURCE), "it was merely slow"


@pytest.mark.parametrize("brought", [Round(), Round(unchanged=20), Round(duplicate=1)])
async def test_pushes_that_bring_nothing_are_not_relied_on(
    ours: Subscriber, hub: Hub, clock: ManualClock, brought: Round
) -> None:
    await ours.subscribed(hub)
    for number in range(3):
        clock.advance(60)
        await hub.push(rss(number))
        await settle(ours, brought)
        assert not await ours.websub_subscriptions.delivers(SOURCE)
    status = await ours.status()
    assert (status.pushes, status.articles_by_push) == (3, 0)
    assert status.because == "subscribed, but no push has brought anything yet; polled as ever until one does"


async def test_a_hub_whose_pushes_are_all_refused_is_told(ours: Subscriber, hub: Hub) -> None:
    await ours.subscribed(hub)
    await hub.push(rss(1), secret="tebakan")
    await hub.push(rss(1), method=None)
    assert (await ours.status()).because == (
        "subscribed, but what came was too large or not signed with our secret (2 times)"
    )


async def test_a_push_that_comes_amid_a_poll_is_no_miss(
    ours: Subscriber, hub: Hub, clock: ManualClock
) -> None:
    await ours.subscribed(hub)
    await hub.push(rss(1))
    await settle(ours, Round(new=1))
    clock.advance(3600)
    await hub.push(rss(1, 2))
    clock.advance(1)
    await ours.websub_subscriptions.polled(SOURCE, 1)
    assert await ours.websub_subscriptions.delivers(SOURCE)


async def test_a_denied_subscription_is_not_possible_any_more(
    ours: Subscriber, hub: Hub, clock: ManualClock
) -> None:
    form = await ours.subscribed(hub)
    await hub.push(rss(1))
    query = {"hub.mode": "denied", "hub.topic": TOPIC, "hub.reason": "penerbit\tmenolak"}
    assert (await hub.get(form["hub.callback"], query))[0] == 200
    assert not await ours.websub_subscriptions.delivers(SOURCE)
    status = await ours.status()
    assert (status.state, status.reason) == ("denied", "the hub denies it: penerbitmenolak")
    for _ in range(5):
        clock.advance(3600)
        await ours.work()
    assert len(hub.asked) == 1


async def test_nothing_that_is_shown_holds_a_secret(
    ours: Subscriber, hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.status, hub.echoes = 400, True
    await ours.reads(hub.url + "?token=rahasia")
    reports = await ours.work()
    first = hub.asked[0]
    status = await ours.status()
    assert "cannot take" in (status.reason or "")
    hub.status = 202
    ours.clock.advance(2 * DAY)
    form = await ours.subscribed(hub)
    await hub.push(rss(1), secret="x")
    told = capsys.readouterr()
    kept = await ours.store.subscriptions.get(CITY)
    assert kept is not None
    assert kept.refused == 1
    shown = json.encode(status).decode() + repr(reports) + told.out + told.err + repr(kept)
    for one in (first, form):
        for secret in (one["hub.secret"], one["hub.callback"].rpartition("/")[2]):
            assert secret not in shown
    assert "rahasia" not in json.encode(status).decode() + repr(reports)
