"""The addresses of a feed, one for each format that readers take, as pages list them."""

from collections.abc import Mapping

from msgspec import Struct

from syndicator.model.feed import CONTENT_TYPES, READER_FORMATS, Format, Site

FORMAT_NAMES: Mapping[Format, str] = {Format.RSS: "RSS", Format.ATOM: "Atom", Format.JSON: "JSON Feed"}


class Address(Struct, frozen=True, kw_only=True):
    """One feed in one format."""

    name: str
    url: str
    path: str
    media_type: str


def addresses(site: Site, stem: str, asked: str = "") -> tuple[Address, ...]:
    """Return the addresses of a feed.

    `stem` is its path without the ending, `asked` stands behind the `?`.
    """
    behind = f"?{asked}" if asked else ""
    return tuple(
        Address(
            name=FORMAT_NAMES[form],
            url=site.url(path),
            path=path,
            media_type=CONTENT_TYPES[form].partition(";")[0],
        )
        for form in READER_FORMATS
        if (path := f"{stem}.{form.value}{behind}")
    )
