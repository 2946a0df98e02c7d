"""The full HTML of an article: everything there is to read, and nothing twice."""

from collections.abc import Collection, Iterator
from html import escape

from lxml import html as lxml_html
from lxml.etree import LxmlError
from lxml.html import HtmlElement
from msgspec import Struct

from syndicator.model.article import Article
from syndicator.render.text import holds, legal, line, web_url
from syndicator.rules.articles.rights import text_of
from syndicator.rules.articles.same_picture import differ_by_size_alone

_HOLDERS = ("a", "p", "div", "picture", "figure")
"""What is taken away together with the picture that it held."""


class Parts(Struct, frozen=True, kw_only=True):
    """What there is to read. Lead and quote are plain text, and empty where the body shows them already."""

    lead: str = ""
    quote: str = ""
    html: str = ""


def parts_of(article: Article, lead: str) -> Parts:
    """Split the article into parts, so that nothing is shown twice."""
    body = legal(article.body_html).strip()
    text = text_of(body)
    quote = line(article.quote or "")
    # A pull quote repeats words of the body on purpose; only a quote that stands out already is not repeated.
    stands_out = any(holds(text_of(quoted), quote) for quoted in _blockquotes(body))
    return Parts(
        lead="" if holds(text, lead) else lead,
        quote="" if stands_out else quote,
        html=body,
    )


def _blockquotes(body: str) -> Iterator[str]:
    """Yield what stands in the blockquotes of HTML that was cleaned: never nested, always closed."""
    for part in body.split("<blockquote")[1:]:
        yield part.partition(">")[2].partition("</blockquote>")[0]


def full_html(parts: Parts) -> str:
    """Put lead, pull quote and body together. Empty when there is nothing but the lead."""
    if not parts.html and not parts.quote:
        return ""
    lead = f"<p>{escape(parts.lead, quote=False)}</p>" if parts.lead else ""
    html = "\n".join(filter(None, (lead, parts.html)))
    if not parts.quote:
        return html
    # Portals set it below the opening paragraph.
    opening, end, rest = html.partition("</p>")
    quote = f"<blockquote>{escape(parts.quote, quote=False)}</blockquote>"
    return "\n".join(filter(None, (opening + end, quote, rest.lstrip())))


def without_pictures(body: str, pictures: Collection[str]) -> str:
    """Take pictures out of a body that are published beside it (`pictures`, URLs), in whatever size.

    Most readers would show them twice.
    """
    if not pictures or "<img" not in body:
        return body
    try:
        parser = lxml_html.HTMLParser(huge_tree=True)  # else it cuts what is nested more than 256 deep
        root = lxml_html.fragment_fromstring(body, create_parent="div", parser=parser)
    except (LxmlError, ValueError):  # what the parser cannot read stays as it is
        return body
    shown = [image for image in root.iter("img") if _is_one_of(web_url(image.get("src", "")), pictures)]
    if not shown:
        return body
    for image in shown:
        _take_out(image)
    return _inner_html(root)


def _is_one_of(url: str | None, pictures: Collection[str]) -> bool:
    return url is not None and any(differ_by_size_alone(url, picture) for picture in pictures)


def _take_out(image: HtmlElement) -> None:
    """Drop the picture with its frame (caption and credit are published beside it) or its empty holders."""
    gone = image
    for frame in image.iterancestors("figure", "picture"):
        if len(frame.findall(".//img")) == 1:
            gone = frame
    holder = gone.getparent()
    gone.drop_tree()
    while holder is not None and holder.getparent() is not None and holder.tag in _HOLDERS:
        if len(holder) or holder.text_content().strip():
            return
        above = holder.getparent()
        holder.drop_tree()
        holder = above


def _inner_html(root: HtmlElement) -> str:
    whole: str = lxml_html.tostring(root, encoding="unicode")
    return whole.removeprefix("<div>").removesuffix("</div>").strip()
