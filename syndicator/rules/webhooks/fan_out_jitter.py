"""How far a fan-out is spread in time, where every receiver will come to us at once. Pure."""

FETCHES_PER_S = 100.0
"""So many come in a second, on average."""

LONGEST_SPREAD_S = 60.0

AT_ONCE = 20
"""So few need no spreading."""


def spread_s(receivers: int) -> float:
    """Return the seconds over which deliveries are spread whose receivers fetch something for them."""
    return 0.0 if receivers <= AT_ONCE else min(receivers / FETCHES_PER_S, LONGEST_SPREAD_S)
