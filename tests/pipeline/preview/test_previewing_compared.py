"""Comparing two states of an article, and keeping what a source answered."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from support import NOON, candidate

from syndicator.egress.request_hooks import Gate, open_gate
from syndicator.model.article import Photo, Placement, RelatedLink
from syndicator.model.fetch import Fetched, FetchFailed, FetchResult, NotModified, Reason, Redirect
from syndicator.model.ids import SourceId
from syndicator.model.schedule import Every
from syndicator.model.source import ImagePolicy, Source, SourceKind
from syndicator.pipeline.preview.comparison import ChangeKind, compare, fields_of, judge_all, word_difference
from syndicator.pipeline.preview.preview import Preview
from syndicator.pipeline.preview.snapshots import (
    Expected,
    Recorder,
    SnapshotFault,
    differences,
    load_snapshot,
    result_of,
    save_snapshot,
)
from syndicator.rules.articles.admission import AdmissionVerdict, decide
from syndicator.rules.identity.identity import identify
from syndicator.store.articles.pictures import KnownPicture, PictureFinding
from syndicator.store.store import Store

CITY = Source(
    id=SourceId("city"),
    title="City",
    kind=SourceKind.FEED,
    url="https://user:geheim@city.example/rss?token=geheim",
    schedule=Every(interval_s=60),
    headers={"Authorization": "Bearer geheim-geheim"},
)


@pytest.mark.parametrize(
    ("before", "now", "difference"),
    [
        ("", "satu dua", "{+satu dua+}"),
        ("satu dua", "", "[-satu dua-]"),
        ("tiga warga mengungsi", "tiga orang mengungsi", "tiga [-warga-] {+orang+} mengungsi"),
        ("a b c d e f g h i j k l", "a b c d e f X h i j k l", "… d e f [-g-] {+X+} h i j …"),
        ("x " + "lama " * 50 + "y", "x y", "x [-" + "lama " * 9 + "…(38 words)… " + "lama lama lama-] y"),
    ],
)  # fmt: skip
def test_words_that_differ(before: str, now: str, difference: str) -> None:
    assert word_difference(before, now) == difference


def test_a_difference_is_never_endless() -> None:
    before = " ".join(f"kata{n}" for n in range(50_000))
    now = " ".join(f"kata{n if n % 2 else -n}" for n in range(50_000))
    assert len(word_difference(before, now)) <= 400


def test_fields_are_compared_one_by_one() -> None:
    photo = Photo(url="https://city.example/1.jpg", caption="Pagi", credit="Juru Foto")
    link = RelatedLink(url="https://city.example/2", title="Lain", placement=Placement.INLINE)
    article = replace(candidate(1), photos=(photo,), related=(link,), authors=("Ani", "Budi"))
    before = fields_of(article)
    assert before["photos"] == "https://city.example/1.jpg | caption: Pagi | credit: Juru Foto"
    assert before["related"] == "inline: Lain <https://city.example/2>"
    changed = replace(article, photos=(), section="Ekonomi", quote="Baik")
    assert [(one.field, one.kind) for one in compare(before, fields_of(changed))] == [
        ("section", ChangeKind.CHANGED),
        ("photos", ChangeKind.LOST),
        ("quote", ChangeKind.GAINED),
    ]
    assert compare(before, before) == ()


async def test_candidates_are_judged_by_what_is_stored(store: Store) -> None:
    known = [replace(candidate(n), photos=(Photo(url=f"https://x.example/{n}.jpg"),)) for n in (1, 2)]
    for one, identity in zip(known, identify(known), strict=True):
        intent = decide(one, identity, None, specs=(), now=NOON, backfill=False, rechecked=False)
        assert await store.articles.admit([intent], NOON) == [True]
    later = [
        replace(known[0], lead="Pembuka baru.", published_at=NOON - timedelta(days=1)),
        known[1],
        candidate(3),
    ]
    changed, same, new = await judge_all(store, CITY, later, NOON)
    assert [one.verdict for one in (changed, same, new)] == [
        AdmissionVerdict.CHANGED,
        AdmissionVerdict.UNCHANGED,
        AdmissionVerdict.NEW,
    ]
    (change,) = changed.changes
    assert (change.field, change.before, change.now) == ("lead", known[0].lead, "Pembuka baru.")
    assert (new.owner, same.owner) == (None, "city")
    # Another source's view of it, and a source without pictures.
    other = [replace(one, source=SourceId("other"), guid=None) for one in known]
    elsewhere = replace(CITY, id=SourceId("other"), url="https://other.example/rss")
    judged = await judge_all(store, elsewhere, other, NOON)
    assert [(one.verdict, one.owner) for one in judged] == [(AdmissionVerdict.DUPLICATE, "city")] * 2
    bare = await judge_all(store, replace(CITY, images=ImagePolicy.NONE), known, NOON)
    assert [one.changes[0].field for one in bare] == ["photos", "photos"]


def test_a_body_is_compared_as_readers_get_it() -> None:
    before = '<p>Satu <a href="https://x.example/1?utm_source=rss&amp;id=2" rel="noopener">dua</a> &amp; tiga.</p>\n'
    before += '<p>Empat lima.</p><img alt="x" src="https://x.example/1.jpg" width="3" height="4"><p>Enam.</p>'
    now = (
        '<p>Satu\n <a rel="noopener" href="https://x.example/1?id=2">dua</a> & tiga.</p> <p>Empat  lima.</p>'
    )
    now += '<img width="3" height="4" src="https://x.example/1.jpg?utm_medium=x"><p>Enam.<br></p>'
    article = candidate(1)
    assert fields_of(replace(article, body_html=before)) == fields_of(replace(article, body_html=now))


@pytest.mark.parametrize(
    ("now", "difference"),
    [
        ("<p>Satu dua.</p><p>Tiga enam.</p><p>Lima.</p>", "¶ 2: Tiga [-empat.-] {+enam.+}"),
        ("<p>Satu dua.</p><p>Tiga empat.</p>", "¶ 2 lost after it: [-Lima.-]"),
        ("<p>Satu dua.</p><p>Tiga empat.</p><p>X.</p><p>Lima.</p>", "¶ 3 is new: {+X.+}"),
        ("<h2>Satu dua.</h2><p>Tiga empat.</p><p>Lima.</p>", "¶ 1: [-Satu-] {+<h2>Satu+} dua."),
        ('<p>Satu dua.</p><p>Tiga <a href="https://x.example/">empat.</a></p><p>Lima.</p>', ""),
        ("<p>Satu dua.</p><p>" + "Kata lain. " * 500 + "</p>", ""),
    ],
)
def test_a_changed_paragraph_is_shown_as_such(now: str, difference: str) -> None:
    before = fields_of(replace(candidate(1), body_html="<p>Satu dua.</p><p>Tiga empat.</p><p>Lima.</p>"))
    (change,) = compare(before, fields_of(replace(candidate(1), body_html=now)))
    assert (change.field, change.kind) == ("body", ChangeKind.CHANGED)
    assert 0 < len(change.difference) <= 400
    if difference:
        assert change.difference == difference


async def test_what_is_known_of_pictures_and_embargoes_is_no_difference(store: Store) -> None:
    picture = "http://x.example/1.jpg"
    told = replace(candidate(1), photos=(Photo(url=picture),))
    linked = replace(told, photos=(Photo(url=picture.replace("http", "https")),))
    (identity,) = identify([linked])
    intent = decide(linked, identity, None, specs=(), now=NOON, backfill=False, rechecked=False)
    assert await store.articles.admit([intent], NOON) == [True]
    known = KnownPicture(
        url=picture,
        source=CITY.id,
        link="https://x.example/1.jpg",
        finding=PictureFinding.FINE,
        checked_at=NOON,
    )
    await store.pictures.add([known], NOON)
    kept = replace(candidate(2), embargo_until=NOON + timedelta(hours=1))
    same, held = await judge_all(store, CITY, [told, kept], NOON)
    assert (same.verdict, same.held_until) == (AdmissionVerdict.UNCHANGED, None)
    assert held.held_until == NOON + timedelta(hours=1)


def answer(url: str, body: bytes = b"<rss/>") -> Fetched:
    return Fetched(
        requested_url=url,
        url=url,
        status=200,
        headers={
            "content-type": "application/rss+xml",
            "set-cookie": "geheim",
            "x-key": "geheim",
            "etag": '"1"',
        },
        body=body,
        fetched_at=NOON,
        redirects=(Redirect(status=301, url=url),),
    )


async def test_a_snapshot_answers_as_the_network_did(tmp_path: Path) -> None:
    failed = FetchFailed(
        requested_url="https://city.example/x",
        reason=Reason.HTTP,
        detail="Gone.",
        status=410,
        fetched_at=NOON,
    )
    unchanged = NotModified(requested_url="https://city.example/y", headers={}, fetched_at=NOON)
    answers: dict[str, FetchResult] = {
        CITY.url: answer(CITY.url, b"\xff\x00bytes"),
        failed.requested_url: failed,
        unchanged.requested_url: unchanged,
    }

    async def fetch(source: Source, url: str, *, gate: Gate = open_gate) -> FetchResult:
        return answers[url]

    recorder = Recorder(fetch)
    for url, given in answers.items():
        assert await recorder.fetch(CITY, url) is given
    save_snapshot(tmp_path / "city", CITY, recorder.answers, Expected(), articles=3, now=NOON)
    kept = b"".join(path.read_bytes() for path in (tmp_path / "city").rglob("*") if path.is_file())
    assert b"geheim" not in kept

    snapshot = load_snapshot(tmp_path / "city")
    assert (snapshot.contents.source, snapshot.contents.articles) == ("city", 3)
    again = await snapshot.fetch(CITY, CITY.url)
    assert isinstance(again, Fetched)
    assert (again.body, again.fetched_at, again.status) == (b"\xff\x00bytes", NOON, 200)
    assert again.headers == {"content-type": "application/rss+xml", "etag": '"1"'}
    assert len(again.redirects) == 1
    assert await snapshot.fetch(CITY, failed.requested_url) == failed
    for url in (unchanged.requested_url, "https://city.example/never-asked"):
        missing = await snapshot.fetch(CITY, url)
        assert isinstance(missing, FetchFailed)
    robots = await snapshot.fetch(CITY, "https://city.example/robots.txt")
    assert isinstance(robots, FetchFailed)
    assert robots.code == "http_404"  # nothing was forbidden then
    # Saving again leaves nothing of the old documents.
    save_snapshot(tmp_path / "city", CITY, {CITY.url: answer(CITY.url)}, Expected(), articles=1, now=NOON)
    assert [path.name for path in (tmp_path / "city" / "documents").iterdir()] == ["001.xml"]


async def test_a_snapshot_never_leads_out_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("geheim", "utf-8")
    folder = tmp_path / "city"
    save_snapshot(folder, CITY, {CITY.url: answer(CITY.url)}, Expected(), articles=1, now=NOON)
    told = json.loads((folder / "snapshot.json").read_text("utf-8"))
    told["documents"][0]["file"] = "../../secret.txt"
    (folder / "snapshot.json").write_text(json.dumps(told), "utf-8")
    with pytest.raises(SnapshotFault, match="cannot be read"):
        await load_snapshot(folder).fetch(CITY, CITY.url)
    told["format"] = 99
    (folder / "snapshot.json").write_text(json.dumps(told), "utf-8")
    with pytest.raises(SnapshotFault, match="format 99"):
        load_snapshot(folder)


def test_differences_of_two_readings() -> None:
    one, other = candidate(1), candidate(2)
    before = result_of(
        Preview(source=CITY, final_url=CITY.url, candidates=(one, other), next_url="https://x/2")
    )
    assert differences(before, before) == ()
    now = result_of(
        Preview(source=CITY, final_url=CITY.url, candidates=(replace(one, quote="Baru"), candidate(3)))
    )
    found = differences(before, now)
    assert [(each.part, each.kind, each.is_loss) for each in found] == [
        ("article", ChangeKind.CHANGED, False),
        ("article", ChangeKind.LOST, True),
        ("article", ChangeKind.GAINED, False),
        ("next", ChangeKind.LOST, True),
    ]
