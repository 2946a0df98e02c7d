"""The folder of pictures: bounded, whole or not at all."""

import os
import time
from pathlib import Path

import pytest

from syndicator.rules.articles.pictures import picture_digest
from syndicator.store.articles import picture_files
from syndicator.store.articles.picture_files import PictureFiles


def name(number: int) -> str:
    return picture_digest(f"https://city.example/{number}.jpg")


def age(folder: Path, number: int, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(folder / name(number), (then, then))


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    files = PictureFiles(tmp_path, 10_000)
    for number in range(5):
        files.write(name(number), b"x" * 2000)
        age(tmp_path, number, 90_000 - number)
    assert len(names(tmp_path)) == 5
    kept = files.read(name(0))
    assert kept is not None
    assert kept.rested
    files.write(name(5), b"x" * 2000)
    assert names(tmp_path) == {name(0), name(3), name(4), name(5)}
    again = files.read(name(0))
    assert again is not None
    assert not again.rested
    assert again.body == b"x" * 2000


def test_the_number_of_files_is_bounded_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_files, "MAX_FILES", 10)
    files = PictureFiles(tmp_path, 10_000)
    for number in range(25):
        files.write(name(number), b"x")
        age(tmp_path, number, 1000 - number)
    assert len(names(tmp_path)) <= 10
    assert name(24) in names(tmp_path)


def test_what_is_too_large_for_the_folder_is_not_kept(tmp_path: Path) -> None:
    files = PictureFiles(tmp_path, 10_000)
    files.write(name(1), b"x" * 2501)
    assert files.read(name(1)) is None
    PictureFiles(tmp_path / "none", 0).write(name(1), b"x")
    assert not (tmp_path / "none").exists()


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    files = PictureFiles(tmp_path, 10_000)
    files.write(name(1), b"x")
    for part, seconds in (("old.part", 3600.0), ("new.part", 1.0)):
        (tmp_path / part).write_bytes(b"torn")
        os.utime(tmp_path / part, (time.time() - seconds,) * 2)
    (tmp_path / "not-ours").write_bytes(b"x" * 50_000)
    files.write(name(2), b"x")
    assert names(tmp_path) == {name(1), name(2), "new.part", "not-ours"}


def test_an_empty_file_is_none(tmp_path: Path) -> None:
    (tmp_path / name(1)).touch()
    assert PictureFiles(tmp_path, 100).read(name(1)) is None


@pytest.mark.parametrize("bad", ["", "../secret", "a" * 25, "A" * 26, "/etc/passwd", "a" * 25 + "\n"])
def test_only_digests_are_names(tmp_path: Path, bad: str) -> None:
    files = PictureFiles(tmp_path, 100)
    with pytest.raises(ValueError, match="digest"):
        files.read(bad)
    with pytest.raises(ValueError, match="digest"):
        files.write(bad, b"x")


def test_a_disk_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        PictureFiles(tmp_path, 10_000).write(name(1), b"x")
    assert names(tmp_path) == set()
