"""Tries sources for people: what an address has, what a source would bring now. Nothing is stored."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial

from msgspec import Struct

from syndicator.egress.client import Egress
from syndicator.errors import NotReadable, SyndicatorError
from syndicator.gather.documents.parser_pool import ParserPool
from syndicator.gather.gatherer import Gatherer
from syndicator.gather.proposals.discovery import How
from syndicator.model.clock import Clock
from syndicator.model.fetch import Reason
from syndicator.model.ids import FeedId, SourceId
from syndicator.model.schedule import Every
from syndicator.model.source import Source, SourceKind
from syndicator.pipeline.preview.comparison import Judged, judge_all
from syndicator.pipeline.preview.discovery import discover
from syndicator.pipeline.preview.dry_run_context import DryRunContext, paced
from syndicator.pipeline.preview.finds import Discovery, NothingFound
from syndicator.pipeline.preview.preview import Preview, preview
from syndicator.pipeline.preview.redaction import discovery_without_secrets, preview_without_secrets
from syndicator.pipeline.preview.remedies import MAY_BE_READ, remedy_for
from syndicator.pipeline.preview.toml_blocks import block
from syndicator.pipeline.sources.polite_client import fetch_for
from syndicator.pipeline.sources.round_result import RoundFailed
from syndicator.rules.identity.identity import url_key
from syndicator.store.store import Store

LONGEST_S = 90.0
"""A trial sends at most thirty requests, one after the other; waiting for others counts."""
AT_ONCE = 2
"""Trials that run in one process; others wait."""


class TrialFailed(SyndicatorError):
    """A trial brought nothing; the message gives the reason, `remedy` what can be done."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.remedy = remedy


class AddressTrial(Struct, frozen=True, kw_only=True):
    """What was found at an address."""

    discovery: Discovery
    block: str
    """The configuration that gathers the best find, as TOML."""
    gathered_as: SourceId | None
    """The source that gathers it already."""


class SourceTrial(Struct, frozen=True, kw_only=True):
    """What a source would bring now, compared with what is stored."""

    preview: Preview
    judged: Sequence[Judged]


class SourceTrials:
    """Tries sources with the tools of a running service."""

    def __init__(
        self,
        *,
        store: Store,
        egress: Egress,
        gatherer: Gatherer,
        pool: ParserPool,
        sources: Mapping[SourceId, Source],
        feeds: Collection[FeedId],
        user_agent: str,
        timezone: str,
        clock: Clock,
    ) -> None:
        self._store = store
        self._egress = egress
        self._gatherer = gatherer
        self._pool = pool
        self._sources = sources
        self._feeds = feeds
        self._user_agent = user_agent
        self._timezone = timezone
        self._clock = clock
        self._places = asyncio.Semaphore(AT_ONCE)

    async def address(self, url: str, kind: SourceKind | None, articles: int) -> AddressTrial:
        """Find what can be gathered at an http(s) address. Raises TrialFailed."""
        async with self._trying():
            described = draft(url, self._timezone)
            found = await discover(self._context(), described, wanted=kind, articles=articles)
        return AddressTrial(
            discovery=discovery_without_secrets(found),
            block=block(found.preview.source, {*self._sources, *self._feeds}),
            gathered_as=gathered_as(self._sources.values(), found),
        )

    async def source(self, name: SourceId, articles: int) -> SourceTrial:
        """Read a configured source as a round would. Raises TrialFailed."""
        described = self._sources[name]
        async with self._trying():
            shown = await preview(self._context(), described, articles=articles)
        judged = await judge_all(self._store, described, shown.candidates, self._clock())
        return SourceTrial(preview=preview_without_secrets(shown), judged=judged)

    def _context(self) -> DryRunContext:
        pauses_s: dict[str, float] = {}
        return DryRunContext(
            fetch=paced(partial(fetch_for, self._egress), pauses_s),
            gatherer=self._gatherer,
            pool=self._pool,
            user_agent=self._user_agent,
            pauses_s=pauses_s,
        )

    @asynccontextmanager
    async def _trying(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(LONGEST_S), self._places:
                with explained():
                    yield
        except TimeoutError:
            raise TrialFailed(
                f"it took longer than {LONGEST_S:g} s", "name the feed or the list page itself"
            ) from None


def draft(url: str, timezone: str) -> Source:
    """Return the description by which an address is tried."""
    return Source(
        id=SourceId("preview"),
        title="Preview",
        kind=SourceKind.FEED,
        url=url,
        schedule=Every(interval_s=300),
        timezone=timezone,
    )


def gathered_as(sources: Collection[Source], found: Discovery) -> SourceId | None:
    """Return the source that gathers what was found, or the address that was asked for."""
    keys = {url_key(url) for url in (found.preview.source.url, found.requested_url, found.preview.final_url)}
    return next((one.id for one in sources if url_key(one.url) in keys), None)


@contextmanager
def explained() -> Iterator[None]:
    """Raise what ends a trial as TrialFailed, with a remedy."""
    try:
        yield
    except RoundFailed as error:
        raise TrialFailed(str(error), remedy_for(error.failed)) from error
    except NothingFound as error:
        raise TrialFailed(str(error), _other_ways(error)) from error
    except NotReadable as error:
        raise TrialFailed(str(error), "preview its URL to see what else is there") from error


def _other_ways(error: NothingFound) -> str:
    if error.reason == Reason.ROBOTS:
        return MAY_BE_READ
    guesses = {How.STRUCTURE, How.ITSELF}
    tried = [f"{one.url} ({one.problem})" for one in error.found if one.problem and one.how not in guesses]
    if tried:
        return f"what looked like a feed is not one: {', '.join(tried)}"
    return 'name a page that lists articles, or write its selectors yourself (kind = "page"; docs/sources.md)'
