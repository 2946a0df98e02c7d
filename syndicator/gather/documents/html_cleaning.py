"""Foreign HTML made harmless: an allow-list of what an article needs, absolute links, and nothing active.

Cleaning runs once, when an article comes in (nh3, which parses as browsers do). Never allowed are svg,
math, style, script, iframe, whose contents go too, and form, whose text stays.

HTML parsers take quadratic time, or memory, on some inputs: deep nesting, thousands of attributes.
`parsing_steps` and `weight` find it in linear time: a caller can keep such input out of its own process,
or refuse it.
"""
# ruff: noqa: SIM905 -- lists of tag names are easier to read as words

import html
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import nh3
from msgspec import Struct

from syndicator.gather.documents.opening_tags import RELATION, OpeningTags
from syndicator.gather.documents.picture_sources import is_stand_in, largest, own_address, own_sets
from syndicator.gather.documents.text import MAX_LEAD, absolute_url, one_line, shortened, without_unwanted

MAX_HTML = 500_000
"""Characters of one body that are read."""
MAX_STEPS, MAX_ATTRIBUTES = 10_000_000, 2_000
"""See `Weight`."""

_TAGS = frozenset(
    "a abbr b blockquote br caption cite code col colgroup dd del dfn div dl dt em figcaption figure "
    "h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small strong sub sup table tbody td "
    "tfoot th thead time tr u ul var".split()
)
_DROPPED_WITH_CONTENT = frozenset(
    "applet audio button canvas embed frameset iframe input math noembed noframes noscript object script "
    "select style svg template textarea title video xmp".split()
)
_ATTRIBUTES: Mapping[str, frozenset[str]] = {
    "a": frozenset({"href", "title"}),
    "abbr": frozenset({"title"}),
    "img": frozenset({"src", "alt", "width", "height"}),
    "ol": frozenset({"start"}),
    "td": frozenset({"colspan", "rowspan"}),
    "th": frozenset({"colspan", "rowspan", "scope"}),
    "time": frozenset({"datetime"}),
}

_ALLOWED: Mapping[str, Any] = {
    "tags": _TAGS,
    "clean_content_tags": _DROPPED_WITH_CONTENT,
    "attributes": _ATTRIBUTES,
    "link_rel": "noopener",
    "url_schemes": {"http", "https"},
}

_ODD_ADDRESS = re.compile(
    r"""="(?:(?<=href=")|(?<=src="))(?!https?://[a-z0-9.-]+(?::(?:[1-5][0-9]{4}|[1-9][0-9]{0,3}))?(?:[/?#][\w.~:/?#\[\]@!$&'()*+,;=%-]*)?")""",
    re.ASCII,  # an address with other characters is written anew
)
_IMAGE = re.compile(r"<img\b([^<>]{0,8000})>", re.IGNORECASE)
_WITH_NOSCRIPT = re.compile(
    r"<img\b([^<>]{0,8000})>\s*<noscript>\s*(<img\b[^<>]{0,8000}>)\s*</noscript>", re.IGNORECASE
)
_SOURCE = re.compile(r"<source\b([^<>]{0,8000})>", re.IGNORECASE)
_WITH_SOURCES = re.compile(
    r"((?:<source\b[^<>]{0,8000}>(?:\s*</source>)?\s*){1,20}+)<img\b([^<>]{0,8000})>", re.IGNORECASE
)
"""An image of a `<picture>`, behind what else that offers."""
_ATTRIBUTE = re.compile(r"([a-z-]{2,20}+)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++))", re.IGNORECASE)
_HIDING_HINTS = ("display", "hidden", "sceditor-")
_OTHER_ATTRIBUTES = r"(?: (?!src=|data-)[a-z-]{2,20}=\"[^\"]*+\")*+"
_USUAL_IMAGE = re.compile(rf"{_OTHER_ATTRIBUTES} src=\"([^\"&]*+)\"{_OTHER_ATTRIBUTES} ?/?")
"""The attributes of an image that has its address in `src` if anywhere, as `_ATTRIBUTE` finds them."""
_LAZY_HINTS = ("data-", "srcset", "lazy", "blank.", "spacer.", "placeholder", "<noscript")
_HIDDEN = re.compile(r"<span\b([^<>]{0,500})>[^<>]{0,200}</span>", re.IGNORECASE)
_HIDING = re.compile(r"display\s*:\s*none|\bhidden\b|sceditor-", re.IGNORECASE)
_EMPTY = re.compile(r"<(p|div|b|i|em|strong|figure|h[1-6]|li|blockquote)>(?:\s|&nbsp;|<br>)*</\1>")
_IMAGE_WITHOUT_SOURCE = re.compile(r'<img(?: (?:alt|width|height)="[^"]*")*>')
_BLOCK = re.compile(
    r"<(?=/?(?:p|div|br|li|ul|ol|dl|dd|dt|h[1-6]|tr|td|th|table|blockquote|figure|figcaption|hr|section|article)\b)",
    re.IGNORECASE,
)
_CLEAN_BLOCK = re.compile(
    r"</?(?:p|div|br|li|ul|ol|dl|dd|dt|h[1-6]|tr|td|th|table|blockquote|figure|figcaption|hr)\b[^<>]*>?"
)
_ANY_CLEAN_TAG = re.compile(r"<[^<>]*>?")
"""In clean HTML brackets stand for nothing but tags, and names of tags are in lower case."""
_MARKUP = re.compile(r"<[a-z!/?]", re.IGNORECASE)
_TAG = re.compile(r"<(/?)([a-z][a-z0-9:-]*)([^<>]*)", re.IGNORECASE)
_ONE_ATTRIBUTE = re.compile(r"""[^\s/][^\s/=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"']\S*+)?)?""")
"""As the tokenizer takes them (HTML 13.2.5.32 to 40): a value is one attribute, however many words it has."""
_LONG_TAG = re.compile(rf"<[a-zA-Z][^<>]{{{MAX_ATTRIBUTES}}}")
_SMALL_LENGTH, _SMALL_TAGS = 30_000, 100
_STEPS_OF_A_REFERENCE = 200
_STEPS_OF_AN_ATTRIBUTE = 2000
"""Of many of one tag."""
_BARRIERS = frozenset("table caption td th button object marquee applet select template".split())
_CLOSED_BY_THEMSELVES = frozenset(
    "p li dt dd tr thead tbody tfoot option optgroup rt rp colgroup br img hr input meta link source area "
    "base col embed param track wbr html head body".split()
)


