"""Decides whether the 304 answers of a source can be trusted.

Some servers answer 304 (RFC 9110, 15.4.5) although there is news, mostly because a cache in front of them
mixes up validators; such a source would stay quiet for ever. So one in `ONE_IN` such answers is verified: the
document is fetched again without validators. If it holds news, no validators are sent for a week, and twice
as long after each further wrong answer, up to 60 days.
"""

import random
from datetime import datetime, timedelta

from msgspec.structs import replace

from syndicator.model.source import SourceState
from syndicator.model.sources.source_findings import Honesty

ONE_IN = 100
ONE_IN_AT_FIRST = 5
"""Until the first check, so that a source whose answers are always wrong is detected on its first day."""
FIRST_DISTRUST = timedelta(days=7)
LONGEST_DISTRUST = timedelta(days=60)


def is_check_due(state: SourceState, rng: random.Random) -> bool:
    """Return whether a 304 answer is to be verified by fetching the document without validators.

    Only where a validator had been sent.
    """
    if state.etag is None and state.last_modified is None:
        return False
    return rng.randrange(ONE_IN if state.honesty.checks else ONE_IN_AT_FIRST) == 0


def judged(honesty: Honesty, *, held_news: bool, now: datetime) -> Honesty:
    """Return the record after a check; `held_news`: the document held a new article."""
    checks = honesty.checks + 1
    if not held_news:
        return replace(honesty, checks=checks)
    distrust = min(FIRST_DISTRUST * 2 ** min(honesty.lies, 10), LONGEST_DISTRUST)
    return Honesty(checks=checks, lies=honesty.lies + 1, distrusted_until=now + distrust)


def trusts(honesty: Honesty, now: datetime) -> bool:
    """Return whether validators are to be sent."""
    return honesty.distrusted_until is None or honesty.distrusted_until <= now


def sentence(honesty: Honesty, now: datetime | None = None) -> str | None:
    """Return the warning with the count of wrong answers and the end of the distrust.

    None for an honest source, and, where `now` is given, for one that is trusted again.
    """
    if honesty.distrusted_until is None or (now is not None and trusts(honesty, now)):
        return None
    return (
        f"in {honesty.lies} of {honesty.checks} checks it had news where it said that nothing had changed: "
        f"it is read whole each time until {honesty.distrusted_until:%Y-%m-%d %H:%M} UTC"
    )
