"""Subscriptions at the hubs of our sources: what rounds read and record, and the requests to hubs.

a poll records what a feed advertises → the step asks the hub → the hub verifies (`callbacks`) →
the hub pushes (`callbacks`), which makes the source due → its round takes, admits and settles
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from http import HTTPStatus
from urllib.parse import urlsplit, urlunsplit

from syndicator.egress.client import Egress
from syndicator.errors import EgressError
from syndicator.gather.websub import discover, subscription_form
from syndicator.model.clock import Clock
from syndicator.model.fetch import Fetched, Reason
from syndicator.model.ids import SourceId
from syndicator.model.ops.states import SubscriptionState
from syndicator.model.source import FetchLimits, Round, Source, SourceKind
from syndicator.model.subscription import Pushed, Subscription, SubscriptionStatus
from syndicator.pipeline.steps import JobReport, Taken
from syndicator.pipeline.store_retry import retry_until_available
from syndicator.rules.webhooks.retry import parse_retry_after
from syndicator.rules.websub import subscription as rules
from syndicator.rules.websub.subscription import SubscribeRequest
from syndicator.store.store import Store

ROOM = 4
"""Requests to hubs at once: there is no hurry, and many sources have the same hub."""

_LIMITS = FetchLimits(timeout_s=20.0, connect_timeout_s=10.0)
_HOPELESS = frozenset({Reason.BLOCKED, Reason.SCHEME, Reason.TLS, Reason.REDIRECT})
_PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
_MAX_REFUSAL = 200


class WebsubSubscriptions:
    """The pushes and subscriptions of sources, as rounds use them."""

    def __init__(
        self,
        store: Store,
        sources: Mapping[SourceId, Source],
        clock: Clock,
        *,
        public_url: str,
        reachable: bool,
    ) -> None:
        """`reachable` is whether `public_url` was configured: hubs can hardly guess another one."""
        self.sources = sources
        self._store = store
        self._clock = clock
        self._public_url = public_url
        self._reachable = reachable
        self._renamed = {former: source.id for source in sources.values() for former in source.former_ids}

    def called_now(self, source: SourceId) -> SourceId:
        """Return what a source is called now: hubs go on pushing to the address that they were given once."""
        return self._renamed.get(source, source)

    def wants(self, source: Source) -> bool:
        """Return whether hubs are to push this source."""
        return self._reachable and source.websub and source.kind is SourceKind.FEED

    def callback_base(self, source: SourceId) -> str:
        """Return what the callbacks of a source begin with."""
        return f"{self._public_url}/websub/{source}/"

    async def advertised(
        self, source: Source, fetched: Fetched, hubs: Sequence[str] = (), self_url: str | None = None
    ) -> None:
        """Note the hubs of a polled document: those of its HTTP fields, and those that stand in it."""
        if not self.wants(source):
            return
        topic = discover(fetched.headers, fetched.url, hubs=hubs, self_url=self_url)
        url, found = (topic.url, topic.hubs) if topic else (None, ())
        await self._store.subscriptions.update(
            source.id, lambda sub: rules.advertised(sub, url, found, self._clock())
        )

    async def take_pushed(self, source: Source) -> tuple[Fetched, ...]:
        """Return the documents that hubs pushed and no round has settled, the oldest first.

        One that five rounds took and did not settle is given no more: it would break them all.
        """
        subscriptions = self._store.subscriptions
        if not self.wants(source) or not (await subscriptions.get(source.id)).waiting:
            return ()
        waiting = (await subscriptions.update(source.id, rules.taken)).waiting
        documents = await subscriptions.documents(source.id, [pushed.id for pushed in waiting])
        return tuple(_as_fetched(document) for document in documents)

    async def settled(self, source: Source, documents: Sequence[Fetched], brought: Round) -> None:
        """Remove documents of `take_pushed`, once what they `brought` is admitted or they cannot be read."""
        if documents:
            ids = [digest(document.body) for document in documents]
            await self._store.subscriptions.update(
                source.id,
                lambda sub: rules.settled(
                    sub, ids, new=brought.new, changed=brought.changed, now=self._clock()
                ),
            )

    async def polled(self, source: Source, new: int) -> None:
        """Note how many new articles a poll brought, after what had been pushed was admitted."""
        if new and self.wants(source):
            await self._store.subscriptions.update(
                source.id,
                lambda sub: sub if sub == Subscription() else rules.polled(sub, new, self._clock()),
            )

    async def delivers(self, source: Source) -> bool:
        """Return whether pushes really arrive, so that the source may be polled rarely: see `rules.why`."""
        if not self.wants(source):
            return False
        return rules.delivers(await self._store.subscriptions.get(source.id), self._clock())

    async def status(self, source: Source) -> SubscriptionStatus | None:
        """Return how a source stands with its hub; None where none is known."""
        sub = await self._store.subscriptions.get(source.id)
        return None if sub == Subscription() else _status(sub, self._clock())


class SubscribeStep:
    """Sends the requests to hubs that are due: to subscribe, to renew, to end it."""

    name = "subscribe"

    def __init__(
        self, store: Store, egress: Egress, websub_subscriptions: WebsubSubscriptions, clock: Clock
    ) -> None:
        self._store = store
        self._egress = egress
        self._websub_subscriptions = websub_subscriptions
        self._clock = clock
        self._busy: set[SourceId] = set()
        self._begun = False

    async def take(self, room: int) -> Taken:
        """Return a job for each source whose subscription wants attention."""
        if not self._begun:  # the configuration may be another one than it was
            await self._store.subscriptions.attend_all(self._clock())
            self._begun = True
        free = min(room, ROOM - len(self._busy))
        if free <= 0:
            return Taken()  # a job that ends has us called again
        due = await self._store.subscriptions.due(self._clock(), ROOM)
        names = [name for name in due.sources if name not in self._busy][:free]
        self._busy.update(names)
        return Taken(jobs=tuple(partial(self._attend, name) for name in names), next_due_at=due.next_at)

    async def _attend(self, name: SourceId) -> JobReport | None:
        try:
            request = await self._planned(name)
            return None if request is None else await self._send(name, request)
        finally:
            self._busy.discard(name)

    async def _planned(self, name: SourceId) -> SubscribeRequest | None:
        """Decide what is to be sent; what is kept of that is the claim to send it."""
        wanted, now = await self._wanted(name), self._clock()
        if wanted is None:
            await self._store.subscriptions.postpone(name, now + rules.LOOK_AGAIN)
            return None
        planned: list[SubscribeRequest | None] = [None]

        def change(sub: Subscription) -> Subscription:
            after, planned[0] = rules.plan(
                sub,
                wanted=wanted,
                callback_base=self._websub_subscriptions.callback_base(name),
                callback_id=secrets.token_urlsafe(32),
                secret=secrets.token_urlsafe(48),
                now=now,
            )
            return after

        await self._store.subscriptions.update(name, change)
        return planned[0]

    async def _wanted(self, name: SourceId) -> bool | None:
        """Return whether a source is to be pushed; None where another process alone can know.

        None of a paused one too: what it has with its hub is left to run out, unless it is resumed before.
        """
        source, state = self._websub_subscriptions.sources.get(name), await self._store.sources.state(name)
        (state,) = await self._store.sources.pauses.applied([(name, source)], [state], self._clock())
        if state.paused:
            return None
        if source is not None:
            return self._websub_subscriptions.wants(source)
        is_unused = await self._store.configured.unused([name], self._clock())
        return False if is_unused else None

    async def _send(self, name: SourceId, request: SubscribeRequest) -> JobReport:
        source = self._websub_subscriptions.sources.get(name)
        grant, is_new = request.grant, request.mode == "subscribe"
        form = subscription_form(
            request.mode,
            topic=grant.topic,
            callback=grant.callback,
            secret=grant.secret if is_new else "",
            lease_s=rules.ASKED_LEASE_S if is_new else None,
        )
        refusal, lasting, retry_after_s = await self._asked(
            request, form, proxy=source.proxy if source else None
        )
        await retry_until_available(
            lambda: self._store.subscriptions.update(
                name,
                lambda sub: rules.answered(
                    sub,
                    request,
                    refusal=refusal,
                    lasting=lasting,
                    retry_after_s=retry_after_s,
                    now=self._clock(),
                ),
            )
        )
        fields: list[tuple[str, str | int | float]] = [("source", name), ("hub", shown_url(grant.hub))]
        if refusal is not None:
            fields.append(("reason", refusal))
        results = ("sent", "failed")
        failed = refusal is not None
        return JobReport(
            step=self.name,
            event=f"websub_{request.mode}_{results[failed]}",
            fields=tuple(fields),
            failed=failed and is_new,
        )

    async def _asked(
        self, request: SubscribeRequest, form: Mapping[str, str], *, proxy: str | None
    ) -> tuple[str | None, bool, float | None]:
        """Send a form; return why the hub refused (None: accepted), whether for good, and its Retry-After.

        A source's own headers are not sent: the hub is somebody else.
        """
        try:
            answer = await self._egress.submit(request.grant.hub, form, limits=_LIMITS, proxy=proxy)
        except EgressError as error:
            return str(error), error.reason in _HOPELESS, None
        if HTTPStatus(200) <= answer.status < HTTPStatus(300):
            return None, False, None
        reason = _plain(answer.body, request)
        refusal = f"http_{answer.status}" + (f": {reason}" if reason else "")
        passing = answer.status in _PASSING or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        return refusal, not passing, parse_retry_after(answer.headers.get("retry-after"), self._clock())


def digest(body: bytes) -> str:
    """Return the digest of a pushed document."""
    return hashlib.blake2b(body, digest_size=16).hexdigest()


def shown_url(url: str) -> str:
    """Return a hub's address without its query, which may hold a token."""
    return urlunsplit(urlsplit(url)._replace(query=""))


