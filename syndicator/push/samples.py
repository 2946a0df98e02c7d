"""An example of each event, made by what makes the real ones."""

import json
from datetime import UTC, datetime
from typing import Any

from syndicator.errors import PushError
from syndicator.model.article import (
    Article,
    ChangeSize,
    Enclosure,
    Photo,
    Placement,
    Provenance,
    RelatedLink,
    Revised,
)
from syndicator.model.event import (
    Crossed,
    Details,
    EndpointNotice,
    Event,
    EventType,
    FeedRef,
    Grown,
    Measure,
    Renewed,
    SourceNotice,
)
from syndicator.model.feed import Site, Window
from syndicator.model.ids import ArticleId, EventId, FeedId, SourceId, StoryId
from syndicator.push.payload import payload

_SITE = Site(title="Kabar", public_url="https://news.example")
_AT = datetime(2026, 11, 5, 12, 0, 3, tzinfo=UTC)
_PUBLISHED = datetime(2026, 11, 5, 11, 58, tzinfo=UTC)
_STORY, _ARTICLE = StoryId("2ypn6vbqmzr4c7sd"), ArticleId("5uvqk4bqvtgfkp3a")
_FEED = FeedRef(
    id=FeedId("popular"),
    title="Terpopuler hari ini",
    url="https://news.example/feeds/popular",
    rss="https://news.example/feeds/popular.rss",
    atom="https://news.example/feeds/popular.atom",
    json="https://news.example/feeds/popular.json",
)


def sample(kind: EventType) -> dict[str, Any]:
    """Return the body of an event of a type, as it would arrive."""
    article = _article(kind) if kind.family in {"article", "popularity", "story"} else None
    body: dict[str, Any] = json.loads(payload(sample_event(kind), article, _STORY, site=_SITE))
    return body


def sample_event(kind: EventType) -> Event:
    """Return an event of a type."""
    subject, details = _sample_details(kind)
    revision = _article(kind).revision if kind.family == "article" else 3
    return Event(
        id=EventId("evt_2w6sjm4vmrpdk37aqhxzcb5yte"),
        type=kind,
        subject=subject,
        revision=revision,
        at=_AT,
        reason="on request of the portal" if kind is EventType.ARTICLE_WITHDRAWN else None,
        details=details,
    )


def _sample_details(kind: EventType) -> tuple[str, Details | None]:
    """Return a subject, and what else there is to say."""
    match kind.family:
        case "story":
            return _STORY, Grown(joined=_ARTICLE, owners=3, articles=4)
        case "popularity":
            return _ARTICLE, Crossed(
                feed=_FEED,
                window=Window.DAY,
                measure=Measure.TOP,
                threshold=10,
                rank=7,
                score=3.412,
                views=18250,
            )
        case "feed":
            return _FEED.id, Renewed(feed=_FEED)
        case "source":
            return "berita-kota", _source(kind)
        case "endpoint":
            return "partner-a", _endpoint(kind)
        case "article":
            return _ARTICLE, None
        case _:
            raise PushError(f"events of the family {kind.family!r} have no sample")


def _source(kind: EventType) -> SourceNotice:
    standing, why = {
        EventType.SOURCE_FAILING: ("failing", "the last 3 rounds failed (timeout)"),
        EventType.SOURCE_QUIET: (
            "quiet",
            "nothing new for 9 hours, in which about 41 articles usually come",
        ),
        EventType.SOURCE_RECOVERED: ("ok", ""),
        EventType.SOURCE_BEHIND: (
            "behind",
            "94.1% of 340 articles of 30 days were shown within 10 min; the objective is 95%",
        ),
        EventType.SOURCE_CAUGHT_UP: (
            "caught_up",
            "95.6% of 340 articles of 30 days were shown within 10 min; the objective is 95%",
        ),
    }[kind]
    return SourceNotice(title="Berita Kota", standing=standing, why=why, since=_PUBLISHED)


def _endpoint(kind: EventType) -> EndpointNotice:
    why = {
        EventType.ENDPOINT_FAILING: "http_503",
        EventType.ENDPOINT_DISABLED: "gone",
        EventType.ENDPOINT_RECOVERED: "",
    }[kind]
    return EndpointNotice(why=why, since=_PUBLISHED, waiting=12 if why else 0)


def _article(kind: EventType) -> Article:
    revision = {
        EventType.ARTICLE_UPDATED: 2,
        EventType.ARTICLE_CORRECTED: 2,
        EventType.ARTICLE_WITHDRAWN: 3,
        EventType.ARTICLE_RESTORED: 4,
    }.get(kind, 1)
    changed = Revised(
        size=ChangeSize.MAJOR,
        words_changed=0.021,
        words_added=3,
        words_removed=2,
        title_changed=False,
        figures_changed=True,
        fields=("body",),
    )
    return Article(
        id=_ARTICLE,
        revision=revision,
        source=SourceId("berita-kota"),
        url="https://beritakota.example/read/214",
        title="MRT Tambah Perjalanan pada Jam Sibuk",
        lead="Mulai Senin kereta datang tiap lima menit.",
        body_html="<p>Mulai Senin kereta datang tiap lima menit.</p>",
        quote="“Kami siap.”",
        authors=("Ani Wijaya",),
        photos=(_photo(),),
        enclosures=(_enclosure(),),
        section="Transportasi",
        tags=("MRT",),
        language="id",
        related=(_related(),),
        published_at=_PUBLISHED,
        first_seen_at=_AT,
        updated_at=_AT,
        listed_at=_PUBLISHED,
        provenance=Provenance(
            source=SourceId("berita-kota"), requested_url="https://beritakota.example/", fetched_at=_AT
        ),
        content_hash="",
        revised=changed if revision == 2 else None,  # noqa: PLR2004 — the one that is no first, and whole
        correction="Ralat: Dalam artikel ini semula tertulis sepuluh menit."
        if kind is EventType.ARTICLE_CORRECTED
        else None,
    )


def _photo() -> Photo:
    return Photo(
        url="https://beritakota.example/mrt.jpg",
        caption="Stasiun Blok M",
        credit="Budi",
        media_type="image/jpeg",
        width=800,
        height=450,
        length_bytes=81920,
    )


def _enclosure() -> Enclosure:
    return Enclosure(
        url="https://beritakota.example/mrt.mp3", media_type="audio/mpeg", length_bytes=1_966_080
    )


def _related() -> RelatedLink:
    return RelatedLink(
        url="https://beritakota.example/read/198", title="Tarif MRT Tetap", placement=Placement.INLINE
    )
