"""The headline of an article page: that of the metadata, without the portal's name, else the `<h1>`.

Some portals have the same metadata on every page. What is no headline of this article is seen by the words
that its address, the list and its `<h1>` have in common.
"""

import re
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from msgspec import Struct

from syndicator.gather.articles.claims import Claims
from syndicator.gather.documents.selectors import Page, Selector, text_of
from syndicator.gather.documents.text import CUT, folded, plain_text

IN_TEXT = "h1"
MAX_SHOWN = 80
MIN_WORDS = 3
"""Of an `<h1>` that neither address nor list speaks for: those of fewer are names of sections."""
_MAX_HEADINGS = 20
_HEADINGS = Selector(name="headline", css="h1")
_SEPARATOR = r"(?:(?<!\s)\s++(?:[-–—|»·•]|::|//)\s++|(?:(?<!\s)\s++)?[|»]\s*+|:\s++)"
_PART = r"(?<!\s)\s++(?:[-–—|]\s*+)?\(?(?:halaman|hal\.?|page)\s++(?:all|\d{1,3})\)?"
_BEHIND = re.compile(rf"{_SEPARATOR}|{_PART}", re.IGNORECASE)
_PART_AT_END = re.compile(rf"{_PART}\Z", re.IGNORECASE)
"""Which part of an article a page is: "Halaman 2", "Halaman all"."""
_AHEAD = re.compile(rf"{_SEPARATOR}\Z")
_SUFFIX = re.compile(r"(?<!\s)\s++(?:[-–—|»·•]|::|//)\s++(?P<name>[^|»]{2,60}+)\Z")
_MAX_SUFFIXES = 3
_WORD = re.compile(r"[^\W\d_]{3,}")
_OF_A_PORTAL = frozenset(
    [
        "berita", "portal", "news", "situs", "media", "online", "harian", "com", "co", "id", "net", "terkini",
        "terbaru", "terpercaya", "terlengkap", "hari", "ini", "update", "read", "article", "artikel", "html",
    ]
)  # fmt: skip
"""Words that stand beside the name of a portal, and in addresses of all its articles."""
_UNLIKE = 0.15
"""The share of words in common below which two headlines are of different articles."""


class Headline(Struct, frozen=True, kw_only=True):
    """A headline that is offered: what it was read from, and how it was written there."""

    read_from: str
    text: str
    written: str
    is_own: bool = True
    """Whether it can be that of this article, and is not the portal's."""


def headlines(page: Page, claims: Sequence[Claims], url: str, listed: str = "") -> list[Headline]:
    """Return all headlines of a page, the most trusted first; those that are the portal's come last.

    `url` is the address that the page came from, `listed` the headline that a list gave it.
    """
    site = next((one.site for one in claims if one.site), "")
    hints = _words(f"{urlsplit(url).path} {listed}")
    titles = [(one.read_from, one.title) for one in claims if one.title]
    shown = _shown(page, hints | _words(" ".join(title for _, title in titles)), site, url)
    found = [(read_from, _bare(title, shown, site, url), title) for read_from, title in titles]
    whole = [*(text for _, text, _ in found), shown]
    offers = [
        Headline(
            read_from=read_from,
            text=_completed(text, whole),
            written=written,
            is_own=not (_is_name(text, site, url) or _is_of_every_page(text, shown, hints)),
        )
        for read_from, text, written in found
    ]
    if shown:
        offers.append(Headline(read_from=IN_TEXT, text=shown, written=shown))
    return sorted(offers, key=lambda offer: not offer.is_own)


def _shown(page: Page, hints: set[str], site: str, url: str) -> str:
    """Return the `<h1>` of the article: of several the one that says most of what address and titles say."""
    texts = [text for node in page.find(_HEADINGS)[:_MAX_HEADINGS] if (text := text_of(node))]
    own = [text for text in texts if not _is_name(text, site, url)]
    best = max(own, key=lambda text: len(_words(text) & hints), default="")
    is_sure = bool(_words(best) & hints) or len(_words(best)) >= MIN_WORDS
    return best if is_sure else ""


def _bare(title: str, shown: str, site: str, url: str) -> str:
    """Cut off what stands around the `<h1>`, else the portal's name at the end."""
    if len(_words(shown)) >= MIN_WORDS and len(shown) < len(title):
        lower = title.lower()
        if lower.startswith(shown.lower()) and _BEHIND.match(title[len(shown) :]):
            return title[: len(shown)]
        if lower.endswith(shown.lower()) and _AHEAD.search(title[: -len(shown)]):
            return title[-len(shown) :]
    for _ in range(_MAX_SUFFIXES):
        title = _PART_AT_END.sub("", without_site(title, site, url))
    return title


def without_site(title: str, site: str, url: str) -> str:
    """Cut off the portal's name, by what it calls itself or by its host."""
    match = _SUFFIX.search(title)
    if match is None or not _is_name(match["name"], site, url):
        return title
    return title[: match.start()].strip() or title


def _is_name(text: str, site: str, url: str) -> bool:
    """Return whether a text is the portal's name, be it among words that portals have beside theirs."""
    host = folded(urlsplit(url).hostname or "")
    whole, core, own = folded(text), _core(text), _core(site)
    in_host = [name for name in (whole.removesuffix("com"), core) if len(name) > 2]  # noqa: PLR2004 -- a name
    return (
        bool(whole and whole == folded(site))
        or bool(core and core == own)
        or any(name in host for name in in_host)
    )


def _core(text: str) -> str:
    return "".join(word for word in re.split(r"[\W_]+", text.casefold()) if word not in _OF_A_PORTAL)


def _is_of_every_page(text: str, shown: str, hints: set[str]) -> bool:
    """Return whether a headline shares nothing with the address, the list and the `<h1>` of the article."""
    return bool(shown) and not _words(text) & (hints | _words(shown)) and bool(_words(shown) & hints)


def _completed(title: str, others: Iterable[str]) -> str:
    """Return a headline that was cut for machines as another one has it whole."""
    match = CUT.search(title)
    if match is None:
        return title
    stem = title[: match.start()]
    longer = (other for other in others if other.startswith(stem) and len(other) > len(stem))
    return next((other for other in longer if not CUT.search(other)), title)


def contradiction(offers: Sequence[Headline]) -> str | None:
    """Return whether the metadata of a page has the headline of something else than its `<h1>`."""
    shown = next((offer.text for offer in offers if offer.read_from == IN_TEXT), "")
    claimed = (offer for offer in offers if offer.read_from not in {IN_TEXT, "meta"} and shown)
    other = next((offer for offer in claimed if _is_unlike(offer.text, shown)), None)
    if other is None:
        return None
    return (
        f'the page\'s {other.read_from} gives the headline "{plain_text(other.text, MAX_SHOWN)}", '
        f'its h1 "{plain_text(shown, MAX_SHOWN)}"'
    )


def _is_unlike(one: str, other: str) -> bool:
    first, second = _words(one), _words(other)
    return len(first & second) < _UNLIKE * min(len(first), len(second))


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold())) - _OF_A_PORTAL
