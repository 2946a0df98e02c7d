"""Portals as they are built: five structures of list and article pages, with invented wording."""

import json
from collections.abc import Callable

from msgspec import Struct

DAYS = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")
SECTIONS = ("Ekonomi", "Kesra", "Hukum")


class Story(Struct, frozen=True):
    """What an article says: the truth that proposals are held against."""

    n: int

    @property
    def title(self) -> str:
        return f"Warga Kampung {self.n} Bergotong Royong Membersihkan Saluran Air"

    @property
    def slug(self) -> str:
        return f"warga-kampung-{self.n}-bergotong-royong-membersihkan-saluran-air"

    @property
    def reporter(self) -> str:
        return f"Wira {chr(65 + self.n)} Nama"

    @property
    def clock(self) -> str:
        return f"{8 + self.n:02}:15"

    @property
    def long_date(self) -> str:
        return f"{DAYS[self.n % 7]}, {10 + self.n:02} November 2025 {self.clock} WIB"

    @property
    def iso(self) -> str:
        return f"2025-11-{10 + self.n:02}T{self.clock}:00+07:00"

    @property
    def photo(self) -> str:
        return f"https://foto.kota.example/2025/{self.n}.jpg"

    @property
    def section(self) -> str:
        return SECTIONS[self.n % 3]

    @property
    def paragraphs(self) -> list[str]:
        return [
            f"Paragraf ke-{number} dari berita {self.n} menceritakan kegiatan warga yang berlangsung sejak pagi."
            for number in range(1, 6)
        ]

    def text(self, extra: str = "") -> str:
        first, *others = (f"<p>{paragraph}</p>" for paragraph in self.paragraphs)
        return first + extra + "".join(others)


class Portal(Struct, frozen=True):
    """One structure."""

    url: str
    address: Callable[[Story], str]
    list_page: Callable[[list[Story]], str]
    article_page: Callable[[Story], str]
    reporter: bool = True


def framed(main: str, head: str = "", side: str = "") -> str:
    """Put a page together as portals do: a menu with today's date, a side column, a foot."""
    menu = "".join(f'<li><a href="/kategori/{name.lower()}">{name}</a></li>' for name in SECTIONS)
    foot = "".join(
        f'<li><a href="/halaman/{slug}">{slug}</a></li>'
        for slug in (
            "pedoman-pemberitaan-media-siber-kami",
            "tentang-kami-dan-redaksi-kota",
            "kebijakan-privasi-situs-kota",
        )
    )
    return (
        f'<!doctype html><html lang="id"><head><meta charset="utf-8"><title>Kabar | Kota</title>{head}</head><body>'
        f'<header class="top"><span class="today">Senin, 24 November 2025</span><nav><ul>{menu}</ul></nav></header>'
        f"{main}{side}<footer><ul>{foot}</ul></footer></body></html>"
    )


# 1. A mobile city portal: icons spelled as words, spans without names, labels before the names.


def _mobile_list(stories: list[Story]) -> str:
    rows = "".join(
        f'<li class="row"><div class="col s7"><h2><a href="{_mobile(s)}">{s.title}</a></h2><div class="list-info">'
        f'<span><i class="material-icons">access_time</i>{s.long_date}</span><br>'
        f'<span><i class="material-icons">remove_red_eye</i>20{s.n}0</span></div></div>'
        f'<div class="col s5 right-image"><a href="{_mobile(s)}"><img class="responsive-img" src="{s.photo}"></a></div></li>'
        for s in stories
    )
    popular = "".join(
        f'<li><h3 class="populer-title"><a href="{_mobile(s)}">{s.title}</a></h3><div class="populer-info">'
        f'<span><i class="material-icons">access_time</i>0{s.n + 1}-11-2025</span>'
        f'<span><i class="material-icons">remove_red_eye</i>58{s.n}5</span>'
        f'<span><i class="material-icons">person</i>{s.reporter}</span></div></li>'
        for s in stories[:4]
    )
    return framed(
        f'<div class="news-list"><div class="header"><span class="title">Berita Terkini</span></div>'
        f'<ul class="list-index">{rows}</ul><a href="?p=2" class="btn">Selanjutnya</a></div>'
        f'<div class="news-grey"><div class="header"><span class="title">Berita Terpopuler</span></div>'
        f'<ol class="slides">{popular}</ol></div>'
    )


