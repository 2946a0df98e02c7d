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


async def test_a_file_that_others_removed_is_no_failure_and_is_written_again(tmp_path: Path) -> None:
    now_s = [100.0]
    folder = tmp_path / "feeds"
    folder.mkdir()
    cache = StaleCache(RenditionFiles(folder, {FeedId("latest"): ""}), monotonic=lambda: now_s[0])
    rendition = render(snapshot(article(0)), Format.RSS)
    cache.confirm(rendition)
    await cache.write()
    (folder / "latest.rss").unlink()
    with capture_logs() as logged:
        for _ in range(2):
            now_s[0] += 60
            cache.confirm(rendition)
            await cache.write()
    assert logged == []
    assert (folder / "latest.rss").exists()
