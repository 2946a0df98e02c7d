"""Whether a source may be believed when it says that nothing has changed.

Some servers answer 304 (RFC 9110, 15.4.5) although there is news, mostly because a cache in front of them
mixes up validators; such a source would go quiet for ever. So one in `ONE_IN` answers of that kind is
checked: the document is fetched again without validators. Where it holds news, the source has lied: for a
week we do not send it validators, and with each further lie twice as long, up to 60 days.
"""

import random
from datetime import datetime, timedelta

from msgspec.structs import replace

from syndicator.model.source import Honesty, SourceState

ONE_IN = 100
ONE_IN_AT_FIRST = 5
"""Until a first check: a source that always lies is found out on its first day."""
FIRST_DISTRUST = timedelta(days=7)
LONGEST_DISTRUST = timedelta(days=60)


def is_check_due(state: SourceState, rng: random.Random) -> bool:
    """Tell, after an answer that nothing has changed, whether the document is to be fetched all the same.

    Only where we had sent a validator: without one nobody can have been misled by it.
    """
    if state.etag is None and state.last_modified is None:
        return False
    return rng.randrange(ONE_IN if state.honesty.checks else ONE_IN_AT_FIRST) == 0


def judged(honesty: Honesty, *, held_news: bool, now: datetime) -> Honesty:
    """Take in what a check has brought; `held_news` tells whether there was an article new to us."""
    checks = honesty.checks + 1
    if not held_news:
        return replace(honesty, checks=checks)
    distrust = min(FIRST_DISTRUST * 2 ** min(honesty.lies, 10), LONGEST_DISTRUST)
    return Honesty(checks=checks, lies=honesty.lies + 1, distrusted_until=now + distrust)


def trusts(honesty: Honesty, now: datetime) -> bool:
    """Return whether validators are to be sent."""
    return honesty.distrusted_until is None or honesty.distrusted_until <= now


def sentence(honesty: Honesty, now: datetime | None = None) -> str | None:
    """Return how often a source has lied, and until when it is not believed.

    None of an honest one, and, where `now` is given, of one that is believed again.
    """
    if honesty.distrusted_until is None or (now is not None and trusts(honesty, now)):
        return None
    return (
        f"in {honesty.lies} of {honesty.checks} checks it had news where it said that nothing had changed: "
        f"it is read whole each time until {honesty.distrusted_until:%Y-%m-%d %H:%M} UTC"
    )