def _mobile_article(s: Story) -> str:
    related = "".join(
        f'<li class="row"><h2><a href="{_mobile(Story(40 + n))}">{Story(40 + n).title}</a></h2>'
        f'<div class="list-info"><span><i class="material-icons">access_time</i>{Story(n).long_date}</span></div></li>'
        for n in range(3)
    )
    inline = f'<a href="{_mobile(Story(50))}" class="read-also ina">{Story(50).title}</a>'
    return framed(
        f'<div class="nav-wrapper"><ul class="col s12 breadcrumbs"><li><a href="/">Beranda</a></li>'
        f'<li class="active"><a href="/kategori/{s.section.lower()}">{s.section}</a></li></ul></div>'
        f'<div class="news-read"><img class="responsive-img" src="{s.photo}" alt=" {s.title}">'
        f'<div class="image-info"><span><i class="material-icons">photo</i> Juru Foto {s.n} - Kota</span></div>'
        f'<div class="content"><h1>{s.title}</h1><div class="content-info">'
        f'<span><i class="material-icons">access_time</i> {s.long_date}</span>'
        f'<span><i class="material-icons">remove_red_eye</i> 26{s.n}9</span>'
        f'<span><i class="material-icons">person</i> Reporter : {s.reporter}</span>'
        f'<span><i class="material-icons">person</i> Editor : Nama Editor</span></div>'
        f'<div class="content-body">{s.text(f"<blockquote>kutipan {s.n}</blockquote>" + inline)}</div></div></div>'
        f'<div class="news-list"><div class="header"><span class="title">Berita Terkait</span></div>'
        f'<ul class="list-index">{related}</ul></div>'
    )


def _mobile(s: Story) -> str:
    return f"https://m.kota.example/read/{900000 + s.n}/{s.slug}"


# 2. The same city on the desktop: nothing but layout classes, and a body without a name of its own paragraph.


def _desktop_list(stories: list[Story]) -> str:
    rows = "".join(
        f'<div class="media blog-list news-index mb-4"><a href="/read/{900 + s.n}000/{s.slug}"><img class="img-fluid" src="{s.photo}"></a>'
        f'<div class="media-body"><a href="/read/{900 + s.n}000/{s.slug}"><h5 class="mt-0">{s.title}</h5></a>'
        f'<small class="text-secondary">{s.long_date}</small><span class="badge badge-info">{s.section}</span></div></div>'
        for s in stories
    )
    pages = '<ul class="pagination"><li class="active"><a href="?p=1">1</a></li><li><a href="?p=2">2</a></li></ul>'
    return framed(
        f'<div class="container"><div class="row"><div class="col-8">{rows}{pages}</div></div></div>'
    )


def _desktop_article(s: Story) -> str:
    return framed(
        f'<div class="container"><div class="row"><div class="col-7 read mb-4"><h1>{s.title}</h1>'
        f'<div class="text-secondary font-italic mb-4">{s.long_date}</div><img class="img-fluid" src="{s.photo}">'
        f'<div class="news-content">{s.text()}</div><p class="penulis">Penulis: {s.reporter}</p></div></div></div>'
    )


# 3. A large national portal: telling names, a body with inserted boxes, an own date attribute.


def _national_list(stories: list[Story]) -> str:
    rows = "".join(
        f'<article class="list-content__item"><div class="media media--left"><div class="media__image"><a href="{_national(s)}">'
        f'<span class="ratiobox"><img src="{s.photo}" alt="{s.title}"></span></a></div><div class="media__text">'
        f'<h3 class="media__title"><a href="{_national(s)}" class="media__link">{s.title}</a></h3>'
        f'<div class="media__date">{s.section} | <span>{s.long_date}</span></div></div></div></article>'
        for s in stories
    )
    trending = "".join(
        f'<li class="mostpop__item"><a href="{_national(s)}">{s.title}</a></li>' for s in stories[3:8]
    )
    side = f'<aside class="column-4"><div class="box"><h2>Trending</h2><ol class="mostpop">{trending}</ol></div></aside>'
    return framed(f'<div class="column-8"><div class="list-content">{rows}</div></div>', side=side)


