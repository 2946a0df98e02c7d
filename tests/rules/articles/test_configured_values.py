"""What a source says of all its articles."""

from msgspec.structs import replace
from support import candidate

from syndicator.model.ids import SourceId
from syndicator.model.schedule import Every
from syndicator.model.source import Source, SourceKind
from syndicator.rules.articles.configured_values import as_configured

SOURCE = Source(
    id=SourceId("city"),
    title="City",
    kind=SourceKind.FEED,
    url="https://city.example/rss",
    schedule=Every(interval_s=300),
    section="Kota",
)


def test_its_section_is_that_of_articles_that_name_none() -> None:
    assert as_configured(SOURCE, candidate(1, section=None)).section == "Kota"
    assert as_configured(SOURCE, candidate(1, section="Olahraga")).section == "Olahraga"
    assert as_configured(replace(SOURCE, section=None), candidate(1, section=None)).section is None


def test_dates_ahead_are_meant_where_it_says_so() -> None:
    assert as_configured(replace(SOURCE, future_dates=True), candidate(1)).is_event
    assert not as_configured(SOURCE, candidate(1)).is_event
