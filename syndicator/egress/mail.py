"""Hands mail to a server: the library speaks SMTP, over a connection that was checked as all others are.

The library is given a connected socket, so it resolves no name and opens no connection of its own.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from enum import StrEnum
from functools import cache
from ipaddress import ip_address

from aiohttp.abc import AbstractResolver
from aiosmtplib import SMTP, SMTPException, SMTPRecipientsRefused, SMTPResponseException
from msgspec import Struct

from syndicator.egress.answers import MAX_ANSWER_BYTES, Answer
from syndicator.egress.failures import blocked, clean, failure, os_words, tls_words
from syndicator.egress.guard import Blocked, guarded_socket_factory
from syndicator.egress.ip_addresses import AllowList, is_odd_number
from syndicator.egress.own_listeners import OwnListeners
from syndicator.errors import EgressError
from syndicator.model.delivery import Secret
from syndicator.model.fetch import Reason
from syndicator.observe.logs import get_logger
from syndicator.observe.redact import HIDDEN

_ACCEPTED = 250
_GOODBYE_S = 1.0

log = get_logger(__name__)


class Encryption(StrEnum):
    """How a connection to a mail server is encrypted. Certificates are always verified."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"
    """From the first byte (RFC 8314)."""


class MailServer(Struct, frozen=True, kw_only=True):
    """A server that takes mail."""

    host: str
    port: int
    encryption: Encryption
    user: str | None = None
    password: Secret | None = None


class MailDoor:
    """Hands mail to servers at permitted addresses."""

    def __init__(self, allow: AllowList, own: OwnListeners, resolver: AbstractResolver) -> None:
        self._open_socket = guarded_socket_factory(allow, own)
        self._resolver = resolver

    async def send(
        self,
        server: MailServer,
        sender: str,
        recipients: Sequence[str],
        message: bytes,
        *,
        timeout_s: float,
        connect_timeout_s: float,
    ) -> Answer:
        """Hand over a message; the answer is what the server said when it took it, with status 250.

        Raises EgressError with one of blocked, dns, connect, tls, timeout, protocol, or `smtp_535` and the
        like. A server that takes it for some of the recipients only has taken it; the others are logged.
        """
        began = time.monotonic()
        connection: SMTP | None = None
        try:
            async with asyncio.timeout(timeout_s):
                connected = await self._connected(server, connect_timeout_s)
                connection = _connection(server, connected, sender, timeout_s)
                await connection.connect()
                refused, said = await connection.sendmail(sender, recipients, message)
            duration_ms = round((time.monotonic() - began) * 1000)
            with suppress(SMTPException, OSError):  # it was taken, whatever comes of the goodbye
                await connection.quit(timeout=_GOODBYE_S)
        except (SMTPException, OSError) as error:
            raise _translated(error, server) from error
        finally:
            if connection is not None:
                connection.close()
        if refused:
            log.warning("mail_recipients_refused", host=server.host, recipients=sorted(refused))
            said += "; not taken for " + ", ".join(sorted(refused))
        body = _without_password(said, server).encode()[:MAX_ANSWER_BYTES]
        return Answer(status=_ACCEPTED, headers={}, body=body, duration_ms=duration_ms)

    async def _connected(self, server: MailServer, timeout_s: float) -> socket.socket:
        """Return a connected socket. Raises EgressError."""
        if is_odd_number(server.host):
            detail = f"{server.host} is a number, but not an address in its usual spelling."
            raise failure(Reason.BLOCKED, detail)
        found: OSError = OSError("it has no address")
        for family, address in await self._addresses(server):
            try:
                async with asyncio.timeout(timeout_s):
                    return await self._connect(family, address, server.port)
            except TimeoutError as error:
                found = error
            except OSError as error:
                found = error
        if isinstance(found, Blocked):
            raise blocked(found, server.host)
        if isinstance(found, TimeoutError):
            raise failure(Reason.TIMEOUT, f"{server.host} did not accept a connection in time.")
        raise failure(Reason.CONNECT, f"No connection to {server.host}:{server.port}: {os_words(found)}.")

    async def _addresses(self, server: MailServer) -> list[tuple[socket.AddressFamily, str]]:
        try:
            literal = ip_address(server.host)
        except ValueError:
            pass
        else:
            return [(socket.AF_INET6 if literal.version == 6 else socket.AF_INET, server.host)]  # noqa: PLR2004  IPv6
        try:
            resolved = await self._resolver.resolve(server.host, server.port, socket.AF_UNSPEC)
        except OSError as error:
            detail = f"The name {server.host} cannot be resolved: {os_words(error)}."
            raise failure(Reason.DNS, detail) from error
        return [(socket.AddressFamily(one["family"]), one["host"]) for one in resolved]

    async def _connect(self, family: socket.AddressFamily, address: str, port: int) -> socket.socket:
        opened = self._open_socket((family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port)))
        try:
            opened.setblocking(False)
            await asyncio.get_running_loop().sock_connect(opened, (address, port))
        except BaseException:
            opened.close()
            raise
        return opened


@cache
def tls_context() -> ssl.SSLContext:
    """Return what servers' certificates are verified by: the authorities that the system trusts."""
    return ssl.create_default_context()


def _connection(server: MailServer, connected: socket.socket, sender: str, timeout_s: float) -> SMTP:
    is_plain = server.encryption is Encryption.NONE
    return SMTP(
        hostname=server.host,
        sock=connected,
        username=server.user,
        password=server.password.reveal() if server.password else None,
        # Servers want a full name here, which the machine's own need not be.
        local_hostname=sender.rpartition("@")[2],
        timeout=timeout_s,
        use_tls=server.encryption is Encryption.TLS,
        start_tls=server.encryption is Encryption.STARTTLS,
        tls_context=None if is_plain else tls_context(),
    )


def _translated(error: Exception, server: MailServer) -> EgressError:
    """Return one reason and one sentence for what the library raised."""
    host = server.host
    if isinstance(error, SMTPRecipientsRefused):
        first = error.recipients[0]
        return _refusal(first.code, f"takes this for none of the recipients: {first.message}", server)
    if isinstance(error, SMTPResponseException) and error.code > 0:
        return _refusal(error.code, f"said: {error.message}", server)
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return failure(Reason.TLS, f"No secure connection to {host}: {tls_words(cause)}.")
        cause = cause.__cause__
    if isinstance(error, TimeoutError):
        return failure(Reason.TIMEOUT, f"{host} did not answer completely in time.")
    if isinstance(error, OSError):  # the library's words for a connection that ended are one, too
        return failure(Reason.PROTOCOL, f"{host} closed the connection before it had answered completely.")
    return failure(Reason.PROTOCOL, _without_password(f"{host}: {error}", server))


def _refusal(code: int, said: str, server: MailServer) -> EgressError:
    return EgressError(f"smtp_{code}", clean(_without_password(f"{server.host} {said} ({code})", server)))


def _without_password(text: str, server: MailServer) -> str:
    """Hide the password, for a server that quotes what it was sent."""
    password = server.password.reveal() if server.password else ""
    return text.replace(password, HIDDEN) if password else text
