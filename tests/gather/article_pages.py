"""Article pages in the shapes that portals give them; the wording is made up."""

import html
import json
from typing import Any

from gather.gather_values import fetched, source
from msgspec.structs import replace

from syndicator.gather.articles.article_page import ArticleReading, read_article
from syndicator.model.article import Candidate, ListedItem
from syndicator.model.source import ArticleRule, Source, SourceKind

URL = "https://www.kota.example/read/900001/banjir-surut"
TITLE = "Banjir di Kawasan Utara Mulai Surut"
PARAGRAPHS = (
    "Genangan air di kawasan utara kota mulai surut sejak Kamis pagi, dan warga yang sempat mengungsi sudah dapat kembali ke rumah mereka masing-masing.",
    "Menurut kepala dinas, pompa yang dipasang pekan lalu bekerja dengan baik, sehingga air di jalan utama tidak lagi menghalangi kendaraan yang akan menuju ke pelabuhan.",
    "Petugas kebersihan juga dikerahkan untuk membersihkan lumpur yang tersisa, karena jalan itu akan dipakai kembali oleh angkutan umum pada sore hari.",
    "Pemerintah kota berjanji bahwa pembangunan waduk baru akan selesai pada akhir tahun ini, tetapi warga tetap diminta untuk waspada terhadap hujan lebat.",
    "Sampai berita ini ditulis, tidak ada laporan mengenai korban, dan sekolah di sekitar kawasan tersebut sudah dibuka seperti biasa bagi para murid.",
)
TEXT = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
WHOLE = f"<div class='detail'><h1>{TITLE}</h1><div class='isi'>{TEXT}</div></div>"

NEWS: dict[str, Any] = {
    "@context": "https://schema.org",
    "@type": "NewsArticle",
    "headline": TITLE,
    "description": "Air surut sejak pagi.",
    "datePublished": "2026-11-03T10:00:00+07:00",
    "dateModified": "2026-11-03T11:30:00+07:00",
    "author": {"@type": "Person", "name": "Budi Santoso"},
    "image": {"@type": "ImageObject", "url": "/foto/1.jpg", "width": 1200, "height": 675},
    "articleSection": "Metropolitan",
    "keywords": ["banjir", "pompa"],
    "inLanguage": "id",
}


def page(body: str = WHOLE, head: str = "", attributes: str = "") -> str:
    return (
        f"<!doctype html><html {attributes}><head><meta charset=utf-8>{head}</head><body>{body}</body></html>"
    )


def script(*values: Any) -> str:
    texts = (json.dumps(value).replace("</", "<\\/") for value in values)
    return "".join(f'<script type="application/ld+json">{text}</script>' for text in texts)


def news(**changes: Any) -> dict[str, Any]:
    return {key: value for key, value in (NEWS | changes).items() if value is not None}


def meta(**values: str) -> str:
    """Give `<meta property>`; an underscore in a name stands for a colon, two for one underscore."""
    named = (
        (name.replace("__", "\0").replace("_", ":").replace("\0", "_"), value)
        for name, value in values.items()
    )
    return "".join(f'<meta property="{name}" content="{html.escape(value)}">' for name, value in named)


def reading(
    markup: str,
    rule: ArticleRule | None = None,
    *,
    listed: ListedItem | None = None,
    url: str = URL,
    final_url: str | None = None,
    headers: dict[str, str] | None = None,
    **changes: Any,
) -> ArticleReading:
    answer = fetched(markup, url=final_url or url, headers=headers or {})
    return read_article(portal(rule, **changes), replace(answer, requested_url=url), listed)


def portal(rule: ArticleRule | None = None, **changes: Any) -> Source:
    return source(**{"kind": SourceKind.PAGE, "timezone": "Asia/Jakarta", "article": rule} | changes)


def read(markup: str, rule: ArticleRule | None = None, **options: Any) -> Candidate:
    return reading(markup, rule, **options).candidate
