"""What a source's own policy makes of renamed articles; over a real Redis."""

import pytest
from msgspec.structs import replace
from store.articles.test_admit import admitter
from support import ManualClock, candidate

from syndicator.model.article import Candidate
from syndicator.model.source import IdentityPolicy, Way
from syndicator.pipeline.articles.admission import tally
from syndicator.rules.articles.admission import AdmissionVerdict
from syndicator.store.store import Store

OTHER = {"title": "Lain sama sekali", "lead": "Lain.", "body_html": "<p>Lain.</p>", "published_at": None}


def first(way: Way, pattern: str = "") -> Candidate:
    one = candidate(1, guid="g", url="https://kota.example/read/77/judul")
    return replace(one, identified_by=IdentityPolicy(way=way, pattern=pattern))


@pytest.mark.parametrize(
    ("way", "changes", "is_new"),
    [
        (Way.GUID, {"url": "https://lain.example/x", **OTHER}, False),
        (Way.GUID, {"guid": "h"}, True),
        (Way.GUID, {"guid": None}, False),
        (Way.LINK, {"guid": "h", **OTHER}, False),
        (Way.LINK, {"url": "https://kota.example/read/77/judul-baru"}, True),
        (Way.PATH, {"url": "http://baru.example/read/77/judul", "guid": "h", **OTHER}, False),
        (Way.PATH, {"url": "https://kota.example/read/78/judul"}, True),
        (Way.PATTERN, {"url": "https://baru.example/berita/x?read/77/", "guid": "h", **OTHER}, False),
        (Way.PATTERN, {"url": "https://kota.example/read/78/judul"}, True),
        (Way.CONTENT, {"url": "https://kota.example/s/8F2C", "guid": "h", "body_html": "<p>x</p>"}, False),
        (Way.CONTENT, {"title": "Judul yang lain"}, True),
    ],
)  # fmt: skip
async def test_articles_are_known_by_what_the_table_says(
    store: Store, clock: ManualClock, way: Way, changes: dict[str, object], is_new: bool
) -> None:
    one = first(way, r"read/(\d+)/" if way is Way.PATTERN else "")
    (known,) = await admitter(store, clock).admit([one])
    (again,) = await admitter(store, clock).admit([replace(one, **changes)])
    assert (again.verdict is AdmissionVerdict.NEW) is is_new
    assert (again.article_id == known.article_id) is not is_new


@pytest.mark.parametrize("way", list(Way))
async def test_another_source_that_lists_the_page_is_told_apart_whatever_the_policies(
    store: Store, clock: ManualClock, way: Way
) -> None:
    one = first(way, r"read/(\d+)/")
    await admitter(store, clock).admit([one])
    (other,) = await admitter(store, clock).admit([candidate(2, source="metro", guid="m", url=one.url)])
    assert other.verdict is AdmissionVerdict.DUPLICATE


async def test_by_guid_a_log_of_changes_under_one_address_is_many_articles(
    store: Store, clock: ManualClock
) -> None:
    one = first(Way.GUID)
    for number in range(4):
        (again,) = await admitter(store, clock).admit(
            [replace(one, guid=f"g{number}", title=f"Versi {number}")]
        )
        assert again.verdict is AdmissionVerdict.NEW
    batch = [replace(one, guid=f"g{number}", title=f"Versi {number}") for number in range(6)]
    assert tally(await admitter(store, clock).admit(batch)).new == 2


async def test_a_pattern_that_finds_nothing_leaves_the_address(store: Store, clock: ManualClock) -> None:
    one = first(Way.PATTERN, "/artikel/([a-z]+)")
    await admitter(store, clock).admit([one])
    assert (await admitter(store, clock).admit([one]))[0].verdict is AdmissionVerdict.UNCHANGED
    (other,) = await admitter(store, clock).admit([replace(one, url="https://kota.example/read/78/judul")])
    assert other.verdict is AdmissionVerdict.NEW
