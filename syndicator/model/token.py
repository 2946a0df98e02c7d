"""Who may do what over the API: a token's scopes, for whom it is, and until when."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from syndicator.model.ids import FeedId, TokenId
from syndicator.model.ops.states import TokenState


class TokenScope(StrEnum):
    READ = "read"
    """All that is shown of a token, without its secret."""
    PARTNER = "partner"
    """Signals, and webhook endpoints of one's own."""
    ADMIN = "admin"
    """Everything, for everyone; tokens as well."""


class Token(Struct, frozen=True, kw_only=True):
    """A token as it is kept: its value is known only to who holds it."""

    id: TokenId
    sha256: str = ""
    """Hex digest of the value: 64 lower-case digits; empty for one that is only wanted."""
    scopes: tuple[TokenScope, ...] = ()
    feeds: tuple[FeedId, ...] = ()
    """Private feeds that it opens."""
    owner: str = ""
    """For whom it is; what was added with one token of an owner belongs to all of them. Empty: its id."""
    description: str = ""
    expires: datetime | None = None
    created_at: datetime | None = None
    """None for one that stands in the configuration."""

    @property
    def belongs_to(self) -> str:
        """Whose is what is added with it."""
        return self.owner or self.id

    @property
    def is_configured(self) -> bool:
        return self.created_at is None

    def state(self, now: datetime) -> TokenState:
        return TokenState.VALID if self.is_valid(now) else TokenState.EXPIRED

    def is_valid(self, now: datetime) -> bool:
        return self.expires is None or now < self.expires

    def allows(self, scope: TokenScope) -> bool:
        """Return whether it has a scope; `admin` holds the others."""
        return scope in self.scopes or TokenScope.ADMIN in self.scopes

    def opens(self, feed: FeedId) -> bool:
        """Return whether it opens a private feed: one that it names, or any for `admin`."""
        return feed in self.feeds or TokenScope.ADMIN in self.scopes
