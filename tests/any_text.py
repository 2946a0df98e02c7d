"""Texts of strangers for Hypothesis: what a format is made of, in any order, over and over, amid anything else."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from hypothesis import settings
from hypothesis import strategies as st

MOST_S = 2.0
"""Of the process, for some 20,000 characters: what is linear takes hundredths of it."""
LONGEST_RUN = 2_000

quickly = settings(max_examples=60, derandomize=True)


def made_of(pieces: Sequence[str]) -> st.SearchStrategy[str]:
    """Give texts of these pieces, some of them repeated up to `LONGEST_RUN` characters."""
    runs = st.builds(
        lambda piece, length: piece * (length // len(piece)),
        st.sampled_from(pieces),
        st.integers(0, LONGEST_RUN),
    )
    return st.lists(st.sampled_from(pieces) | runs | st.text(max_size=8), max_size=16).map("".join)  # fmt: skip


@contextmanager
def bounded() -> Iterator[None]:
    began = time.process_time()
    yield
    assert time.process_time() - began < MOST_S
