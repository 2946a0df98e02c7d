"""Errors of the driver of Redis, as errors of ours."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from redis import exceptions

from syndicator.errors import StoreError, StoreRefuses, StoreUnavailable

ELSEWHERE = (exceptions.ReadOnlyError, exceptions.ClusterDownError, exceptions.BusyLoadingError)
"""Replies of a server that is not, or not yet, the one that takes our writes. MASTERDOWN is a kind of the
second."""

_AWAY = (
    exceptions.ConnectionError,  # BusyLoading and authentication faults are kinds of it
    exceptions.TimeoutError,
)
_REFUSALS: Mapping[type[exceptions.RedisError], str] = {
    exceptions.ReadOnlyError: "Redis is a replica, which takes no writes: [store] url must name the primary.",
    exceptions.MasterDownError: "Redis is a replica that has lost its primary: [store] url must name the "
    "primary.",
    exceptions.BusyLoadingError: "Redis is loading its data.",
    exceptions.OutOfMemoryError: "Redis has no memory left (maxmemory): give it more, or keep less.",
    exceptions.NoPermissionError: "Redis does not allow it to the user of [store] url: see its ACL.",
    exceptions.AuthenticationError: "Redis does not accept the user or password of [store] url.",
    exceptions.ClusterDownError: "The cluster of Redis is down: a node is missing, and no replica has "
    "taken over.",
    exceptions.TryAgainError: "A node of the cluster hands our keys over to another one by one: nothing is "
    "written until that is done.",
}
_FAULTS: Mapping[type[exceptions.RedisError], str] = {
    exceptions.AskError: "[store] url names one node of a cluster: write cluster://host:port",  # or MOVED
    exceptions.ClusterCrossSlotError: "a command names keys of several slots of the cluster, which is a "
    "fault of this program",
}
_REFUSING_REPLIES = {
    "MISCONF": "Redis cannot write to its disk: see its log.",
    "NOREPLICAS": "Redis has fewer replicas than min-replicas-to-write asks for, so it takes no writes: "
    "start them, or see by INFO replication why they do not follow.",
    "BUSY": "Redis is busy with a script.",
}


@contextmanager
def translated(timeout_s: float) -> Iterator[None]:
    """Raise our errors in place of those of the driver, and of a time limit."""
    try:
        yield
    except TimeoutError as error:
        if refused := _refused_meanwhile(error):
            raise _own(refused) from error
        raise StoreUnavailable(f"Redis does not answer within {timeout_s:g} s") from error
    except exceptions.RedisError as error:
        raise _own(error) from error


def _refused_meanwhile(error: BaseException) -> exceptions.RedisError | None:
    """Return what Redis said again and again until the time was over, which is a cause of that."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, exceptions.RedisError):
        cause = cause.__cause__
    return cause


def _own(error: exceptions.RedisError) -> StoreError:
    """Return the error of ours that one of the driver means."""
    plain = _plain(error)
    # What is refused while connecting is raised as a lost connection, with its reason.
    causes = (error, error.__cause__ or error.__context__)
    why = next((why for kind, why in _REFUSALS.items() if any(isinstance(one, kind) for one in causes)), None)
    if why := why or _REFUSING_REPLIES.get(plain.partition(" ")[0]):
        return StoreRefuses(why, plain)
    fault = next((text for kind, text in _FAULTS.items() if isinstance(error, kind)), None)
    if fault or "non local key" in plain or "hash to the same slot" in plain:  # so it is said within scripts
        fault = fault or _FAULTS[exceptions.ClusterCrossSlotError]
        return StoreError(f"{fault} (Redis says: {plain})")
    if isinstance(error, _AWAY):
        return StoreUnavailable(f"Redis does not answer: {plain}")
    return StoreError(f"Redis refused a command: {plain}")


def _plain(error: Exception) -> str:
    # The driver's texts can hold the URL with its password only for a wrong URL; those never get here.
    return " ".join(str(error).split())[:300] or type(error).__name__
