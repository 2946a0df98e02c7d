import os
from pathlib import Path

import pytest
from render.render_values import article, snapshot

from syndicator.model.feed import Format
from syndicator.model.ids import FeedId
from syndicator.render import render
from syndicator.store.feeds import rendition_files
from syndicator.store.feeds.rendition_files import KeptRendition, RenditionFiles

LATEST = FeedId("latest")
DESCRIBED = {LATEST: "one way"}


def kept(at_s: float, title: str = "Kabar") -> KeptRendition:
    return KeptRendition(rendition=render(snapshot(article(0, title=title)), Format.RSS), confirmed_at_s=at_s)


@pytest.fixture
def files(tmp_path: Path) -> RenditionFiles:
    opened = RenditionFiles(tmp_path / "feeds", DESCRIBED)
    opened.open()
    return opened


def test_what_is_kept_comes_back_whole_with_its_time(files: RenditionFiles, tmp_path: Path) -> None:
    written = kept(1000.0)
    assert files.write(written)
    again = RenditionFiles(tmp_path / "feeds", DESCRIBED)
    again.open()
    assert again.feeds == {LATEST}
    assert again.read(LATEST, Format.RSS) == written
    assert again.read(LATEST, Format.ATOM) is None
    again.confirm(LATEST, Format.RSS, 1234.0)
    found = files.read(LATEST, Format.RSS)
    assert found is not None
    assert found.confirmed_at_s == 1234.0


def test_bytes_of_another_description_are_not_read(files: RenditionFiles, tmp_path: Path) -> None:
    files.write(kept(1000.0))
    other = RenditionFiles(tmp_path / "feeds", {LATEST: "another way"})
    other.open()
    assert other.read(LATEST, Format.RSS) is None


def test_what_no_feed_has_is_removed_and_nothing_else(files: RenditionFiles, tmp_path: Path) -> None:
    files.write(kept(1000.0))
    folder = tmp_path / "feeds"
    for name in ("gone.rss", "x.part", "README", "new.part"):
        (folder / name).write_bytes(b"x")
    os.utime(folder / "x.part", (1, 1))
    RenditionFiles(folder, DESCRIBED).open()
    assert sorted(path.name for path in folder.iterdir()) == ["README", "latest.rss", "new.part"]


def test_damaged_bytes_are_passed_over(files: RenditionFiles, tmp_path: Path) -> None:
    files.write(kept(1000.0))
    path = tmp_path / "feeds" / "latest.rss"
    whole = path.read_bytes()
    for broken in (b"", whole[:100], whole[:-40], os.urandom(200), b"\xc0"):
        path.write_bytes(broken)
        assert files.read(LATEST, Format.RSS) is None


def test_what_another_process_confirmed_later_stays(files: RenditionFiles) -> None:
    files.write(kept(2000.0, "Baru"))
    assert files.write(kept(1000.0, "Lama"))
    found = files.read(LATEST, Format.RSS)
    assert found is not None
    assert b"Baru" in found.rendition.body


def test_the_folder_is_bounded(files: RenditionFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendition_files, "MAX_BYTES", 100)
    assert not files.write(kept(1000.0))
    assert files.read(LATEST, Format.RSS) is None
