"""Photos from several places of a page: each picture once, with what any of them tells of it."""

import pytest
from gather.article_pages import TEXT, TITLE, meta, news, page, read, script

from syndicator.model.article import Photo
from syndicator.model.source import ArticleRule
from syndicator.rules.articles.same_picture import is_same_picture

CDN = "https://cdn.kota.example"
FULL = f"{CDN}/data/photo/2026/11/03/banjir-66341.jpg"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (FULL, FULL + "?w=700&q=90"),
        (FULL, f"{CDN}/crops/aBcD=/0x0:1000x667/750x500/data/photo/2026/11/03/banjir-66341.jpg"),
        (FULL, f"{CDN}/thumb/w_300,h_200/data/photo/2026/11/03/banjir-66341.webp"),
        (FULL, FULL.replace(".jpg", "-1024x683.jpg")),
        (FULL, FULL.replace(".jpg", "_169.jpeg?w=650")),
        (FULL, FULL.replace("https:", "http:")),
        (FULL, "https://i0.wp.com/cdn.kota.example/data/photo/2026/11/03/banjir-66341.jpg?resize=600"),
        (FULL, "https://www.kota.example/_next/image?url=%2Fdata%2Fphoto%2F2026%2F11%2F03%2Fbanjir-66341.jpg&w=640"),
        (FULL, f"{CDN}/cdn-cgi/image/width=600,quality=80/data/photo/2026/11/03/banjir-66341.jpg"),
        (FULL, "https://other.example/banjir-66341.jpg"),
        (f"{CDN}/crops/a1=/1x1/data/2026/11/03/6634f.jpg", f"{CDN}/crops/b2=/1200x800/data/2026/11/03/6634f.jpg"),
        (f"{CDN}/api/wm/2026/11/03/banjir-1_169.jpeg", f"{CDN}/visual/2026/11/03/banjir-1_169.jpeg?w=700"),
    ],
)  # fmt: skip
def test_other_sizes_and_copies_are_one_picture(one: str, other: str) -> None:
    assert is_same_picture(one, other)
    assert is_same_picture(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (FULL, f"{CDN}/data/photo/2026/11/03/banjir-66342.jpg"),
        (FULL, f"{CDN}/data/photo/2025/11/03/banjir-66341.jpg"),
        (f"{CDN}/a/1.jpg", f"{CDN}/b/1.jpg"),
        (f"{CDN}/sites/3/2026/11/1.jpg", f"{CDN}/sites/4/2026/11/1.jpg"),
        (f"{CDN}/1.jpg", "https://other.example/1.jpg"),
        (f"{CDN}/foto.php?id=1", f"{CDN}/foto.php?id=2"),
        (FULL, f"{CDN}/"),
    ],
)
def test_different_pictures(one: str, other: str) -> None:
    assert not is_same_picture(one, other)


FIGURE = f"<figure><img src='{FULL}?w=700' width=700><figcaption>Warga pulang. (Foto: Ani/Kota)</figcaption></figure>"
BODY = f"<div><h1>{TITLE}</h1>{FIGURE}<div class=isi>{TEXT}</div></div>"


def test_the_caption_stands_on_the_page_and_the_picture_in_json_ld() -> None:
    head = script(news(image={"url": FULL, "width": 1200})) + meta(
        og_image=FULL + "?w=300", og_image_width="300"
    )
    one = read(page(BODY, head))
    assert one.photos == (Photo(url=FULL, width=1200, caption="Warga pulang.", credit="Ani/Kota"),)
    assert one.provenance.read_from["photos"] == "json-ld, figure"


def test_the_widest_form_stays_with_the_first_caption() -> None:
    image = {"url": FULL + "?w=300", "width": 300, "caption": "Satu", "creditText": "Ani"}
    one = read(page(BODY, script(news(image=image)) + meta(og_image=FULL, og_image_width="1200")))
    assert one.photos == (Photo(url=FULL, width=1200, caption="Satu", credit="Ani"),)
    assert one.provenance.read_from["photos"] == "json-ld, opengraph"


def test_a_picture_made_for_social_networks_is_no_second_one() -> None:
    one = read(
        page(f"<div>{TEXT}</div>", script(news(image=FULL)) + meta(og_image=f"{CDN}/sosial/kartu-9.jpg"))
    )
    assert one.photos == (Photo(url=FULL),)
    assert one.provenance.read_from["photos"] == "json-ld"


def test_where_nothing_is_told_to_machines_the_first_figure_near_the_headline_counts() -> None:
    one = read(page(BODY, f"<title>{TITLE}</title>"))
    assert one.photos == (Photo(url=FULL + "?w=700", width=700, caption="Warga pulang.", credit="Ani/Kota"),)
    assert one.provenance.read_from["photos"] == "figure"
    other = f"<div class=terkait>{FIGURE}</div><div><h1>{TITLE}</h1>{TEXT}</div>"
    assert read(page(f"<main>{other}</main>", f"<title>{TITLE}</title>")).photos == ()


def test_what_selectors_find_comes_first_and_is_completed() -> None:
    rule = ArticleRule(title="h1", body=".isi", photo="figure img")
    described = {"url": FULL, "width": 1200, "creditText": "Budi"}
    markup = f"<h1>{TITLE}</h1><figure><img src='{FULL}?w=700' width=700></figure><div class=isi>{TEXT}</div>"
    one = read(page(markup, script(news(image=described))), rule)
    assert one.photos == (Photo(url=FULL, width=1200, credit="Budi"),)
    assert one.provenance.read_from["photos"] == "selector, json-ld"
