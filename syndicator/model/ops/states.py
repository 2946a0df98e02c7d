"""The states of everything that has one: the word for each, how serious it is, and what it means.

Pages, the API, commands, metrics, events and docs (the table of `docs/glossary.md`) show these words, and no
others. Pages colour a state by its severity alone.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Self


class Severity(StrEnum):
    """How serious a state is; the worst first."""

    FAILING = "failing"
    """It does not work."""
    ATTENTION = "attention"
    """It works in part, or something was lost: somebody should look."""
    WAITING = "waiting"
    """It waits for something, and nobody has to do anything."""
    GOOD = "good"


class StateWord(StrEnum):
    """A state; the members of each kind stand in one order, the worst first."""

    severity: Severity
    meaning: str
    """What it says of what has the state: half a sentence."""

    def __new__(cls, word: str, severity: Severity = Severity.GOOD, meaning: str = "") -> Self:
        """Make a member; with a word alone, the class returns the state of that word."""
        state = str.__new__(cls, word)
        state._value_ = word
        state.severity = severity
        state.meaning = meaning
        return state

    @property
    def needs_attention(self) -> bool:
        """Return whether somebody should look."""
        return self.severity in {Severity.FAILING, Severity.ATTENTION}

    @property
    def rank(self) -> int:
        """Return its place among the states of its kind: 0 for the worst."""
        return list(type(self)).index(self)


class SourceStanding(StateWord):
    """How a source stands."""

    STOPPED = "stopped", Severity.FAILING, "its server says that it is gone (410): it is not asked any more"
    FAILING = "failing", Severity.FAILING, "its last round failed; the reason is beside it"
    STUCK = (
        "stuck",
        Severity.FAILING,
        "it answers, but nothing can be read from that, or essential selectors found nothing three times",
    )
    LATE = "late", Severity.ATTENTION, "it has been due for over two minutes, and no worker has begun"
    QUIET = (
        "quiet",
        Severity.ATTENTION,
        "it works, but has brought nothing new for much longer than usual at these hours of the week",
    )
    NEW = "new", Severity.WAITING, "it has not been gathered yet"
    PAUSED = (
        "paused",
        Severity.WAITING,
        "an operator paused it, its group, one of its tags, or everything; shown before all others",
    )
    OK = "ok", Severity.GOOD, "all is well"


class RoundStatus(StateWord):
    """How a round of a source ended, or the rounds of an hour."""

    FAILED = "failed", Severity.FAILING, "nothing could be read; of an hour: all rounds failed"
    PARTLY = "partly", Severity.ATTENTION, "of an hour: some rounds failed"
    WAITING = "waiting", Severity.WAITING, "it was asked for, and no worker has begun"
    UNCHANGED = "unchanged", Severity.GOOD, "the document was as before; of an hour: nothing new came"
    OK = "ok", Severity.GOOD, "the document was read"


class ObjectiveState(StateWord):
    """How a source stands against its freshness objective."""

    BEHIND = "behind", Severity.ATTENTION, "more articles came late than its freshness objective allows"
    CAUGHT_UP = "caught_up", Severity.GOOD, "it meets its objective again"


class ArticleStanding(StateWord):
    """How an article stands."""

    UNASSIGNED = "unassigned", Severity.WAITING, "it is not shown yet: it waits to be assigned to a story"
    WITHDRAWN = "withdrawn", Severity.GOOD, "it is not shown any more, on purpose"
    SHOWN = "shown", Severity.GOOD, "it is in the feeds that take it"


class BackfillStatus(StateWord):
    """How the gathering of a source's past stands."""

    FAILED = "failed", Severity.FAILING, "nothing could be read"
    RUNNING = "running", Severity.WAITING, "workers go on with it"
    CANCELLED = "cancelled", Severity.GOOD, "ended on request, or its source left the configuration"
    DONE = "done", Severity.GOOD, "all was read, or as much as was asked for"

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        """Read what versions until December 2026 wrote for `cancelled`."""
        return cls("cancelled") if value == "stopped" else None


