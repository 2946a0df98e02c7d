"""A redesign is noticed: selectors that found something and find nothing any more."""

import pytest

from syndicator.rules.sources.redesign import lengthened, noted, redesigned, warning


class Memory:
    """What is remembered of a source's selectors, round by round."""

    def __init__(self, *rounds: tuple[str, str]) -> None:
        self.counts: dict[str, int] = {}
        self.lacked: dict[str, int] = {}
        self.after(*rounds)

    def after(self, *rounds: tuple[str, str]) -> tuple[str, ...]:
        """Give what is lost after more rounds, of each what it found and what was missing."""
        for found, missing in rounds:
            self.lacked = dict(lengthened(self.lacked, self.counts, found=found.split()))
            self.counts = dict(noted(self.counts, found=found.split(), missing=missing.split()))
        return redesigned(self.counts, self.lacked)


NAMES = ["list.date", "list.section", "article.body", "article.quote", "popular.item", "popular.views"]


@pytest.mark.parametrize("name", NAMES)
def test_three_rounds_without_anything_are_a_redesign(name: str) -> None:
    memory = Memory((name, ""))
    assert memory.after(("", name)) == ()
    assert memory.after(("article.title", name)) == ()
    assert memory.after(("", name)) == (name,)
    assert warning(memory.counts, memory.lacked) == (
        f"selectors find nothing any more: {name} (for 3 rounds); the portal may have been redesigned"
    )
    assert memory.after((name, "")) == ()
    assert warning(memory.counts, memory.lacked) is None


def test_one_find_begins_the_count_anew() -> None:
    memory = Memory(*[("", "article.body")] * 5, ("article.body", "article.body"))
    assert memory.counts["article.body"] == 0


def test_a_part_that_was_missing_before_is_missed_later() -> None:
    memory = Memory(("article.quote", ""), *[("", "article.quote")] * 2, ("article.quote", ""))
    assert memory.after(*[("", "article.quote")] * 4) == ()
    assert memory.after(("", "article.quote")) == ("article.quote",)
    memory.after(*[("", "article.quote")] * 20, ("article.quote", ""))
    assert memory.after(*[("", "article.quote")] * 9) == ()
    assert memory.after(("", "article.quote")) == ("article.quote",)


def test_what_every_article_has_is_missed_as_soon_as_ever() -> None:
    memory = Memory(("article.body", ""), *[("", "article.body")] * 7, ("article.body", ""))
    assert memory.after(*[("", "article.body")] * 3) == ("article.body",)


def test_what_never_found_anything_is_no_redesign() -> None:
    assert Memory(*[("", "article.quote")] * 20).counts == {}
    assert Memory().after(*[("", "article.body")] * 3) == ("article.body",)
