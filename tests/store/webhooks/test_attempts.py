"""The log of attempts over a real Redis: answers, look-ups, and what bounds it."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha1
from random import Random

import pytest
from msgspec.structs import replace
from store.webhooks.test_deliveries import DONE, LEASE, A, B, claim, event, know, queue, retry
from support import NOON, ManualClock, forget_events

from syndicator.model.clock import EPOCH
from syndicator.model.delivery import Dead
from syndicator.model.ids import EndpointId
from syndicator.model.ops.states import AttemptResult
from syndicator.store.store import Store
from syndicator.store.webhooks.attempts import KEPT_ATTEMPTS, AttemptQuery, LoggedAttempt

ALL = AttemptQuery()
KEPT = timedelta(days=30)
LONG = '{"status": "accepted", "message": "the article is in the queue of the editors"}'


async def delivered(store: Store, answers: Sequence[str], endpoint: EndpointId = A, first: int = 1) -> None:
    """Deliver an event of an article of its own for each answer."""
    await know(store, endpoint, max_in_flight=10_000)
    await queue(store, [event(first + number) for number in range(len(answers))], [endpoint])
    leased = (await store.deliveries.claim(NOON, LEASE, len(answers))).leased
    assert len(leased) == len(answers)
    for one, answer in zip(leased, answers, strict=True):
        await store.deliveries.settle(one, replace(DONE, answer=answer), NOON)


async def logged(store: Store, subjects: Sequence[str], endpoint: EndpointId = A) -> None:
    """Log attempts as a worker does, straight to the log."""
    key = store.attempts._keys.attempts(endpoint)
    await store.connection.batch(
        [
            ("XADD", key, "*", "event", f"evt_{subject}", "subject", subject, "type", "article.created",
             "attempt", 1, "result", "delivered", "reason", "204", "duration_ms", 3, "answer", "",
             "answer_id", "")
            for subject in subjects
        ]
    )  # fmt: skip


async def index_length(store: Store) -> int:
    """Return how many attempts are indexed."""
    return int(await store.connection.call("STRLEN", store.attempts._keys.attempt_index(A))) // 12


async def test_attempts_are_found_by_event_article_result_and_time(store: Store, clock: ManualClock) -> None:
    await know(store, A, max_in_flight=10)
    await queue(store, [event(1), event(2)])
    one, other = await claim(store, clock)
    await store.deliveries.settle(one, DONE, clock())
    await asyncio.sleep(0.002)  # positions are instants of Redis
    await store.deliveries.settle(other, Dead(reason="exhausted:timeout", duration_ms=9), clock())
    last, first = await store.attempts.find(A, ALL, 0)
    assert [last.result, first.result] == ["dead", "delivered"]
    for indexed in (0, 2):
        assert await index_length(store) == indexed
        found = await store.attempts.find(A, AttemptQuery(subject="article-1"), 10)
        assert [(one.event, one.reason, one.type) for one in found] == [
            (event(1).id, "204", "article.created")
        ]
        assert await store.attempts.find(A, AttemptQuery(event=event(2).id), 10) == [last]
        assert await store.attempts.find(A, AttemptQuery(event=event(2).id, until=first.at), 10) == []
        assert await store.attempts.find(A, AttemptQuery(event=event(1).id, since=last.at), 10) == []
        assert await store.attempts.find(A, AttemptQuery(subject="article-3"), 10) == []
        (dead,) = await store.attempts.find(A, AttemptQuery(result=AttemptResult.DEAD), 10)
        assert (dead.reason, dead.duration_ms, dead.attempt) == ("exhausted:timeout", 9, 1)
        assert await store.attempts.find(A, AttemptQuery(before=first.position), 10) == []
        assert await store.attempts.find(A, replace(ALL, subject="article-2", before=last.position), 1) == []
        await store.attempts.sweep(A, NOON)


async def test_an_event_that_is_kept_no_more_is_looked_for_in_the_whole_log(store: Store) -> None:
    await delivered(store, ["", ""])
    await forget_events(store)
    (found,) = await store.attempts.find(A, AttemptQuery(event=event(2).id), 1)
    assert found.subject == "article-2"


@pytest.mark.parametrize("seed", range(4))
async def test_the_index_finds_what_the_whole_log_has(store: Store, seed: int) -> None:
    rng = Random(seed)
    subjects = [f"article-{number}" for number in range(12)]
    for _ in range(rng.randint(2, 6)):
        await logged(store, rng.choices(subjects, k=rng.randint(1, 1500)))
        if rng.random() < 0.3:
            await store.connection.call("XTRIM", store.attempts._keys.attempts(A), "MAXLEN", 700)
        if rng.random() < 0.7:
            await store.attempts.sweep(A, NOON)
            assert await index_length(store) == await store.connection.call(
                "XLEN", store.attempts._keys.attempts(A)
            )
        log = await store.attempts.find(A, ALL, 0)
        for subject in (*subjects, "unknown"):
            expected = [one for one in log if one.subject == subject]
            assert await store.attempts.find(A, AttemptQuery(subject=subject), 0) == expected
            assert await store.attempts.find(A, AttemptQuery(subject=subject), 7) == expected[:7]
        pair = [one for one in log if one.subject in subjects[:2]]
        about = await store.attempts.about([A, B], subjects[:2], EPOCH)
        assert (about[A], about[B]) == (pair[:500], [])


def alike() -> tuple[str, str]:
    """Return two subjects whose digests begin with the same four bytes."""
    known: dict[str, str] = {}
    for number in range(1_000_000):
        text = f"article-{number}"
        mark = sha1(text.encode(), usedforsecurity=False).hexdigest()[:8]
        if mark in known:
            return known[mark], text
        known[mark] = text
    raise AssertionError


async def test_subjects_whose_marks_are_alike_are_told_apart(store: Store) -> None:
    one, other = alike()
    await logged(store, [one, other, one])
    await store.attempts.sweep(A, NOON)
    for subject, count in ((one, 2), (other, 1)):
        found = await store.attempts.find(A, AttemptQuery(subject=subject), 0)
        assert [attempt.subject for attempt in found] == [subject] * count


async def test_an_answer_is_kept_once_however_many_attempts_got_it(store: Store) -> None:
    answers = [LONG, "OK", "", LONG, "x" * 1024, LONG]
    await delivered(store, answers)
    found = await store.attempts.find(A, ALL, 0)
    assert sorted(one.answer for one in found) == sorted(answers)
    assert await store.connection.call("HLEN", store.attempts._keys.answers(A)) == 2
    (one,) = await store.attempts.find(A, AttemptQuery(event=event(4).id), 0)
    assert len(one.answer) > 0


async def test_of_very_many_different_answers_those_in_use_of_late_are_kept(store: Store) -> None:
    many = [f"{number:04} " + "x" * 1000 for number in range(1020)]
    await delivered(store, [LONG, *(f"{number} " + "old" * 20 for number in range(6))])
    await asyncio.sleep(0.002)
    await delivered(store, [LONG, *many[:500]], first=100)
    await delivered(store, many[500:], first=1000)
    found = await store.attempts.find(A, ALL, 0)
    assert await store.connection.call("HLEN", store.attempts._keys.answers(A)) == 1024
    assert await store.connection.call("ZCARD", store.attempts._keys.answers_used(A)) == 1024
    dropped = [one for one in found if one.answer_dropped]
    assert [one.answer for one in dropped] == ["", "", ""]
    oldest = found[-7:]
    assert {one.event for one in dropped} < {one.event for one in oldest}
    kept = [one.answer for one in found if not one.answer_dropped]
    assert kept.count(LONG) == 2, "it was in use again"
    assert set(kept) >= set(many)


async def test_attempts_and_their_answers_are_forgotten_in_time(store: Store) -> None:
    await delivered(store, [LONG, "y" * 100])
    await store.attempts.sweep(A, NOON)
    await asyncio.sleep(0.002)
    await delivered(store, [LONG], first=3)
    before = await store.attempts.find(A, ALL, 0)
    await store.attempts.sweep(A, before[0].at + KEPT)
    assert await store.attempts.find(A, ALL, 0) == before[:1]
    assert before[0].answer == LONG
    assert await store.connection.call("HLEN", store.attempts._keys.answers(A)) == 1
    assert await index_length(store) == 1
    await store.attempts.sweep(A, before[0].at + KEPT + timedelta(seconds=1))
    keys = store.attempts._keys
    left = [key(A) for key in (keys.attempts, keys.attempt_index, keys.answers, keys.answers_used)]
    assert await store.connection.call("EXISTS", *left) == 0


async def test_the_newest_are_kept_where_there_are_many(store: Store, clock: ManualClock) -> None:
    await logged(store, [f"article-{number}" for number in range(KEPT_ATTEMPTS + 500)])
    await store.attempts.sweep(A, NOON)
    await delivered(store, [""], first=9000)
    await store.attempts.sweep(A, NOON)
    count = len(await store.attempts.find(A, ALL, 0))
    assert KEPT_ATTEMPTS <= count <= KEPT_ATTEMPTS + 100, "Redis drops whole nodes of its stream"
    assert await index_length(store) == count
    newest = await store.attempts.newest(A)
    assert newest is not None
    assert newest.subject == "article-9000"


async def test_attempts_of_former_releases_are_found_with_their_answers(store: Store) -> None:
    await queue(store, [event(1)])
    fields: list[str | int] = ["event", event(1).id, "subject", "article-1", "type", "article.created"]
    fields += ["attempt", 1, "result", "retry", "reason", "http_503", "duration_ms", 3, "answer", LONG]
    await store.connection.call("XADD", store.attempts._keys.attempts(A), "*", *fields)
    (leased,) = (await store.deliveries.claim(NOON, LEASE, 9)).leased
    await store.deliveries.settle(leased, replace(DONE, answer=LONG), NOON)

    async def found() -> Sequence[LoggedAttempt]:
        return await store.attempts.find(A, AttemptQuery(event=event(1).id), 0)

    assert [(one.result, one.answer) for one in await found()] == [("delivered", LONG), ("retry", LONG)]
    before = await found()
    await store.attempts.sweep(A, NOON)
    assert await found() == before
    assert await index_length(store) == 2


async def test_what_a_claim_found_superseded_is_found_by_its_event(store: Store, clock: ManualClock) -> None:
    old, new = event(1), event(1, revision=2)
    await queue(store, [old])
    await claim(store, clock)
    await queue(store, [new], older=[old])
    clock.advance(17)
    (following,) = await claim(store, clock)
    clock.advance(20)
    await claim(store, clock)
    await store.deliveries.settle(following, retry(clock), clock())
    for _ in range(2):
        about = await store.attempts.about([A], ["article-1"], EPOCH)
        assert old.id in {one.event for one in about[A]}
        (one,) = await store.attempts.find(A, AttemptQuery(event=old.id), 0)
        assert (one.result, one.reason) == ("superseded", new.id)
        await store.attempts.sweep(A, NOON)


async def test_the_newest_attempt_of_each_endpoint(store: Store, clock: ManualClock) -> None:
    await know(store, A, B)
    old, new = event(1), event(1, revision=2)
    await queue(store, [old], [A, B])
    for one in await claim(store, clock):
        await store.deliveries.settle(one, retry(clock), clock())
    await asyncio.sleep(0.002)
    await queue(store, [new], [A], older=[old])
    found = await store.attempts.newest_of([A, B, EndpointId("none")])
    assert {name: (one.event, one.failure) for name, one in found.items()} == {
        A: (old.id, "http_503"),
        B: (old.id, "http_503"),
    }
    assert found[A] == await store.attempts.newest(A)
    assert await store.attempts.newest(EndpointId("none")) is None