def _national_article(s: Story) -> str:
    inserted = (
        '<div class="parallax_detail iklan-sisip">IKLAN</div><p><strong>Baca juga: '
        f'<a href="{_national(Story(60))}">{Story(60).title}</a></strong></p>'
    )
    return framed(
        f'<article class="detail"><div class="detail__header"><h1 class="detail__title">{s.title}</h1>'
        f'<div class="detail__author">{s.reporter} - <span>kotaNews</span></div>'
        f'<div class="detail__date">{s.long_date}</div></div>'
        f'<figure class="detail__media-image"><img src="{s.photo}" alt="x"><figcaption class="detail__media-caption">'
        f"Suasana kampung {s.n} (Foto: Juru Foto/kotaNews)</figcaption></figure>"
        f'<div class="detail__body"><div class="detail__body-text itp_bodycontent">{s.text(inserted)}</div>'
        f'<div class="detail__body-tag"><div class="nav"><a href="/tag/air-{s.n}">air {s.n}</a><a href="/tag/warga">warga</a></div></div>'
        f"</div></article>"
    )


def _national(s: Story) -> str:
    return f"https://news.kota.example/berita/d-{7650000 + s.n}/{s.slug}"


# 4. WordPress: ids in classes, times with attributes, and JSON-LD that says nearly everything.


def _blog_list(stories: list[Story]) -> str:
    rows = "".join(
        f'<article id="post-{4400 + s.n}" class="post-{4400 + s.n} post type-post status-publish hentry category-{s.section.lower()}">'
        f'<h2 class="entry-title"><a href="/2025/11/{10 + s.n}/{s.slug}/" rel="bookmark">{s.title}</a></h2>'
        f'<span class="posted-on"><time class="entry-date published" datetime="{s.iso}">{10 + s.n} November 2025</time></span>'
        f'<div class="entry-summary"><p>{s.paragraphs[0]}</p></div></article>'
        for s in stories
    )
    return framed(
        f'<main id="main" class="site-main">{rows}<nav class="navigation pagination"><span class="page-numbers current">1</span>'
        f'<a class="next page-numbers" href="/page/2/">Older</a></nav></main>'
    )


def _blog_article(s: Story) -> str:
    said = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": s.title,
        "datePublished": s.iso,
        "author": [{"@type": "Person", "name": s.reporter}],
        "articleSection": s.section,
        "image": s.photo,
    }
    ld = json.dumps(said)
    return framed(
        f'<main><article class="post-{4400 + s.n} hentry"><h1 class="entry-title">{s.title}</h1>'
        f'<div class="entry-meta"><time class="entry-date" datetime="{s.iso}">{10 + s.n} November 2025</time></div>'
        f'<div class="post-thumbnail"><img class="wp-post-image" src="{s.photo}"></div>'
        f'<div class="entry-content">{s.text()}</div></article></main>',
        head=f'<script type="application/ld+json">{ld}</script>',
    )


# 5. A modern front end: names made by the build, the whole card is the link.


def _modern_list(stories: list[Story]) -> str:
    rows = "".join(
        f'<li class="css-1x2y3z"><a class="Card_card__3kXd9" href="/artikel/{s.slug}-{5000 + s.n}"><img src="{s.photo}">'
        f'<h3 class="Card_title__9aBc1">{s.title}</h3><time datetime="{s.iso}">{s.n} jam lalu</time></a></li>'
        for s in stories
    )
    return framed(f'<main><section class="feed-list"><ul>{rows}</ul></section></main>')


def _modern_article(s: Story) -> str:
    return framed(
        f'<main><article><h1 class="Title_t__8dKq2">{s.title}</h1><div class="meta-line"><address><a rel="author" href="/p/1">'
        f'{s.reporter}</a></address><time datetime="{s.iso}">{s.long_date}</time></div>'
        f'<figure><img src="{s.photo}"><figcaption>Suasana {s.n}</figcaption></figure>'
        f'<div itemprop="articleBody" class="css-9z8y7x">{s.text()}</div></article></main>'
    )


PORTALS = {
    "mobile": Portal("https://m.kota.example/berita/terkini", _mobile, _mobile_list, _mobile_article),
    "desktop": Portal(
        "https://www.kota.example/rubrik/1/ekonomi",
        lambda s: f"https://www.kota.example/read/{900 + s.n}000/{s.slug}",
        _desktop_list,
        _desktop_article,
    ),
    "national": Portal("https://news.kota.example/indeks", _national, _national_list, _national_article),
    "blog": Portal(
        "https://blog.kota.example/",
        lambda s: f"https://blog.kota.example/2025/11/{10 + s.n}/{s.slug}/",
        _blog_list,
        _blog_article,
    ),
    "modern": Portal(
        "https://kota.example/",
        lambda s: f"https://kota.example/artikel/{s.slug}-{5000 + s.n}",
        _modern_list,
        _modern_article,
    ),
}
