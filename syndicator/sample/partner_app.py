"""The partner: receives webhooks, verifies them by itself, and shows what came."""

import asyncio
import base64
import binascii
import hashlib
import hmac
from datetime import datetime
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from syndicator.sample import answers, calendar
from syndicator.sample.inbox import Inbox
from syndicator.sample.newsroom import Clock

TOLERANCE_S = 300.0
SHOWN = 100
_MAX_BODY_BYTES = 1024 * 1024


class Behaviour(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the partner misbehaves: for the next `times` deliveries, or until it is changed."""

    status: Annotated[int, Meta(ge=200, le=599)] | None = None
    delay_s: Annotated[float, Meta(ge=0, le=600)] = 0.0
    times: Annotated[int, Meta(ge=1)] | None = None


class Partner:
    """The handlers of the sink. The secret is `whsec_` and base64, as Standard Webhooks writes it."""

    def __init__(self, secret: str, clock: Clock) -> None:
        self.inbox = Inbox()
        self._key = base64.b64decode(secret.removeprefix("whsec_"))
        self._clock = clock
        self._behaviour = Behaviour()
        self._templates = answers.open_templates()

    def app(self) -> web.Application:
        app = web.Application(middlewares=[answers.plain_headers], client_max_size=_MAX_BODY_BYTES)
        app.add_routes(
            [
                web.post("/hook", self.hook),
                web.get("/", self.home),
                web.get("/received.json", self.received),
                web.post("/behave", self.behave),
            ]
        )
        return app

    async def hook(self, request: web.Request) -> web.Response:
        body = await request.read()
        behaviour = self._next_behaviour()
        if behaviour.delay_s:
            await asyncio.sleep(behaviour.delay_s)
        if behaviour.status is not None:
            return web.Response(status=behaviour.status)
        if not self._is_genuine(request, body):
            self.inbox.refused += 1
            return web.Response(status=401)
        event = self.inbox.accept(request.headers["webhook-id"], body, self._clock())
        if event.type == "endpoint.verify":
            return answers.json({"challenge": _challenge(body)})
        return web.Response(status=204)

    async def home(self, _request: web.Request) -> web.Response:
        template = self._templates.get_template("partner.html")
        events = self.inbox.newest_first()[:SHOWN]
        return answers.html(template.render(inbox=self.inbox, events=events, date=_clock_time, shown=SHOWN))

    async def received(self, _request: web.Request) -> web.Response:
        inbox = self.inbox
        return answers.json(
            {
                "distinct": inbox.distinct,
                "repeats": inbox.repeats,
                "deliveries": inbox.deliveries,
                "refused": inbox.refused,
                "events": inbox.newest_first(),
            }
        )

    async def behave(self, request: web.Request) -> web.Response:
        """Take a script: `{"status": 503, "times": 3}`, `{"delay_s": 2}`, or `{}` for well again."""
        try:
            self._behaviour = msgspec.json.decode(await request.read(), type=Behaviour)
        except msgspec.MsgspecError as error:
            return answers.json({"error": str(error)}, 400)
        return web.Response(status=204)

    def _next_behaviour(self) -> Behaviour:
        behaviour = self._behaviour
        if behaviour.times is not None:
            left = behaviour.times - 1
            self._behaviour = msgspec.structs.replace(behaviour, times=left) if left > 0 else Behaviour()
        return behaviour

    def _is_genuine(self, request: web.Request, body: bytes) -> bool:
        """Verify a signature of Standard Webhooks 1.0.0: HMAC-SHA256 over `{id}.{timestamp}.{body}`."""
        sent_id, sent_at = request.headers.get("webhook-id", ""), request.headers.get("webhook-timestamp", "")
        if not sent_id or not sent_at.isdecimal():
            return False
        if abs(self._clock().timestamp() - int(sent_at)) > TOLERANCE_S:
            return False
        signed = b".".join((sent_id.encode(), sent_at.encode(), body))
        wanted = hmac.new(self._key, signed, hashlib.sha256).digest()
        sent = request.headers.get("webhook-signature", "").split()
        return any(hmac.compare_digest(_digest(each), wanted) for each in sent)


def is_secret(secret: str) -> bool:
    """Return whether a text is a secret that a partner can be made with."""
    try:
        return secret.startswith("whsec_") and bool(
            base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        )
    except (binascii.Error, ValueError):
        return False


def _digest(signature: str) -> bytes:
    """Return the bytes of one `v1,<base64>`; nothing for other versions and broken ones."""
    version, _, digits = signature.partition(",")
    try:
        return base64.b64decode(digits, validate=True) if version == "v1" else b""
    except (binascii.Error, ValueError):
        return b""


def _challenge(body: bytes) -> str:
    data = msgspec.json.decode(body).get("data")
    return str(data.get("challenge", "")) if isinstance(data, dict) else ""


def _clock_time(at: datetime) -> str:
    return f"{at.astimezone(calendar.WIB):%d-%m-%Y %H:%M:%S} WIB"
