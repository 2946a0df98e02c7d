"""What the log says when renditions cannot be written to disk."""

from pathlib import Path

from render.render_values import article, snapshot
from structlog.testing import capture_logs

from syndicator.model.feed import Format
from syndicator.model.ids import FeedId
from syndicator.pipeline.feeds.stale_cache import StaleCache
from syndicator.render import render
from syndicator.store.feeds.rendition_files import RenditionFiles


async def test_a_failed_write_names_the_file_the_reason_and_the_remedy_once(tmp_path: Path) -> None:
    folder = tmp_path / "feeds"
    cache = StaleCache(RenditionFiles(folder, {FeedId("latest"): ""}))
    cache.confirm(render(snapshot(article(0)), Format.RSS))
    with capture_logs() as logged:
        await cache.write()
        await cache.write()
        folder.mkdir()
        await cache.write()
    (told,) = logged
    assert (told["event"], told["log_level"]) == ("stale_cache_write_failed", "warning")
    assert told["file"] == str(folder / "latest.rss")
    assert told["reason"] == "No such file or directory"
    assert "free space on the disk" in told["remedy"]
    assert (folder / "latest.rss").exists()
