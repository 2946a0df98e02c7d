"""Chains of renditions: what one says of those before it is what a comparison of both would say."""

import hashlib
import random

from msgspec.structs import replace

from syndicator.model.clock import EPOCH
from syndicator.model.feed import Format, Rendition, RenditionEntry
from syndicator.model.ids import ArticleId, FeedId
from syndicator.rules.feeds import deltas
from syndicator.rules.feeds.deltas import changed_since, continued

PLAIN = Rendition(
    feed=FeedId("latest"),
    form=Format.RSS,
    version=1,
    digest="",
    last_modified=EPOCH,
    body=b"",
    gzip=b"",
    brotli=b"",
    zstd=b"",
)
Looks = dict[str, int]


def rendition(looks: Looks) -> Rendition:
    digest = hashlib.sha256(repr(looks).encode()).hexdigest()[:32]
    shown = tuple(
        RenditionEntry(article=ArticleId(name), looks=bytes([look])) for name, look in looks.items()
    )
    return replace(PLAIN, digest=digest, shown=shown)


def ids(*names: str) -> frozenset[ArticleId]:
    return frozenset(map(ArticleId, names))


def test_every_earlier_rendition_is_told_as_a_comparison_would() -> None:
    rng, looks = random.Random(7), dict[str, int]()
    chain: list[tuple[Looks, Rendition]] = []
    for number in range(300):
        for _ in range(rng.randint(1, 3)):
            looks = {str(number % 100): 1, **looks} if rng.random() < 0.5 else looks
            if looks and rng.random() < 0.7:
                looks[rng.choice(list(looks))] = rng.randint(0, 255)
            if len(looks) > 20 or (looks and rng.random() < 0.1):
                looks.pop(rng.choice(list(looks)))
        looks = dict(looks)
        chain.append((looks, continued(rendition(looks), chain[-1][1] if chain else None)))
        newest = chain[-1][1]
        for before, earlier in rng.sample(chain, min(len(chain), 10)):
            told = changed_since(newest, earlier.digest)
            if earlier.digest == newest.digest:
                continue
            assert told is not None
            differs = {name for name, look in looks.items() if before.get(name) != look}
            # An entry that left and came back, or looked otherwise in between, is told again: no loss.
            assert differs <= told


def test_what_was_never_rendered_is_not_known() -> None:
    one = continued(rendition({"a": 1}), None)
    two = continued(rendition({"a": 1, "b": 1}), one)
    assert changed_since(two, one.digest) == ids("b")
    for digest in ("", "00" * 16, "no hex", two.digest, one.digest[:10], one.digest.upper() + "x"):
        assert changed_since(two, digest) is None


def test_equal_bytes_are_one_rendition() -> None:
    one = continued(rendition({"a": 1}), None)
    two = continued(rendition({"a": 2}), one)
    again = continued(replace(rendition({"a": 2}), version=9), two)
    assert (again.count, again.before, again.shown) == (two.count, two.before, two.shown)
    assert again.version == 9


def test_the_chain_is_bounded() -> None:
    first = newest = continued(rendition({"a": 0, "z": 0}), None)
    for number in range(1, deltas.REMEMBERED + 2):
        newest = continued(rendition({"a": number % 256, "b": number // 256, "z": 0}), newest)
        if number == deltas.REMEMBERED:
            assert changed_since(newest, first.digest) == ids("a", "b")
    assert changed_since(newest, first.digest) is None
    assert len(newest.before) == 8 * deltas.REMEMBERED
