"""How the commands speak: on success and on failure, to people and to programs."""

from pathlib import Path

import pytest
from e2e.conftest import run

from syndicator import __version__


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Give a configuration of one source that is never asked, with data of its own."""
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "all.toml").write_text(
        f"""
[store]
data_dir = "{tmp_path / "data"}"
[sample]
enabled = false
[source.kota]
title = "Berita Kota"
kind = "feed"
url = "http://127.0.0.1:9/rss"
schedule = {{ every = "5m" }}
headers = {{ authorization = "Bearer very-private-words" }}
[feed.latest]
title = "Terbaru"
""",
        "utf-8",
    )
    return folder


async def test_the_version_needs_no_command(config: Path) -> None:
    code, out, _ = await run(config, "--version")
    assert (code, out) == (0, f"syndicator {__version__}\n")
