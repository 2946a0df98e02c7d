"""Our own hub on the web: `/hub` (WebSub, 5.1) and `/rsscloud/…`. What hubs of others call is in `websub`."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import monotonic
from urllib.parse import urlsplit
from xml.sax.saxutils import quoteattr

from aiohttp import hdrs, web

from syndicator.errors import StoreError, SyndicatorError
from syndicator.pipeline.hub import Hub, NotConfirmed, Overloaded
from syndicator.rules.hub import NotUnderstood, read_form
from syndicator.web.forwarded import Network, client_address

FORM = "application/x-www-form-urlencoded"

MAX_PER_MINUTE = 600
"""Requests about callbacks of one host that a process takes: each has us ask that host."""

MAX_HOSTS = 10_000
"""So many are told apart in a minute."""

BUSY_RETRY_S = 60

_NO_STORE: Mapping[str, str] = {hdrs.CACHE_CONTROL: "no-store"}


class OwnHubRoutes:
    """Handlers of `/hub` and `/rsscloud/…`. Answers are plain text, for developers of subscribers."""

    def __init__(self, hub: Hub, trusted_proxies: Sequence[Network]) -> None:
        self._hub = hub
        self._trusted = tuple(trusted_proxies)
        self._pace = _Pace()

    def routes(self) -> list[web.RouteDef]:
        routes = [web.post("/hub", self.hub)]
        if self._hub.policy.rsscloud:
            routes += [
                web.post("/rsscloud/pleaseNotify", self.please_notify),
                web.post("/rsscloud/ping", self.ping),
            ]
        return routes

    async def hub(self, request: web.Request) -> web.Response:
        """Take a request; 202 says that it is understood, not that it will come to anything."""
        try:
            form = await _form(request)
            if form.get("hub.mode") == "publish":
                await self._hub.publish([form.get("hub.url", ""), form.get("hub.topic", "")])
                return _plain(202, "We know already.")
            self._pace.check(urlsplit(form.get("hub.callback", "")).hostname or "")
            await self._hub.request(form)
        except NotUnderstood as error:
            return _plain(400, f"{error}.")
        except web.HTTPRequestEntityTooLarge:
            return _plain(413, "The form is too large.")
        except (Overloaded, StoreError) as error:
            return _busy(error)
        return _plain(202, "Your callback will be asked whether you mean it.")

    async def please_notify(self, request: web.Request) -> web.Response:
        """Register with rssCloud: the subscriber is asked before it is answered, as its protocol wants."""

        async def register(form: Mapping[str, str]) -> str:
            caller = self._caller(request)
            self._pace.check(form.get("domain", "") or caller)
            count = await self._hub.register(form, caller)
            return (
                f"You are registered for {count} feed{'s' * (count > 1)} for 25 hours. Register again daily."
            )

        return await _answered(request, "notifyResult", register)

    async def ping(self, request: web.Request) -> web.Response:
        """Hear that a feed has news; we know already."""

        async def publish(form: Mapping[str, str]) -> str:
            await self._hub.publish([form.get("url", "")])
            return "Thanks for the ping."

        return await _answered(request, "result", publish)

    def _caller(self, request: web.Request) -> str:
        return client_address(request.remote, request.headers.getall(hdrs.X_FORWARDED_FOR, ()), self._trusted)


class _Pace:
    """Counts requests by host, in minutes."""

    def __init__(self, now_s: Callable[[], float] = monotonic) -> None:
        self._now_s = now_s
        self._minute = 0
        self._taken: Counter[str] = Counter()

    def check(self, host: str) -> None:
        """Count a request; raises Overloaded when there were too many in this minute."""
        minute = int(self._now_s() // 60)
        if minute != self._minute:
            self._minute = minute
            self._taken.clear()
        key = host.lower()
        if key not in self._taken and len(self._taken) >= MAX_HOSTS:
            key = ""  # all that are too many to be told apart
        self._taken[key] += 1
        if self._taken[key] > MAX_PER_MINUTE:
            raise Overloaded("there are too many requests about this host: try again in a minute")


async def _form(request: web.Request) -> dict[str, str]:
    if request.content_type != FORM:
        raise NotUnderstood(f"the Content-Type is not {FORM}")
    return read_form(await request.read())


async def _answered(
    request: web.Request, element: str, act: Callable[[Mapping[str, str]], Awaitable[str]]
) -> web.Response:
    """Answer as rssCloud does: in XML, with 200 whether or not it worked."""
    try:
        told, worked = await act(await _form(request)), True
    except (NotUnderstood, Overloaded, NotConfirmed) as error:
        told, worked = f"{error}.", False
    except StoreError:
        told, worked = "This does not work right now. Try again in a minute.", False
    body = f'<?xml version="1.0"?>\n<{element} success="{str(worked).lower()}" msg={quoteattr(told)}/>\n'
    return web.Response(text=body, content_type="text/xml", charset="utf-8", headers=_NO_STORE)


def _busy(error: SyndicatorError) -> web.Response:
    text = "Try again in a minute." if isinstance(error, StoreError) else f"{error}."
    return _plain(503, text, {hdrs.RETRY_AFTER: str(BUSY_RETRY_S)})


def _plain(status: int, text: str, headers: Mapping[str, str] | None = None) -> web.Response:
    sent = {**_NO_STORE, **(headers or {})}
    return web.Response(status=status, text=f"{text}\n", content_type="text/plain", headers=sent)
