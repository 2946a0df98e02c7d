"""A redesign is noticed: selectors that found something and find nothing any more."""

from syndicator.rules.redesign import noted, redesigned, warning


def after(*rounds: tuple[str, str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for found, missing in rounds:
        counts = dict(noted(counts, found=found.split(), missing=missing.split()))
    return counts


def test_three_rounds_without_a_body_are_a_redesign() -> None:
    counts = after(("article.body", ""), *[("article.title", "article.body")] * 2)
    assert redesigned(counts) == ()
    counts = dict(noted(counts, found=(), missing=("article.body",)))
    assert warning(counts) == (
        "selectors find nothing any more: article.body (for 3 rounds); the portal may have been redesigned"
    )


def test_one_find_begins_the_count_anew() -> None:
    assert after(*[("", "article.body")] * 5, ("article.body", "article.body"))["article.body"] == 0


def test_a_quote_may_be_missing_for_longer() -> None:
    lacking = [("", "article.quote")] * 9
    assert redesigned(after(("article.quote", ""), *lacking)) == ()
    assert redesigned(after(("article.quote", ""), *lacking, *lacking[:1])) == ("article.quote",)


def test_what_never_found_anything_is_no_redesign() -> None:
    assert after(*[("", "article.quote")] * 20) == {}
    assert redesigned(after(*[("", "article.body")] * 3)) == ("article.body",)
