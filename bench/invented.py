"""Articles that differ in a number alone, for benches in which their texts do not matter."""

from datetime import UTC, datetime, timedelta

from syndicator.model.article import Candidate, Provenance
from syndicator.model.ids import SourceId

NOW = datetime(2026, 11, 5, 12, 0, tzinfo=UTC)


def invented(number: int) -> Candidate:
    """Give an article of no matter."""
    url = f"https://portal.example/read/{number}/judul-berita"
    text = f"Kalimat ke-{number} tentang kota. " * 40
    return Candidate(
        source=SourceId("portal"),
        url=url,
        guid=str(number),
        title=f"Judul berita nomor {number}",
        lead=text[:200],
        body_html=f"<p>{text}</p>",
        authors=("Sari Dewi",),
        section="Kota",
        tags=("kota", "warga"),
        language="id",
        published_at=NOW - timedelta(minutes=1),
        provenance=Provenance(source=SourceId("portal"), requested_url=url, fetched_at=NOW),
    )
