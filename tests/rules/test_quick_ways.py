"""Quick ways give what the long ways give."""

import base64
import hashlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace
from support import candidate

from syndicator.rules import words
from syndicator.rules.hashing import hashed
from syndicator.rules.identity import addresses, content_fingerprint
from syndicator.rules.identity.portal_addresses import WAYS
from syndicator.rules.least_recent import Recent
from syndicator.rules.stories.clustering import fingerprint, fingerprints
from syndicator.rules.stories.shingles import hashed_runs, shared
from syndicator.rules.stories.terms import weigh
from syndicator.rules.stories.vocabulary import WordTooLongError, look_up, pack, unpack

PIECES = st.sampled_from(
    ("/", "//", "/.", "/..", "a", "A", "1", "-", "amp", "print", "index.php", "comment-page-1", ".amp", "?", "&", "=",
     "utm_source=rss", "source=x", "pwgt=x", "cnn/", "nasional/read/", "page=all", "b=2", "a=1", "%41", "+", "amp;", "é", "#", "#!/", ":", "@", ";", "~", "[", "]", " ")
)  # fmt: skip
ADDRESSES = st.builds(
    lambda host, rest: f"https://{host}{''.join(rest)}",
    st.sampled_from(
        (
            "kota.example", "www.kota.example", "edition.cnn.com", "amp.kompas.com", "m.kota.co.id",
            "kota.example.", "a..b", "1.2.3.4", "1.2.3.4:54321", "kota.example:80",
            "www.kota.example:65536", "x",
        )
    ),
    st.lists(PIECES, max_size=12),
)  # fmt: skip
CHANGING = st.sampled_from(
    ("3", "1.234", "se", "an", " ", "  ", "\u00a0", "\n", "jam", "HOUR", "hours", "menıt", "ſecond", "yang", "lalu", "AGO",
     " ago", "dibaca", "Dılihat", "DİLİHAT", "view", "views", "kali", "\u212aali", "komentar", "comments", ":", "+", "rb", "x")
)  # fmt: skip


@given(st.text(), st.sampled_from(("url", "guid", "content")))
def test_digests_are_those_of_the_libraries(text: str, purpose: str) -> None:
    digest = hashlib.blake2b(text.encode(), digest_size=10, person=purpose.encode()).digest()
    assert hashed(purpose, text) == base64.b32encode(digest).decode().lower()


@given(ADDRESSES)
def test_usual_addresses_have_the_form_that_any_address_has(url: str) -> None:
    for ways in (WAYS, None):
        assert addresses._form(url, ways) == addresses._form_of_any(url, ways)


@given(ADDRESSES)
def test_no_former_form_of_an_address_is_overlooked(url: str) -> None:
    assert (addresses.former_url(url) or addresses.canonical_url(url)) == addresses._form_of_any(url, None)


@given(st.lists(CHANGING, max_size=12).map("".join))
@example("12 3 jam lalu komentar")
def test_no_clock_or_counter_is_overlooked(text: str) -> None:
    lines = "\n".join(content_fingerprint._still_line(line) for line in text.split("\n"))
    found = content_fingerprint.noticeable(replace(candidate(1), lead=text)).lead
    assert found == tuple(content_fingerprint._uniform(lines).split())


@given(st.text(alphabet=st.sampled_from("aBz09_ .,-'’“—…\u00a0\u00adéſİßΣ日\n\t\x1c"), max_size=120))
def test_words_are_those_of_the_expression(text: str) -> None:
    assert words.words_of(text) == words._WORD.findall(text.casefold())


def test_words_without_end_are_not_looked_up() -> None:
    with pytest.raises(WordTooLongError):
        pack(["a", "b" * 41])
    assert look_up("a " + "b" * 41) == (["a", "b" * 40, "b"], pack(["a", "b" * 40, "b"]))


@pytest.mark.parametrize("count", [0, 1, 4, 5, 6, 300, 2000])
def test_hashes_of_runs_are_a_sorted_set(count: int) -> None:
    listed = [f"kata{number % 250}" for number in range(count)]
    keys, _ = unpack(pack(listed))
    found = hashed_runs(keys).tolist()
    assert found == sorted(set(found))
    assert len(found) == min(max(count - 4, min(count, 1)), 250)
    assert shared(hashed_runs(keys), hashed_runs(keys[: count // 2])) == len(
        set(found) & set(hashed_runs(keys[: count // 2]).tolist())
    )


TEXTS = st.lists(
    st.sampled_from(
        ("tambora", "cianjur", "gempa", "dan", "di", "1.250", "<p>", "</p>", "Kebakaran", "a" * 41, "—", "")
    ),
    max_size=12,
).map(" ".join)


@given(st.lists(st.builds(lambda title, text, times, lead: (title, text * times, lead),
                          TEXTS, TEXTS, st.sampled_from((1, 1, 50, 1100)), TEXTS), min_size=6, max_size=9))  # fmt: skip
@example([("", "", "")] * 6)
@example(
    [("", "", ""), *[(f"Gempa {n}", " ".join(f"kata{k}" for k in range(n)), "") for n in (1, 4, 5, 60, 500)]]
)
def test_fingerprints_of_several_articles_are_those_of_each(parts: list[tuple[str, str, str]]) -> None:
    articles = [
        replace(candidate(number, title=title, body_html=text), lead=lead)
        for number, (title, text, lead) in enumerate(parts)
    ]
    for one, alone in zip(fingerprints(articles), map(fingerprint, articles), strict=True):
        assert list(one.terms.items()) == list(alone.terms.items())
        assert one.shingle_keys == alone.shingle_keys
        assert one.text.shingles.tolist() == alone.text.shingles.tolist()
        assert (one.text.title, one.text.plain) == (alone.text.title, alone.text.plain)


def test_a_word_may_come_more_often_than_there_are_factors() -> None:
    text = look_up("")
    assert weigh(look_up("tambora cianjur " * 2000), text) == weigh(look_up("tambora cianjur"), text)


@pytest.mark.parametrize("field", ["title", "lead", "body_html", "correction", "quote", "section"])
def test_an_article_that_was_seen_before_has_the_hash_of_what_it_says_now(field: str) -> None:
    article = candidate(1)
    other = replace(article, **{field: "kata lain"})
    assert (
        content_fingerprint.content_hash(article)
        == content_fingerprint.content_hash(article)
        == content_fingerprint._content_hash(article)
    )
    assert (
        content_fingerprint.content_hash(other)
        == content_fingerprint._content_hash(other)
        != content_fingerprint.content_hash(article)
    )


def test_what_was_not_used_lately_is_forgotten() -> None:
    kept = Recent[int, str](2)
    for number in (1, 2, 3, 4):
        kept.keep(number, str(number))
    assert [kept.recall(number) for number in (1, 3)] == ["1", "3"]
    kept.keep(5, "5")
    assert [kept.recall(number) for number in (2, 1, 5)] == [None, "1", "5"]
