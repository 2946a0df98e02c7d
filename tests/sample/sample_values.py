"""What the tests of the sample share: a clock that is set by hand, a running sample, and plain requests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import ClientSession
from msgspec import Struct

from syndicator.sample.server import Sample, SampleOptions, open_sample

NOON = datetime(2026, 5, 4, 5, 0, tzinfo=UTC)
"""Monday, at noon in the sample city."""


class HandClock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **span: float) -> None:
        self.now += timedelta(**span)


class Answer(Struct, kw_only=True):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class Visitor:
    """A sample that stands still, the clock that it follows, and a client."""

    def __init__(self, sample: Sample, clock: HandClock, session: ClientSession) -> None:
        self.sample = sample
        self.clock = clock
        self._session = session

    async def get(self, url: str, **headers: str) -> Answer:
        """Get an address as it stands; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self._session.get(url, headers=named, allow_redirects=False) as response:
            return Answer(
                status=response.status,
                headers={name.lower(): value for name, value in response.headers.items()},
                body=await response.read(),
            )

    async def post(self, url: str, body: bytes, headers: dict[str, str] | None = None) -> Answer:
        async with self._session.post(url, data=body, headers=headers) as response:
            return Answer(
                status=response.status,
                headers={name.lower(): value for name, value in response.headers.items()},
                body=await response.read(),
            )


@asynccontextmanager
async def visiting(
    *, seed: int = 1, folder: Path | None = None, interval_s: float | None = None
) -> AsyncIterator[Visitor]:
    clock = HandClock()
    options = SampleOptions(seed=seed, folder=folder, interval_s=interval_s)
    async with open_sample(options, clock) as sample, ClientSession() as session:
        yield Visitor(sample, clock, session)
