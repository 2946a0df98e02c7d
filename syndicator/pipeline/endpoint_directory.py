"""Which endpoints there are, as this process sees them: read again whenever the stored directory changes."""

from collections.abc import Collection, Iterable, Mapping
from copy import copy
from datetime import datetime

from msgspec.structs import replace

from syndicator.model.delivery import Endpoint
from syndicator.model.endpoint import OPERATORS, EndpointListed
from syndicator.model.event import OPERATORS_EVENTS, Crossed, Event, EventType, Renewed
from syndicator.model.feed import FeedSpec
from syndicator.model.ids import EndpointId, SourceId
from syndicator.observe.logs import get_logger
from syndicator.rules.webhooks.event_matching import wants_feed
from syndicator.store.ops.configured_names import Configured
from syndicator.store.webhooks.endpoints import Endpoints

log = get_logger(__name__)


class Directory:
    """The stored directory, and beside it the secrets of endpoints that are configured here."""

    def __init__(
        self,
        store: Endpoints,
        configured: Mapping[EndpointId, Endpoint],
        renamed: Mapping[SourceId, SourceId] | None = None,
    ) -> None:
        """`renamed`: the current ids of renamed sources, whose former ids filters may still contain."""
        self._store = store
        self._renamed = renamed or {}
        self._configured = configured
        self._is_loaded = False
        self._logged: set[EndpointId] = set()
        self.version = ""
        """The version of the directory that was read last."""
        self.listed: Mapping[EndpointId, EndpointListed] = {}
        """All endpoints, also those that wait for verification or stand in another configuration."""
        self.wanting: Mapping[EndpointId, Endpoint] = {}
        """Endpoints whose events are queued, by id: all that are, or were, verified."""
        self.served: Mapping[EndpointId, Endpoint] = {}
        """Endpoints that this process can send to now: it has their secrets, and they are not paused."""
        self.digesting: Collection[Endpoint] = ()
        """Those of them whose events go together."""
        self.foreign: Collection[EndpointId] = ()
        """Those that are left alone here: their secrets are elsewhere, or they are unverified."""

    async def departed(
        self, configured: Configured, names: Iterable[EndpointId], now: datetime
    ) -> frozenset[EndpointId]:
        """Return which of these endpoints were configured but are in no running process's configuration."""
        elsewhere = [
            name
            for name in names
            if (listed := self.listed.get(name)) is not None
            and listed.owner is None
            and listed.unreadable is None
            and name not in self._configured
        ]
        return frozenset(await configured.unused_endpoints(elsewhere, now))

    def wants_renewals(self, feed: FeedSpec) -> bool:
        """Return whether any endpoint subscribes to updates of a feed."""
        return any(
            EventType.FEED_UPDATED in endpoint.events and wants_feed(endpoint, feed.id, private=feed.private)
            for endpoint in self.wanting.values()
        )

    def withheld_by(self, name: EndpointId, event: Event) -> str | None:
        """Return what keeps an event from an endpoint that may not receive it; None where it may.

        It is `removed`, `private_feed` or `owner`: events about the service are for operators; the owner of
        an endpoint receives events about his own.
        """
        known = self.listed
        if name not in known:  # it was removed just now
            return "removed"
        if known[name].owner in {None, OPERATORS}:
            return None
        if isinstance(event.details, Renewed | Crossed) and event.details.feed.private:
            return "private_feed"
        if event.type not in OPERATORS_EVENTS:
            return None
        concerned = known.get(EndpointId(event.subject)) if event.type.family == "endpoint" else None
        return None if concerned is not None and concerned.owner == known[name].owner else "owner"

    def with_one(self, wanted: EndpointListed) -> "Directory":
        """Return a directory as this one is now, with one endpoint more: to judge what it would receive."""
        judged = copy(self)
        judged.listed = {**self.listed, wanted.endpoint.id: wanted}
        return judged

    async def publish(self, now: datetime) -> None:
        """Make the configured endpoints known to all workers."""
        await self._store.publish(self._configured.values(), now)

    async def refresh(self, version: str | None = None) -> None:
        """Read the directory again where it has changed; `version` is the stored one, where it is known."""
        if self._is_loaded and version is None:
            version = await self._store.version()
        if not self._is_loaded or version != self.version:
            await self.reload()

    async def ensure(self) -> None:
        """Read the directory where it was not read yet."""
        if not self._is_loaded:
            await self.reload()

    async def reload(self) -> None:
        """Read the directory again."""
        known = await self._store.load()
        mine = {
            name: EndpointListed(endpoint=endpoint, created_at=stored.created_at if stored else None)
            for name, endpoint in self._configured.items()
            if (stored := known.endpoints.get(name)) is None or stored.owner is None
        }
        for name, entry in known.endpoints.items():
            if entry.unreadable and name not in self._logged:
                log.error("endpoint_unreadable", endpoint=name, reason=entry.unreadable)
        read = {name: self._by_now(entry) for name, entry in known.endpoints.items()}
        self._logged = {name for name, entry in known.endpoints.items() if entry.unreadable}
        self.version, self.listed = known.version, {**read, **mine}
        self._is_loaded = True
        self.wanting = {
            name: entry.endpoint for name, entry in sorted(self.listed.items()) if entry.gets_events
        }
        self.foreign = [
            name
            for name, entry in self.listed.items()
            if entry.unreadable is not None
            or not entry.is_trusted
            or (entry.owner is None and name not in self._configured)
        ]
        elsewhere = {*self.foreign, *known.resting}
        self.served = {name: endpoint for name, endpoint in self.wanting.items() if name not in elsewhere}
        self.digesting = [endpoint for endpoint in self.served.values() if endpoint.digest is not None]

    def _by_now(self, entry: EndpointListed) -> EndpointListed:
        """Return an endpoint whose filter has the current ids of renamed sources."""
        wanted = entry.endpoint.filter
        if self._renamed.keys().isdisjoint(wanted.source):
            return entry
        named = tuple(self._renamed.get(SourceId(source), source) for source in wanted.source)
        return replace(entry, endpoint=replace(entry.endpoint, filter=replace(wanted, source=named)))
