"""Every way to name an address that is not public, and a name server that tells lies."""

# ruff: noqa: S104 -- these addresses stand here to be refused

import socket

from aiohttp.abc import AbstractResolver, ResolveResult

SPELLINGS = (
    "127.0.0.1", "127.1", "127.0.1", "0177.0.0.1", "0x7f.0.0.1", "0x7f.1", "0x7f000001", "2130706433",
    "017700000001", "127.0.0.1.", "１２７.0.0.1", "①②⑦.⓪.⓪.①", "127。0。0。1", "0", "0.0.0.0", "0x0",
    "localhost", "LOCALHOST",
    "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]", "[64:ff9b:1::127.0.0.1]", "[2002:7f00:1::]", "[::1%25lo]", "[fe80::1%25lo]",
    "user:secret@127.0.0.1",
    "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "169.254.169.254", "[fd00::1]",
)  # fmt: skip
"""Hosts as a URL spells them."""

DNS_ANSWERS = (
    "127.0.0.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1",
    "169.254.169.254", "224.0.0.1",
    "::1", "::", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "fd00::1",
    "fe80::1", "ff02::1",
)  # fmt: skip
"""Addresses as a name server gives them, each for a name of its own: `n0.example`, `n1.example`, …"""

REBINDING = "rebinding.example"
"""Leads where it may the first time it is asked for, and inside from then on."""


class Names(AbstractResolver):
    """A name server: `n…` for `DNS_ANSWERS`, and the one that rebinds."""

    def __init__(self, allowed: str) -> None:
        self._allowed = allowed
        self._asked = 0

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 -- as the base class has it
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses(host)
        ]

    def _addresses(self, host: str) -> list[str]:
        if host == REBINDING:
            self._asked += 1
            return [self._allowed] if self._asked == 1 else ["127.0.0.1", "::1"]
        return [DNS_ANSWERS[int(host.removeprefix("n").partition(".")[0])]]

    async def close(self) -> None:
        pass
