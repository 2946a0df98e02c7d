"""What each piece of work costs: the constants of the model, each with where it was measured.

Processor times are of the two cores of `docs/performance.md`, whose headings are named here.
`python -m bench scale --measure` measures articles and deliveries anew, on the machine that it runs on.
"""

from msgspec import Struct

KIB, GIB = 1024, 1024**3


class Pair(Struct, frozen=True):
    """Processor seconds of the service, and of Redis."""

    ours_s: float
    redis_s: float


class Costs(Struct, frozen=True, kw_only=True):
    """Of one machine."""

    round: Pair = Pair(2.0e-3, 0.05e-3)
    """An unchanged feed by TLS on a new connection (Rounds); Redis: "unchanged, first" (Figures)."""
    article: Pair = Pair(0.63e-3, 0.2e-3)
    """From the bytes of its feed until it is shown: a cold feed of 20, 12.63 + 3.30 ms; pieces: 0.036."""
    delivery: Pair = Pair(0.30e-3, 0.08e-3)
    """By workers that gather meanwhile (`bench scale --measure`); draining a queue alone: 0.11 ms of ours."""
    spread_delivery_s: float = 0.108e-3
    """Of Redis on all nodes with partitions of endpoints: claims are smaller (Partitions of endpoints)."""
    home_delivery_s: float = 0.016e-3
    """Of Redis on the node of the namespace, with partitions, where an event goes to many endpoints."""
    render: Pair = Pair(15e-3, 0.15e-3)
    """One feed with a new article, in all formats: 30 ms for an article of two feeds; pieces: 0.05."""
    request: Pair = Pair(0.04e-3, 0.01e-3)
    """A feed from memory; Redis: the question for its version, shared by 64 requests (Feeds)."""

    hot_bytes: float = 4460
    """An article with text, revisions, indexes, without its event (Texts of older articles)."""
    textless_bytes: float = 2210
    """The same, when `[retention] bodies` has ended its text and nothing went to a cold store."""
    cold_bytes: float = 2210
    """The same, when its text has gone to the cold store."""
    identity_bytes: float = 100
    """What is known of an article whose `[retention] articles` has ended."""
    event_bytes: float = 82
    """Kept for 30 days (Webhooks and hub)."""
    pending_bytes: float = 165
    """A delivery that waits (Webhooks and hub)."""
    attempts_bytes: float = 5000 * 130
    """The log of one endpoint, full (Webhooks and hub)."""
    subscriber_bytes: float = 1100
    """Of our hub (Webhooks and hub)."""

    feed_bytes: float = 45 * KIB
    """A changed feed of 20 items (What is measured)."""
    unchanged_bytes: float = 1.5 * KIB
    """Request and answer of 304, without the handshake of TLS. An estimate."""
    body_bytes: float = 4 * KIB
    """A webhook with an article of 200 words. An estimate."""
    answer_bytes: float = 20 * KIB
    """A feed of 54 KB by gzip. An estimate."""

    index_articles: float = 1_000_000
    """Recent articles (72 h) that a worker was measured with (Latency and growth). More was not tried."""
    load: float = 0.6
    """Part of a core that a process may use on average, so that peaks fit."""


MEASURED = Costs()
