"""What hubs ask and push at our callbacks (WebSub, 5.2, 5.3 and 7). Nothing is read here, only kept."""

from collections.abc import Callable
from enum import StrEnum

from msgspec import Struct

from syndicator.gather.websub import is_signed
from syndicator.model.clock import Clock
from syndicator.model.ids import SourceId
from syndicator.model.source import FetchLimits
from syndicator.model.subscription import Grant, Pushed, Subscription
from syndicator.observe.logs import get_logger
from syndicator.pipeline.websub.subscriptions import WebsubSubscriptions, digest, shown_url
from syndicator.rules.websub import subscription as rules
from syndicator.store.store import Store

MAX_CONTENT_TYPE = 200

log = get_logger(__name__)


def _do_nothing() -> None:
    pass


class Closed(StrEnum):
    """Why a push is not taken."""

    UNKNOWN = "unknown"
    """There is no such callback."""
    ENDED = "ended"
    """There was one: its lease is over, or the source is not to be pushed any more."""
    FULL = "full"
    """What was pushed before has not been read yet: the hub may try again."""
    PAUSED = "paused"
    """An operator lets the source rest: the hub may try again."""


class Open(Struct, frozen=True, kw_only=True):
    """A callback that takes a push now."""

    source: SourceId
    grant: Grant
    max_body_bytes: int


class HubCallbacks:
    """The callbacks of all sources: by what Redis knows of them, so that any process can answer."""

    def __init__(
        self,
        store: Store,
        websub_subscriptions: WebsubSubscriptions,
        clock: Clock,
        on_push: Callable[[], None] = _do_nothing,
    ) -> None:
        """`on_push` is called when a push has made a source due, so that a worker can begin at once."""
        self._store = store
        self._websub_subscriptions = websub_subscriptions
        self._clock = clock
        self._on_push = on_push

    async def confirm(
        self, source: SourceId, callback_id: str, mode: str, topic: str, lease_s: int | None
    ) -> bool:
        """Return whether we mean to `subscribe` or `unsubscribe`, and store the answer to the hub."""
        source, now = self._websub_subscriptions.called_now(source), self._clock()
        if mode == "unsubscribe":
            return await self._change(source, lambda sub: rules.unsubscribed(sub, callback_id, topic, now))
        if mode != "subscribe" or not self._wanted(source):
            return False
        meant = await self._change(source, lambda sub: rules.verified(sub, callback_id, topic, lease_s, now))
        if meant:
            log.info("websub_subscription_confirmed", source=source, lease_s=lease_s)
        return meant

    async def deny(self, source: SourceId, callback_id: str, topic: str, reason: str) -> bool:
        """Note that a hub denies or ends a subscription; False where it is none of ours."""
        source, reason_text = (
            self._websub_subscriptions.called_now(source),
            "".join(filter(str.isprintable, reason)),
        )
        known = await self._change(
            source, lambda sub: rules.denied(sub, callback_id, topic, reason_text, self._clock())
        )
        if known:
            log.warning("websub_subscription_denied", source=source, reason=reason_text)
        return known

    async def open(self, source: SourceId, callback_id: str) -> Open | Closed:
        """Return whether a push may come by a callback, before its body is read."""
        source = self._websub_subscriptions.called_now(source)
        sub = await self._store.subscriptions.get(source)
        if not rules.knows(sub, callback_id):
            return Closed.UNKNOWN
        grant = rules.pushing(sub, callback_id, self._clock())
        if grant is None or not self._wanted(source):
            return Closed.ENDED
        configured = self._websub_subscriptions.sources.get(source)
        state = await self._store.sources.state(source)
        (state,) = await self._store.sources.pauses.applied([(source, configured)], [state], self._clock())
        if state.paused:
            return Closed.PAUSED
        if rules.is_full(sub, 0):
            return Closed.FULL
        limits = configured.limits if configured else FetchLimits()
        return Open(source=source, grant=grant, max_body_bytes=limits.max_body_bytes)

    async def receive(self, opened: Open, *, body: bytes, content_type: str, signature: str | None) -> bool:
        """Keep a push and make its source due; False where there is no room for it now.

        A push without our signature is counted and dropped, without an error to the hub (7.1.2): so guessing
        secrets reveals nothing. The same goes for an empty push.
        """
        if not is_signed(signature, body, opened.grant.secret):
            await self._refuse(opened, "it is not signed with our secret")
            return True
        if not body.strip():
            return True
        document = Pushed(
            id=digest(body),
            topic=opened.grant.topic,
            content_type=content_type[:MAX_CONTENT_TYPE],
            body=body,
            received_at=self._clock(),
        )
        after = await self._store.subscriptions.update(
            opened.source,
            lambda sub: sub if rules.is_full(sub, len(body)) else rules.pushed(sub, document),
            document=document,
        )
        if document.id not in {one.id for one in after.waiting}:
            return False
        await self._store.sources.wake(opened.source, self._clock())
        log.debug(
            "websub_push_received", source=opened.source, hub=shown_url(opened.grant.hub), bytes=len(body)
        )
        self._on_push()
        return True

    async def too_large(self, opened: Open) -> None:
        """Note a push whose body was larger than a document of its source may be, and was not read."""
        await self._refuse(opened, f"it is larger than {opened.max_body_bytes} bytes (`max_body`)")

    async def _refuse(self, opened: Open, reason: str) -> None:
        hub = shown_url(opened.grant.hub)
        log.warning("websub_push_refused", source=opened.source, hub=hub, reason=reason)
        await self._change(opened.source, rules.refused)

    def _wanted(self, source: SourceId) -> bool:
        """Return whether a source is to be pushed; one that only other processes know is theirs to judge."""
        configured = self._websub_subscriptions.sources.get(source)
        return configured is None or self._websub_subscriptions.wants(configured)

    async def _change(self, source: SourceId, change: Callable[[Subscription], Subscription | None]) -> bool:
        """Change a record; False, and nothing written, where the change is None."""
        applied = [False]

        def changed(sub: Subscription) -> Subscription:
            after = change(sub)
            applied[0] = after is not None
            return sub if after is None else after

        await self._store.subscriptions.update(source, changed)
        return applied[0]
