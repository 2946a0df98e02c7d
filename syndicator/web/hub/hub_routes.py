"""Our own hub on the web: `/hub` (WebSub, 5.1) and `/rsscloud/…`. What hubs of others call is in `websub`."""

import time
from collections.abc import Awaitable, Callable, Mapping
from xml.sax.saxutils import quoteattr

from aiohttp import hdrs, web

from syndicator.errors import StoreError, SyndicatorError
from syndicator.pipeline.concurrency_limits import OWN_CLIENT
from syndicator.pipeline.hub.subscription_requests import Hub, NotConfirmed, Overloaded
from syndicator.rules.hub.subscribers import NotUnderstood, host_of, read_form
from syndicator.rules.rate_limit import RateLimit
from syndicator.web.http.client_limits import Clients
from syndicator.web.http.forwarded import client_address
from syndicator.web.http.options import WebOptions

FORM = "application/x-www-form-urlencoded"

PER_MINUTE_OF_HOST = 600
"""Requests about callbacks of one host that a process takes: each has us ask that host."""
PER_MINUTE_OF_CLIENT = 600
"""Requests that one address may send to a process: each takes room until it is verified."""

BUSY_RETRY_S = 60
MAX_HOST = 253

_NO_STORE: Mapping[str, str] = {hdrs.CACHE_CONTROL: "no-store"}


class OwnHubRoutes:
    """Handlers of `/hub` and `/rsscloud/…`. Answers are plain text, for developers of subscribers."""

    def __init__(self, hub: Hub, options: WebOptions) -> None:
        self._hub = hub
        self._trusted = options.trusted_proxies
        self._clients = Clients(options.trusted_proxies, options.unlimited)
        self._of_host = RateLimit[str].a_minute(PER_MINUTE_OF_HOST, time.monotonic)
        self._of_client = RateLimit[str].a_minute(PER_MINUTE_OF_CLIENT, time.monotonic)

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
            self._pace(request, host_of(form.get("hub.callback", "")))
            await self._hub.request(form)
        except NotUnderstood as error:
            return _plain(400, f"{error}.")
        except web.HTTPRequestEntityTooLarge:
            return _plain(413, "The form is too large.")
        except (Overloaded, StoreError) as error:
            return _busy(error)
        return _plain(202, "Your callback will be asked whether you mean it.")

    async def please_notify(self, request: web.Request) -> web.Response:
        """Register with rssCloud: its protocol requires that the subscriber is verified first."""

        async def register(form: Mapping[str, str]) -> str:
            forwarded = request.headers.getall(hdrs.X_FORWARDED_FOR, ())
            caller = client_address(request.remote, forwarded, self._trusted)
            self._pace(request, host_of(f"http://{form.get('domain', '').strip()}/") or caller)
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

    def _pace(self, request: web.Request, host: str) -> None:
        """Count a request about a host; raises Overloaded where there were too many recently."""
        client = self._clients.name(request)
        waits = self._of_host.take(host[:MAX_HOST])
        if client != OWN_CLIENT:
            waits = max(waits, self._of_client.take(client))
        if waits:
            raise Overloaded(
                "there are too many requests from you, or about this host: try again in a minute"
            )


async def _form(request: web.Request) -> dict[str, str]:
    if request.content_type != FORM:
        raise NotUnderstood(f"the Content-Type is not {FORM}")
    return read_form(await request.read())


async def _answered(
    request: web.Request, element: str, act: Callable[[Mapping[str, str]], Awaitable[str]]
) -> web.Response:
    """Answer as rssCloud does: in XML, with 200 whether or not it worked."""
    try:
        message, worked = await act(await _form(request)), True
    except (NotUnderstood, Overloaded, NotConfirmed) as error:
        message, worked = f"{error}.", False
    except StoreError:
        message, worked = "This does not work right now. Try again in a minute.", False
    body = f'<?xml version="1.0"?>\n<{element} success="{str(worked).lower()}" msg={quoteattr(message)}/>\n'
    return web.Response(text=body, content_type="text/xml", charset="utf-8", headers=_NO_STORE)


def _busy(error: SyndicatorError) -> web.Response:
    text = "Try again in a minute." if isinstance(error, StoreError) else f"{error}."
    return _plain(503, text, {hdrs.RETRY_AFTER: str(BUSY_RETRY_S)})


def _plain(status: int, text: str, headers: Mapping[str, str] | None = None) -> web.Response:
    sent = {**_NO_STORE, **(headers or {})}
    return web.Response(status=status, text=f"{text}\n", content_type="text/plain", headers=sent)
