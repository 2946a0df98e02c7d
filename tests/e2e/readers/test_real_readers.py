"""Two readers that share no code with us or each other list every entry, with title, author, date and image."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from e2e.readers.real_readers import HAS_MINIFLUX, HAS_NEWSBOAT, Listed, in_newsboat, miniflux
from support import NOON, ManualClock
from web.web_world import Client, World, client_of, story

from syndicator.store.store import Store
from syndicator.web.app import create_app
from syndicator.web.http.options import WebOptions

pytestmark = pytest.mark.slow
NUMBERS = range(1, 6)
WITHOUT_AUTHOR = 3


@pytest.fixture
async def client(store: Store, clock: ManualClock) -> AsyncIterator[Client]:
    world = World(store, clock)
    await world.admit(
        *(
            story(number, authors=() if number == WITHOUT_AUTHOR else ("Sari Dewi", "Budi Santoso"))
            for number in NUMBERS
        )
    )
    async with client_of(create_app(world.reading, WebOptions())) as opened:
        yield opened


def expected(number: int) -> Listed:
    return Listed(
        title=f"Kabar <nomor> {number} & lainnya",
        author="Berita Kota" if number == WITHOUT_AUTHOR else "Sari Dewi, Budi Santoso",
        published=NOON - timedelta(minutes=10 * number),
        url=f"https://kota.example/read/{number}/kabar",
        image=f"https://img.kota.example/{number}.jpg",
    )


@pytest.mark.skipif(not HAS_NEWSBOAT, reason="newsboat is not installed")
@pytest.mark.parametrize("form", ["rss", "atom"])
async def test_newsboat(client: Client, tmp_path: Path, form: str) -> None:
    listed = await in_newsboat(f"{client.base}/feeds/latest.{form}", tmp_path / "newsboat")
    assert listed == [expected(number) for number in NUMBERS]


@pytest.mark.timeout(180)
@pytest.mark.skipif(not HAS_MINIFLUX, reason="miniflux and PostgreSQL are not installed, or this is not root")
async def test_miniflux(client: Client) -> None:
    async with miniflux() as reader:
        for form in ("rss", "atom", "json"):
            listed = await reader.listed(f"{client.base}/feeds/latest.{form}")
            # Of several authors, it makes an alphabetical list.
            told = [
                one._replace(author=", ".join(sorted(one.author.split(", "), reverse=True))) for one in listed
            ]
            # Of JSON Feed, it reads attachments; `image` is none, so that no reader shows it twice.
            wanted = [expected(number) for number in NUMBERS]
            assert told == ([one._replace(image="") for one in wanted] if form == "json" else wanted), form
