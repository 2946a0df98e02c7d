"""Announces stories that another publisher has joined."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from syndicator.model.event import Event, EventType, Grown
from syndicator.model.ids import ArticleId, StoryId
from syndicator.rules.identity.identity import new_event
from syndicator.rules.popularity.popularity_score import StoryPublisher
from syndicator.store.store import Store
from syndicator.store.stories.stories import Growth


class GrowthMember(Struct, frozen=True, kw_only=True):
    """An article of a story, and its publisher."""

    article: ArticleId
    publisher: StoryPublisher
    is_quiet: bool = False
    """Whether it was not announced at its admission, because it was too old."""


async def announce_growth(
    store: Store, stories: Mapping[StoryId, Sequence[GrowthMember]], now: datetime
) -> int:
    """Announce each story that has more owners than before; return the number of announced stories.

    Articles from archives, which were not announced themselves, do not count. Where a story has changed
    meanwhile, nothing is announced: the change has it examined again.
    """
    several = {story: firsts for story, members in stories.items() if len(firsts := _firsts(members)) > 1}
    announced = 0
    for story, growth in (await store.stories.growths(list(several))).items():
        firsts = several[story]
        if len(firsts) > growth.owners:
            event = _event(story, growth, firsts, len(stories[story]), now)
            announced += await store.stories.announce_growth(story, growth, len(firsts), event)
    return announced


def _firsts(members: Sequence[GrowthMember]) -> list[GrowthMember]:
    """Return the first announced article of each owner, oldest first."""
    firsts: dict[str, GrowthMember] = {}
    for member in members:
        if not member.is_quiet:
            firsts.setdefault(member.publisher.owner, member)
    return list(firsts.values())


def _event(
    story: StoryId, growth: Growth, firsts: Sequence[GrowthMember], articles: int, now: datetime
) -> Event:
    details = Grown(joined=firsts[-1].article, owners=len(firsts), articles=articles)
    return new_event(EventType.STORY_GROWN, story, growth.version, now, details=details)
