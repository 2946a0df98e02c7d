"""How much an article changed, and whether it only goes back and forth."""

from datetime import timedelta

import pytest
from msgspec.structs import replace
from support import NOON, candidate

from syndicator.model.article import Article, Candidate, ChangeSize
from syndicator.model.event import EventType
from syndicator.rules.articles.admission import Admission, AdmissionVerdict, decide
from syndicator.rules.identity.identity import identify
from syndicator.rules.identity.recognition import KnownArticle

BODY = (
    "<p>Banjir di Jakarta Utara mulai surut pada Kamis pagi setelah pompa di Pluit dijalankan sejak malam.</p>"
    "<p>Sedikitnya 1.200 warga masih mengungsi di 14 sekolah, kata kepala dinas sosial di Koja.</p>"
)
FIRST = replace(candidate(1, body_html=BODY), title="Banjir Jakarta Utara surut")


def admit(told: Candidate, stored: Article | None = None, seconds: int = 0) -> Admission:
    (identity,) = identify([told])
    known = _known(stored) if stored else None
    now = NOON + timedelta(seconds=seconds)
    return decide(told, identity, known, specs=(), now=now, backfill=False, rechecked=False)


def _known(article: Article) -> KnownArticle:
    return KnownArticle(
        article_id=article.id,
        revision=article.revision,
        content_hash=article.content_hash,
        source=article.source,
        published_at=article.published_at,
        article=article,
    )


def stored(told: Candidate = FIRST) -> Article:
    article = admit(told).article
    assert article is not None
    return article


def second(told: Candidate) -> Article:
    article = admit(told, stored(), 600).article
    assert article is not None
    return article


def test_a_first_revision_differs_from_nothing() -> None:
    article = stored()
    assert (article.revised, article.earlier, article.returns) == (None, (), 0)


@pytest.mark.parametrize(
    ("change", "size", "fields"),
    [
        ({"body_html": BODY.replace("kepala dinas", "Kepala Dinas")}, ChangeSize.MINOR, ("body",)),
        ({"body_html": BODY + "<p>Jalan dibuka.</p>"}, ChangeSize.MINOR, ("body",)),
        ({"title": "Banjir Jakarta Utara Surut!"}, ChangeSize.MINOR, ("title",)),
        ({"section": "Metro"}, ChangeSize.MINOR, ("section",)),
        ({"title": "Banjir Jakarta Utara belum surut"}, ChangeSize.MAJOR, ("title",)),
        ({"body_html": BODY.replace("1.200", "2.100")}, ChangeSize.MAJOR, ("body",)),
        ({"body_html": BODY.replace(" di 14 sekolah", "")}, ChangeSize.MAJOR, ("body",)),
        ({"body_html": BODY + "<p>" + "Kereta berhenti pada pukul lima. " * 5 + "</p>"}, ChangeSize.MAJOR, ("body",)),
    ],
)  # fmt: skip
def test_the_size_of_a_change(change: dict[str, str], size: ChangeSize, fields: tuple[str, ...]) -> None:
    told = second(replace(FIRST, **change)).revised
    assert told is not None
    assert (told.size, told.fields) == (size, fields)


def test_a_change_is_told_in_numbers() -> None:
    told = second(replace(FIRST, body_html=BODY.replace("1.200", "2.100"))).revised
    assert told is not None
    assert (told.words_added, told.words_removed, told.figures_changed, told.title_changed) == (
        1,
        1,
        True,
        False,
    )
    assert 0 < told.words_changed < 0.05


def test_figures_that_are_only_added_are_no_other_figures() -> None:
    told = second(replace(FIRST, body_html=BODY.replace("sejak malam", "sejak pukul 21"))).revised
    assert told is not None
    assert told.figures_changed is False


def test_a_revision_moves_its_update_and_nothing_else() -> None:
    first, later = stored(), second(replace(FIRST, title="Lain"))
    assert later.updated_at == NOON + timedelta(seconds=600)
    for name in ("published_at", "first_seen_at", "listed_at"):
        assert getattr(later, name) == getattr(first, name)


def test_a_change_may_be_taken_back_once_and_not_again_and_again() -> None:
    one, other = FIRST, replace(FIRST, title="Banjir Jakarta Utara surut, warga pulang")
    article = stored(one)
    for turn in (other, one):
        admission = admit(turn, article)
        assert admission.verdict is AdmissionVerdict.CHANGED
        assert admission.article is not None
        article = admission.article
    assert (article.revision, article.returns) == (3, 1)
    quiet = admit(other, article)
    assert (quiet.verdict, quiet.changes_constantly) == (AdmissionVerdict.UNCHANGED, True)
    assert (quiet.article, quiet.event, quiet.renewed_hash) == (None, None, None)
    new = admit(replace(FIRST, title="Banjir surut seluruhnya"), article)
    assert (new.verdict, new.changes_constantly) == (AdmissionVerdict.CHANGED, False)


def test_only_a_few_earlier_versions_are_remembered() -> None:
    article = stored()
    for number in range(20):
        changed = admit(replace(FIRST, title=f"Judul ke-{number}"), article).article
        assert changed is not None
        article = changed
    assert len(article.earlier) == 8


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"title": "Lain"}, EventType.ARTICLE_UPDATED),
        ({"title": "Ralat: Banjir Jakarta Utara surut"}, EventType.ARTICLE_CORRECTED),
        ({"body_html": BODY + "<p>Ralat: jumlah warga semula tertulis 2.100.</p>"}, EventType.ARTICLE_CORRECTED),
        ({"correction": "The number of residents was misstated."}, EventType.ARTICLE_CORRECTED),
    ],
)  # fmt: skip
def test_a_correction_is_told_as_one(change: dict[str, str], kind: EventType) -> None:
    admission = admit(replace(FIRST, **change), stored())
    assert admission.event is not None
    assert admission.event.type is kind
    assert admission.article is not None
    assert (admission.article.correction is None) == (kind is EventType.ARTICLE_UPDATED)


def test_the_same_correction_is_told_once() -> None:
    noted = replace(FIRST, body_html=BODY + "<p>Ralat: semula tertulis 2.100 warga.</p>")
    article = second(noted)
    again = admit(replace(noted, section="Metro"), article)
    assert again.event is not None
    assert again.event.type is EventType.ARTICLE_UPDATED
    other = admit(replace(noted, body_html=noted.body_html + "<p>Ralat: Koja, bukan Cilincing.</p>"), article)
    assert other.event is not None


def test_a_new_article_that_is_a_correction_is_created() -> None:
    admission = admit(replace(FIRST, title="Ralat: Banjir Jakarta Utara"))
    assert admission.event is not None
    assert admission.event.type is EventType.ARTICLE_CREATED
    assert admission.article is not None
    assert admission.article.correction == "Ralat: Banjir Jakarta Utara"


def test_a_note_beside_the_text_is_read_the_same_again() -> None:
    noted = replace(FIRST, correction="The number of residents was misstated.")
    assert admit(noted, second(noted)).verdict is AdmissionVerdict.UNCHANGED