class SubscriptionState(StateWord):
    """How our subscription at the hub of a source stands."""

    DENIED = "denied", Severity.ATTENTION, "its hub refused us, or ended our subscription"
    REQUESTED = "requested", Severity.WAITING, "its hub was asked, and has not asked back yet"
    UNSUBSCRIBING = "unsubscribing", Severity.WAITING, "its hub was asked to end it"
    NONE = "none", Severity.WAITING, "it names no hub, or is not to be pushed"
    VERIFIED = "verified", Severity.GOOD, "its hub may push"


class EndpointStanding(StateWord):
    """How an endpoint stands."""

    DISABLED = (
        "disabled",
        Severity.FAILING,
        "by its answers, or after five days of failures: events wait until it is resumed",
    )
    UNREADABLE = "unreadable", Severity.FAILING, "its secrets cannot be decrypted by this process"
    FAILING = (
        "failing",
        Severity.FAILING,
        "five failures in a row or more: nothing is sent for a while, then one attempt",
    )
    ORPHANED = "orphaned", Severity.ATTENTION, "no running process has it configured: events wait for a week"
    DEGRADED = (
        "degraded",
        Severity.ATTENTION,
        "deliveries of the last two weeks are dead; others arrive",
    )
    RETRYING = (
        "retrying",
        Severity.WAITING,
        "something is tried again later, or the receiver asked for rest",
    )
    UNVERIFIED = "unverified", Severity.WAITING, "its partner has not answered the challenge: nothing is sent"
    PAUSED = "paused", Severity.WAITING, "somebody paused it: events wait"
    ACTIVE = "active", Severity.GOOD, "all is well"


class DeliveryStatus(StateWord):
    """How a delivery of one event to one endpoint stands."""

    DEAD = (
        "dead",
        Severity.ATTENTION,
        "it failed for good; kept for two weeks with its reason, and can be sent again",
    )
    DELAYED = "delayed", Severity.WAITING, "it waits for its next attempt"
    READY = "ready", Severity.WAITING, "it is due now"
    IN_FLIGHT = "in_flight", Severity.WAITING, "a worker sends it"
    SUPERSEDED = "superseded", Severity.GOOD, "a newer revision is sent in its place"
    DELIVERED = "delivered", Severity.GOOD, "the receiver answered 2xx"


UNDELIVERED = (DeliveryStatus.READY, DeliveryStatus.DELAYED, DeliveryStatus.IN_FLIGHT, DeliveryStatus.DEAD)
"""In the order in which deliveries go through them."""


class AttemptResult(StateWord):
    """What came of one attempt to deliver an event, or an update of our hub."""

    DEAD = "dead", Severity.ATTENTION, "it failed, and is not tried again"
    RETRY = "retry", Severity.WAITING, "it failed, and is tried again"
    SUPERSEDED = "superseded", Severity.GOOD, "none was made: a newer revision is sent in its place"
    DELIVERED = "delivered", Severity.GOOD, "the receiver answered 2xx"


class TraceStatus(StateWord):
    """What became of an event at an endpoint: the statuses of deliveries, and why there was no delivery."""

    SET_ASIDE = "set_aside", Severity.FAILING, "the fan-out could not read it, or its article"
    DEAD = "dead", Severity.ATTENTION, "it failed for good"
    NOT_RECORDED = "not_recorded", Severity.ATTENTION, "nothing is known of a delivery"
    IN_OUTBOX = "in_outbox", Severity.WAITING, "it was not fanned out yet"
    IN_LOG = "in_log", Severity.WAITING, "the queue is full: it waits in the log of events"
    UNVERIFIED = "unverified", Severity.WAITING, "the address was not verified when the event happened"
    DELAYED = "delayed", Severity.WAITING, "it waits for its next attempt"
    READY = "ready", Severity.WAITING, "it is due now"
    IN_FLIGHT = "in_flight", Severity.WAITING, "a worker sends it"
    NOT_ANNOUNCED = (
        "not_announced",
        Severity.GOOD,
        "the article has no events: it was too old to be announced, or waits for its story",
    )
    ADDED_LATER = "added_later", Severity.GOOD, "the endpoint was added after the event"
    NOT_WANTED = (
        "not_wanted",
        Severity.GOOD,
        "a setting of the endpoint refuses it, or it is not meant for its owner",
    )
    COPY_SENT = "copy_sent", Severity.GOOD, "the same text was sent before, as another article"
    SUPERSEDED = "superseded", Severity.GOOD, "a newer revision is sent in its place"
    DELIVERED = "delivered", Severity.GOOD, "the receiver answered 2xx"


