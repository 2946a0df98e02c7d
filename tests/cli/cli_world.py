"""A configuration with data of its own, as commands are tried with."""

from pathlib import Path

BEGINNING = """
[store]
data_dir = "{data}"
[sample]
enabled = false
[egress]
allow = ["127.0.0.1/32"]
"""
FEED_SOURCE = """
[source.{name}]
title = "Berita {title}"
kind = "feed"
url = "{url}"
schedule = {{ every = "5m" }}
"""
LATEST = """
[feed.latest]
title = "Terbaru"
"""


def configured(place: Path, text: str) -> Path:
    """Write a configuration of what is said, without sample portals and with a way out to loopback."""
    folder = place / "config"
    folder.mkdir()
    (folder / "all.toml").write_text(BEGINNING.format(data=place / "data") + text, "utf-8")
    return folder


def source_of(url: str, name: str = "kota") -> str:
    """Spell a source that is a feed."""
    return FEED_SOURCE.format(name=name, title=name.title(), url=url)
