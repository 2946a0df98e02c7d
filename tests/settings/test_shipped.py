"""The configuration that comes along is a good one, and fits the sample portals as they are."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from syndicator.gather.articles.article_page import read_article
from syndicator.gather.listings.list_page import read_list
from syndicator.model.article import Candidate, Placement
from syndicator.model.fetch import Fetched
from syndicator.model.ids import SourceId
from syndicator.model.source import SourceKind
from syndicator.sample.server import SAMPLE_SECRET, Sample, SampleOptions, open_sample
from syndicator.settings import Settings, load

FOLDER = Path(__file__).parents[2] / "config"
NOON = datetime(2026, 11, 23, 5, tzinfo=UTC)


EXAMPLES = FOLDER / "examples"


def test_the_examples_are_a_good_configuration_of_real_portals() -> None:
    sources = load(EXAMPLES, {}).sources.values()
    assert len(sources) >= 12
    assert {source.kind for source in sources} == set(SourceKind)
    assert all(source.url.startswith("https://") for source in sources)
    assert {(source.language or "").partition("-")[0] for source in sources} == {"id", "en"}


def test_the_examples_are_not_read_with_the_rest() -> None:
    assert not load(FOLDER, {}).sources.keys() & load(EXAMPLES, {}).sources.keys()


@pytest.fixture
def shipped() -> Settings:
    return load(FOLDER, {})


@pytest.fixture
async def sample() -> AsyncIterator[Sample]:
    async with open_sample(SampleOptions(interval_s=None), lambda: NOON) as running:
        yield running


async def fetch(url: str) -> Fetched:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Fetched(
            requested_url=url,
            url=str(answer.url),
            status=answer.status,
            headers=headers,
            body=await answer.read(),
            fetched_at=NOON,
        )


async def test_every_source_has_its_document_in_the_sample(shipped: Settings, sample: Sample) -> None:
    bases = dict(
        zip(shipped.sample.ports, (sample.city_url, sample.wire_url, sample.partner_url), strict=True)
    )
    for source in shipped.sources.values():
        _, _, rest = source.url.partition("http://127.0.0.1:")
        port, _, path = rest.partition("/")
        answer = await fetch(f"{bases[int(port)]}/{path}")
        assert answer.status == 200, source.url
        wanted = "html" if source.kind is SourceKind.PAGE else "xml"
        assert wanted in answer.headers["content-type"]


async def test_every_selector_finds_its_part(shipped: Settings, sample: Sample) -> None:
    source = shipped.sources[SourceId("berita-kota")]
    reading = read_list(source, await fetch(f"{sample.city_url}/berita/terkini"))
    assert len(reading.items) == 12
    assert reading.next_url == f"{sample.city_url}/berita/terkini?p=2"
    assert reading.warnings == ()
    for item in reading.items:
        assert item.title
        assert item.published_at
        assert item.section
        assert item.image_url
    assert [item.rank for item in reading.popular] == [1, 2, 3, 4, 5]
    assert all(item.title and item.views and item.author for item in reading.popular)
    assert any(item.published_at for item in reading.popular)  # a bare date of today counts as none
    candidates = [read_article(source, await fetch(item.url), item).candidate for item in reading.items]
    for candidate in candidates:
        _check_complete(candidate)
    placements = {link.placement for candidate in candidates for link in candidate.related}
    assert placements == {Placement.INLINE, Placement.BOXED}


def _check_complete(candidate: Candidate) -> None:
    assert candidate.title
    assert candidate.body_html.count("<p>") >= 3
    assert candidate.lead in candidate.body_html
    assert candidate.quote
    assert candidate.published_at
    assert candidate.published_at <= NOON
    assert len(candidate.authors) == 1
    assert candidate.section
    assert candidate.tags
    assert candidate.views
    assert len(candidate.photos) == 1
    assert candidate.photos[0].caption
    assert candidate.photos[0].credit


async def test_every_section_of_the_portals_has_a_feed(shipped: Settings, sample: Sample) -> None:
    writers = (sample.world.city_writer, sample.world.english_writer)
    sections = {section for writer in writers for section in writer.sections}
    assert {section for feed in shipped.feeds.values() for section in feed.filter.section} == sections


def test_the_promised_feeds_are_there(shipped: Settings) -> None:
    assert {"latest", "popular", "berita-kota", "kabar-nusantara"} <= set(shipped.feeds)
    assert all(feed.title for feed in shipped.feeds.values())


def test_the_partner_is_the_sample_and_shares_its_secret(shipped: Settings) -> None:
    (endpoint,) = shipped.endpoints.values()
    assert endpoint.url == f"http://127.0.0.1:{shipped.sample.ports[2]}/hook"
    assert [secret.reveal() for secret in endpoint.secrets] == [SAMPLE_SECRET]


def test_it_listens_on_loopback_and_reaches_no_further(shipped: Settings) -> None:
    assert shipped.site.public_url == "http://127.0.0.1:8080"
    city, wire, partner = shipped.sample.ports
    allowed = [list(map(str, one)) for one in (shipped.egress.allow, shipped.egress.allow_callbacks)]
    assert allowed == [[f"127.0.0.1:{city}", f"127.0.0.1:{wire}"], [f"127.0.0.1:{partner}"]]
    assert not shipped.egress.allow_subscribers
    assert shipped.store.redis_url is None
