"""When none of a source's article pages can be read any more."""

from functools import reduce

from syndicator.model.sources.source_findings import PagesTried, Walled
from syndicator.rules.sources.paywall_detection import sentence, walled

REFUSED = PagesTried(failed=1, failed_first=1, why="http_403")
AGAIN = PagesTried(failed=1, why="http_403")
NOTHING_ASKED = PagesTried()


def told(*rounds: PagesTried) -> str | None:
    return sentence(reduce(walled, rounds, Walled()))


def test_three_pages_in_three_rounds_are_a_wall() -> None:
    assert told(REFUSED, REFUSED) is None
    assert (
        told(REFUSED, NOTHING_ASKED, REFUSED, NOTHING_ASKED, REFUSED)
        == "none of its 3 latest article pages could be read, in 3 rounds: http_403"
    )


def test_the_same_page_again_and_again_is_none() -> None:
    assert told(REFUSED, *[AGAIN] * 20) is None


def test_one_round_is_none_however_many_pages() -> None:
    assert told(PagesTried(failed=40, failed_first=40, why="http_503")) is None


def test_one_page_that_can_be_read_ends_it() -> None:
    assert told(*[REFUSED] * 5, PagesTried(read=1, failed=9, failed_first=9, why="http_403")) is None
