"""A real mail server on loopback that keeps what it takes, or refuses as it is told to."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

USER, PASSWORD = "ops@mail.example", "s3cret-w0rd"


class Mailbox:
    """What a mail server was given."""

    def __init__(self) -> None:
        self.port = 0
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.refuses: dict[str, str] = {}
        """By recipient: the answer to RCPT in place of 250."""
        self.answers: list[str] = []
        """To the next DATA, in place of 250."""
        self.logins: list[str] = []
        self.hangs = False
        self.names: list[str] = []
        """What clients called themselves."""

    async def handle_EHLO(  # noqa: N802  the server's own name for it
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.names.append(hostname)
        return responses

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.hangs:
            await asyncio.Event().wait()
        if self.answers:
            return self.answers.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        mail: Any = message_from_bytes(content, policy=policy.default)
        self.mails.append(mail)
        self.recipients.append(envelope.rcpt_tos)
        return f"250 2.0.0 OK: queued as {len(self.mails)}"

    def login(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        self.logins.append(data.login.decode())
        is_right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=is_right, handled=is_right)


@asynccontextmanager
async def mail_server(
    mailbox: Mailbox, context: ssl.SSLContext | None = None, *, starttls: bool = True
) -> AsyncIterator[Mailbox]:
    """Serve while the context is open. With TLS, mail is taken only from those who sign in over TLS.

    `starttls`: False encrypts from the first byte.
    """
    later: dict[str, Any] = {"tls_context": context, "require_starttls": True} if context and starttls else {}
    signed: dict[str, Any] = {"authenticator": mailbox.login, "auth_required": True} if context else {}
    if context and not starttls:
        signed["auth_require_tls"] = False  # it does not see that the connection is encrypted, and warns

    def protocol() -> SMTP:
        with warnings.catch_warnings(action="ignore"):
            return SMTP(mailbox, hostname="mail.example", **later, **signed)

    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=None if starttls else context)
    mailbox.port = server.sockets[0].getsockname()[1]
    try:
        yield mailbox
    finally:
        server.close()
