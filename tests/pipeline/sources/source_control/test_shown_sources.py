"""What is shown of a source to operators: what is really asked, and no secret."""

from datetime import timedelta

import msgspec
import pytest
from msgspec.structs import replace
from support import NOON

from syndicator.model.ids import SourceId
from syndicator.model.schedule import Every
from syndicator.model.source import Failure, Move, PopularRule, Source, SourceKind, SourceState
from syndicator.pipeline.articles.explanation import show

SOURCE = Source(
    id=SourceId("kota"),
    title="Kota",
    kind=SourceKind.FEED,
    url="https://budi:geheim@kota.example/rss?geheim#x",
    home_url="https://kota.example/",
    schedule=Every(interval_s=300),
    proxy="http://me:geheim@proxy.example:3128",
    headers={"Authorization": "Basic geheim"},
    popular=PopularRule(item="li", url="https://kota.example/top?k=geheim"),
)
MOVED = Move(
    target="https://kota.example/new?a=geheim",
    sightings=5,
    first_seen_at=NOON - timedelta(days=2),
    adopted_at=NOON,
)
STATE = SourceState(
    last_success_at=NOON,
    failures=1,
    failure=Failure(reason="http_500", detail="https://kota.example/new?a=geheim said 500", at=NOON),
    warnings=(
        "the page https://kota.example/top?k=geheim could not be read: empty",
        "article page https://kota.example/read?id=7&token=geheim: http_404",
    ),
    own_warnings=("the sitemap https://kota.example/rss?geheim is odd",),
    move=MOVED,
)


def test_no_secret_of_an_address_is_shown() -> None:
    shown = show(SOURCE, STATE, None, NOON)
    assert "geheim" not in msgspec.json.encode(shown).decode()
    assert shown.source.url == "https://[hidden]@kota.example/rss?[hidden]"
    assert shown.source.home_url == "https://kota.example/"
    assert shown.state.move is not None
    assert shown.state.move.target == "https://kota.example/new?[hidden]"
    assert shown.state.warnings[1].startswith("article page https://kota.example/read?id=7&")
    assert shown.health.why == (
        "the last round failed (http_500): https://kota.example/new?[hidden] said 500"
    )


@pytest.mark.parametrize(
    ("source", "asked"),
    [
        (SOURCE, "https://[hidden]@kota.example/rss?[hidden]"),  # what is sent along stays with its server
        (replace(SOURCE, headers={}), "https://kota.example/new?[hidden]"),
    ],
)
def test_the_address_that_is_asked_is_told(source: Source, asked: str) -> None:
    assert show(source, STATE, None, NOON).asked_url == asked
