"""Registers endpoints at run time: adds, verifies, changes, rotates secrets, removes."""

import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Protocol

from msgspec.structs import replace

from syndicator.egress.client import Egress
from syndicator.errors import EndpointRefused, NoEndpoint, SealError, UnreadableRecord
from syndicator.model.clock import Clock, system_clock
from syndicator.model.delivery import Endpoint, Secret
from syndicator.model.endpoint import EndpointListed, EndpointState, Registration
from syndicator.model.event import EventType
from syndicator.model.feed import Per, Site
from syndicator.model.ids import EndpointId
from syndicator.model.ops.states import EndpointStanding
from syndicator.model.ops.status import EndpointStatus
from syndicator.observe.logs import get_logger
from syndicator.pipeline.endpoint_directory import Directory
from syndicator.pipeline.webhooks.backfill import queue_published
from syndicator.pipeline.webhooks.endpoint_views import Asker, EndpointSecret, EndpointShown, ReplayOffer
from syndicator.push.probes import Probed, ping, verify
from syndicator.push.signing import Signature, new_secret, public_key
from syndicator.rules.feeds.any_filter_feeds import LARGEST, AdHoc
from syndicator.rules.webhooks.endpoint_health import endpoint_health
from syndicator.store.ops.configured_names import IN_USE
from syndicator.store.store import Store

MOST_OF_AN_OWNER = 20
MOST_SECRETS = 5
USUAL_OVERLAP = timedelta(days=1)

_ATTEMPTS = 10
HIDDEN = "[hidden]"

log = get_logger(__name__)


class Read(Protocol):
    """Reads what was chosen of an endpoint; raises ConfigError with everything that is wrong."""

    def __call__(
        self,
        values: Mapping[str, Any],
        endpoint: EndpointId,
        secrets: tuple[Secret, ...],
        *,
        is_operator: bool,
    ) -> Endpoint: ...


Write = Callable[[Endpoint], dict[str, Any]]


