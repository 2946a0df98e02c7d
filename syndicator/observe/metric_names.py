"""What each metric says: the text and the labels by which it is exported and documented."""

from collections.abc import Mapping

ROUND_SECONDS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
LATENCY_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 120, 600, 3600, 86400)
LATENESS_SECONDS = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600)
HTTP_SECONDS = (0.005, 0.025, 0.1, 0.5, 2.5)

OF_PROCESS: Mapping[str, tuple[str, ...]] = {
    "build_info": ("Always 1; the version of the program and of Python", "version", "python"),
    "rounds": ("Rounds of gathering; result is ok, unchanged or failed", "source", "result"),
    "articles": ("Candidates judged; verdict is new, changed, duplicate or unchanged", "verdict"),
    "round_seconds": ("Time that one round took, by the group of its source", "group"),
    "lateness_seconds": ("By how much a round began after it was due, by the group of its source", "group"),
    "deliveries": ("Attempts to deliver; result is delivered, retry or dead", "endpoint", "result"),
    "delivery_seconds": ("Time that one attempt took", "endpoint"),
    "delivery_latency_seconds": (
        "Time from an event (an admission) to its receipt, of what was delivered",
        "endpoint",
    ),
    "renders": ("Feeds rendered", "format"),
    "http_requests": (
        "Requests answered, by listener (public or operators) and route (its pattern)",
        "listener",
        "route",
        "status",
    ),
    "http_request_seconds": (
        "Time from a request to the headers of its answer; method is read (GET, HEAD, OPTIONS) or write",
        "listener",
        "route",
        "method",
    ),
    "revisions": (
        "Articles that changed, by the size of the change (minor, major); whether the portal says so",
        "size",
        "correction",
    ),
    "withdrawals": ("Articles withdrawn, by operator, page, feed or status", "by"),
    "searches": (
        "Searches; result is whole, partial (the index is not built yet), refused (many wait) or failed",
        "result",
    ),
    "search_seconds": ("Time that a search took, with its wait for others",),
    "search_articles": ("Articles in this process' index for search, each minute",),
    "search_lag_seconds": ("How long the oldest change that is not in the index waits; 0 for none",),
    "hub_requests": (
        (
            "Requests of our hub to callbacks; result is delivered, retry, dead or gone of an update, else"
            " verified, refused, unreached or denied"
        ),
        "protocol",
        "result",
    ),
    "hub_request_seconds": ("Time that one of them took", "protocol"),
    "configuration_version": ("Version of the configuration that this process runs; 0: its own files",),
    "configuration_faults": ("Faults for which this process refuses a newer configuration; 0: none",),
    "configuration_restart_keys": ("Changed configuration keys that only a restart applies",),
    "redis_up": ("Whether Redis answers this process within 2 s (1) or not (0)",),
    "redis_writable": ("Whether Redis takes writes (1) or not (0)",),
    "redis_ping_seconds": ("Time that Redis took to answer this process at this scrape",),
}
"""Counted or measured by each process for itself: name without prefix → text and labels."""

SHARED: Mapping[str, tuple[str, ...]] = {
    "sources": ("Configured sources, by standing", "standing"),
    "source_standing": ("1 for each source whose standing is not ok", "source", "standing"),
    "source_last_success_timestamp_seconds": (
        "When a round of the source worked last, Unix time; absent where none did",
        "source",
    ),
    "source_last_failure_timestamp_seconds": (
        "When a round of the source failed last, Unix time; absent where none did",
        "source",
    ),
    "source_failed_rounds": (
        "Failed rounds in a row, with the reason of the last one; absent where the last round worked",
        "source",
        "reason",
    ),
    "fresh_ratio": (
        "Part of a source's articles of 30 days that were shown within its freshness objective",
        "source",
    ),
    "fresh_budget_ratio": (
        "Part of a source's error budget (articles that may be late) that is left; below 0: it is behind",
        "source",
    ),
    "source_oldest_due_seconds": (
        "For how long the source that is due first has been due, and no worker has it",
    ),
    "articles_unassigned": ("Admitted articles that wait to be assigned to a story, and shown",),
    "feed_changed_timestamp_seconds": (
        "When the feed last changed, Unix time; absent where it never did",
        "feed",
    ),
    "outbox_events": ("Events that wait to be queued for endpoints",),
    "endpoint_standing": ("1 for the standing of each endpoint", "endpoint", "standing"),
    "endpoint_last_success_timestamp_seconds": (
        "When the endpoint last took an event, Unix time; absent where it never did",
        "endpoint",
    ),
    "deliveries_pending": (
        "Deliveries that are not done; standing is in_log, ready, delayed, in_flight or dead",
        "endpoint",
        "standing",
    ),
    "delivery_oldest_due_seconds": ("For how long the delivery that is due first has been due", "endpoint"),
    "hub_subscriptions": ("Subscribers of our hub",),
    "hub_pending": ("Subscribers that something is to be said to",),
    "hub_oldest_seconds": ("How long the longest of them waits that has confirmed",),
    "redis_memory_bytes": ("Memory that Redis uses",),
    "redis_memory_limit_bytes": ("`maxmemory` of Redis; absent where it has no limit",),
    "cold_store_up": (
        "1 where the store of older texts answers; absent where `[retention] hot` is not used",
    ),
    "cold_texts": ("Articles whose texts are in the cold store, about",),
    "data_lost_timestamp_seconds": (
        "Until when data that Redis has lost was last known to be there, Unix time; absent where none was",
    ),
    "sources_to_regather": ("Sources that were not gathered since Redis lost its data",),
    "processes": ("Processes of the service that live, on all machines",),
    "token_expires_timestamp_seconds": ("When the token expires, Unix time; of those that do", "token"),
}
"""Read from Redis at each scrape, so the same from every process: name without prefix → text and labels."""
