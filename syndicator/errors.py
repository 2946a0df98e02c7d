"""Every exception of ours, in one tree.

    SyndicatorError
    ├── ConfigError          what people wrote is wrong; carries every fault at once
    ├── GatherError          a source could not be read; carries its reason
    │   ├── EgressError      the request itself failed (blocked, dns, tls, timeout, too_large, …)
    │   └── NotReadable      the answer came, but is not what it should be (not_a_feed, malformed, …)
    ├── StoreError           Redis refused or misunderstood us
    │   ├── StoreUnavailable it is away: try again later
    │   │   ├── StoreRefuses it is there, and cannot or must not do what is asked
    │   │   └── ColdStoreAway the cold store does not answer: texts of older articles cannot be read
    │   ├── CrossSlot        one step was to have keys of different slots: a fault of ours
    │   ├── UnreadableRecord one stored value is damaged, or of a newer version: others are not concerned
    │   ├── EngineMismatch   the data folder was written by another engine
    │   └── SealError        secrets cannot be sealed, or opened with the keys that are here
    ├── RenderError          a feed could not be rendered
    └── PushError            a delivery could not be made

Expected failures of one source or one delivery travel as values (`model.fetch.FetchFailed`,
`model.delivery.RetryAt`); exceptions carry them only up to the room's own door.
"""

from dataclasses import dataclass


class SyndicatorError(Exception):
    """The root: catch it where any fault of ours ends, at the edge only."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that is wrong in the configuration, and what to do about it."""

    file: str
    key: str
    reason: str
    remedy: str = ""
    line: int | None = None
    """Where in the file the key stands, or else the innermost table around it; None where that is unknown."""

    @property
    def where(self) -> str:
        """Return file, line and key as compilers write them: `config/feeds.toml:12: feed.latest.size`."""
        file = f"{self.file}:{self.line}" if self.file and self.line else self.file
        key = "" if self.key == f"line {self.line}" else self.key
        return ": ".join(part for part in (file, key) if part)

    def __str__(self) -> str:
        remedy = f" → {self.remedy}" if self.remedy else ""
        return f"{self.where}: {self.reason}{remedy}"


class ConfigError(SyndicatorError):
    """The configuration cannot be used; `faults` names everything that is wrong with it."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


class GatherError(SyndicatorError):
    """A source could not be read. `reason` is one word of `model.fetch.Reason`, `detail` one sentence."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type["GatherError"], tuple[str, str]]:
        """Let it travel between processes: an exception is rebuilt from what its constructor takes."""
        return type(self), (self.reason, self.detail)


class EgressError(GatherError):
    """A request of ours did not get an answer that we accept."""


class NotReadable(GatherError):
    """A document came, but is not the kind of document that the source promised."""


class StoreError(SyndicatorError):
    """Redis answered with a fault."""


class CrossSlot(StoreError):
    """A script or transaction names keys of different slots, which a cluster refuses.

    It is refused on one server, too, so that such a step is found wherever it is tried.
    """


class StoreUnavailable(StoreError):
    """Redis does not answer (away, starting, out of memory for writes): the same call may work later."""


class StoreRefuses(StoreUnavailable):
    """Redis answers, but does not do what is asked of it until something there is changed.

    `why` is a sentence without addresses and secrets, `reply` what Redis says, `where` where it was asked.
    """

    def __init__(self, why: str, reply: str, where: str = "") -> None:
        said = f" (Redis says: {reply})" if reply else ""
        asked = f" (asked at {where})" if where else ""
        super().__init__(f"{why}{said}{asked}")
        self.why, self.reply = why, reply


class UnreadableRecord(StoreError):
    """What is stored under one key or field is damaged, or was written by a newer version."""


class ColdStoreAway(StoreUnavailable, UnreadableRecord):
    """The cold store does not answer, or is not the one of this data: others than older articles are not
    concerned, and the same call may work later.
    """


class EngineMismatch(StoreError):
    """The data folder holds the files of another engine, which this one cannot read."""


class SealError(StoreError):
    """Secrets cannot be sealed, or were sealed with a key that this process does not have."""


class RenderError(SyndicatorError):
    """A feed could not be rendered."""


class PushError(SyndicatorError):
    """A delivery could not be prepared (its article is gone, its secret is unusable)."""


class NoEndpoint(SyndicatorError):
    """There is no such endpoint, or it is another's: the message is the same for both."""


class EndpointRefused(SyndicatorError):
    """It cannot be done as things stand; the text says why, and what to do."""
