"""What a preview prints."""

from io import StringIO

from rich.console import Console
from web.web_world import source

from syndicator.cli.preview.output import show_preview
from syndicator.model.article import PopularItem
from syndicator.pipeline.preview.preview import Preview


def test_a_box_is_shown_with_dates_as_it_writes_them() -> None:
    out = StringIO()
    item = PopularItem(
        rank=1,
        url="https://kota.example/1",
        title="Pasar dibuka",
        claimed_date="26-11-2026",
        views=2619,
        author="Sari Dewi",
    )
    kota = source("kota", "Berita Kota")
    show_preview(
        Console(file=out, width=200),
        Preview(source=kota, final_url=kota.url, candidates=(), popular=(item,)),
        3,
    )
    assert ["1", "Pasar", "dibuka", "26-11-2026", "2619", "Sari", "Dewi"] in [
        line.split() for line in out.getvalue().splitlines()
    ]
