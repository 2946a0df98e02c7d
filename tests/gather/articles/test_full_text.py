"""Bodies that density finds are whole: what stands outside the element with most of the text is not lost."""

from gather.article_pages import PARAGRAPHS, TITLE, page, read

MORE = tuple(
    f"Bagian {number}: {text.lower()}" for number, text in enumerate((*PARAGRAPHS, *PARAGRAPHS[:4]), 1)
)
NOTICE = (
    (
        "Situs ini memakai kuki supaya kunjungan Anda berjalan lancar, dan supaya kami dapat mengukur berapa banyak "
        "orang yang membaca setiap halaman. Dengan meneruskan kunjungan, Anda menyetujui pemakaian kuki itu."
    ),
    (
        "Anda dapat mengubah pilihan itu setiap saat pada bagian bawah halaman, dan membaca keterangan lengkap "
        "tentang data apa yang disimpan, untuk berapa lama, dan oleh siapa data itu dapat dibaca."
    ),
)


def paragraphs(texts: tuple[str, ...]) -> str:
    return "".join(f"<p>{text}</p>" for text in texts)


def body_of(markup: str) -> str:
    one = read(page(f"<main><h1>{TITLE}</h1>{markup}</main>"))
    assert one.provenance.read_from["body"] == "text density"
    return one.body_html


def test_an_article_whose_parts_stand_in_elements_of_different_names_is_whole() -> None:
    markup = (
        f"<div class=pembuka>{paragraphs(PARAGRAPHS)}</div>"
        f"<div class=x1>{paragraphs(MORE[:3])}</div><div class=x2>{paragraphs(MORE[3:6])}</div>"
        f"<div class=x3>{paragraphs(MORE[6:])}</div>"
    )
    body = body_of(markup)
    assert all(text in body for text in (*PARAGRAPHS, *MORE))


def test_a_first_paragraph_that_stands_apart_is_part_of_the_body() -> None:
    lead = "Setelah tiga hari terendam, kawasan utara kota akhirnya kering kembali pada Kamis siang kemarin."
    body = body_of(f"<section class=intro><p>{lead}</p></section><section>{paragraphs(PARAGRAPHS)}</section>")
    assert body.index(lead) < body.index(PARAGRAPHS[0])


def test_a_notice_on_cookies_is_not_taken_for_the_article() -> None:
    article = "".join(f"<div>{text}</div>" for text in (*PARAGRAPHS, *MORE))
    body = body_of(f"<div class=x9>{article}</div><div class=x8>{paragraphs(NOTICE)}</div>")
    assert all(text in body for text in PARAGRAPHS)


def test_a_text_that_repeats_its_headline_is_kept() -> None:
    said = f"Berita berjudul {TITLE} ini disunting oleh Editor: Sari."
    body = body_of(f"<div>{''.join(f'<div>{text}</div>' for text in (*PARAGRAPHS, said))}</div>")
    assert all(text in body for text in PARAGRAPHS)


def test_what_stands_behind_the_text_in_other_elements_stays_out() -> None:
    behind = "Redaksi menerima kiriman foto dari pembaca melalui surat elektronik pada setiap hari kerja."
    body = body_of(f"<section>{paragraphs(PARAGRAPHS)}</section><section class=y><p>{behind}</p></section>")
    assert all(text in body for text in PARAGRAPHS)
    assert behind not in body
