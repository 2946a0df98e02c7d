"""The sample city portal, read without being told anything, brings what its shipped selectors bring."""

import tomllib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from pipeline.preview.preview_world import draft

from syndicator.model.clock import system_clock
from syndicator.model.source import ArticleRule, ListRule, PopularRule, Source, SourceKind
from syndicator.pipeline.preview.comparison import fields_of
from syndicator.pipeline.preview.discovery import discover
from syndicator.pipeline.preview.dry_run_context import DryRunContext
from syndicator.pipeline.preview.preview import preview
from syndicator.sample.server import Sample, SampleOptions, open_sample


@pytest.fixture
async def sample() -> AsyncIterator[Sample]:
    async with open_sample(SampleOptions(interval_s=None), system_clock) as opened:
        yield opened


def shipped(url: str) -> Source:
    """Give the portal as `config/sources.toml` describes it."""
    path = Path(__file__).parents[3] / "config" / "sources.toml"
    told = tomllib.loads(path.read_text("utf-8"))["source"]["berita-kota"]
    return replace(
        draft(url),
        kind=SourceKind.PAGE,
        language="id",
        list=ListRule(**told["list"]),
        article=ArticleRule(**told["article"]),
        popular=PopularRule(**told["popular"]),
    )


async def test_proposed_selectors_bring_what_the_shipped_ones_bring(
    context: DryRunContext, sample: Sample
) -> None:
    url = f"{sample.city_url}/berita/terkini"
    discovery = await discover(context, draft(url), wanted=SourceKind.PAGE, articles=6)
    ours = discovery.preview
    theirs = await preview(context, shipped(url), articles=6)
    assert [item.url for item in ours.listed] == [item.url for item in theirs.listed]
    for one, other in zip(ours.listed, theirs.listed, strict=True):
        assert (one.title, one.published_at, one.section, one.image_url) == (
            other.title,
            other.published_at,
            other.section,
            other.image_url,
        )
    assert ours.next_url == theirs.next_url
    # Readers move the counters between the two readings.
    assert [replace(one, views=None) for one in ours.popular] == [
        replace(one, views=None) for one in theirs.popular
    ]
    assert all(one.views for one in ours.popular)
    assert len(ours.candidates) == 6
    for found, told in zip(ours.candidates, theirs.candidates, strict=True):
        assert fields_of(found) == fields_of(told)
        assert found.body_html == told.body_html
        assert (found.views is None) == (told.views is None)
    assert not ours.missing
    assert all(one.found for one in ours.yields)


async def test_the_feed_of_the_page_is_preferred(context: DryRunContext, sample: Sample) -> None:
    discovery = await discover(context, draft(f"{sample.city_url}/"))
    assert discovery.preview.source.kind is SourceKind.FEED
    assert discovery.preview.source.url == f"{sample.city_url}/rss.xml"
    assert discovery.robots is not None
    assert discovery.robots.allowed


async def test_robots_is_heard(context: DryRunContext, sample: Sample) -> None:
    url = f"{sample.city_url}/news/search?q=warga"
    discovery = await discover(context, draft(url), wanted=SourceKind.PAGE)
    assert discovery.robots is not None
    assert not discovery.robots.allowed