def _as_fetched(pushed: Pushed) -> Fetched:
    """Return a pushed document as if it had been requested; only its body is signed."""
    return Fetched(
        requested_url=pushed.topic,
        url=pushed.topic,
        status=200,
        headers={"content-type": pushed.content_type} if pushed.content_type else {},
        body=pushed.body,
        fetched_at=pushed.received_at,
    )


def _plain(body: bytes, request: SubscribeRequest) -> str:
    """Return a hub's reason for a refusal as one short line, without our secrets."""
    text = body[:2000].decode("utf-8", "replace")
    for secret in (request.grant.secret, request.grant.callback_id):
        text = text.replace(secret, "…")
    line = " ".join(text.split())
    return "" if line.startswith("<") else "".join(filter(str.isprintable, line))[:_MAX_REFUSAL]


def _status(sub: Subscription, now: datetime) -> SubscriptionStatus:
    grant = sub.active or sub.pending or (sub.leaving[-1] if sub.leaving else None)
    if sub.active is not None:
        state = SubscriptionState.VERIFIED
    elif sub.pending is not None:
        state = SubscriptionState.REQUESTED
    elif sub.leaving:
        state = SubscriptionState.UNSUBSCRIBING
    else:
        state = SubscriptionState.DENIED if sub.reason else SubscriptionState.NONE
    renewal = rules.renewal_at(sub.active) if sub.active is not None else None
    hub = grant.hub if grant is not None else next(iter(sub.hubs), None)
    times = [time for time in (renewal, sub.retry_at) if time is not None and sub.hubs]
    return SubscriptionStatus(
        state=state,
        delivers=rules.delivers(sub, now),
        because=rules.why(sub, now),
        hub=shown_url(hub) if hub else None,
        requested_at=grant.requested_at if grant else None,
        verified_at=grant.verified_at if grant else None,
        lease_ends_at=grant.lease_ends_at if grant else None,
        last_push_at=sub.last_push_at,
        next_request_at=max(times, default=None),
        pushes=sub.pushes,
        refused=sub.refused,
        articles_by_push=sub.articles_by_push,
        articles_by_poll=sub.articles_by_poll,
        waiting=len(sub.waiting),
        failures=sub.failures,
        reason=sub.reason,
    )
