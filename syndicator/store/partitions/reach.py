"""Which partitions answer: one whose node is away holds up nothing but itself."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from syndicator.errors import StoreUnavailable
from syndicator.observe.logs import get_logger
from syndicator.store.connection import Connection
from syndicator.store.keys.partitions import Partitions

_AGAIN_S = 1.0
"""Between two looks whether a partition answers again."""

T = TypeVar("T")

log = get_logger(__name__)


class Reach:
    """Asks partitions, but for those that did not answer and are looked for in the background."""

    def __init__(self, connection: Connection, partitions: Partitions) -> None:
        self._redis = connection
        self._partitions = partitions
        self._looks = dict[int, asyncio.Task[None]]()

    @property
    def is_whole(self) -> bool:
        """Return whether all partitions answered, or answer again, as far as is known."""
        return all(look.done() for look in self._looks.values())

    async def each(
        self, ask: Callable[[int], Awaitable[T]], partitions: Iterable[int] | None = None
    ) -> dict[int, T]:
        """Ask partitions at once; return what each says that answers.

        Raises StoreUnavailable where no partition at all does. Where there is one, it is asked always.
        """
        asked = list(self._partitions.all if partitions is None else partitions)
        if self._partitions.is_one:
            return {partition: await ask(partition) for partition in asked}
        present = [partition for partition in asked if not self._is_away(partition)]
        answers = await asyncio.gather(*map(ask, present), return_exceptions=True)
        found: dict[int, T] = {}
        failure = StoreUnavailable(f"no partition of [store.partitions] {self._partitions.kind} answers")
        for partition, answer in zip(present, answers, strict=True):
            if isinstance(answer, StoreUnavailable):
                failure = answer
                self._note_away(partition, answer)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found[partition] = answer
        if len(self._looks) == self._partitions.count:
            raise failure
        return found

    async def ask(self, owner: str, question: Callable[[], Awaitable[T]]) -> T | None:
        """Ask the partition of an owner something; return None where it does not answer.

        Where there is one partition, StoreUnavailable is raised.
        """
        partition = self._partitions.of(owner)
        if self._partitions.is_one:
            return await question()
        if self._is_away(partition):
            return None
        try:
            return await question()
        except StoreUnavailable as error:
            self._note_away(partition, error)
            return None

    def _is_away(self, partition: int) -> bool:
        look = self._looks.get(partition)
        if look is not None and look.done():
            del self._looks[partition]
            log.info("partition_back", of=self._partitions.kind, partition=partition)
        return partition in self._looks

    def _note_away(self, partition: int, error: StoreUnavailable) -> None:
        log.warning("partition_away", of=self._partitions.kind, partition=partition, reason=str(error))
        self._looks[partition] = asyncio.create_task(self._look(partition))

    async def _look(self, partition: int) -> None:
        """Return once a partition answers, or this process closes its connections."""
        while not self._redis.is_closed:
            try:
                await self._redis.call("EXISTS", self._partitions.prefix(partition))
            except StoreUnavailable:
                await asyncio.sleep(_AGAIN_S)
            else:
                return
