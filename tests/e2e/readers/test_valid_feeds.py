"""Everything that the service publishes from the sample portals is valid, in every format."""

from pathlib import Path

import aiohttp
import pytest
from e2e.conftest import Start
from lxml import etree
from render.feed_checks import FAULTS, opml_faults
from support import until

from syndicator.sample.server import Sample

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


async def test_no_feed_of_the_sample_has_a_fault(start: Start, config: Path, sample: Sample) -> None:
    program = await start(config, "run")
    url = await program.ready()
    await until(lambda: sample.inbox.distinct >= 30)
    async with aiohttp.ClientSession(base_url=url) as session:

        async def get(path: str) -> bytes:
            async with session.get(path) as answer:
                assert answer.status == 200, path
                return await answer.read()

        listed = await get("/feeds.opml")
        assert opml_faults(listed) == []
        feeds = [
            one.get("xmlUrl", "").removesuffix(".rss") for one in etree.fromstring(listed).iter("outline")
        ]
        paths = [feed.removeprefix(url) for feed in feeds] + [
            "/articles",
            "/articles?sort=popular",
            "/search?q=kota",
        ]
        assert len(paths) > 4
        for path in paths:
            place, mark, asked = path.partition("?")
            for form, faults in FAULTS.items():
                own = f"{place}.{form}{mark}{asked}"
                assert faults(await get(own), url + own) == [], own
    assert await program.stop() == 0
