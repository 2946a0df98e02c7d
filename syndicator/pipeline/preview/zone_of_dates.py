"""The time zone that the dates of a portal name, for what is proposed."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from syndicator.pipeline.preview.preview import Preview

_ZONES = {
    timedelta(hours=7): "Asia/Jakarta",
    timedelta(hours=8): "Asia/Makassar",
    timedelta(hours=9): "Asia/Jayapura",
}
"""Of Indonesia: western, central and eastern time."""


def in_its_zone(shown: Preview) -> tuple[Preview, list[str]]:
    """Return the preview with the Indonesian zone that its dates name, where the configured one differs.

    Dates without an offset, as those of pages, would be read in the wrong zone. Those shown have one.
    """
    written = [article.provenance.claimed_at for article in shown.candidates]
    offsets = {datetime.fromisoformat(text).utcoffset() for text in written if text}
    zone = _ZONES.get(next(iter(offsets)) or timedelta()) if len(offsets) == 1 else None
    if zone is None or not (shown.source.language or "").startswith("id") or zone == shown.source.timezone:
        return shown, []
    source = replace(shown.source, timezone=zone)
    return replace(shown, source=source), [f'timezone = "{zone}": its dates are written in that zone']
