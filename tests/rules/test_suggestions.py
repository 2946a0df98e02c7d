"""What is suggested to somebody who misspelled a name."""

from syndicator.rules.suggestions import MOST_COMPARED, suggestion

MANY = [f"portal-{number:06}" for number in range(20 * MOST_COMPARED)]


def test_the_nearest_of_few_wherever_it_stands() -> None:
    assert suggestion("ompas", ["antara", "kompas", "tempo"]) == "kompas"
    assert suggestion("xyzzy", ["antara", "kompas", "tempo"]) is None
    assert suggestion("antara", []) is None


def test_a_neighbour_among_very_many() -> None:
    assert suggestion("portal-012345x", MANY) == "portal-012345"
    assert suggestion("zzz", MANY) is None
