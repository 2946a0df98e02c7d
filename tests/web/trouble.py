"""Sources and endpoints in all sorts of trouble, as the operators' page shows them."""

from datetime import timedelta

from msgspec.structs import replace
from support import NOON, ManualClock
from web.web_world import World, source, story

from syndicator.model.delivery import Dead, Endpoint, Secret
from syndicator.model.event import Event, EventType
from syndicator.model.ids import ArticleId, EndpointId, EventId, SourceId
from syndicator.model.ops.states import RoundStatus
from syndicator.model.schedule import ALWAYS_OPEN, ActiveHours, Blackout, Calendar, Holidays
from syndicator.model.source import Failure, Round, SourceState
from syndicator.model.sources.freshness import FreshDay, Freshness
from syndicator.model.sources.round_history import RoundLine, RoundLog
from syndicator.rules.sources.freshness import day_of
from syndicator.rules.sources.round_history import with_round
from syndicator.store.codec import pack
from syndicator.store.connection import Command
from syndicator.store.keys.table import Keys
from syndicator.store.outbox import OutboxEntry
from syndicator.store.sources.round_history import history_writes
from syndicator.store.store import Store
from syndicator.store.webhooks.queuing import FanOut, Queued

NIGHTS = Calendar(
    timezone="Asia/Jakarta",
    windows=(ActiveHours(opens=300, closes=1440, text="05:00-24:00"),),
    holidays=Holidays(country="ID"),
    blackouts=(
        Blackout(begin=NOON + timedelta(days=1), end=NOON + timedelta(days=2), reason="their servers move"),
    ),
)
SOURCES = tuple(
    replace(
        source(name, name.title()),
        fresh_within_s=600.0 if name == "failing" else None,
        group=None if name == "waiting" else "regional",
        calendar=NIGHTS if name == "fine" else ALWAYS_OPEN,
    )
    for name in ("fine", "waiting", "late", "failing", "hollow")
)
ENDPOINTS = tuple(
    Endpoint(id=EndpointId(name), url=f"https://{name}.example/in?token=hidden", secrets=(Secret("whsec_x"),))
    for name in ("quiet", "stuck")
)


async def open_troubled_world(store: Store, clock: ManualClock) -> World:
    """Return a world whose `SOURCES` and `ENDPOINTS` are in trouble."""
    world = World(store, clock, sources=SOURCES, endpoints=ENDPOINTS)
    (article_id,) = await world.admit(story(1))
    await get_into_trouble(world, article_id)
    return world


async def get_into_trouble(world: World, article_id: ArticleId) -> None:
    """Settle rounds of `SOURCES`, and give up a delivery to one of `ENDPOINTS`."""
    await _gather(world)
    event = Event(
        id=EventId("evt_1"), type=EventType.ARTICLE_CREATED, subject=article_id, revision=1, at=NOON
    )
    endpoint = EndpointId("stuck")
    intent = FanOut(
        read="",
        version="",
        entries=(OutboxEntry(position="1-0", event=event, record=pack(event)),),
        queued=(Queued(endpoint=endpoint, event=event.id, due_at=NOON),),
    )
    assert await world.store.queuing.fan_out(intent, NOON)
    (leased,) = (await world.store.deliveries.claim(NOON, timedelta(minutes=1), 1)).leased
    await world.store.deliveries.settle(leased, Dead(reason="http_410", duration_ms=5), NOON)


async def _gather(world: World) -> None:
    ids = [one.id for one in SOURCES]
    await world.store.sources.enlist(ids, [], NOON)
    await world.store.sources.claim("me", NOON, timedelta(minutes=5), 10)
    failure = Failure(reason="http_503", detail="The portal answered 503.", at=NOON)
    states = {
        "fine": SourceState(
            last_success_at=NOON,
            last_round=Round(new=3, changed=1, duplicate=2, unchanged=20),
            next_due_at=NOON + timedelta(minutes=5),
            due_because="every 5m",
            warnings=("One item had no date.",),
        ),
        "hollow": SourceState(
            last_success_at=NOON - timedelta(seconds=4),
            last_round=Round(),
            next_due_at=NOON + timedelta(seconds=1),
            due_because="every 5s",
            warnings=("No entry was readable.",),
        ),
        "late": SourceState(last_success_at=NOON, next_due_at=NOON - timedelta(hours=1)),
        "failing": SourceState(
            last_success_at=NOON,
            failures=4,
            failure=failure,
            next_due_at=NOON + timedelta(minutes=20),
            due_because="backing off after 4 failures",
            freshness=Freshness(
                within_s=600.0, days=(FreshDay(day_of(NOON), 1340, 76),), breached_since=NOON
            ),
        ),
    }
    for one in ids:
        if one in states:
            assert await world.store.sources.settle(one, "me", states[one])
    await write_day(world.store, SourceId("fine"), "....138..1.4.......2...9")
    await write_day(world.store, SourceId("failing"), "21..36.. ..1..1x!.2.xxxx")


async def write_day(store: Store, source: SourceId, hours: str) -> None:
    """Write the last 24 hours of a source: numbers of new articles, `x` failed, `!` partly, blank no round."""
    log, writes = RoundLog(), list[Command]()
    for number, word in enumerate(hours):
        began_at = NOON - timedelta(hours=len(hours) - 1 - number)
        new = int(word) if word.isdigit() else 0
        outcomes = {" ": "", "x": "xxx", "!": ".x."}.get(word, "...")
        for place, outcome in enumerate(outcomes):
            line = RoundLine(
                began_at=began_at + timedelta(minutes=place),
                status=RoundStatus.FAILED if outcome == "x" else RoundStatus.OK,
                reason="http_503" if outcome == "x" else None,
                new=new if place == 0 else 0,
                took_ms=180,
            )
            log = with_round(log, line)
            writes += history_writes(Keys(store.again.namespace), source, log, line)
    await store.connection.batch(writes)
