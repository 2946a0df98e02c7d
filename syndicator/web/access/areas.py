"""The two areas of pages behind a sign-in: who may enter, and where they are."""

from msgspec import Struct

from syndicator.model.token import TokenScope


class Area(Struct, frozen=True, kw_only=True):
    """Pages behind one sign-in."""

    name: str
    """Names its texts and its cookie."""
    path: str
    """Where it begins, without a slash at its end."""
    scope: TokenScope
    """What a token must allow to open it."""
    places: tuple[str, ...]
    """What its menu leads to; the first is its front page."""
    people: str
    """Who has it, in a sentence."""
    endpoints: str
    """The place of the menu with endpoints and deliveries."""
    asks_before_link: bool = False
    """Whether a link signs in only after a click: programs that look at links in messages use none up."""


CONSOLE = Area(
    name="console",
    path="/admin",
    scope=TokenScope.ADMIN,
    people="an operator",
    endpoints="deliveries",
    places=(
        "overview",
        "sources",
        "schedule",
        "articles",
        "feeds",
        "stories",
        "boards",
        "deliveries",
        "tokens",
        "configuration",
        "changes",
        "log",
    ),
)
PORTAL = Area(
    name="portal",
    path="/partners",
    scope=TokenScope.PARTNER,
    people="its owner",
    endpoints="endpoints",
    places=("endpoints", "add-endpoint", "verification"),
    asks_before_link=True,
)
