"""Telling partners that another portal joined those that tell a story."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from syndicator.model.event import Event, EventType, Grown
from syndicator.model.ids import ArticleId, StoryId
from syndicator.rules.identity.identity import event_id
from syndicator.rules.popularity.popularity_score import StoryPublisher
from syndicator.store.store import Store
from syndicator.store.stories.stories import Growth


class GrowthMember(Struct, frozen=True, kw_only=True):
    """An article of a story, and who tells it."""

    article: ArticleId
    teller: StoryPublisher
    is_quiet: bool = False
    """Whether nobody was told of it when it was admitted: it was too old."""


async def tell_growth(store: Store, stories: Mapping[StoryId, Sequence[GrowthMember]], now: datetime) -> int:
    """Return each story that has more owners than were announced, and how many it has.

    What came from archives, and was announced to nobody, makes no story grow. Where a story moved meanwhile,
    nothing is told now: whoever moved it has it looked at again.
    """
    several = {story: firsts for story, tellings in stories.items() if len(firsts := _firsts(tellings)) > 1}
    result = 0
    for story, growth in (await store.stories.growths(list(several))).items():
        firsts = several[story]
        if len(firsts) > growth.owners:
            event = _event(story, growth, firsts, len(stories[story]), now)
            result += await store.stories.tell_growth(story, growth, len(firsts), event)
    return result


def _firsts(tellings: Sequence[GrowthMember]) -> list[GrowthMember]:
    """Return the first article of each owner that was announced, the first first."""
    firsts: dict[str, GrowthMember] = {}
    for one in tellings:
        if not one.is_quiet:
            firsts.setdefault(one.teller.owner, one)
    return list(firsts.values())


def _event(
    story: StoryId, growth: Growth, firsts: Sequence[GrowthMember], articles: int, now: datetime
) -> Event:
    kind = EventType.STORY_GROWN
    return Event(
        id=event_id(story, growth.version, kind),
        type=kind,
        subject=story,
        revision=growth.version,
        at=now,
        details=Grown(joined=firsts[-1].article, owners=len(firsts), articles=articles),
    )
