"""Who asks for a feed, and what they get."""

from collections.abc import Mapping

from msgspec import Struct


class FeedAudience(Struct, frozen=True, kw_only=True):
    """The requests for one feed in some days."""

    sent: int = 0
    """Answered with the feed, or with what changed in it."""
    unchanged: int = 0
    """Answered by 304: the client had it."""
    rendered: int = 0
    """How often its bytes were made anew, in any format."""
    readers: Mapping[str, int] = {}
    """Requests by the program that asked, the most first."""
    subscribers: Mapping[str, int] = {}
    """For how many people services ask, by what they said last."""

    @property
    def requests(self) -> int:
        return self.sent + self.unchanged

    @property
    def unchanged_share(self) -> float:
        """Return the part of requests that cost no transfer, 0 to 1."""
        return self.unchanged / self.requests if self.requests else 0.0
