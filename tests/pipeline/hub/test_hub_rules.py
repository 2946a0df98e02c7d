"""Every rule that WebSub has for hubs and publishers, each by its number in docs/websub.md."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qsl, quote

import feedparser
import pytest
from aiohttp import web
from lxml import etree
from pipeline.conftest import OpenService
from pipeline.feeds.test_publisher import admit
from pipeline.own_hub_world import (
    FEEDS,
    HUB,
    LATEST,
    PUBLIC,
    SECRET,
    TOPIC,
    Asked,
    Pushed,
    Reader,
    World,
    config_of,
    open_world,
    reader,
    world,
)
from support import ManualClock
from web.web_world import client_of

from syndicator.gather.websub import links
from syndicator.model.feed import CONTENT_TYPES, Format
from syndicator.service import Service
from syndicator.web.app import create_app
from syndicator.web.http.options import WebOptions
from syndicator.web.hub.hub_routes import PER_MINUTE_OF_CLIENT, OwnHubRoutes

__all__ = ["reader", "world"]  # fixtures

DAY = 86_400
WITHOUT_SPORT = FEEDS.partition("[feed.sport]")[0]
RETIRED_SPORT = '[feed.sport]\ntitle = "Olahraga"\nretired = true\n'


def refuses(_: Asked) -> web.Response:
    return web.Response(status=404)


# --- publisher ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", list(Format))
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_p1_p2_names_its_hub_and_itself_in_one_link_field(
    world: World, form: Format, method: str
) -> None:
    path = f"/news/feeds/latest.{form.value}"
    answer = await world.client.get(path, method=method)
    again = await world.client.get(path, {"If-None-Match": answer.headers["ETag"]}, method=method)
    assert (answer.status, again.status) == (200, 304)
    for one in (answer, again):
        assert len(one.headers.getall("Link")) == 1
        found = list(links(one.headers["Link"]))
        assert [url for rel, url in found if rel == "hub"] == [HUB]
        assert [url for rel, url in found if rel == "self"] == [f"{PUBLIC}/feeds/latest.{form.value}"]


async def test_p3_names_them_in_the_documents_too(world: World) -> None:
    for form in (Format.RSS, Format.ATOM):
        document = etree.fromstring(await world.body(form))
        named = [one for one in document.iter("{*}link") if one.get("rel") in {"hub", "self"}]
        own = [one for one in named if next(one.iterancestors("{*}source", "{*}item"), None) is None]
        assert sorted((one.get("rel"), one.get("href")) for one in own) == [
            ("hub", HUB),
            ("self", f"{PUBLIC}/feeds/latest.{form.value}"),
        ]
        parsed = feedparser.parse(await world.body(form))
        assert not parsed.bozo
        assert HUB in [link.href for link in parsed.feed.links if link.rel == "hub"]
    answer = await world.client.get("/news/feeds/latest.json")
    assert answer.json["hubs"] == [{"type": "WebSub", "url": HUB}]
    assert answer.json["feed_url"] == f"{PUBLIC}/feeds/latest.json"


async def test_p4_each_format_has_an_address_of_its_own_whatever_is_accepted(world: World) -> None:
    for form in Format:
        for accepted in ("text/html", "application/json", "*/*"):
            answer = await world.client.get(f"/news/feeds/latest.{form.value}", {"Accept": accepted})
            assert answer.headers["Content-Type"] == CONTENT_TYPES[form]


async def test_p5_tells_every_hub_that_it_names(service_of: OpenService, reader: Reader) -> None:
    other = f"{reader.url}/other-hub"
    async with open_world(service_of, reader, f'external = ["{other}"]') as world:
        await world.subscribe()
        answer = await world.client.get("/news/feeds/latest.rss")
        assert [url for rel, url in links(answer.headers["Link"]) if rel == "hub"] == [HUB, other]
        await world.publish(2)
        pings = [one for one in reader.pushed if one.path_qs == "/other-hub"]
        assert sorted(parse_qsl(one.body.decode()) for one in pings) == [
            [("hub.mode", "publish"), ("hub.url", url), ("hub.topic", url)]
            for url in sorted(f"{PUBLIC}/feeds/latest.{form.value}" for form in Format)
        ]
        assert len([one for one in reader.pushed if one.path_qs == "/cb"]) == 1


async def test_p5_asks_a_hub_that_failed_again(service_of: OpenService, reader: Reader) -> None:
    hub = f'enabled = false\nretries = ["7s"]\nexternal = ["{reader.url}/other-hub"]'
    async with open_world(service_of, reader, hub) as world:
        await world.work()
        reader.statuses = [500]
        await world.publish(2)
        assert len(reader.pushed) == len(Format)
        await world.later(8)
        assert len(reader.pushed) == len(Format) + 1
        assert (await world.client.get("/news/feeds/latest.rss")).headers["Link"].count('rel="hub"') == 1
        assert (await world.post(world.form())).status == 404, "there is none of our own"


async def test_p6_a_feed_that_left_is_no_topic_any_more(service_of: OpenService, reader: Reader) -> None:
    async with open_world(service_of, reader) as world:
        await world.subscribe(topic=f"{PUBLIC}/feeds/sport.rss")
    async with service_of(WITHOUT_SPORT) as service:
        app = create_app(service.queries, WebOptions(), hub=service.hub)
        async with client_of(app) as client:
            moved = World(service, client, reader)
            assert (await moved.post(moved.form(topic=f"{PUBLIC}/feeds/sport.rss"))).status == 400
            assert (await moved.client.get("/news/feeds/sport.rss")).status == 404


async def test_p6_a_feed_with_a_new_name_is_told_on_as_what_it_is_now(
    service_of: OpenService, reader: Reader
) -> None:
    async with open_world(service_of, reader) as world:
        await world.subscribe()
    renamed = config_of().replace("[feed.latest]", '[feed.newest]\nformer_ids = ["latest"]')
    async with service_of(renamed) as service:
        app = create_app(service.queries, WebOptions(), hub=service.hub)
        async with client_of(app) as client:
            moved = World(service, client, reader)
            await moved.publish(2)
            (pushed,) = reader.pushed
            url = f"{PUBLIC}/feeds/newest.rss"
            assert ("self", url) in links(pushed.headers["Link"])
            answer = await client.get("/news/feeds/newest.rss", {"Accept-Encoding": "identity"})
            assert pushed.body == answer.body
            await moved.subscribe(f"{reader.url}/new", topic=url)
            await moved.subscribe(f"{reader.url}/old", topic=TOPIC)
            await moved.later(6)
            await moved.publish(3)
            assert sorted(one.path_qs for one in reader.pushed[1:]) == ["/cb", "/new", "/old"]


async def test_a_private_feed_is_no_topic_and_ends_what_it_was_before(
    service_of: OpenService, reader: Reader
) -> None:
    async with open_world(service_of, reader) as world:
        await world.subscribe()
    closed = config_of().replace("[feed.latest]", "[feed.latest]\nprivate = true")
    async with service_of(closed) as service:
        app = create_app(service.queries, WebOptions(), hub=service.hub)
        async with client_of(app) as client:
            world = World(service, client, reader)
            await world.later(61)
            assert reader.asked[-1].query["hub.mode"] == "denied"
            assert await world.subscribers() == []
            for form in Format:
                topic = f"{PUBLIC}/feeds/latest.{form.value}"
                assert (await world.post(world.form(topic=topic))).status == 400
                answer = await world.post(
                    {"url1": topic, "port": "80", "path": "/"}, "/news/rsscloud/pleaseNotify"
                )
                assert 'success="false"' in answer.text
            await world.publish(2)
            assert reader.pushed == []
            rendition = await service.publisher.rendition(LATEST, Format.RSS)
            assert b"hub" not in rendition.body
            assert b"cloud" not in rendition.body


# --- requests ----------------------------------------------------------------------------------------------


async def test_h1_takes_a_secret_and_ignores_what_it_does_not_know(world: World, reader: Reader) -> None:
    answer = await world.post(world.form(secret="s" * 199) | {"hub.verify": "sync", "foo": "bar"})
    assert answer.status == 202
    await world.work()
    assert len(reader.asked) == 1
    await world.publish(2)
    assert reader.pushed[0].is_signed_with("s" * 199)


async def test_h2_the_answer_does_not_depend_on_what_verification_brings(
    world: World, reader: Reader
) -> None:
    reader.agrees = refuses
    answers = [
        await world.post(world.form()),
        await world.post(world.form("http://127.0.0.1:9/nobody")),
        await world.post(world.form("http://tidak.invalid/")),
        await world.post(world.form("http://10.0.0.1/private")),
        await world.post(world.form(mode="unsubscribe")),
    ]
    assert {(one.status, one.body) for one in answers} == {(202, answers[0].body)}
    assert not reader.asked, "it is asked later"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"hub.mode": ""}, "hub.mode"),
        ({"hub.mode": "Subscribe"}, "hub.mode"),
        ({"hub.topic": ""}, "hub.topic"),
        ({"hub.topic": "https://lain.example/feed"}, "its own feeds only"),
        ({"hub.topic": f"{PUBLIC}/feeds/tidak-ada.rss"}, "its own feeds only"),
        ({"hub.callback": ""}, "hub.callback"),
        ({"hub.callback": "/cb"}, "hub.callback"),
        ({"hub.callback": "ftp://x.example/"}, "hub.callback"),
        ({"hub.callback": "http://x.example/#top"}, "fragment"),
        ({"hub.callback": "http://x.example:99999/"}, "hub.callback"),
        ({"hub.callback": "http://x.example/a b"}, "hub.callback"),
        ({"hub.callback": "http://x.example/" + "x" * 2000}, "hub.callback"),
        ({"hub.secret": "s" * 200}, "200 bytes"),
        ({"hub.secret": "ü" * 100}, "200 bytes"),
        ({"hub.lease_seconds": "-5"}, "lease_seconds"),
        ({"hub.lease_seconds": "ten"}, "lease_seconds"),
    ],
)
async def test_h3_says_in_plain_text_what_is_wrong(
    world: World, reader: Reader, changes: dict[str, str], reason: str
) -> None:
    answer = await world.post(world.form() | changes)
    assert answer.status == 400
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert reason in answer.text
    await world.work()
    assert not reader.asked


@pytest.mark.parametrize("body", [b"\xff\xfe", b"hub.topic=%FF%FE", b"&".join([b"a=b"] * 500)])
async def test_h3_refuses_what_is_no_form(world: World, body: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await world.client.post("/news/hub", body, headers)
    assert (answer.status, answer.headers["Content-Type"]) == (400, "text/plain; charset=utf-8")
    as_json = await world.client.post("/news/hub", b"{}", {"Content-Type": "application/json"})
    assert as_json.status == 400


async def test_h3_says_when_there_is_no_room(service_of: OpenService, reader: Reader) -> None:
    async with open_world(service_of, reader, "max_subscriptions = 2") as world:
        for number in (1, 2):
            await world.subscribe(f"{reader.url}/{number}")
        answer = await world.post(world.form(f"{reader.url}/3"))
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert (await world.post(world.form(f"{reader.url}/2"))).status == 202, "renewals go on"


async def test_h3_says_when_somebody_asks_too_often(world: World, reader: Reader) -> None:
    answers = 0
    while (answer := await world.post(world.form())).status == 202:
        answers += 1
    assert answers >= PER_MINUTE_OF_CLIENT
    assert (answer.status, int(answer.headers["Retry-After"]) > 0) == (503, True)
    assert (await world.post({"hub.mode": "publish", "hub.url": TOPIC})).status == 202
    await world.work()
    assert len(reader.asked) == 1, "of many requests for the same, the last one counts"


async def test_h4_never_redirects(world: World) -> None:
    answers = [
        await world.post(world.form()),
        await world.post({}),
        await world.post({"hub.mode": "publish"}),
    ]
    assert not [one for one in answers if "Location" in one.headers or 300 <= one.status < 400]


async def test_h5_renews_a_subscription_and_leaves_it_as_it_was_where_that_is_not_confirmed(
    world: World, reader: Reader, clock: ManualClock
) -> None:
    await world.subscribe(lease_seconds=str(DAY), secret="lama")
    (before,) = await world.subscribers()
    clock.advance(3600)
    reader.agrees = refuses
    await world.subscribe(lease_seconds=str(2 * DAY), secret="baru")
    (after,) = await world.subscribers()
    assert (after.lease, after.asked) == (before.lease, None)
    await world.publish(2)
    assert reader.pushed[0].is_signed_with("lama")
    reader.agrees = lambda _: None
    await world.subscribe(lease_seconds=str(2 * DAY), secret="baru")
    (renewed,) = await world.subscribers()
    assert renewed.lease is not None
    assert renewed.lease.ends_at == clock() + timedelta(days=2)


async def test_h5_what_is_asked_for_while_another_request_is_being_verified_is_asked_back_too(
    world: World, reader: Reader
) -> None:
    answers: list[int] = []

    def agrees(asked: Asked) -> None:
        if len(reader.asked) == 1:
            import asyncio

            async def second() -> None:
                answers.append((await world.post(world.form(secret="kedua"))).status)

            tasks.append(asyncio.create_task(second()))

    tasks: list[object] = []
    reader.agrees = agrees
    await world.subscribe(secret="pertama")
    await world.work()
    assert (answers, len(reader.asked)) == ([202], 2)
    await world.publish(2)
    assert reader.pushed[0].is_signed_with("kedua")


async def test_h6_a_new_secret_takes_effect_and_so_does_none(world: World, reader: Reader) -> None:
    await world.subscribe(secret="lama")
    await world.publish(2)
    await world.subscribe(secret="baru")
    await world.later(6)
    await world.publish(3)
    await world.subscribe()
    await world.later(6)
    await world.publish(4)
    assert [one.is_signed_with("lama") for one in reader.pushed] == [True, False, False]
    assert [one.is_signed_with("baru") for one in reader.pushed] == [False, True, False]
    assert "X-Hub-Signature" not in reader.pushed[2].headers


async def test_h7_ends_a_subscription_on_request_whatever_its_lease_says(
    world: World, reader: Reader
) -> None:
    await world.subscribe()
    reader.agrees = refuses
    await world.subscribe(mode="unsubscribe")
    assert len(await world.subscribers()) == 1, "nobody else may end it"
    reader.agrees = lambda _: None
    await world.subscribe(mode="unsubscribe", lease_seconds="nonsense")
    assert reader.asked[-1].query["hub.mode"] == "unsubscribe"
    assert "hub.lease_seconds" not in reader.asked[-1].query
    assert await world.subscribers() == []
    await world.publish(2)
    assert reader.pushed == []


async def test_h7_asks_also_about_what_it_does_not_know(world: World, reader: Reader) -> None:
    await world.subscribe(mode="unsubscribe")
    assert len(reader.asked) == 1
    assert await world.subscribers() == []


async def test_h8_decodes_what_needs_no_encoding(world: World, reader: Reader) -> None:
    spelled = TOPIC.replace("latest", "l%61t%65st").replace("https://feeds", "HTTPS://Feeds")
    await world.subscribe(f"{reader.url}/%7Ebudi?a=%41%2fb", topic=spelled)
    assert reader.asked[0].query["hub.topic"] == spelled, "as it was given"
    assert reader.asked[0].raw_query.startswith("a=A%2Fb&hub.mode=subscribe&")
    await world.publish(2)
    assert reader.pushed[0].path_qs == "/~budi?a=A%2Fb"


async def test_h9_keeps_the_query_of_the_callback(world: World, reader: Reader) -> None:
    query = "foo=bar&hub.topic=mine&x=%20%26+y&hub.mode=z&empty="
    reader.agrees = lambda asked: web.Response(text=dict(parse_qsl(asked.raw_query))["hub.challenge"])
    await world.subscribe(f"{reader.url}/cb?{query}", lease_seconds="7200")
    raw = reader.asked[0].raw_query
    assert raw.startswith(query + "&")
    added = parse_qsl(raw.removeprefix(query + "&"))
    assert [name for name, _ in added] == ["hub.mode", "hub.topic", "hub.challenge", "hub.lease_seconds"]
    assert dict(added)["hub.topic"] == TOPIC
    assert dict(added)["hub.lease_seconds"] == "7200"
    assert f"hub.topic={quote(TOPIC, safe='')}" in raw, "percent-encoded"
    assert len(await world.subscribers()) == 1


async def test_h10_each_challenge_is_new_and_cannot_be_guessed(world: World, reader: Reader) -> None:
    for _ in range(5):
        await world.subscribe()
    said = {one.query["hub.challenge"] for one in reader.asked}
    assert len(said) == 5
    assert min(map(len, said)) >= 32


@pytest.mark.parametrize(
    "answer",
    [
        lambda asked: web.Response(status=301, headers={"Location": "/cb"}),
        lambda asked: web.Response(status=307, headers={"Location": "/cb"}),
        lambda asked: web.Response(status=404, text=asked.query["hub.challenge"]),
        lambda asked: web.Response(status=500, text=asked.query["hub.challenge"]),
        lambda asked: web.Response(status=200, text=""),
        lambda asked: web.Response(status=200, text=asked.query["hub.challenge"] + "\n"),
        lambda asked: web.Response(status=200, text=f"<p>{asked.query['hub.challenge']}</p>"),
        lambda asked: web.Response(status=200, text="x" * 200_000),
    ],
)
async def test_h11_any_other_answer_means_no(world: World, reader: Reader, answer: object) -> None:
    reader.agrees = answer  # type: ignore[assignment]
    await world.subscribe()
    await world.later(120)
    assert len(reader.asked) == 1
    assert await world.subscribers() == []
    await world.publish(2)
    assert reader.pushed == []


async def test_h12_tells_who_is_denied_and_why(service_of: OpenService, reader: Reader) -> None:
    async with open_world(service_of, reader) as world:
        sport = f"{PUBLIC}/feeds/sport.rss"
        assert (await world.post(world.form(f"{reader.url}/2?x=y", topic=sport))).status == 202
        async with service_of(WITHOUT_SPORT + RETIRED_SPORT) as service:
            without = World(service, world.client, reader)
            await without.work()
        (denied,) = reader.asked
        assert denied.raw_query.startswith("x=y&hub.mode=denied&")
        assert denied.query["hub.topic"] == sport
        assert "no such feed" in denied.query["hub.reason"]
        assert await world.subscribers() == []


async def test_h13_a_lease_ends_and_none_is_for_ever(
    world: World, reader: Reader, clock: ManualClock
) -> None:
    await world.subscribe(lease_seconds="999999999999")
    assert reader.asked[0].query["hub.lease_seconds"] == str(30 * DAY)
    await world.subscribe(lease_seconds="1")
    assert reader.asked[1].query["hub.lease_seconds"] == "300"
    await world.subscribe()
    assert reader.asked[2].query["hub.lease_seconds"] == str(10 * DAY)
    clock.advance(10 * DAY - 1)
    await world.publish(2)
    assert len(reader.pushed) == 1
    clock.advance(2)
    await world.publish(3)
    assert len(reader.pushed) == 1
    await world.later(61)
    assert await world.subscribers() == []


async def test_h13_the_bounds_of_leases_can_be_seconds(
    service_of: OpenService, reader: Reader, clock: ManualClock
) -> None:
    bounds = 'min_lease = "1s"\ndefault_lease = "2s"\nmax_lease = "3s"'
    async with open_world(service_of, reader, bounds) as world:
        await world.subscribe(lease_seconds="10")
        assert reader.asked[0].query["hub.lease_seconds"] == "3"
        clock.advance(3)
        await world.publish(2)
        assert reader.pushed == []


@pytest.mark.parametrize("form", list(Format))
async def test_h14_h15_sends_the_very_bytes_and_type_of_the_topic(
    world: World, reader: Reader, form: Format
) -> None:
    await world.subscribe(f"{reader.url}/cb?k=a%20b&x", topic=f"{PUBLIC}/feeds/latest.{form.value}")
    await world.publish(2)
    (pushed,) = reader.pushed
    assert pushed.path_qs == "/cb?k=a%20b&x"
    assert pushed.body == await world.body(form)
    assert b"Berita nomor 2" in pushed.body
    assert pushed.headers["Content-Type"] == CONTENT_TYPES[form]
    assert "Content-Encoding" not in pushed.headers


async def test_h16_names_hub_and_topic_in_one_link_field(world: World, reader: Reader) -> None:
    await world.subscribe(topic=TOPIC.replace("latest", "lates%74"))
    await world.publish(2)
    assert len(reader.pushed[0].headers.getall("Link")) == 1
    assert sorted(links(reader.pushed[0].headers["Link"])) == [("hub", HUB), ("self", TOPIC)]


async def test_h17_signs_with_the_secret(world: World, reader: Reader) -> None:
    await world.subscribe(secret=SECRET)
    await world.publish(2)
    assert reader.pushed[0].headers["X-Hub-Signature"].startswith("sha256=")
    assert reader.pushed[0].is_signed_with(SECRET)
    assert not reader.pushed[0].is_signed_with("lain")


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
async def test_h17_signs_by_the_method_that_is_configured(
    service_of: OpenService, reader: Reader, method: str
) -> None:
    async with open_world(service_of, reader, f'signature = "{method}"') as world:
        await world.subscribe(secret=SECRET)
        await world.publish(2)
        assert reader.pushed[0].headers["X-Hub-Signature"].startswith(f"{method}=")
        assert reader.pushed[0].is_signed_with(SECRET)


async def test_h17_signs_nothing_without_a_secret(world: World, reader: Reader) -> None:
    await world.subscribe(secret="")
    await world.publish(2)
    assert not [name for name in reader.pushed[0].headers if name.lower().startswith("x-hub")]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_h18_any_2xx_is_success_whatever_else_it_says(
    world: World, reader: Reader, status: int
) -> None:
    reader.statuses = [status]
    await world.subscribe()
    await world.publish(2)
    await world.later(DAY)
    assert len(reader.pushed) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 404, 429, 500, 503])
async def test_h18_all_else_is_a_failure_and_redirects_are_not_followed(
    world: World, reader: Reader, status: int
) -> None:
    reader.statuses, reader.headers = [status], {"Location": "/elsewhere"}
    await world.subscribe()
    await world.publish(2)
    assert [one.path_qs for one in reader.pushed] == ["/cb"]
    (one,) = await world.subscribers()
    assert (one.attempts, one.reason) == (1, f"http_{status}")
    await world.later(6)
    assert [one.path_qs for one in reader.pushed] == ["/cb", "/cb"]


async def test_h18_410_ends_the_subscription(world: World, reader: Reader) -> None:
    reader.statuses = [410]
    await world.subscribe()
    await world.publish(2)
    assert await world.subscribers() == []
    await world.later(6)
    await world.publish(3)
    assert len(reader.pushed) == 1


async def test_h19_tries_again_within_limits(
    service_of: OpenService, reader: Reader, clock: ManualClock
) -> None:
    async with open_world(service_of, reader, 'retries = ["2s", "4s", "8s"]') as world:
        await world.subscribe()
        reader.statuses = [500] * 100
        began, times = clock(), []
        reader.on_push = lambda _: times.append((clock() - began).total_seconds())
        await world.publish(2)
        for _ in range(60):
            await world.later(1)
        assert [later - before for before, later in pairwise(times)] == [2, 4, 8]


async def test_h20_keeps_the_subscription_after_failures_and_tries_the_next_update(
    service_of: OpenService, reader: Reader
) -> None:
    async with open_world(service_of, reader, 'retries = ["2s"]') as world:
        await world.subscribe(secret=SECRET)
        (before,) = await world.subscribers()
        reader.statuses = [500, 500]
        await world.publish(2)
        await world.later(3)
        await world.later(3600)
        assert len(reader.pushed) == 2, "given up"
        (after,) = await world.subscribers()
        assert after.lease == before.lease
        await world.publish(3)
        assert len(reader.pushed) == 3
        assert reader.pushed[2].body == await world.body()
        assert reader.pushed[2].is_signed_with(SECRET)


# --- what no rule says, and every subscriber relies on ---------------------------------------------------


async def test_whoever_is_pushed_sees_the_same_by_get(world: World, reader: Reader) -> None:
    seen: list[bytes] = []

    async def compare(_: Pushed) -> None:
        seen.append(await world.body())

    reader.on_push = compare
    await world.subscribe()
    await world.publish(2)
    assert seen == [reader.pushed[0].body]


async def test_nothing_is_sent_where_the_bytes_stay_the_same(
    world: World, reader: Reader, clock: ManualClock
) -> None:
    await world.subscribe()
    clock.advance(60)
    await world.service.store.feeds.touch([LATEST], clock())
    await world.work()
    assert reader.pushed == []


async def test_a_new_subscriber_is_sent_what_comes_after_it_subscribed(world: World, reader: Reader) -> None:
    await world.subscribe()
    assert reader.pushed == []
    await world.subscribe(f"{reader.url}/second")
    await world.publish(2)
    assert sorted(one.path_qs for one in reader.pushed) == ["/cb", "/second"]


async def test_newer_content_takes_the_place_of_what_waits(
    world: World, reader: Reader, clock: ManualClock
) -> None:
    await world.subscribe()
    reader.statuses = [500]
    await world.publish(2)
    clock.advance(2)
    await world.publish(3)
    assert len(reader.pushed) == 1, "it waits for its turn"
    await world.later(4)
    assert [b"Berita nomor 3" in one.body for one in reader.pushed] == [False, True]
    await world.later(3600)
    assert len(reader.pushed) == 2


async def test_what_changes_during_a_delivery_is_sent_after_it(
    world: World, reader: Reader, clock: ManualClock
) -> None:
    async def meanwhile(_: Pushed) -> None:
        if len(reader.pushed) == 1:
            clock.advance(6)
            await admit(world.service, 3)

    reader.on_push = meanwhile
    await world.subscribe()
    await world.publish(2)
    assert [b"Berita nomor 3" in one.body for one in reader.pushed] == [False, True]


async def test_publishing_is_heard_for_our_topics_and_causes_nothing(world: World, reader: Reader) -> None:
    await world.subscribe()
    for name in ("hub.url", "hub.topic"):
        assert (await world.post({"hub.mode": "publish", name: TOPIC})).status == 202
        foreign = await world.post({"hub.mode": "publish", name: "http://127.0.0.1:9/"})
        assert (foreign.status, "its own feeds only" in foreign.text) == (400, True)
    assert (await world.post({"hub.mode": "publish"})).status == 400
    await world.work()
    assert reader.pushed == []


async def test_a_topic_is_rendered_once_for_all_its_subscribers(world: World, reader: Reader) -> None:
    for number in range(20):
        await world.post(world.form(f"{reader.url}/{number}"))
    await world.work()
    before = _renders(world.service)
    await world.publish(2)
    assert len(reader.pushed) == 20
    assert _renders(world.service) == before + 1


async def test_addresses_that_are_not_public_are_not_asked(world: World, redis_url: str) -> None:
    assert (await world.post(world.form("http://10.255.255.1/cb"))).status == 202
    reports = await world.work()
    assert ("reason", "blocked") in reports[-1].fields
    assert await world.subscribers() == []


async def test_one_without_an_answer_is_asked_back_again_for_a_while(
    world: World, reader: Reader, unused_tcp_port: int
) -> None:
    await world.subscribe(f"http://127.0.0.1:{unused_tcp_port}/cb")
    assert len(await world.subscribers()) == 1
    reports = [*await world.later(6), *await world.later(31)]
    assert [dict(one.fields)["reason"] for one in reports if one.step == "hub"] == ["connect", "connect"]
    assert await world.subscribers() == []


async def test_its_routes_are_documented(world: World) -> None:
    told = (Path(__file__).parents[3] / "docs" / "feeds.md").read_text("utf-8")
    assert world.service.hub is not None
    for route in OwnHubRoutes(world.service.hub, WebOptions()).routes():
        assert f"`{route.path}`" in told


def _renders(service: Service) -> float:
    return sum(
        sample.value
        for metric in service.metrics.renders.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    )
