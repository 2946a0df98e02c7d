"""The language of a text by its commonest words: right, or not told."""

import pytest
from gather.article_pages import PARAGRAPHS

from syndicator.gather.language import language_of

TEXTS = {
    "id": " ".join(PARAGRAPHS),
    "ms": "Kerajaan telah mengumumkan bahawa semua pelajar akan menerima bantuan kewangan sebanyak seratus ringgit kerana kos sara hidup yang semakin meningkat. Beliau berkata bantuan itu boleh digunakan untuk membeli buku dan alat tulis, iaitu keperluan asas murid sekolah rendah di negara ini.",
    "en": "The city council has opened a new bus lane for people who live in the north of the city, the governor said on Thursday. He said that the work will be done next month, because all of them have worked hard on it. Residents welcomed the plan.",
    "jv": "Pamarentah kutha wis mbukak dalan anyar kanggo warga sing manggon ing wilayah lor, ujare gubernur dina Kemis. Dheweke kandha yen pambangunan iku bakal rampung sasi ngarep amarga kabeh wong wis nyambut gawe kanthi tenanan lan ora leren. Para warga seneng marang rencana iki.",
    "su": "Pamarentah kota parantos muka jalan anyar pikeun warga anu matuh di wewengkon kalér, saur gubernur dina poé Kemis. Anjeunna nyarios yén pangwangunan éta bakal réngsé bulan payun ku sabab sadaya pihak geus digawé kalayan soson-soson jeung teu eureun. Warga ogé resep kana ieu rencana.",
    "nl": "De gemeente heeft een nieuwe busbaan geopend voor mensen die in het noorden van de stad wonen, zei de gouverneur op donderdag. Hij zei dat het werk volgende maand klaar is, omdat iedereen er hard aan heeft gewerkt. De bewoners waren blij met het plan.",
    "de": "Die Stadt hat eine neue Busspur für die Menschen eröffnet, die im Norden der Stadt leben, sagte der Gouverneur am Donnerstag. Er sagte, dass die Arbeit im nächsten Monat fertig sein wird, weil alle hart daran gearbeitet haben. Die Bewohner begrüßten den Plan.",
    "fr": "Le gouvernement a annoncé que les élèves recevront une aide financière pour acheter des livres. Le ministre a dit que cette aide est destinée aux familles qui ne sont pas riches et qui ont besoin de soutien dans les écoles du pays, avec un budget.",
    "es": "El gobierno anunció que los estudiantes recibirán una ayuda para comprar libros. El ministro dijo que esta ayuda es para las familias que no tienen recursos y que necesitan apoyo en las escuelas del país, como parte de un plan que se puso en marcha el jueves.",
    "pt": "O governo anunciou que os estudantes vão receber uma ajuda para comprar livros. O ministro disse que a ajuda é para as famílias que não têm recursos e que precisam de apoio nas escolas do país, como parte de um plano que foi apresentado na quinta-feira.",
}  # fmt: skip


@pytest.mark.parametrize("language", TEXTS)
def test_a_whole_paragraph_is_enough(language: str) -> None:
    assert language_of(TEXTS[language]) == language
    assert language_of(TEXTS[language].upper()) == language


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Gubernur meninjau pasar di kawasan utara.",
        "1 2 3 " * 1000,
        "Rp 5.000 Rp 6.000 " * 100,
        "Jakarta Bandung Surabaya Medan Semarang Makassar Palembang Depok Tangerang Bekasi " * 10,
        TEXTS["id"][:450] + TEXTS["en"],
        "Вчера в городе открыли новую дорогу для жителей, сообщил губернатор. " * 10,
        "市政府星期四宣布开放新的公交专用道。" * 50,
        "yang dan di itu dengan untuk dari dalam ini akan " * 20,
    ],
)
def test_what_is_not_sure_is_not_told(text: str) -> None:
    assert language_of(text) is None


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    assert language_of(TEXTS["id"] * 20 + TEXTS["en"] * 10_000) == "id"
