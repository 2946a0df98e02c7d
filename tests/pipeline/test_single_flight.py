"""What many ask for at the same time is made once."""

import asyncio

import pytest

from syndicator.pipeline.single_flight import SingleFlight


class Making:
    """Ends when the test says so, and counts how often it began."""

    def __init__(self) -> None:
        self.began = 0
        self.may_end = asyncio.Event()

    async def __call__(self) -> int:
        self.began += 1
        number = self.began
        await self.may_end.wait()
        if number == 1:
            raise ValueError
        return number


async def test_one_who_gives_up_takes_nothing_from_the_others_and_a_fault_is_nobodys_later() -> None:
    flight, making = SingleFlight[str, int](), Making()
    first, second = (asyncio.create_task(flight.get("a", making, name="x")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    making.may_end.set()
    with pytest.raises(ValueError):
        await second
    assert making.began == 1
    assert await flight.get("a", making, name="x") == 2


async def test_each_who_waits_gets_an_exception_of_its_own() -> None:
    flight, making = SingleFlight[str, int](), Making()
    making.may_end.set()
    told = await asyncio.gather(
        *(flight.get("a", making, name="x") for _ in range(3)), return_exceptions=True
    )
    assert [type(one) for one in told] == [ValueError] * 3
    assert len({id(one) for one in told}) == 3


async def test_keys_are_made_apart_and_closing_ends_what_is_under_way() -> None:
    flight, making = SingleFlight[str, int](), Making()
    asked = [asyncio.create_task(flight.get(key, making, name="x")) for key in "ab"]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert making.began == 2
    await flight.close()
    told = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(one) for one in told] == [asyncio.CancelledError] * 2
