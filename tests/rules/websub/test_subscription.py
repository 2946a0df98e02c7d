"""Whatever hubs, sources and clocks do: subscriptions are asked for in measure, and come to an end."""

import random
from datetime import datetime, timedelta

import pytest
from support import NOON

from syndicator.model.subscription import Grant, Pushed, Subscription
from syndicator.rules.websub import subscription as rules

TOPICS = ("https://kota.example/rss", "https://kota.example/atom")
HUBS = ("https://satu.example/", "https://dua.example/", "https://tiga.example/")


class Life:
    """One source over many days, with hubs that do what they like."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.sub = Subscription()
        self.now: datetime = NOON
        self.count = 0
        self.asked: list[datetime] = []

    def plan(self, *, wanted: bool = True) -> rules.SubscribeRequest | None:
        self.count += 1
        self.sub, request = rules.plan(
            self.sub,
            wanted=wanted,
            callback_base="https://we.example/websub/kota/",
            callback_id=f"id{self.count}",
            secret="s",
            now=self.now,
        )
        if request is not None and request.mode == "subscribe":
            self.asked.append(self.now)
        return request

    def work(self, *, wanted: bool = True) -> None:
        """Look as a worker does, and let hubs answer what they like."""
        for _ in range(20):
            request = self.plan(wanted=wanted)
            if request is None:
                return
            lasting = self.rng.random() < 0.3
            refusal = self.rng.choice([None, None, "no"])
            self.sub = rules.answered(self.sub, request, refusal=refusal, lasting=lasting, now=self.now)
        raise AssertionError("looking at one record never ends")

    def happen(self) -> None:
        """Let something happen that hubs or the source do."""
        grants = [one for one in (self.sub.active, self.sub.pending, *self.sub.leaving) if one is not None]
        one = self.rng.choice(grants) if grants else None
        event = self.rng.choice(["verify", "verify", "push", "push", "deny", "leave", "poll", "advertise"])
        changed: Subscription | None = self.sub
        if event == "advertise" and self.rng.random() < 0.2:
            hubs = self.rng.sample(HUBS, self.rng.randrange(4))
            changed = rules.advertised(self.sub, self.rng.choice(TOPICS) if hubs else None, hubs, self.now)
        elif event == "poll":
            changed = rules.polled(self.sub, self.rng.randrange(2), self.now)
        elif one is not None:
            changed = self._by_hub(event, one)
        self.sub = changed or self.sub

    def _by_hub(self, event: str, one: Grant) -> Subscription | None:
        lease_s = self.rng.choice([1, 600, 86400, 10**9, None])
        match event:
            case "verify":
                return rules.verified(self.sub, one.callback_id, one.topic, lease_s, self.now)
            case "deny" if self.rng.random() < 0.1:
                return rules.denied(self.sub, one.callback_id, one.topic, "", self.now)
            case "leave":
                return rules.unsubscribed(self.sub, one.callback_id, one.topic, self.now)
            case "push" if rules.pushing(self.sub, one.callback_id, self.now) is not None:
                return rules.pushed(self.sub, self._document())
            case _:
                return None

    def _document(self) -> Pushed:
        return Pushed(
            id=str(self.rng.randrange(5)), topic="t", content_type="", body=b"x", received_at=self.now
        )


@pytest.mark.parametrize("seed", range(40))
def test_hubs_are_asked_in_measure_whatever_happens(seed: int) -> None:
    life = Life(seed)
    life.sub = rules.advertised(life.sub, TOPICS[0], HUBS, life.now)
    for _ in range(600):
        life.now += timedelta(seconds=life.rng.choice([1, 30, 300, 3600, 40_000]))
        life.happen()
        life.work()
        assert life.sub.attend_at is not None
        assert life.now < life.sub.attend_at <= life.now + rules.LOOK_AGAIN, "neither at once nor never"
        assert len(life.sub.leaving) <= rules.MAX_LEAVING
        assert life.plan() is None, "what was planned is not planned again"
    hours = (life.now - NOON).total_seconds() / 3600
    assert len(life.asked) > 5
    assert len(life.asked) < hours, "in the mean less than once an hour, with three hubs in trouble"


@pytest.mark.parametrize("seed", range(40))
def test_what_is_not_wanted_any_more_is_soon_forgotten(seed: int) -> None:
    life = Life(seed)
    life.sub = rules.advertised(life.sub, TOPICS[0], HUBS, life.now)
    for _ in range(life.rng.randrange(200)):
        life.now += timedelta(seconds=life.rng.choice([1, 300, 40_000]))
        life.happen()
        life.work()
    for _ in range(12):
        life.work(wanted=False)
        life.now += rules.LOOK_AGAIN
    assert life.sub == Subscription()


def test_renewals_of_many_sources_do_not_clump() -> None:
    ids = [random.Random(number).randbytes(16).hex() for number in range(200)]
    grants = [
        Grant(
            callback_id=one, callback="", hub="", topic="", secret="", requested_at=NOON,
            verified_at=NOON, lease_ends_at=NOON + timedelta(days=10),
        )
        for one in ids
    ]  # fmt: skip
    times = sorted(at for one in grants if (at := rules.renewal_at(one)) is not None)
    assert timedelta(days=6) <= times[0] - NOON
    assert times[-1] - NOON <= timedelta(days=7)
    assert len(set(times)) > 60


def test_a_document_that_is_larger_than_all_room_waits_alone() -> None:
    huge = rules.MAX_WAITING_BYTES + 1
    assert not rules.is_full(Subscription(), huge)
    sub = rules.pushed(
        Subscription(), Pushed(id="a", topic="t", content_type="", body=b"x", received_at=NOON)
    )
    assert rules.is_full(sub, huge)
    assert not rules.is_full(sub, rules.MAX_WAITING_BYTES - 1)


def test_what_waited_too_long_is_dropped_with_the_next_push() -> None:
    old, new = (
        Pushed(id=name, topic="t", content_type="", body=b"x", received_at=NOON + timedelta(hours=hours))
        for name, hours in (("old", 0), ("new", 25))
    )
    sub = rules.pushed(rules.pushed(Subscription(), old), new)
    assert [one.id for one in sub.waiting] == ["new"]
