"""Tries sources for people: what an address has, what a source would bring now. Nothing is stored."""

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

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
from syndicator.pipeline.preview.finds import (
    DiscoveredSource,
    Discovery,
    Merit,
    NothingFound,
    distinct_title,
    merit_of,
)
from syndicator.pipeline.preview.preview import Preview, preview
from syndicator.pipeline.preview.redaction import discovery_without_secrets, preview_without_secrets
from syndicator.pipeline.preview.remedies import MAY_BE_READ, remedy_for
from syndicator.pipeline.preview.toml_blocks import free_name, settings_block
from syndicator.pipeline.sources.polite_client import fetch_for
from syndicator.pipeline.sources.round_result import RoundFailed
from syndicator.rules.identity.identity import url_key
from syndicator.store.store import Store

LONGEST_S = 90.0
"""A trial sends at most forty requests, one after the other; waiting for others counts."""
WHOLE_SEARCH_S = 20.0
"""So long an address is searched for more than what was found: a person waits."""
AT_ONCE = 2
"""Trials that run in one process; others wait."""
KEPT_S = 300.0
"""What was found is shown again for so long, as a person goes back and forth between the finds."""
MOST_KEPT = 8
MOST_SHOWN = 10
"""Articles of a preview that are kept."""

_Asked = tuple[str, SourceKind | None]
"""An address, and what was looked for there."""


class TrialFailed(SyndicatorError):
    """A trial brought nothing; the message gives the reason, `remedy` what can be done."""

    def __init__(self, reason: str, remedy: str, detail: str = "") -> None:
        super().__init__(reason)
        self.remedy = remedy
        self.detail = detail or reason
        """The message without the word that programs know the reason by."""


class Find(Struct, frozen=True, kw_only=True):
    """One of the finds at an address."""

    found: DiscoveredSource
    gathered_as: SourceId | None
    """The source that gathers it already."""


class AddressTrial(Struct, frozen=True, kw_only=True):
    """What was found at an address, and how the best of it would be gathered."""

    discovery: Discovery
    """Without secrets, as it may be shown."""
    finds: tuple[Find, ...]
    """Best first. Their addresses are whole, to try them."""
    merit: Merit
    title: str
    """For the best, as are those that follow."""
    name: str
    """A free id."""
    settings: str
    """The rest of its table in the configuration, as TOML."""

    @property
    def best(self) -> Find:
        """Return the find that `discovery` previews."""
        return self.finds[0]


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
        self._kept: dict[_Asked, tuple[float, AddressTrial]] = {}

    async def address(self, url: str, kind: SourceKind | None, articles: int) -> AddressTrial:
        """Find all that can be gathered at an http(s) address; of a `kind`, the best alone.

        What was found is shown again for KEPT_S. Raises TrialFailed.
        """
        key = (url, kind)
        known = self._kept.get(key)
        if known is not None and time.monotonic() - known[0] < KEPT_S:
            return known[1]
        trial = await self._look(url, kind, articles)
        self._kept = dict([*self._kept.items(), (key, (time.monotonic(), trial))][-MOST_KEPT:])
        return trial

    async def chosen(self, whole: AddressTrial, find: Find, articles: int) -> AddressTrial:
        """Return how one of the finds would be gathered. Raises TrialFailed."""
        if find == whole.best:
            return whole
        trial = await self.address(find.found.url, find.found.kind, articles)
        title = distinct_title(find.found, trial.title, [one.found for one in whole.finds])
        return replace(trial, title=title, name=self._free_name(title, find.found.url))

    def forget(self, url: str) -> None:
        """Have an address looked at anew."""
        for key in [key for key in self._kept if key[0] == url]:
            del self._kept[key]

    async def _look(self, url: str, kind: SourceKind | None, articles: int) -> AddressTrial:
        async with self._trying():
            described = draft(url, self._timezone)
            within_s = None if kind else WHOLE_SEARCH_S
            found = await discover(
                self._context(), described, wanted=kind, articles=articles, whole_within_s=within_s
            )
        return self._trial(found)

    def _trial(self, found: Discovery) -> AddressTrial:
        keys = {url_key(one.url): one.id for one in self._sources.values()}
        best, source = found.found[0], found.preview.source
        finds = [Find(found=one, gathered_as=keys.get(url_key(one.url))) for one in found.found]
        finds[0] = Find(found=best, gathered_as=gathered_as(self._sources.values(), found))
        title = distinct_title(best, source.title, found.found)
        shown = discovery_without_secrets(found)
        few = replace(shown.preview, candidates=shown.preview.candidates[:MOST_SHOWN], listed=())
        return AddressTrial(
            discovery=replace(shown, preview=few),
            finds=tuple(finds),
            merit=merit_of(found.found),
            title=title,
            name=self._free_name(title, source.url),
            settings=settings_block(source),
        )

    def _free_name(self, title: str, url: str) -> str:
        return free_name(title, url, {*self._sources, *self._feeds})

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
        began = time.monotonic()
        try:
            async with asyncio.timeout(LONGEST_S), self._places:
                with explained():
                    yield
        except TimeoutError:
            raise TrialFailed(
                f"it answers too slowly: {time.monotonic() - began:.0f} s were not enough",
                "name the feed or the list page itself, or try again later",
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
        raise TrialFailed(str(error), remedy_for(error.failed), error.failed.detail) from error
    except NothingFound as error:
        raise TrialFailed(str(error), _other_ways(error), error.detail) from error
    except NotReadable as error:
        raise TrialFailed(str(error), "preview its URL to see what else is there", error.detail) from error


def _other_ways(error: NothingFound) -> str:
    if error.reason == Reason.ROBOTS:
        return MAY_BE_READ
    guesses = {How.STRUCTURE, How.ITSELF}
    tried = [f"{one.url} ({one.problem})" for one in error.found if one.problem and one.how not in guesses]
    if tried:
        return f"what looked like a feed is not one: {', '.join(tried)}"
    return 'name a page that lists articles, or write its selectors yourself (kind = "page"; docs/sources.md)'
