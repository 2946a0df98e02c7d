"""Bounds attempts to one endpoint by how its receiver answers: a slow start, as that of TCP (RFC 5681).

The share counts attempts of one worker without an answer for less than a second: they take what others need.
"""

FIRST_SHARE = 16
"""Where nothing is known of the receiver, or it did not answer in the end."""

SLOW_SHARE = 96
"""Most while answers take longer than a second: half of the places of a worker."""


def share_when_slow(share: int) -> int:
    """Return the share once an attempt has been without an answer for a second."""
    return min(share, SLOW_SHARE)


def share_after(share: int, running: int, *, was_slow: bool, is_delivered: bool) -> int:
    """Return the share after an attempt; `running`: how many counted against it, with this one."""
    if not is_delivered:
        return FIRST_SHARE if was_slow else share
    if 4 * running < share or (was_slow and share >= SLOW_SHARE):
        return share
    return share + 2
