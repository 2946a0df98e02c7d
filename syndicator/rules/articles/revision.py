"""How much an article changed from one revision to the next, and whether it only goes back and forth.

A change is major where the headline says something else, where a figure that stood there is gone or is
another one, or where a fifth of the words changed; all else is minor. Words are counted, not aligned: that
takes linear time however long the texts are, and a paragraph that only moved changes no words.
"""

import re
from collections import Counter
from collections.abc import Iterable

from syndicator.model.article import Article, Candidate, ChangeSize, Revised
from syndicator.rules.identity.content_fingerprint import Noticed, noticeable

MAJOR_SHARE = 0.2
"""Of the words of the longer text."""
REMEMBERED = 8
"""So many earlier versions are known again when they come back."""
RETURNS = 1
"""So often an article may go back to what it was: editors do take a change back."""
RESTLESS = (
    "it goes back and forth between versions that it had: it stays as it is until it says something new"
)

_NO_LETTER = re.compile(r"[\W_]+")
_FIGURE = re.compile(r"\d(?:[\d.,:]*\d)?")


def revised(before: Article, after: Candidate | Article) -> Revised:
    """Return how much `after` differs from the stored revision before it."""
    old, new = noticeable(before), noticeable(after)
    old_words, new_words = Counter(_text(old)), Counter(_text(new))
    removed, added = (old_words - new_words).total(), (new_words - old_words).total()
    longer = max(old_words.total(), new_words.total(), 1)
    share = round(max(removed, added) / longer, 3)
    title_changed = _folded(old.title) != _folded(new.title)
    figures_changed = bool(_figures(old_words.elements()) - _figures(new_words.elements()))
    is_major = title_changed or figures_changed or share >= MAJOR_SHARE
    return Revised(
        size=ChangeSize.MAJOR if is_major else ChangeSize.MINOR,
        words_changed=share,
        words_added=added,
        words_removed=removed,
        title_changed=title_changed,
        figures_changed=figures_changed,
        fields=tuple(name for name in Noticed.__struct_fields__ if getattr(old, name) != getattr(new, name)),
    )


def changes_constantly(stored: Article, content_hash: str) -> bool:
    """Return whether this version was there before, and the article has gone back to such a one already."""
    return content_hash in stored.earlier and stored.returns >= RETURNS


def earlier_versions(previous: Article) -> tuple[str, ...]:
    """Return the digests of the versions before the next revision, the newest last."""
    return (*previous.earlier, previous.content_hash)[-REMEMBERED:]


def _text(seen: Noticed) -> tuple[str, ...]:
    return seen.title + seen.lead + seen.quote + seen.body


def _folded(words: Iterable[str]) -> str:
    return _NO_LETTER.sub(" ", " ".join(words).casefold()).strip()


def _figures(words: Iterable[str]) -> Counter[str]:
    return Counter(figure for word in words for figure in _FIGURE.findall(word))
