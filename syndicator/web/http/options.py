"""Options of the web server."""

from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct

from syndicator.model.feed import ASK_AGAIN_S
from syndicator.model.ids import FeedId
from syndicator.model.ops.configuration import ProcessNote
from syndicator.observe.metrics import Count
from syndicator.web.http.forwarded import Network

ConfigurationNote = Callable[[], ProcessNote]
"""Returns which version of the configuration this process runs, and why no newer one."""


def _count_nothing(route: str, method: str, status: int, seconds: float) -> None:
    del route, method, status, seconds


def _ask_nothing(feed: FeedId, status: int, user_agent: str) -> None:
    del feed, status, user_agent


class WebOptions(Struct, frozen=True, kw_only=True):
    """How the public server answers."""

    trusted_proxies: tuple[Network, ...] = ()
    unlimited: tuple[Network, ...] = ()
    """Clients that may ask as often as they like."""
    feeds_a_minute: int = 0
    """How often one client may be sent one feed in full; 0 for no limit."""
    feed_max_age_s: int = ASK_AGAIN_S
    """How long a reader or a cache may use a feed without asking: the floor of polling."""
    page_max_age_s: int = 30
    stale_while_revalidate_s: int = 300
    stale_if_error_s: int = 86_400
    count: Count = _count_nothing
    """Called for every answer: the access log is off."""
    asked: Callable[[FeedId, int, str], None] = _ask_nothing
    """Called with feed, status and `User-Agent` of every answer to a request for a configured feed."""
    configuration: ConfigurationNote | None = None


async def _measure_nothing() -> None:
    """Do without."""


async def _no_processes() -> Sequence[ProcessNote]:
    """Do without."""
    return ()


class OpsOptions(Struct, frozen=True, kw_only=True):
    """What the operators' server is handed."""

    metrics: Callable[[], bytes]
    """Returns the metrics in the Prometheus text format."""
    measure: Callable[[], Awaitable[None]] = _measure_nothing
    """Measures, before that, what is measured on demand."""
    hosts: tuple[str, ...] = ()
    """Host names that it answers to beside those of loopback."""
    is_local: bool = True
    """Whether only this machine reaches it. Else metrics ask for a token, and it may be asked by address."""
    count: Count = _count_nothing
    """Called for every answer."""
    processes: Callable[[], Awaitable[Sequence[ProcessNote]]] = _no_processes
    """Returns the living processes, and where the metrics of each are."""
    configuration: ConfigurationNote | None = None
