"""Questions that go in one call: each who waits gets an answer, or hears why there is none."""

import asyncio
from collections.abc import Sequence

from syndicator.errors import StoreError, StoreUnavailable
from syndicator.store.batching import Batcher


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


async def ask(batcher: Batcher[int, int], *numbers: int) -> list[int | BaseException]:
    async with asyncio.timeout(30):
        return await asyncio.gather(*map(batcher.ask, numbers), return_exceptions=True)


async def test_what_is_asked_meanwhile_goes_with_the_next_call() -> None:
    server = Server()
    assert await ask(Batcher(server.double, 3), *range(1, 8)) == [2, 4, 6, 8, 10, 12, 14]
    assert [len(call) for call in server.calls] == [3, 3, 1]


async def test_a_call_holds_as_much_as_it_may_weigh() -> None:
    server = Server()
    assert await ask(Batcher(server.double, 10, lambda number: number), 20, 4, 6, 1) == [40, 8, 12, 2]
    assert server.calls == [[20], [4, 6], [1]]


async def test_a_faulty_question_fails_alone() -> None:
    told = await ask(Batcher(Server().double, 10), 1, -2, 3)
    assert (told[0], told[2]) == (2, 6)
    assert isinstance(told[1], ValueError)


async def test_all_are_told_at_once_when_the_server_is_away() -> None:
    server = Server()
    told = await ask(Batcher(server.double, 10), 1, 0, 3)
    assert {type(one) for one in told} == {StoreUnavailable}
    assert len({id(one) for one in told}) == 3
    assert len(server.calls) == 1


async def test_one_that_leaves_keeps_no_other_waiting() -> None:
    batcher = Batcher(Server().double, 10)
    first, leaver, last = (asyncio.create_task(batcher.ask(number)) for number in (1, 2, 3))
    await asyncio.sleep(0)
    leaver.cancel()
    async with asyncio.timeout(30):
        assert (await first, await last) == (2, 6)
    assert leaver.cancelled()


async def test_nobody_waits_for_a_call_that_was_cancelled() -> None:
    async def never(numbers: Sequence[int]) -> list[int]:
        await asyncio.sleep(3600)
        return list(numbers)

    batcher = Batcher(never, 1)
    asking = [asyncio.create_task(batcher.ask(number)) for number in (1, 2)]
    await asyncio.sleep(0.01)
    assert batcher._asking is not None
    batcher._asking.cancel()
    async with asyncio.timeout(30):
        told = await asyncio.gather(*asking, return_exceptions=True)
    assert {type(one) for one in told} == {asyncio.CancelledError}


async def test_an_answer_too_few_is_a_fault_that_is_told() -> None:
    async def short(numbers: Sequence[int]) -> list[int]:
        return list(numbers)[1:]

    told = await ask(Batcher(short, 10), 1, 2)
    assert {type(one) for one in told} == {ValueError}


async def test_a_fault_that_cannot_be_copied_is_told_all_the_same() -> None:
    class Odd(StoreError):
        def __init__(self, one: str, two: str) -> None:
            super().__init__(one + two)

    async def odd(numbers: Sequence[int]) -> list[int]:
        raise Odd("a", str(len(numbers)))

    async with asyncio.timeout(30):
        told = await asyncio.gather(*map(Batcher(odd, 10, apart=False).ask, (1, 2)), return_exceptions=True)
    assert [(type(one), str(one)) for one in told] == [(Odd, "a2")] * 2
    assert told[0] is not told[1]


async def test_nobody_waits_for_calls_of_one_that_were_cancelled() -> None:
    may_end = asyncio.Event()

    async def stuck(numbers: Sequence[int]) -> list[int]:
        if len(numbers) > 1:
            raise ValueError
        may_end.set()
        await asyncio.sleep(3600)
        return list(numbers)

    batcher = Batcher(stuck, 10)
    asking = [asyncio.create_task(batcher.ask(number)) for number in (1, 2)]
    await may_end.wait()
    assert batcher._asking is not None
    batcher._asking.cancel()
    async with asyncio.timeout(30):
        told = await asyncio.gather(*asking, return_exceptions=True)
    assert {type(one) for one in told} == {asyncio.CancelledError}


async def test_a_question_that_cannot_be_weighed_is_that_of_its_caller_alone() -> None:
    batcher = Batcher(Server().double, 10, lambda number: 10 // (number - 1))
    told = await ask(batcher, 3, 1, 4)
    assert (told[0], told[2]) == (6, 8)
    assert isinstance(told[1], ZeroDivisionError)


async def test_a_refused_call_may_be_all_that_is_asked() -> None:
    server = Server()
    told = await ask(Batcher(server.double, apart=False), 1, -2, 3)
    assert [type(one) for one in told] == [ValueError] * 3
    assert len({id(one) for one in told}) == 3
    assert len(server.calls) == 1
