"""Mail reaches a server over TLS or not, as was said, and only servers that may be reached."""

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path

import pytest
from egress.certificates import own_certificate
from egress.mail_server import PASSWORD, USER, Mailbox, mail_server
from egress.test_guard import Names

from syndicator.egress.client import Egress, open_egress
from syndicator.egress.ip_addresses import AllowList
from syndicator.egress.mail import Encryption, MailServer
from syndicator.egress.own_listeners import Listener, OwnListeners
from syndicator.errors import EgressError
from syndicator.model.clock import system_clock
from syndicator.model.delivery import Secret

LOOPBACK: AllowList = (ip_network("127.0.0.0/8"),)
MAIL = b"From: a@x.example\r\nTo: b@y.example\r\nSubject: Kabar\r\n\r\nHalo\r\n"


@pytest.fixture
async def egress() -> AsyncIterator[Egress]:
    async with open_egress(user_agent="t", allow=(), allow_callbacks=LOOPBACK, clock=system_clock) as opened:
        yield opened


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    async with mail_server(Mailbox()) as opened:
        yield opened


def plain(port: int, host: str = "127.0.0.1") -> MailServer:
    return MailServer(host=host, port=port, encryption=Encryption.NONE)


async def send(
    egress: Egress, server: MailServer, *recipients: str, timeout_s: float = 30, connect_timeout_s: float = 10
) -> str:
    answer = await egress.mail(
        server,
        "a@x.example",
        recipients or ("b@y.example",),
        MAIL,
        timeout_s=timeout_s,
        connect_timeout_s=connect_timeout_s,
    )
    assert answer.status == 250
    return answer.body.decode()


async def failing(egress: Egress, server: MailServer, *recipients: str, timeout_s: float = 30) -> EgressError:
    with pytest.raises(EgressError) as caught:
        await send(egress, server, *recipients, timeout_s=timeout_s)
    return caught.value


async def test_a_mail_is_handed_over_and_the_answer_is_what_the_server_said(
    egress: Egress, mailbox: Mailbox
) -> None:
    assert await send(egress, plain(mailbox.port)) == "2.0.0 OK: queued as 1"
    assert mailbox.mails[0].get_content().strip() == "Halo"
    assert mailbox.recipients == [["b@y.example"]]
    assert mailbox.names == ["x.example"]


@pytest.mark.parametrize("encryption", [Encryption.STARTTLS, Encryption.TLS])
async def test_passwords_go_over_verified_tls(
    egress: Egress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encryption: Encryption
) -> None:
    theirs, ours = own_certificate(tmp_path)
    async with mail_server(Mailbox(), theirs, starttls=encryption is Encryption.STARTTLS) as mailbox:
        server = MailServer(
            host="127.0.0.1", port=mailbox.port, encryption=encryption, user=USER, password=Secret(PASSWORD)
        )
        assert (await failing(egress, server)).reason == "tls"
        assert mailbox.logins == []
        monkeypatch.setattr("syndicator.egress.mail.tls_context", lambda: ours)
        await send(egress, server)
        assert mailbox.logins == [USER]
        wrong = MailServer(
            host="127.0.0.1",
            port=mailbox.port,
            encryption=encryption,
            user=USER,
            password=Secret("guessed-1"),
        )
        refused = await failing(egress, wrong)
    assert refused.reason == "smtp_535"
    assert "guessed-1" not in refused.detail
    assert len(mailbox.mails) == 1


async def test_a_server_without_starttls_is_told_nothing(egress: Egress, mailbox: Mailbox) -> None:
    server = MailServer(
        host="127.0.0.1", port=mailbox.port, encryption=Encryption.STARTTLS, user=USER, password=Secret("x")
    )
    assert (await failing(egress, server)).reason == "protocol"
    assert mailbox.logins == []


async def test_what_a_server_refuses_is_a_reason_by_its_code(egress: Egress, mailbox: Mailbox) -> None:
    mailbox.answers = ["452 4.3.1 full"]
    refused = await failing(egress, plain(mailbox.port))
    assert (refused.reason, "full" in refused.detail) == ("smtp_452", True)
    mailbox.refuses = {"no@y.example": "550 5.1.1 unknown"}
    assert (await failing(egress, plain(mailbox.port), "no@y.example")).reason == "smtp_550"


async def test_the_mail_of_some_recipients_is_not_repeated_for_those_refused(
    egress: Egress, mailbox: Mailbox
) -> None:
    mailbox.refuses = {"no@y.example": "550 5.1.1 unknown"}
    said = await send(egress, plain(mailbox.port), "no@y.example", "b@y.example")
    assert said.endswith("not taken for no@y.example")
    assert mailbox.recipients == [["b@y.example"]]


async def test_a_server_that_hangs_is_left(egress: Egress, mailbox: Mailbox) -> None:
    mailbox.hangs = True
    assert (await failing(egress, plain(mailbox.port), timeout_s=0.3)).reason == "timeout"


async def test_a_server_that_speaks_otherwise_or_not_at_all(egress: Egress) -> None:
    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    for serve in (silent, web):
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            assert (await failing(egress, plain(port))).reason == "protocol"
    assert (await failing(egress, plain(port))).reason == "connect"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "localhost", "::1", "::ffff:127.0.0.1", "0.0.0.0"])  # noqa: S104
async def test_private_addresses_are_refused_unless_allowed(host: str, mailbox: Mailbox) -> None:
    async with open_egress(user_agent="t", allow=LOOPBACK, allow_callbacks=(), clock=system_clock) as egress:
        assert (await failing(egress, plain(mailbox.port, host))).reason == "blocked"
    assert mailbox.names == []


async def test_a_name_is_checked_when_the_connection_is_made(mailbox: Mailbox) -> None:
    names = Names(["127.0.0.1"])
    async with open_egress(
        user_agent="t", allow=(), allow_callbacks=(), clock=system_clock, resolver=names
    ) as egress:
        assert (await failing(egress, plain(mailbox.port, "mail.example"))).reason == "blocked"
    assert names.asked == 1


async def test_our_own_listeners_are_never_reached(mailbox: Mailbox) -> None:
    own = OwnListeners([Listener("127.0.0.1", mailbox.port)])
    async with open_egress(
        user_agent="t", allow=(), allow_callbacks=LOOPBACK, own=own, clock=system_clock
    ) as egress:
        assert (await failing(egress, plain(mailbox.port))).reason == "blocked"
    assert mailbox.names == []


async def test_a_name_without_an_address_is_a_failure_of_dns(egress: Egress) -> None:
    async with open_egress(
        user_agent="t", allow=(), allow_callbacks=LOOPBACK, clock=system_clock, resolver=Names([])
    ) as opened:
        assert (await failing(opened, plain(25, "mail.example"))).reason == "dns"


async def test_the_next_address_of_a_name_is_tried(mailbox: Mailbox) -> None:
    names = Names(["127.0.0.9", "127.0.0.1"])
    async with open_egress(
        user_agent="t", allow=(), allow_callbacks=LOOPBACK, clock=system_clock, resolver=names
    ) as egress:
        await send(egress, plain(mailbox.port, "mail.example"))
    assert len(mailbox.mails) == 1
