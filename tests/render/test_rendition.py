import gzip
import hashlib
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import brotli
import pytest
from render import render_values
from render.render_values import article, busy_snapshot, full_snapshot, snapshot
from support import unzstd

from syndicator.model.feed import Format
from syndicator.render import render, render_opml


@pytest.mark.parametrize("form", Format)
def test_all_codings_carry_the_same(form: Format) -> None:
    made = render(busy_snapshot(), form)
    assert gzip.decompress(made.gzip) == brotli.decompress(made.brotli) == unzstd(made.zstd) == made.body
    assert made.gzip[4:8] == b"\0\0\0\0", "a time in the gzip header would change the bytes every second"
    assert len(made.brotli) < len(made.body) > len(made.zstd)


def test_the_digest_is_of_the_bytes() -> None:
    made = render(busy_snapshot(), Format.RSS)
    assert hashlib.sha256(made.body).hexdigest().startswith(made.digest)
    assert made.digest != render(snapshot(article(0, title="Lain")), Format.RSS).digest


def test_it_says_which_version_it_is_and_when_it_changed() -> None:
    made = render(busy_snapshot(), Format.ATOM)
    assert (made.feed, made.form, made.version) == ("latest", Format.ATOM, 7)
    assert made.last_modified == datetime(2026, 11, 5, 5, 3, tzinfo=UTC)


def test_any_process_makes_the_same_bytes() -> None:
    told = set()
    for seed, zone, language in (("1", "UTC", "C"), ("2", "Asia/Jakarta", "C.UTF-8")):
        environment = os.environ | {"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": language}
        here = Path(render_values.__file__)
        run = subprocess.run(
            [sys.executable, str(here)], env=environment, capture_output=True, check=True, text=True
        )
        told.add(run.stdout)
    ours = ""
    for form in Format:
        made = render(full_snapshot(), form)
        ours += (
            f"{form.value} {hashlib.sha256(made.body + made.gzip + made.brotli + made.zstd).hexdigest()}\n"
        )
    assert told == {ours}


def test_a_bump_that_changes_nothing_changes_no_bytes() -> None:
    before = snapshot(article(0))
    later = before.version.__class__(version=8, changed_at=datetime(2026, 12, 1, tzinfo=UTC))
    after = snapshot(article(0), version=later)
    for form in Format:
        assert render(before, form).digest == render(after, form).digest


def test_the_list_of_feeds() -> None:
    spec = busy_snapshot().spec
    changed_at = datetime(2026, 11, 5, 5, 3, 1, 5, tzinfo=UTC)
    assert render_opml(render_values.SITE, [spec], changed_at).decode() == (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        '<opml version="2.0">\n'
        "  <head>\n"
        "    <title>Warta &amp; Kabar</title>\n"
        "    <dateModified>Thu, 05 Nov 2026 05:03:01 +0000</dateModified>\n"
        "  </head>\n"
        "  <body>\n"
        '    <outline type="rss" text="Berita terbaru" title="Berita terbaru"'
        ' xmlUrl="https://feeds.example/news/feeds/latest.rss"'
        ' htmlUrl="https://feeds.example/news/feeds/latest"'
        ' language="id" version="RSS2" description="Dari semua portal"/>\n'
        "  </body>\n"
        "</opml>\n"
    )