class ReplayStatus(StateWord):
    """How a replay stands."""

    RUNNING = "running", Severity.WAITING, "workers go on with it"
    CANCELLED = "cancelled", Severity.GOOD, "ended on request, or its endpoint was removed"
    DONE = (
        "done",
        Severity.GOOD,
        "all of its span was looked through, or its limit was reached",
    )


class SubscriberState(StateWord):
    """How a subscriber of our hub stands."""

    FAILING = "failing", Severity.FAILING, "the last update did not reach it"
    REQUESTED = "requested", Severity.WAITING, "it asked, and has not confirmed yet"
    VERIFIED = "verified", Severity.GOOD, "it gets what is new"


class VerificationResult(StateWord):
    """What came of asking a subscriber of our hub back, or what ended its subscription."""

    DENIED = "denied", Severity.ATTENTION, "there is no such feed any more"
    GONE = "gone", Severity.ATTENTION, "it answered 410: its subscription is removed"
    REFUSED = "refused", Severity.ATTENTION, "it did not confirm what was asked in its name"
    UNREACHED = "unreached", Severity.WAITING, "no answer came"
    VERIFIED = "verified", Severity.GOOD, "it confirmed"


class PartStatus(StateWord):
    """How a part of the service stands, and the whole: `/readyz`."""

    DOWN = "down", Severity.FAILING, "it cannot serve"
    DEGRADED = "degraded", Severity.ATTENTION, "it serves; `detail` says what does not work, and why"
    READY = "ready", Severity.GOOD, "it works"


class ProcessState(StateWord):
    """How a process stands to the published configuration."""

    REFUSED = "refused", Severity.ATTENTION, "it goes on with the version before; it says why"
    RESTART_NEEDED = "restart_needed", Severity.ATTENTION, "only a restart applies some changed keys"
    WAITING = "waiting", Severity.WAITING, "it has not answered yet"
    CURRENT = "current", Severity.GOOD, "it runs the newest version"


class TokenState(StateWord):
    """How a token stands."""

    EXPIRED = "expired", Severity.ATTENTION, "its time is over: it opens nothing"
    VALID = "valid", Severity.GOOD, "it can be used"


KINDS: Mapping[str, type[StateWord]] = {
    "source": SourceStanding,
    "round": RoundStatus,
    "freshness objective": ObjectiveState,
    "article": ArticleStanding,
    "backfill of a source": BackfillStatus,
    "subscription at a hub": SubscriptionState,
    "endpoint": EndpointStanding,
    "delivery": DeliveryStatus,
    "attempt": AttemptResult,
    "event at an endpoint": TraceStatus,
    "replay": ReplayStatus,
    "subscriber of our hub": SubscriberState,
    "request to a subscriber": VerificationResult,
    "part of the service": PartStatus,
    "process": ProcessState,
    "token": TokenState,
}
"""What has states."""


def worst(states: Iterable[StateWord]) -> Severity:
    """Return the worst severity of some states; GOOD of none."""
    severities = {state.severity for state in states}
    return next((severity for severity in Severity if severity in severities), Severity.GOOD)


def state_table() -> str:
    """Return the table of all states for the docs."""
    rows = [
        f"| {kind} | `{state}` | {state.severity} | {state.meaning} |\n"
        for kind, states in KINDS.items()
        for state in states
    ]
    return "".join(("| of | state | severity | means |\n| --- | --- | --- | --- |\n", *rows))