class Weight(Struct, frozen=True, kw_only=True):
    """What drives the cost of parsing a piece of HTML: both are estimates from above for honest input."""

    steps: int
    """Tags times depth: as many nodes can come of it, and ten million comparisons take 50 ms."""
    attributes: int
    """Of the tag that has most, counted where it is long: 2 000 of them are about 10 ms."""


def weight(markup: str) -> Weight:
    """Measure HTML without parsing it."""
    tags = depth = deepest = attributes = 0
    opened: dict[str, int] = {}
    for closing, name, rest in _TAG.findall(markup):
        tags += 1
        if len(rest) > MAX_ATTRIBUTES:  # an attribute takes two characters: a shorter tag has not too many
            attributes = max(attributes, len(_ONE_ATTRIBUTE.findall(rest)))
        tag = name.lower()
        count = opened.get(tag, 0)
        if not closing and tag not in _CLOSED_BY_THEMSELVES:
            opened[tag] = count + 1
            depth += 1
            deepest = max(deepest, depth)
        elif count and tag not in _BARRIERS:  # a closing tag does not reach through a barrier
            opened[tag] = count - 1
            depth -= 1
    return Weight(steps=tags * (deepest + 1), attributes=attributes)


def most_steps(markup: str, tags: int) -> int:
    """Return no less than `parsing_steps`, and cheaper: as if each of its tags stood in the one before."""
    if _has_long_tag(markup):
        return MAX_STEPS + 1
    return tags * max(tags + 1, _SMALL_TAGS // 2) + markup.count("&") * _STEPS_OF_A_REFERENCE


def parsing_steps(markup: str) -> int:
    """Estimate from above what parsing takes, without measuring what is small enough."""
    tags = markup.count("<")
    references = markup.count("&") * _STEPS_OF_A_REFERENCE
    if len(markup) <= _SMALL_LENGTH and tags <= _SMALL_TAGS and not _has_long_tag(markup):
        return tags * _SMALL_TAGS // 2 + references
    measured = weight(markup[:MAX_HTML])
    if measured.attributes > MAX_ATTRIBUTES:
        return MAX_STEPS + 1
    return measured.steps + references + measured.attributes * _STEPS_OF_AN_ATTRIBUTE


def _has_long_tag(markup: str) -> bool:
    """Return whether a tag may have too many attributes.

    If so, there is a piece of half its length, beginning at a multiple of that, without any `<`.
    """
    if len(markup) <= MAX_ATTRIBUTES:
        return False
    half = MAX_ATTRIBUTES // 2
    places = range(0, len(markup) - half + 1, half)
    return any(markup.find("<", at, at + half) < 0 for at in places) and bool(_LONG_TAG.search(markup))


def check_weight(markup: str) -> None:
    """Refuse what would take a parser seconds, or gigabytes: ValueError with the reason."""
    if most_steps(markup, markup.count("<")) <= MAX_STEPS or parsing_steps(markup) <= MAX_STEPS:
        return
    if weight(markup[:MAX_HTML]).attributes > MAX_ATTRIBUTES:
        raise ValueError("its HTML has a tag with too many attributes")
    raise ValueError("its HTML is too heavy: nested too deeply, or mostly character references such as &#38;")


class HtmlCleaner:
    """Cleans pieces of one document; `base` is the URL that relative links are resolved against."""

    def __init__(self, base: str) -> None:
        self._base = absolute_url(base, base) or base
        self._cleaner = _CLEANER
        """That of all documents, until one turns out to have relative addresses."""

    def clean(self, markup: str) -> str:
        """Return harmless HTML with absolute links, without hidden spans, empty elements and lost images."""
        return self.clean_tags(markup, OpeningTags(markup))[0]

    def clean_tags(self, markup: str, tags: OpeningTags) -> tuple[str, OpeningTags]:
        """Return the same, and the tags that are left. `tags` are those of `markup`."""
        shown = _with_plain_images(markup[:MAX_HTML], tags)
        if "<span" in tags.lowered and any(hint in shown for hint in _HIDING_HINTS):
            shown = _HIDDEN.sub(lambda span: "" if _HIDING.search(span[1]) else span[0], shown)
        if shown is not markup:
            markup, tags = shown, OpeningTags(shown)
        cleaned, left = self._cleaned(markup, tags)
        if len(cleaned) > max(MAX_HTML, 10 * len(markup)):
            raise ValueError("its HTML grows without end when it is parsed")
        full = cleaned
        if any(' src="' not in image for image in left.images()):
            cleaned = _IMAGE_WITHOUT_SOURCE.sub("", cleaned)
        cleaned = _without_empty(without_unwanted(cleaned))
        return cleaned.strip(), left if cleaned == full else OpeningTags(cleaned)

    def _cleaned(self, markup: str, tags: OpeningTags) -> tuple[str, OpeningTags]:
        cleaned = self._cleaner.clean(markup)
        left = _tags_left(markup, tags, cleaned)
        if not _ODD_ADDRESS.search(left.joined):
            return cleaned, left
        if self._cleaner is _CLEANER:
            self._cleaner = nh3.Cleaner(**_ALLOWED, url_relative=("rewrite_with_base", self._base))
            return self._cleaned(markup, tags)
        # An address that nh3 leaves as it was written.
        cleaned = nh3.Cleaner(**_ALLOWED, attribute_filter=self._attribute).clean(markup)
        return cleaned, OpeningTags(cleaned)

    def _attribute(self, _tag: str, name: str, value: str) -> str | None:
        if name in {"href", "src"}:
            url = absolute_url(self._base, value)
            return url and quote(url, safe=_IN_ADDRESSES)
        return value


_IN_ADDRESSES = "".join(map(chr, range(0x21, 0x7F)))
"""All of ASCII: other characters are written in percent signs (RFC 3987, 3.1)."""
_CLEANER = nh3.Cleaner(**_ALLOWED)
_MARKUP_OF_A_CHARACTER = 6
"""So long is the beginning, for each character that is wanted, in which most texts have enough of them."""
_CUT_REFERENCE = 40
"""Characters at the end of a beginning that may be half a reference."""
_TEXT_CLEANER = nh3.Cleaner(tags=set(), clean_content_tags=_DROPPED_WITH_CONTENT, attributes={})


def to_text(markup: str, limit: int = MAX_LEAD) -> str:
    """Return the words of HTML as one line of plain text, at most `limit` characters."""
    beginning = markup[: _MARKUP_OF_A_CHARACTER * limit]
    words = _words(beginning)
    if len(beginning) < len(markup) and len(words) < limit + _CUT_REFERENCE:
        words = _words(markup[:MAX_HTML])
    return shortened(words, limit)


def _words(markup: str) -> str:
    if "<" in markup and _MARKUP.search(markup):
        markup = _TEXT_CLEANER.clean(_BLOCK.sub(" <", markup))
    return one_line(html.unescape(markup))


def clean_text(cleaned: str, limit: int) -> str:
    """Return the first `limit` characters of the words of clean HTML, without parsing it.

    It may be cut off anywhere: half a tag at the end is left out.
    """
    beginning = cleaned[: limit + limit // 2]
    words = _clean_words(beginning)
    if len(beginning) < len(cleaned) and len(words) < limit + _CUT_REFERENCE:
        words = _clean_words(cleaned)
    return words[:limit]


def _clean_words(cleaned: str) -> str:
    if "<" in cleaned:
        cleaned = _ANY_CLEAN_TAG.sub("", _CLEAN_BLOCK.sub(" ", cleaned))
    return one_line(html.unescape(cleaned))


def first_image(cleaned: str) -> str | None:
    """Return the source of the first picture in clean HTML."""
    match = re.search(r'<img(?: [a-z]+="[^"]*")*? src="([^"]*)"', cleaned)
    return html.unescape(match[1]) if match else None


def same_site(url: str, other: str) -> bool:
    """Return whether two URLs are of one host, `www.`, `m.` and `amp.` aside: a page may only name itself."""
    return _host(url) == _host(other)


def _host(url: str) -> str:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return host.removeprefix("www.").removeprefix("m.").removeprefix("amp.")


def _tags_left(markup: str, tags: OpeningTags, cleaned: str) -> OpeningTags:
    """Return the tags of cleaned HTML: those of the markup, if cleaning only added the relation of links."""
    more, rest = divmod(len(cleaned) - len(markup), len(RELATION))
    if more >= 0 and not rest and cleaned.replace(RELATION, "") == markup:
        return tags
    return OpeningTags(cleaned)


def _with_plain_images(markup: str, tags: OpeningTags) -> str:
    """Return markup whose images have the element and the attribute that browsers know."""
    if "<amp-img" in tags.joined:  # AMP's own element for pictures
        markup = markup.replace("<amp-img", "<img").replace("</amp-img>", "")
        tags = OpeningTags(markup)
    if "<img" in tags.joined and not _has_settled_images(tags):
        return _with_late_images(markup, tags)
    return markup


def _has_settled_images(tags: OpeningTags) -> bool:
    """Return whether each image has its address in `src`, so that no other place must be read."""
    if "<source" in tags.lowered or "<noscript" in tags.lowered:
        return False
    return all(map(_is_settled, tags.images()))


def _is_settled(image: str) -> bool:
    usual = _USUAL_IMAGE.fullmatch(image)
    if usual:
        return not is_stand_in(usual[1])
    attributes = _attributes(image)
    return own_address(attributes) == attributes.get("src") != ""


def _with_late_images(markup: str, tags: OpeningTags) -> str:
    """Return images their addresses that are kept elsewhere until somebody scrolls to them."""
    if "<img" not in markup or not any(hint in markup for hint in _LAZY_HINTS):
        return markup
    if "<source" in tags.lowered:
        markup = _WITH_SOURCES.sub(_of_picture, markup)
    if "<noscript" in tags.lowered:
        markup = _WITH_NOSCRIPT.sub(_shown, markup)
    return _IMAGE.sub(_with_source, markup)


def _shown(match: re.Match[str]) -> str:
    """Return an image, or what its `<noscript>` shows in the place of one that only stands in for it."""
    return match[0] if _source(_attributes(match[1])) else match[2]


def _with_source(match: re.Match[str]) -> str:
    """Return an image that loads late its address; what only stands in for a picture goes."""
    attributes = _attributes(match[1])
    source = _source(attributes)
    if not source or source == attributes.get("src"):
        return match[0] if source else ""
    return _image(source, attributes)


def _of_picture(match: re.Match[str]) -> str:
    """Return an image that has no address of its own the largest that the `<picture>` around it offers."""
    attributes = _attributes(match[2])
    offered = None if _source(attributes) else largest(*_sets(match[1]))
    return _image(offered.url, attributes) if offered else match[0]


def _sets(sources: str) -> list[str]:
    return [value for tag in _SOURCE.findall(sources) for value in own_sets(_attributes(tag))]


def _image(source: str, attributes: Mapping[str, str]) -> str:
    kept = {"src": source} | {
        name: attributes[name] for name in ("alt", "width", "height") if name in attributes
    }
    return "<img " + " ".join(f'{name}="{html.escape(value)}"' for name, value in kept.items()) + ">"


def _attributes(tag: str) -> dict[str, str]:
    return {
        name.lower(): html.unescape(double or single or bare)
        for name, double, single, bare in _ATTRIBUTE.findall(tag)
    }


def _source(attributes: Mapping[str, str]) -> str:
    """Return the address of an image: its own, or the largest that it offers; empty for stand-ins alone."""
    offered = None if (own := own_address(attributes)) else largest(*own_sets(attributes))
    return offered.url if offered else own


def _without_empty(markup: str) -> str:
    """Take out empty elements, and those that become empty by it, three levels deep."""
    for _ in range(3):
        markup, count = _EMPTY.subn("", markup)
        if not count:
            break
    return markup