class EndpointRegistration:
    """Endpoints as their owners see them."""

    def __init__(
        self,
        *,
        store: Store,
        directory: Directory,
        egress: Egress,
        read: Read,
        write: Write,
        site: Site,
        clock: Clock,
        wall: Clock = system_clock,
    ) -> None:
        """`wall` is the time sent to receivers, and by which secrets end."""
        self._store = store
        self._directory = directory
        self._egress = egress
        self._read = read
        self._write = write
        self._site = site
        self._clock = clock
        self._wall = wall

    async def seen(self, asker: Asker) -> list[EndpointListed]:
        """Return the endpoints that the asker may see, by id."""
        await self._directory.refresh()
        seen = [listed for listed in self._directory.listed.values() if _may_see(asker, listed)]
        return sorted(seen, key=lambda listed: listed.endpoint.id)

    async def shown(self, asker: Asker) -> list[EndpointShown]:
        """Return views of the endpoints that the asker may see, by id."""
        return [await self._show(asker, listed) for listed in await self.seen(asker)]

    async def show(self, asker: Asker, endpoint: EndpointId) -> EndpointShown:
        """Show one endpoint. Raises NoEndpoint."""
        return await self._show(asker, await self._listed(asker, endpoint))

    async def add(
        self,
        asker: Asker,
        values: Mapping[str, Any],
        *,
        name: EndpointId | None = None,
        is_trusted: bool = False,
    ) -> EndpointSecret:
        """Add an endpoint and send it the first challenge; a trusted one needs none.

        Raises ConfigError with all that is wrong with its description, EndpointRefused.
        """
        chosen = self.described(asker, values, name)
        endpoint = chosen.id
        await self._check_room(asker, endpoint)
        now = self._clock()
        registration = Registration(
            endpoint=chosen, owner=asker.owner, created_at=now, verified_at=now if is_trusted else None
        )
        try:
            is_new = await self._store.endpoints.register(registration)
        except SealError as error:
            log.warning("secret_encryption_failed", endpoint=endpoint, reason=str(error))
            raise EndpointRefused(_unreadable(asker, str(error))) from error
        if not is_new:
            raise EndpointRefused(f"there is an endpoint {endpoint!r} already: take another id")
        await self._store.audit.append(
            "endpoint.added", endpoint, after={"owner": asker.owner, **self._described(chosen)}
        )
        log.info("endpoint_added", endpoint=endpoint, owner=asker.owner)
        probed = None if is_trusted else await self.verify(asker, endpoint)
        shown = await self.show(asker, endpoint)
        return _with_key(shown, chosen.secrets[0], probed)

    def described(self, asker: Asker, values: Mapping[str, Any], name: EndpointId | None = None) -> Endpoint:
        """Return a new endpoint as it is described, without keeping it. Raises ConfigError."""
        endpoint = name or EndpointId(f"{asker.owner[:50]}-{secrets.token_hex(4)}")
        return self._read(values, endpoint, (new_secret(),), is_operator=asker.is_operator)

    async def change(self, asker: Asker, endpoint: EndpointId, values: Mapping[str, Any]) -> EndpointShown:
        """Replace the given settings; null restores the default.

        A new address must be verified again; until then events wait. Raises NoEndpoint, ConfigError,
        EndpointRefused.
        """

        def changed(known: Registration) -> Registration:
            merged = {**self._write(known.endpoint), **values}
            merged = {key: value for key, value in merged.items() if value is not None}
            chosen = self._read(merged, endpoint, known.endpoint.secrets, is_operator=asker.is_operator)
            if chosen.url == known.endpoint.url:
                return replace(known, endpoint=chosen)
            was_verified = known.has_moved or known.verified_at is not None
            return replace(known, endpoint=chosen, verified_at=None, has_moved=was_verified)

        before, after = await self._change(asker, endpoint, changed)
        await self._store.audit.append(
            "endpoint.changed", endpoint, before=self._described(before), after=self._described(after)
        )
        return await self.show(asker, endpoint)

    async def remove(self, asker: Asker, endpoint: EndpointId) -> None:
        """Remove an endpoint with its queue. Raises NoEndpoint, EndpointRefused."""
        found = await self._listed(asker, endpoint)
        if found.owner is None and found.unreadable is None and not await self._has_left(endpoint):
            raise EndpointRefused(
                f"a process has it configured: take [{found.endpoint.table}] out of the configuration of all "
                f"processes, start them anew, and remove it {IN_USE // timedelta(minutes=1)} minutes later"
            )
        await self._store.endpoints.remove(endpoint)
        await self._store.audit.append(
            "endpoint.removed", endpoint, before={"owner": found.owner, **self._described(found.endpoint)}
        )
        log.info("endpoint_removed", endpoint=endpoint, by=asker.owner)

    async def rotate(
        self,
        asker: Asker,
        endpoint: EndpointId,
        overlap: timedelta = USUAL_OVERLAP,
        signature: Signature = "v1",
    ) -> EndpointSecret:
        """Return a new secret of an endpoint; the old one also signs until the overlap ends.

        An endpoint whose secrets cannot be decrypted works again after that, without its headers. Raises
        NoEndpoint, EndpointRefused.
        """
        fresh, now = new_secret(signature), self._wall()

        def rotated(known: Registration) -> Registration:
            ends = now + overlap
            older = [
                Secret(secret.reveal(), until=min(secret.until or ends, ends))
                for secret in known.endpoint.secrets
                if secret.until is None or secret.until > now
            ]
            kept = (fresh, *older[: MOST_SECRETS - 1]) if overlap else (fresh,)
            return replace(known, endpoint=replace(known.endpoint, secrets=kept))

        await self._change(asker, endpoint, rotated, or_bare=True)
        await self._store.audit.append("endpoint.rotated", endpoint, after={"overlap_until": now + overlap})
        log.info("endpoint_secret_rotated", endpoint=endpoint, by=asker.owner)
        return _with_key(await self.show(asker, endpoint), fresh)

    async def verify(self, asker: Asker, endpoint: EndpointId) -> Probed:
        """Send a challenge; once it comes back, events are sent there. Raises NoEndpoint, EndpointRefused."""
        known = await self._own(asker, endpoint)
        probed = await verify(self._egress, known.endpoint, self._wall())
        if probed.ok:
            asked, now = known.endpoint.url, self._clock()

            def verified(current: Registration) -> Registration:
                is_same = current.endpoint.url == asked
                return replace(current, verified_at=now, has_moved=False) if is_same else current

            await self._change(asker, endpoint, verified)
            await self._store.audit.append("endpoint.verified", endpoint)
        return probed

    async def ping(self, asker: Asker, endpoint: EndpointId) -> Probed:
        """Send an endpoint something to try it by. Raises NoEndpoint, EndpointRefused."""
        found = await self._listed(asker, endpoint)
        if not found.is_trusted:
            raise EndpointRefused("it is unverified: have it verified first")
        if found.unreadable:
            raise EndpointRefused(_unreadable(asker, found.unreadable))
        return await ping(self._egress, found.endpoint, self._wall())

    async def pause(self, asker: Asker, endpoint: EndpointId, reason: str) -> EndpointShown:
        """Pause an endpoint; its events wait. Raises NoEndpoint."""
        await self._listed(asker, endpoint)
        await self._store.endpoints.pause(endpoint, reason, self._clock())
        await self._store.audit.append("endpoint.paused", endpoint, after={"reason": reason})
        return await self.show(asker, endpoint)

    async def resume(self, asker: Asker, endpoint: EndpointId) -> EndpointShown:
        """Resume a paused or disabled endpoint; waiting events are sent. Raises NoEndpoint."""
        await self._listed(asker, endpoint)
        before = await self._store.endpoints.resume(endpoint, self._clock())
        rested = {"standing": before.standing, "reason": before.reason, "since": before.since}
        await self._store.audit.append("endpoint.resumed", endpoint, before=rested)
        return replace(await self.show(asker, endpoint), replay_offered=_offer(before))

    async def backfill(
        self, asker: Asker, endpoint: EndpointId, *, articles: int | None = None, hours: float | None = None
    ) -> int:
        """Queue the newest articles, so many or those of the last hours; return how many were queued.

        Raises NoEndpoint, EndpointRefused.
        """
        if (articles is None) is (hours is None):
            raise EndpointRefused("say how many articles, or of how many hours, and not both")
        found = await self.working(asker, endpoint)
        if EventType.ARTICLE_CREATED not in found.events:
            raise EndpointRefused("it does not ask for article.created, which is what would be sent")
        since = None if hours is None else self._clock() - timedelta(hours=hours)
        queued = await queue_published(self._store, self._clock, found, articles=articles, since=since)
        await self._store.audit.append("endpoint.backfilled", endpoint, after={"queued": queued})
        return queued

    async def working(self, asker: Asker, endpoint: EndpointId) -> Endpoint:
        """Return an endpoint that is verified and active. Raises NoEndpoint, EndpointRefused."""
        found = await self._listed(asker, endpoint)
        if not found.is_trusted:
            raise EndpointRefused("it is unverified: have it verified first")
        if (await self._store.endpoints.state(endpoint)).standing is not EndpointStanding.ACTIVE:
            raise EndpointRefused("it is paused or disabled: resume it first")
        return found.endpoint

    async def _check_room(self, asker: Asker, endpoint: EndpointId) -> None:
        await self._directory.refresh()
        if endpoint in self._directory.listed:
            raise EndpointRefused(f"there is an endpoint {endpoint!r} already: take another id")
        mine = [listed for listed in self._directory.listed.values() if listed.owner == asker.owner]
        if not asker.is_operator and len(mine) >= MOST_OF_AN_OWNER:
            raise EndpointRefused(f"there are {MOST_OF_AN_OWNER} endpoints already: remove one first")

    async def _listed(self, asker: Asker, endpoint: EndpointId) -> EndpointListed:
        await self._directory.refresh()
        found = self._directory.listed.get(endpoint)
        if found is None or not _may_see(asker, found):
            raise NoEndpoint(f"there is no endpoint {endpoint!r}")
        return found

    async def _own(self, asker: Asker, endpoint: EndpointId, *, or_bare: bool = False) -> Registration:
        """Return an endpoint that the asker may change; `or_bare`: even without readable secrets."""
        listed = await self._listed(asker, endpoint)
        try:
            known = await self._store.endpoints.registration(endpoint, or_bare=or_bare)
        except SealError as error:
            raise EndpointRefused(_unreadable(asker, str(error))) from error
        except UnreadableRecord as error:
            raise EndpointRefused(
                "it was written by a newer version of this service, or is damaged: change it there, "
                "or remove it and add it again"
            ) from error
        if known is None:
            raise EndpointRefused(f"it is configured: change [{listed.endpoint.table}] in the configuration")
        return known

    async def _change(
        self,
        asker: Asker,
        endpoint: EndpointId,
        changed: Callable[[Registration], Registration],
        *,
        or_bare: bool = False,
    ) -> tuple[Endpoint, Endpoint]:
        """Change an endpoint; return it as it was before and as it is now."""
        for _ in range(_ATTEMPTS):
            known = await self._own(asker, endpoint, or_bare=or_bare)
            after = changed(known)
            try:
                if await self._store.endpoints.change(after):
                    return known.endpoint, after.endpoint
            except SealError as error:
                log.warning("secret_encryption_failed", endpoint=endpoint, reason=str(error))
                raise EndpointRefused(_unreadable(asker, str(error))) from error
        raise EndpointRefused("it was changed by others meanwhile: try again")

    async def _show(self, asker: Asker, entry: EndpointListed) -> EndpointShown:
        endpoint = entry.endpoint
        newest = await self._store.attempts.newest(endpoint.id)
        now = self._clock()
        status = EndpointStatus(
            endpoint=endpoint,
            counts=await self._store.deliveries.counts(endpoint.id, now),
            last_failure=newest.failure if newest else None,
            listed=entry,
            state=await self._store.endpoints.state(endpoint.id),
            has_left=await self._has_left(endpoint.id),
        )
        health = endpoint_health(status, now)
        return EndpointShown(
            id=endpoint.id,
            owner=entry.owner,
            settings=self._described(endpoint),
            created_at=entry.created_at,
            verified_at=entry.verified_at,
            health=health,
            state=replace(status.state, standing=health.kind),
            deliveries=status.counts,
            last_failure=status.last_failure,
            unreadable=_unreadable(asker, entry.unreadable) if entry.unreadable else None,
            feed=fall_back(self._site, endpoint),
        )

    def _described(self, endpoint: Endpoint) -> dict[str, Any]:
        """Return the settings of an endpoint, without the values of its headers."""
        return {**self._write(endpoint), "headers": dict.fromkeys(endpoint.headers, HIDDEN)}

    async def _has_left(self, endpoint: EndpointId) -> bool:
        return bool(await self._directory.departed(self._store.configured, [endpoint], self._clock()))


