"""Replacements of a source's rules, each told in the provenance; those that do harm are refused."""

import pytest
from gather.article_pages import TEXT, TITLE, page, read, reading

from syndicator.model.article import Change, Photo
from syndicator.model.source import ArticleRule, Replacement

BODY = (
    f"<h1>{TITLE}</h1><b class=by>Budi Santoso</b><i class=s>Kanal Kota</i><u>iklan</u><u>banjir</u>"
    f"<figure><img src=/1.jpg><figcaption>Warga. Foto: Ani/Kota</figcaption></figure><q class=q>Kutipan - Kota</q>"
    f"<p class=l>KOTA.EXAMPLE - Air surut.</p><div class=isi>{TEXT}<p>Ikuti kami di <a href='/wa'>WhatsApp</a></p></div>"
)
DATED = "<meta name=date content='2026-11-03T10:00:00+07:00'>"


def rule(*replacements: Replacement) -> ArticleRule:
    return ArticleRule(
        title="h1", body=".isi", authors=".by", section=".s", tags="u", photo="img", quote=".q", lead=".l",
        replace=replacements,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("replacement", "field", "expected"),
    [
        (Replacement(field="title", find="Banjir", by="Genangan"), "title", "Genangan di Kawasan Utara Mulai Surut"),
        (Replacement(field="title", find=r"^\w+ di (\w+)", by=r"\1:", regex=True), "title", "Kawasan: Utara Mulai Surut"),
        (Replacement(field="title", find=r"(?P<a>Mulai) (?P<b>Surut)", by=r"\g<b> \g<a>", regex=True), "title", "Banjir di Kawasan Utara Surut Mulai"),
        (Replacement(field="lead", find=r"^[A-Z.]+ - ", regex=True), "lead", "Air surut."),
        (Replacement(field="quote", find=" - Kota"), "quote", "Kutipan"),
        (Replacement(field="quote", find="Kutipan - Kota"), "quote", None),
        (Replacement(field="section", find="Kanal "), "section", "Kota"),
        (Replacement(field="section", find="Kanal Kota"), "section", None),
        (Replacement(field="authors", find="Santoso", by="S."), "authors", ("Budi S.",)),
        (Replacement(field="tags", find="iklan"), "tags", ("banjir",)),
        (Replacement(field="caption", find="Warga", by="Orang"), "photos", (Photo(url="https://www.kota.example/1.jpg", caption="Orang", credit="Ani/Kota"),)),
        (Replacement(field="credit", find="/Kota"), "photos", (Photo(url="https://www.kota.example/1.jpg", caption="Warga", credit="Ani"),)),
        (Replacement(field="body", find=r"<p>Ikuti kami.*?</p>", regex=True), "body_html", TEXT),
        (Replacement(field="body", find="waspada", by="<script>alert(1)</script><b onclick=x>awas</b>"), "body_html", TEXT.replace("waspada", "<b>awas</b>") + '<p>Ikuti kami di <a href="https://www.kota.example/wa" rel="noopener">WhatsApp</a></p>'),
    ],
)  # fmt: skip
def test_a_replacement(replacement: Replacement, field: str, expected: object) -> None:
    one = reading(page(BODY, DATED), rule(replacement))
    assert getattr(one.candidate, field) == expected
    assert [change.field for change in one.candidate.provenance.changes] == [replacement.field]
    assert one.warnings == ()


def test_what_was_received_is_kept() -> None:
    one = read(
        page(BODY, DATED),
        rule(
            Replacement(field="title", find="Banjir", by="Genangan"),
            Replacement(field="section", find="Kanal "),
        ),
    )
    assert one.provenance.changes == (
        Change(
            field="title", received=TITLE, why='"Banjir" was replaced by "Genangan", as article.replace says'
        ),
        Change(field="section", received="Kanal Kota", why='"Kanal" was taken out, as article.replace says'),
    )
    body = read(
        page(BODY, DATED), rule(Replacement(field="body", find="waspada", by="awas"))
    ).provenance.changes[0]
    assert "waspada" in body.received
    assert len(body.received) <= 200


def test_replacements_follow_each_other() -> None:
    first, second = (
        Replacement(field="title", find="Banjir", by="Air"),
        Replacement(field="title", find="Air", by="Genangan"),
    )
    assert read(page(BODY, DATED), rule(first, second)).title.startswith("Genangan")
    assert read(page(BODY, DATED), rule(second, first)).title.startswith("Air")


@pytest.mark.parametrize(
    ("replacement", "words"),
    [
        (Replacement(field="title", find=".*", regex=True), "leaves nothing of the headline"),
        (Replacement(field="title", find=TITLE, by="  "), "leaves nothing of the headline"),
        (Replacement(field="title", find="(", regex=True), "was not applied: missing )"),
        (Replacement(field="title", find="B", by=r"\g<none>", regex=True), "was not applied: unknown group name"),
        (Replacement(field="body", find="a", by="b" * 100_000), "grows too long"),
        (Replacement(field="body", find="waspada", by="<div>" * 20_000), "was not applied"),
    ],
)  # fmt: skip
def test_what_does_harm_is_refused_with_a_warning(replacement: Replacement, words: str) -> None:
    one = reading(page(BODY, DATED), rule(replacement))
    assert one.candidate.title == TITLE
    assert "waspada" in one.candidate.body_html
    assert one.candidate.provenance.changes == ()
    assert len(one.warnings) == 1
    assert words in one.warnings[0]


@pytest.mark.parametrize("find", ["", "nirwana"])
def test_what_finds_nothing_changes_nothing(find: str) -> None:
    one = reading(
        page(BODY, DATED),
        rule(*(Replacement(field=field, find=find, by="x") for field in ("title", "body", "tags"))),
    )
    assert (one.candidate.title, one.candidate.provenance.changes, one.warnings) == (TITLE, (), ())
