"""The index that related articles are found by: the one of the process."""

from pipeline.conftest import OpenService
from pipeline.stories.test_copies_and_stories import text
from support import ManualClock, candidate, grouping_admitter

from syndicator.store.outbox import BEGINNING


async def test_related_articles_are_found_by_the_index_of_the_process(
    service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of("") as service:
        fire = candidate(1, body_html=f"<p>{text(1)}</p>")
        (admitted,) = await grouping_admitter(service.store, (), clock).admit([fire])
        article = await service.store.articles.get(admitted.article_id)
        assert article is not None
        assert service.near.position == BEGINNING
        await service.publisher.related_entries(article)
        assert service.near.position != BEGINNING