def fall_back(site: Site, endpoint: Endpoint) -> str | None:
    """Return the address of a feed with the articles of an endpoint's events; None without such events."""
    if not any(kind.family == "article" for kind in endpoint.events):
        return None
    spelled = AdHoc(filter=endpoint.filter, per=Per.ARTICLE, size=LARGEST).spelled()
    return site.url(f"/articles.json?{spelled}")


def _offer(before: EndpointState) -> ReplayOffer | None:
    since = [at for at in (before.last_success_at, before.since) if at is not None]
    return ReplayOffer(dropped=before.dropped, since=min(since)) if before.dropped and since else None


def _may_see(asker: Asker, listed: EndpointListed) -> bool:
    return asker.is_operator or (listed.owner is not None and listed.owner == asker.owner)


def _unreadable(asker: Asker, reason: str) -> str:
    """Return the reason of a failed decryption or encryption; paths are shown to operators only."""
    if asker.is_operator:
        return reason.rstrip(".")
    return "its secrets cannot be opened here: rotate them, or ask whoever runs this service"


def _with_key(shown: EndpointShown, secret: Secret, verified: Probed | None = None) -> EndpointSecret:
    """Return an endpoint with the secret or public key that its receiver verifies signatures with."""
    public = public_key(secret)
    own = None if public else secret.reveal()
    return EndpointSecret(endpoint=shown, secret=own, public_key=public, verified=verified)
