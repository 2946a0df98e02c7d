"""Queries and texts out of thin air, from few words, so that they often meet."""

from hypothesis import strategies as st

WORDS = (
    "banjir", "Jakarta", "kebanjiran", "pemerintah", "pemerintahan", "flood", "flooded", "di", "café",
    "19",
)  # fmt: skip
"""Some share a stem, some begin alike."""

words = st.sampled_from(WORDS)
texts = st.lists(words, max_size=12).map(" ".join)
languages = st.sampled_from(("id", "en", "en-GB", "fr", None))

_phrases = st.lists(words, min_size=1, max_size=3).map(lambda found: f'"{" ".join(found)}"')
_prefixes = st.sampled_from(("ban*", "pemer*", "flo*", "caf*"))
_atoms = st.one_of(words, _phrases, _prefixes)


def _joined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def each(parts: list[str], joint: str) -> str:
        return "(" + joint.join(parts) + ")"

    alternatives = st.builds(
        each, st.lists(inner, min_size=2, max_size=3), st.sampled_from((" OR ", " AND ", " "))
    )
    without = st.builds("({} NOT {})".format, inner, inner)
    return st.one_of(alternatives, without)


queries = st.recursive(_atoms, _joined, max_leaves=6)
