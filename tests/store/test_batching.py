"""Calls that go together: each who waits gets an answer, or hears why there is none."""

import asyncio
from collections.abc import Sequence

import pytest

from syndicator.errors import StoreError, StoreUnavailable
from syndicator.store.batching import Together


class Server:
    """Doubles numbers, several in a call; refuses calls that hold a negative one."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []

    async def double(self, numbers: Sequence[int]) -> list[int]:
        self.calls.append(list(numbers))
        await asyncio.sleep(0)
        if 0 in numbers:
            raise StoreUnavailable("away")
        if any(number < 0 for number in numbers):
            raise ValueError("negative")
        return [2 * number for number in numbers]


async def ask(together: Together[int, int], *numbers: int) -> list[int | BaseException]:
    async with asyncio.timeout(10):
        return await asyncio.gather(*map(together.ask, numbers), return_exceptions=True)


async def test_what_is_asked_meanwhile_goes_with_the_next_call() -> None:
    server = Server()
    assert await ask(Together(server.double, 3), *range(1, 8)) == [2, 4, 6, 8, 10, 12, 14]
    assert [len(call) for call in server.calls] == [3, 3, 1]


async def test_a_call_holds_as_much_as_it_may_weigh() -> None:
    server = Server()
    assert await ask(Together(server.double, 10, lambda number: number), 20, 4, 6, 1) == [40, 8, 12, 2]
    assert server.calls == [[20], [4, 6], [1]]


async def test_a_faulty_question_fails_alone() -> None:
    told = await ask(Together(Server().double, 10), 1, -2, 3)
    assert (told[0], told[2]) == (2, 6)
    assert isinstance(told[1], ValueError)


async def test_all_are_told_at_once_when_the_server_is_away() -> None:
    server = Server()
    told = await ask(Together(server.double, 10), 1, 0, 3)
    assert {type(one) for one in told} == {StoreUnavailable}
    assert len({id(one) for one in told}) == 3
    assert len(server.calls) == 1


async def test_one_that_leaves_keeps_no_other_waiting() -> None:
    together = Together(Server().double, 10)
    first, leaver, last = (asyncio.create_task(together.ask(number)) for number in (1, 2, 3))
    await asyncio.sleep(0)
    leaver.cancel()
    async with asyncio.timeout(10):
        assert (await first, await last) == (2, 6)
    assert leaver.cancelled()


async def test_nobody_waits_for_a_call_that_was_cancelled() -> None:
    async def never(numbers: Sequence[int]) -> list[int]:
        await asyncio.sleep(3600)
        return list(numbers)

    together = Together(never, 1)
    asking = [asyncio.create_task(together.ask(number)) for number in (1, 2)]
    await asyncio.sleep(0.01)
    assert together._asking is not None
    together._asking.cancel()
    async with asyncio.timeout(10):
        told = await asyncio.gather(*asking, return_exceptions=True)
    assert {type(one) for one in told} == {asyncio.CancelledError}


async def test_an_answer_too_few_is_a_fault_that_is_told() -> None:
    async def short(numbers: Sequence[int]) -> list[int]:
        return list(numbers)[1:]

    told = await ask(Together(short, 10), 1, 2)
    assert {type(one) for one in told} == {ValueError}


async def test_a_fault_that_cannot_be_copied_is_told_all_the_same() -> None:
    class Odd(StoreError):
        def __init__(self, one: str, two: str) -> None:
            super().__init__(one + two)

    async def odd(numbers: Sequence[int]) -> list[int]:
        raise Odd("a", str(len(numbers)))

    with pytest.raises(Odd):
        await Together(odd, 10).ask(1)
